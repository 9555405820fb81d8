//! The counters in Prometheus' text format 0.0.4. Pure.

use std::fmt::{Display, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Stats;
use super::histogram::BOUNDS;
use crate::conference;
use crate::ivr::{Reason, Status};
use crate::ports::Source;

/// The answer's `Content-Type`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is so at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Calls inside `RustIvr()`.
    pub calls: usize,
    /// Rooms of `RustConfAdd()`.
    pub rooms: usize,
    /// Age of the older of the snapshot's tables. `None`: there is no snapshot.
    pub snapshot_age: Option<Duration>,
    /// The database answers, as far as is known.
    pub database_up: bool,
    /// Connections to the database by state.
    pub connections: Vec<(&'static str, usize)>,
    /// Prompts by state.
    pub prompts: Vec<(&'static str, usize)>,
    /// Recordings that were decoded since load.
    pub decodes: u64,
}

/// All metrics.
pub fn text(stats: &Stats, now: &Now) -> String {
    let mut page = Page(String::with_capacity(8192));
    page.family("rustivr_calls", "gauge", "Calls inside RustIvr now.");
    page.line("rustivr_calls", &[], now.calls);
    calls(&mut page, stats);
    page.family("rustivr_rooms", "gauge", "Rooms of RustConfAdd now.");
    page.line("rustivr_rooms", &[], now.rooms);
    rooms(&mut page, stats);
    lookups(&mut page, stats);
    database(&mut page, now);
    prompts(&mut page, now);
    keys(&mut page, stats);
    page.0
}

fn calls(page: &mut Page, stats: &Stats) {
    const NAME: &str = "rustivr_calls_total";
    page.family(
        NAME,
        "counter",
        "Calls that left RustIvr, by RUSTIVR_STATUS and RUSTIVR_REASON.",
    );
    for status in Status::ALL {
        let reasons = Reason::ALL.into_iter().map(Some).chain([None]);
        for reason in reasons {
            let count = stats.calls_with(status, reason);
            // Most pairs never happen; a status without a reason is always there.
            if count > 0 || reason.is_none() {
                let reason = reason.map_or("", Reason::as_str);
                let labels = [("status", status.as_str()), ("reason", reason)];
                page.line(NAME, &labels, count);
            }
        }
    }
}

fn rooms(page: &mut Page, stats: &Stats) {
    const NAME: &str = "rustivr_rooms_total";
    page.family(
        NAME,
        "counter",
        "Conferences of RustConfAdd that ended, by RUSTCONF_STATUS.",
    );
    for (status, count) in conference::Status::ALL.iter().zip(&stats.rooms) {
        let count = count.load(Ordering::Relaxed);
        page.line(NAME, &[("status", status.as_str())], count);
    }
}

fn lookups(page: &mut Page, stats: &Stats) {
    const NAME: &str = "rustivr_lookup_seconds";
    page.family(
        NAME,
        "histogram",
        "How long callers waited for their rows, by RUSTIVR_SOURCE.",
    );
    for (source, lookups) in Source::ALL.iter().zip(&stats.lookups) {
        let source = ("source", source.as_str());
        let counts = lookups.cumulative();
        let bounds = BOUNDS.iter().map(|(text, _)| *text).chain(["+Inf"]);
        for (bound, count) in bounds.zip(counts) {
            let labels = [source, ("le", bound)];
            page.line("rustivr_lookup_seconds_bucket", &labels, count);
        }
        let sum = lookups.sum().as_secs_f64();
        page.line("rustivr_lookup_seconds_sum", &[source], sum);
        let all = counts[BOUNDS.len()];
        page.line("rustivr_lookup_seconds_count", &[source], all);
    }
}

fn database(page: &mut Page, now: &Now) {
    if let Some(age) = now.snapshot_age {
        const NAME: &str = "rustivr_snapshot_age_seconds";
        page.family(NAME, "gauge", "Age of the copy of the tables.");
        page.line(NAME, &[], age.as_secs());
    }
    const UP: &str = "rustivr_database_up";
    page.family(UP, "gauge", "Whether the database answers.");
    page.line(UP, &[], u8::from(now.database_up));
    const CONNECTIONS: &str = "rustivr_connections";
    if !now.connections.is_empty() {
        page.family(
            CONNECTIONS,
            "gauge",
            "Connections to the database, by state; limit: how many there may be.",
        );
    }
    for (state, count) in &now.connections {
        page.line(CONNECTIONS, &[("state", state)], count);
    }
}

fn prompts(page: &mut Page, now: &Now) {
    const NAME: &str = "rustivr_prompts";
    page.family(
        NAME,
        "gauge",
        "Prompts that calls asked for: cached, broken (no sound in the file), missing (no file).",
    );
    for (state, count) in &now.prompts {
        page.line(NAME, &[("state", state)], count);
    }
    const DECODES: &str = "rustivr_prompt_decodes_total";
    page.family(DECODES, "counter", "Recordings that were decoded.");
    page.line(DECODES, &[], now.decodes);
}

fn keys(page: &mut Page, stats: &Stats) {
    const NAME: &str = "rustivr_keys_total";
    page.family(
        NAME,
        "counter",
        "Menus that ended, by scenario and key; wrong: a key that no row has, none: no key.",
    );
    for (scenario, key, count) in stats.keys.lock().by_name() {
        page.line(NAME, &[("scenario", scenario), ("key", key)], count);
    }
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String never fails, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"");
            text.chars().for_each(|c| self.escaped(c));
            self.0.push('"');
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{after} {value}");
    }

    /// A label's value is any text; three characters would end or change it. Others that a terminal
    /// obeys are left out.
    fn escaped(&mut self, c: char) {
        match c {
            '\\' => self.0.push_str("\\\\"),
            '"' => self.0.push_str("\\\""),
            '\n' => self.0.push_str("\\n"),
            c if c.is_control() => self.0.push('?'),
            c => self.0.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Pressed;

    fn filled() -> String {
        let stats = Stats::default();
        stats.call_ended(Status::Fallback, Some(Reason::Busy));
        stats.call_ended(Status::Target, None);
        stats.room_ended(conference::Status::Joined);
        stats.looked_up(Source::Live, Duration::from_micros(1500));
        stats.pressed("orders", Pressed::Key("1"));
        stats.pressed("a\"b\\c\nrustivr_calls 9\u{1b}", Pressed::Nothing);
        let now = Now {
            calls: 3,
            rooms: 1,
            snapshot_age: Some(Duration::from_secs(12)),
            database_up: true,
            connections: vec![("idle", 7), ("limit", 8)],
            prompts: vec![("cached", 5), ("missing", 0)],
            decodes: 6,
        };
        text(&stats, &now)
    }

    #[test]
    fn every_metric_of_the_contract_is_there() {
        let text = filled();
        for line in [
            "rustivr_calls 3",
            "rustivr_calls_total{status=\"FALLBACK\",reason=\"BUSY\"} 1",
            "rustivr_calls_total{status=\"TARGET\",reason=\"\"} 1",
            "rustivr_rooms 1",
            "rustivr_rooms_total{status=\"JOINED\"} 1",
            "rustivr_lookup_seconds_bucket{source=\"LIVE\",le=\"0.001\"} 0",
            "rustivr_lookup_seconds_bucket{source=\"LIVE\",le=\"0.0025\"} 1",
            "rustivr_lookup_seconds_bucket{source=\"LIVE\",le=\"+Inf\"} 1",
            "rustivr_lookup_seconds_sum{source=\"LIVE\"} 0.0015",
            "rustivr_lookup_seconds_count{source=\"SNAPSHOT\"} 0",
            "rustivr_snapshot_age_seconds 12",
            "rustivr_database_up 1",
            "rustivr_connections{state=\"idle\"} 7",
            "rustivr_prompts{state=\"cached\"} 5",
            "rustivr_prompt_decodes_total 6",
            "rustivr_keys_total{scenario=\"orders\",key=\"1\"} 1",
        ] {
            assert!(text.lines().any(|have| have == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_scenario_forges_no_line() {
        let text = filled();
        let line = "rustivr_keys_total{scenario=\"a\\\"b\\\\c\\nrustivr_calls 9?\",key=\"none\"} 1";
        assert!(text.lines().any(|have| have == line), "{text}");
    }

    #[test]
    fn every_line_belongs_to_the_family_above_it() {
        let mut family = String::new();
        for line in filled().lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split(' ').next().unwrap().to_owned();
            } else if !line.starts_with("# TYPE") {
                assert!(line.starts_with(&family), "{line} under {family}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let text = text(&Stats::default(), &Now::default());
        assert!(!text.contains("snapshot_age") && !text.contains("rustivr_connections"));
        assert!(text.contains("rustivr_database_up 0"));
    }
}

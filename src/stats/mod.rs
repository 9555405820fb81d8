//! Counters since the module was loaded, or since an operator reset them. They survive a reload.
//! `text.rs` writes them for Prometheus.

mod histogram;
mod keys;
pub mod text;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::conference;
use crate::ivr::{Reason, Status};
use crate::ports::{Source, one_line};
use histogram::Histogram;
use keys::Keys;

pub use keys::Pressed;

const STATUSES: usize = Status::ALL.len();
/// The last one: no reason, the target answered or the caller left.
const REASONS: usize = Reason::ALL.len() + 1;

/// All counters. Counting takes no lock, but for a key.
pub struct Stats {
    calls: [[AtomicU64; REASONS]; STATUSES],
    rooms: [AtomicU64; conference::Status::ALL.len()],
    lookups: [Histogram; Source::ALL.len()],
    keys: Mutex<Keys>,
    since: Mutex<Instant>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            calls: Default::default(),
            rooms: Default::default(),
            lookups: Default::default(),
            keys: Mutex::default(),
            since: Mutex::new(Instant::now()),
        }
    }
}

impl Stats {
    /// A call left `RustIvr()`.
    pub fn call_ended(&self, status: Status, reason: Option<Reason>) {
        self.calls[place(&Status::ALL, status)][reason_place(reason)]
            .fetch_add(1, Ordering::Relaxed);
    }

    /// A conference ended for its manager, or found no call or no manager.
    pub fn room_ended(&self, status: conference::Status) {
        self.rooms[place(&conference::Status::ALL, status)].fetch_add(1, Ordering::Relaxed);
    }

    /// Rows were looked up; `Source::None`: in vain.
    pub fn looked_up(&self, source: Source, took: Duration) {
        self.lookups[place(&Source::ALL, source)].observe(took);
    }

    /// A caller's menu ended with a key, or without.
    pub fn pressed(&self, scenario: &str, key: Pressed<'_>) {
        self.keys.lock().count(scenario, key);
    }

    /// Begins anew at zero.
    pub fn reset(&self) {
        let calls = self.calls.iter().flatten();
        calls
            .chain(&self.rooms)
            .for_each(|count| count.store(0, Ordering::Relaxed));
        self.lookups.iter().for_each(Histogram::reset);
        *self.keys.lock() = Keys::default();
        *self.since.lock() = Instant::now();
    }

    /// Keys by scenario, a line each, the most pressed first.
    pub fn keys(&self) -> String {
        let mut text = format!("{:<40} {:<10} {:>12}\n", "Scenario", "Key", "Pressed");
        let keys = self.keys.lock();
        for (scenario, key, count) in keys.by_count() {
            let scenario: String = one_line(scenario).chars().take(40).collect();
            text.push_str(&format!("{scenario:<40} {key:<10} {count:>12}\n"));
        }
        text
    }

    /// Scenario, key and count, for programs; by scenario, the most pressed key of each first.
    pub fn keys_by_count(&self) -> Vec<(String, String, u64)> {
        let keys = self.keys.lock();
        let owned =
            |(scenario, key, count): (&str, &str, u64)| (scenario.into(), key.into(), count);
        keys.by_count().into_iter().map(owned).collect()
    }

    /// Everything but the keys, for the CLI.
    pub fn describe(&self) -> String {
        let minutes = self.since.lock().elapsed().as_secs() / 60;
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let mut text = format!("Counted for {hours} h {minutes} min\nCalls:\n{self}Rooms:\n");
        for (status, count) in conference::Status::ALL.iter().zip(&self.rooms) {
            let count = count.load(Ordering::Relaxed);
            text.push_str(&format!("  {:<12} {count}\n", status.as_str()));
        }
        text.push_str("Look-ups:\n");
        for (source, lookups) in Source::ALL.iter().zip(&self.lookups) {
            let (count, mean) = (lookups.count(), lookups.mean().as_secs_f64() * 1000.0);
            let source = source.as_str();
            text.push_str(&format!(
                "  {source:<12} {count:<10} {mean:.1} ms on average\n"
            ));
        }
        text
    }

    /// Calls by status, and by why not the target.
    pub fn counts(&self) -> [Vec<(&'static str, u64)>; 2] {
        let sum = |counts: &mut dyn Iterator<Item = &AtomicU64>| -> u64 {
            counts.map(|count| count.load(Ordering::Relaxed)).sum()
        };
        let statuses = Status::ALL.iter().zip(&self.calls);
        let statuses = statuses.map(|(status, of)| (status.as_str(), sum(&mut of.iter())));
        let reasons = Reason::ALL.iter().enumerate().map(|(at, reason)| {
            let mut counts = self.calls.iter().map(|reasons| &reasons[at]);
            (reason.as_str(), sum(&mut counts))
        });
        [statuses.collect(), reasons.collect()]
    }

    /// How many calls ended so.
    fn calls_with(&self, status: Status, reason: Option<Reason>) -> u64 {
        self.calls[place(&Status::ALL, status)][reason_place(reason)].load(Ordering::Relaxed)
    }
}

/// How calls ended, a line each.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [statuses, reasons] = self.counts();
        for (word, count) in statuses {
            writeln!(f, "  {word:<12} {count}")?;
        }
        writeln!(f, "Why not the target:")?;
        for (word, count) in reasons {
            writeln!(f, "  {word:<12} {count}")?;
        }
        Ok(())
    }
}

fn place<T: PartialEq>(all: &[T], one: T) -> usize {
    // Each `ALL` is complete; the last one would count what is not in it.
    let found = all.iter().position(|other| *other == one);
    found.unwrap_or(all.len() - 1)
}

fn reason_place(reason: Option<Reason>) -> usize {
    reason.map_or(REASONS - 1, |reason| place(&Reason::ALL, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_by_status_and_reason_until_a_reset() {
        let stats = Stats::default();
        stats.call_ended(Status::Fallback, Some(Reason::Busy));
        stats.call_ended(Status::Fallback, Some(Reason::Error));
        stats.call_ended(Status::Target, None);
        let text = stats.to_string();
        for line in [
            "TARGET       1",
            "FALLBACK     2",
            "HANGUP       0",
            "BUSY         1",
            "ERROR        1",
            "NO_ROWS      0",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert_eq!(stats.calls_with(Status::Target, None), 1);
        stats.room_ended(conference::Status::NoManager);
        stats.looked_up(Source::Live, Duration::from_millis(4));
        stats.pressed("orders", Pressed::Key("1"));
        let text = stats.describe();
        for line in ["NO_MANAGER   1", "LIVE         1          4.0 ms"] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(stats.keys().contains("orders"));
        let keys = stats.keys_by_count();
        assert_eq!(keys, [("orders".to_owned(), "1".to_owned(), 1)]);
        stats.reset();
        assert_eq!(stats.calls_with(Status::Target, None), 0);
        assert!(!stats.keys().contains("orders"));
        assert!(stats.describe().contains("NO_MANAGER   0"));
    }

    #[test]
    fn every_word_has_a_place_of_its_own() {
        for (at, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(place(&Status::ALL, status), at);
        }
        for (at, status) in conference::Status::ALL.into_iter().enumerate() {
            assert_eq!(place(&conference::Status::ALL, status), at);
        }
        assert_eq!(reason_place(None), Reason::ALL.len());
    }
}

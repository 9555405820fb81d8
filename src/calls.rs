//! The calls inside the module now: what the CLI shows. How the earlier ones ended is in `stats`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::ivr::{Reason, Status};
use crate::ports::one_line;
use crate::stats::Stats;

/// All calls of the module since it was loaded. Survives a reload.
#[derive(Default)]
pub struct Calls {
    live: Mutex<Vec<Arc<Entry>>>,
    stats: Arc<Stats>,
}

struct Entry {
    channel: String,
    since: Instant,
    doing: Mutex<String>,
}

/// A call's place in the list, kept by its session; dropping it takes the call off.
pub struct LiveCall<'c> {
    calls: &'c Calls,
    entry: Arc<Entry>,
}

impl Calls {
    /// None yet; those that end are counted there.
    pub fn counted_in(stats: Arc<Stats>) -> Self {
        Self {
            stats,
            ..Self::default()
        }
    }

    /// Puts a call on the list.
    pub fn begin(&self, channel: &str) -> LiveCall<'_> {
        let entry = Arc::new(Entry {
            channel: channel.to_owned(),
            since: Instant::now(),
            doing: Mutex::new("looking up".to_owned()),
        });
        self.live.lock().push(Arc::clone(&entry));
        LiveCall { calls: self, entry }
    }

    /// One line a call: channel, what it does, for how long.
    pub fn list(&self) -> String {
        let live = self.live.lock().clone();
        let mut text = format!("{:<40} {:<32} {:>8}\n", "Channel", "State", "Since");
        for entry in &live {
            let since = entry.since.elapsed().as_secs();
            let doing = entry.doing.lock();
            text.push_str(&format!(
                "{:<40} {:<32} {since:>6} s\n",
                entry.channel, *doing
            ));
        }
        text.push_str(&format!("{} call(s)\n", live.len()));
        text
    }

    /// The calls inside now, for programs: channel, what it does, for how long.
    pub fn now(&self) -> Vec<(String, String, Duration)> {
        let live = self.live.lock().clone();
        let shown = |entry: &Arc<Entry>| {
            let doing = entry.doing.lock().clone();
            (entry.channel.clone(), doing, entry.since.elapsed())
        };
        live.iter().map(shown).collect()
    }

    /// How the earlier ones ended, and why not with the target: words and counts.
    pub fn counts(&self) -> [Vec<(&'static str, u64)>; 2] {
        self.stats.counts()
    }

    /// How many calls are inside now.
    pub fn count(&self) -> usize {
        self.live.lock().len()
    }
}

/// The counters, a line each.
impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stats.fmt(f)
    }
}

impl LiveCall<'_> {
    /// Says what the call does now.
    pub fn doing(&self, what: fmt::Arguments<'_>) {
        *self.entry.doing.lock() = one_line(&what.to_string());
    }

    /// Counts how the call ended.
    pub fn ended(&self, status: Status, reason: Option<Reason>) {
        self.calls.stats.call_ended(status, reason);
    }
}

impl Drop for LiveCall<'_> {
    fn drop(&mut self) {
        self.calls
            .live
            .lock()
            .retain(|entry| !Arc::ptr_eq(entry, &self.entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_listed_while_it_lives_and_counted_when_it_ends() {
        let calls = Calls::default();
        {
            let call = calls.begin("PJSIP/multifon-00000001");
            call.doing(format_args!("rings {}", 7));
            assert!(calls.list().contains("PJSIP/multifon-00000001"));
            assert!(calls.list().contains("rings 7"));
            assert_eq!(calls.now()[0].1, "rings 7");
            call.ended(Status::Fallback, Some(Reason::Busy));
        }
        assert_eq!(calls.count(), 0);
        assert!(calls.counts()[1].contains(&("BUSY", 1)));
        let counters = calls.to_string();
        assert!(
            counters.contains("FALLBACK     1") && counters.contains("BUSY         1"),
            "{counters}"
        );
    }
}

//! The breaker: what is known of a server that was asked in vain, and when it is asked again.
//! Pure: no clock, no lock and no thread of its own; `pool.rs` has them.

use std::time::{Duration, Instant};

use crate::ports::LookupError;

/// From one attempt to connect to the next while the server is away; it doubles up to the
/// longest. That and an attempt that still met the dead server (`timeout` at most) are the
/// time in which we notice that it is back.
const FIRST_INTERVAL: Duration = Duration::from_millis(50);
const LONGEST_INTERVAL: Duration = Duration::from_millis(500);

/// The least pause between the end of an attempt and the next.
const PAUSE: Duration = Duration::from_millis(50);

/// Open while callers need not ask the server, because nobody gets an answer.
#[derive(Default)]
pub(super) struct Breaker {
    open: bool,
    trouble: Option<Trouble>,
    /// When the server answered again after the last trouble.
    answered: Option<Instant>,
}

/// Why the server was asked in vain; it lasts until an attempt to connect succeeds.
pub(super) struct Trouble {
    pub(super) error: LookupError,
    pub(super) since: Instant,
    /// When it was last asked in vain.
    pub(super) ended: Instant,
    /// From the last attempt to the next, which begins at `next`.
    interval: Duration,
    pub(super) next: Instant,
}

impl Breaker {
    /// Whether callers need not ask.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// `None`: as far as we know the server answers.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// A caller asked in vain since `began`, which opens the breaker. `false`: not so, because
    /// the server answered anew meanwhile.
    pub(super) fn asked_in_vain(
        &mut self,
        error: &LookupError,
        began: Instant,
        now: Instant,
    ) -> bool {
        if self.answered.is_some_and(|answered| answered > began) {
            return false;
        }
        self.trouble.get_or_insert_with(|| Trouble {
            error: error.clone(),
            since: now,
            ended: now,
            interval: Duration::ZERO,
            next: now,
        });
        self.open = true;
        true
    }

    /// An attempt to connect failed. `last`: there is no connection left to ask on either, which
    /// opens the breaker. Says whether the reason is a new one.
    pub(super) fn attempt_failed(
        &mut self,
        error: &LookupError,
        began: Instant,
        now: Instant,
        last: bool,
    ) -> bool {
        let old = self.trouble.take();
        let news = old.as_ref().is_none_or(|old| old.error != *error);
        let (since, interval) = old.map_or((began, FIRST_INTERVAL), |old| {
            let longer = (old.interval * 2).clamp(FIRST_INTERVAL, LONGEST_INTERVAL);
            (old.since, longer)
        });
        self.trouble = Some(Trouble {
            error: error.clone(),
            since,
            ended: now,
            interval,
            next: (began + interval).max(now + PAUSE),
        });
        self.open |= last;
        news
    }

    /// An attempt to connect succeeded. Says whether that ends a trouble.
    pub(super) fn attempt_succeeded(&mut self, now: Instant) -> bool {
        self.open = false;
        let recovered = self.trouble.take().is_some();
        if recovered {
            self.answered = Some(now);
        }
        recovered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn silent() -> LookupError {
        LookupError::Unavailable("silent".to_owned())
    }

    #[test]
    fn a_dead_server_is_asked_twice_a_second_however_long_an_attempt_takes() {
        for attempt in [1 * MS, 300 * MS] {
            let mut breaker = Breaker::default();
            let begin = Instant::now();
            let mut now = begin;
            let mut attempts = 0;
            while now < begin + Duration::from_secs(60) {
                breaker.attempt_failed(&silent(), now, now + attempt, true);
                let next = breaker.trouble().unwrap().next;
                assert!(next - now <= LONGEST_INTERVAL);
                assert!(next - (now + attempt) >= PAUSE);
                now = next;
                attempts += 1;
            }
            assert!((120..=126).contains(&attempts), "{attempts}");
        }
    }

    #[test]
    fn a_failure_from_before_the_server_answered_again_opens_nothing() {
        let mut breaker = Breaker::default();
        let began = Instant::now();
        assert!(breaker.asked_in_vain(&silent(), began, began + 300 * MS));
        assert!(breaker.is_open());
        assert!(breaker.attempt_succeeded(began + 320 * MS));
        let late = began + 100 * MS;
        assert!(!breaker.asked_in_vain(&silent(), late, late + 300 * MS));
        assert!(!breaker.is_open());
        let after = began + 400 * MS;
        assert!(breaker.asked_in_vain(&silent(), after, after + 300 * MS));
        assert!(breaker.is_open());
    }

    #[test]
    fn while_a_connection_is_left_a_failed_attempt_opens_nothing() {
        let mut breaker = Breaker::default();
        let now = Instant::now();
        assert!(breaker.attempt_failed(&silent(), now, now + MS, false));
        assert!(!breaker.is_open());
        assert!(!breaker.attempt_failed(&silent(), now, now + MS, true));
        assert!(breaker.is_open());
        assert!(breaker.attempt_succeeded(now + 2 * MS));
        assert!(!breaker.attempt_succeeded(now + 3 * MS));
    }
}

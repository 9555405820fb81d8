//! The circuit breaker: what is known of a server that was asked in vain, and when it is asked
//! again. Pure: no clock, no lock and no thread of its own; `pool.rs` has them.
//!
//! | state | asked in vain | trying | connect failed, some are left | connect failed, none is left | connected | stop |
//! |---|---|---|---|---|---|---|
//! | `Closed` | `Open` | `Closed` | `Impaired` | `Open` | `Closed` | `Stopped` |
//! | `Impaired` | `Open` | `Impaired` | `Impaired`, next try later | `Open`, next try later | `Closed` | `Stopped` |
//! | `Open` | `Open` | `HalfOpen` | `Open`, next try later | `Open`, next try later | `Open` | `Stopped` |
//! | `HalfOpen` | `HalfOpen` | `HalfOpen` | `Open`, next try later | `Open`, next try later | `Closed` | `Stopped` |
//! | `Stopped` | `Stopped` on every event | | | | | |
//!
//! A connection that was begun before the breaker opened proves nothing: it closes no `Open` one.
//!
//! A question that was put before the server last answered anew, and failed, changes nothing.

use std::time::{Duration, Instant};

use crate::ports::LookupError;

/// From one attempt to connect to the next while the server is away; it doubles up to the
/// longest. That and an attempt that still met the dead server (`timeout` at most) are the
/// time in which we notice that it is back.
const FIRST_INTERVAL: Duration = Duration::from_millis(50);
const LONGEST_INTERVAL: Duration = Duration::from_millis(500);

/// The least pause between the end of an attempt and the next.
const PAUSE: Duration = Duration::from_millis(50);

/// The breaker of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Breaker {
    state: State,
    /// When the server answered again after the last trouble.
    recovered: Option<Instant>,
}

/// How the server does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// As far as we know it answers.
    #[default]
    Closed,
    /// It takes no more connections; those that are there may answer.
    Impaired(Trouble),
    /// Callers need not ask, because nobody gets an answer.
    Open(Trouble),
    /// The same, and an attempt to connect is under way that will tell.
    HalfOpen(Trouble),
    /// Nobody asks any more, and why.
    Stopped(String),
}

/// Why the server was asked in vain; it lasts until an attempt to connect succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) error: LookupError,
    pub(super) since: Instant,
    /// When it was last asked in vain.
    pub(super) ended: Instant,
    /// From the last attempt to the next, which begins at `next`.
    interval: Duration,
    pub(super) next: Instant,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A caller asked in vain since `began`.
    AskedInVain { error: LookupError, began: Instant },
    /// An attempt to connect begins.
    Trying,
    /// An attempt to connect that began then failed. `last`: there is no connection left either.
    ConnectFailed {
        error: LookupError,
        began: Instant,
        last: bool,
    },
    /// An attempt to connect succeeded.
    Connected,
    /// Nobody is to ask any more; the first reason counts.
    Stop(String),
}

impl Breaker {
    /// One step. Says whether the event told anything new: a failure counts, its reason is another
    /// one, a trouble is over.
    pub(super) fn step(&mut self, event: Event, now: Instant) -> bool {
        let state = std::mem::take(&mut self.state);
        let (state, news) = match (state, event) {
            (State::Stopped(why), _) => (State::Stopped(why), false),
            (_, Event::Stop(why)) => (State::Stopped(why), true),
            (state, Event::AskedInVain { began, .. })
                if self.recovered.is_some_and(|recovered| recovered > began) =>
            {
                (state, false)
            }
            (State::Open(trouble), Event::Trying) => (State::HalfOpen(trouble), false),
            (state, Event::Trying) => (state, false),
            (State::HalfOpen(trouble), Event::AskedInVain { .. }) => {
                (State::HalfOpen(trouble), true)
            }
            (state, Event::AskedInVain { error, .. }) => {
                let known = state.into_trouble();
                (
                    State::Open(known.unwrap_or_else(|| Trouble::new(error, now))),
                    true,
                )
            }
            (state, Event::ConnectFailed { error, began, last }) => {
                let opens = last || matches!(state, State::Open(_) | State::HalfOpen(_));
                let known = state.into_trouble();
                let news = known.as_ref().is_none_or(|known| known.error != error);
                let trouble = Trouble::tried(known, error, began, now);
                let next = if opens { State::Open } else { State::Impaired };
                (next(trouble), news)
            }
            (state @ (State::Closed | State::Open(_)), Event::Connected) => (state, false),
            (State::Impaired(_) | State::HalfOpen(_), Event::Connected) => {
                self.recovered = Some(now);
                (State::Closed, true)
            }
        };
        self.state = state;
        news
    }

    /// How the server does.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Whether callers need not ask.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_) | State::HalfOpen(_))
    }

    /// Why nobody asks any more.
    pub(super) fn stopped(&self) -> Option<&str> {
        match &self.state {
            State::Stopped(why) => Some(why),
            _ => None,
        }
    }

    /// `None`: as far as we know the server answers.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        match &self.state {
            State::Impaired(trouble) | State::Open(trouble) | State::HalfOpen(trouble) => {
                Some(trouble)
            }
            State::Closed | State::Stopped(_) => None,
        }
    }
}

impl State {
    fn into_trouble(self) -> Option<Trouble> {
        match self {
            Self::Impaired(trouble) | Self::Open(trouble) | Self::HalfOpen(trouble) => {
                Some(trouble)
            }
            Self::Closed | Self::Stopped(_) => None,
        }
    }
}

impl Trouble {
    /// Nobody has tried to connect since; it is time to.
    fn new(error: LookupError, now: Instant) -> Self {
        Self {
            error,
            since: now,
            ended: now,
            interval: Duration::ZERO,
            next: now,
        }
    }

    /// After an attempt that began then.
    fn tried(known: Option<Self>, error: LookupError, began: Instant, now: Instant) -> Self {
        let (since, interval) = known.map_or((began, FIRST_INTERVAL), |known| {
            let longer = (known.interval * 2).clamp(FIRST_INTERVAL, LONGEST_INTERVAL);
            (known.since, longer)
        });
        Self {
            error,
            since,
            ended: now,
            interval,
            next: (began + interval).max(now + PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn silent() -> LookupError {
        LookupError::Unavailable("silent".to_owned())
    }

    fn in_vain(began: Instant) -> Event {
        Event::AskedInVain {
            error: silent(),
            began,
        }
    }

    fn failed(began: Instant, last: bool) -> Event {
        Event::ConnectFailed {
            error: silent(),
            began,
            last,
        }
    }

    fn word(breaker: &Breaker) -> &'static str {
        match breaker.state() {
            State::Closed => "Closed",
            State::Impaired(_) => "Impaired",
            State::Open(_) => "Open",
            State::HalfOpen(_) => "HalfOpen",
            State::Stopped(_) => "Stopped",
        }
    }

    /// The table at the head of this file, cell by cell.
    #[test]
    fn every_state_answers_every_event() {
        let now = Instant::now();
        let events = |now| {
            [
                in_vain(now),
                Event::Trying,
                failed(now, false),
                failed(now, true),
                Event::Connected,
                Event::Stop("stopped".to_owned()),
            ]
        };
        let after = |way: &[Event]| {
            let mut breaker = Breaker::default();
            for event in way {
                breaker.step(event.clone(), now);
            }
            breaker
        };
        let table = [
            (
                after(&[]),
                ["Open", "Closed", "Impaired", "Open", "Closed", "Stopped"],
            ),
            (
                after(&[failed(now, false)]),
                ["Open", "Impaired", "Impaired", "Open", "Closed", "Stopped"],
            ),
            (
                after(&[in_vain(now)]),
                ["Open", "HalfOpen", "Open", "Open", "Open", "Stopped"],
            ),
            (
                after(&[in_vain(now), Event::Trying]),
                ["HalfOpen", "HalfOpen", "Open", "Open", "Closed", "Stopped"],
            ),
            (after(&[Event::Stop(String::new())]), ["Stopped"; 6]),
        ];
        for (state, row) in table {
            for (event, next) in events(now).into_iter().zip(row) {
                let mut breaker = state.clone();
                breaker.step(event.clone(), now + MS);
                assert_eq!(word(&breaker), next, "{state:?}: {event:?}");
            }
        }
    }

    #[test]
    fn a_dead_server_is_asked_twice_a_second_however_long_an_attempt_takes() {
        for attempt in [1 * MS, 300 * MS] {
            let mut breaker = Breaker::default();
            let begin = Instant::now();
            let mut now = begin;
            let mut attempts = 0;
            while now < begin + Duration::from_secs(60) {
                breaker.step(failed(now, true), now + attempt);
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
        assert!(breaker.step(in_vain(began), began + 300 * MS));
        assert!(breaker.is_open());
        breaker.step(Event::Trying, began + 310 * MS);
        assert!(breaker.step(Event::Connected, began + 320 * MS));
        let late = began + 100 * MS;
        assert!(!breaker.step(in_vain(late), late + 300 * MS));
        assert!(!breaker.is_open());
        let after = began + 400 * MS;
        assert!(breaker.step(in_vain(after), after + 300 * MS));
        assert!(breaker.is_open());
    }

    #[test]
    fn news_is_told_once() {
        let mut breaker = Breaker::default();
        let now = Instant::now();
        assert!(breaker.step(failed(now, false), now + MS));
        assert!(!breaker.step(failed(now, true), now + MS));
        breaker.step(Event::Trying, now + 2 * MS);
        assert!(breaker.step(Event::Connected, now + 2 * MS));
        assert!(!breaker.step(Event::Connected, now + 3 * MS));
    }

    proptest! {
        /// Whatever happened: open means that there is a reason and a next attempt, and one
        /// attempt that succeeds closes it.
        #[test]
        fn a_connection_always_closes_it(
            events in proptest::collection::vec((0_u8..5, 0_u32..2000, 0_u32..500), 0..40)
        ) {
            let mut breaker = Breaker::default();
            let mut now = Instant::now();
            for (kind, pause, took) in events {
                let began = now + pause * MS;
                now = began + took * MS;
                let event = match kind {
                    0 => in_vain(began),
                    1 => failed(began, false),
                    2 => failed(began, true),
                    3 => Event::Trying,
                    _ => Event::Connected,
                };
                breaker.step(event, now);
                prop_assert_eq!(breaker.is_open(), word(&breaker).ends_with("Open"));
                if let Some(trouble) = breaker.trouble() {
                    prop_assert!(trouble.next <= now + LONGEST_INTERVAL + PAUSE);
                    prop_assert!(trouble.since <= trouble.ended);
                }
            }
            breaker.step(Event::Trying, now);
            breaker.step(Event::Connected, now);
            prop_assert_eq!(word(&breaker), "Closed");
        }
    }
}

//! The servers of one configuration, in the operator's order: which are away, which is to be tried,
//! and when one that is away is asked again. Pure: no clock and no connection of its own.
//!
//! A number stands for a host: its place in that order.

use std::time::{Duration, Instant};

use crate::ports::LookupError;

/// How long a host is left alone after it was asked in vain while another one answers; it doubles
/// up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What is known of each host.
#[derive(Debug, Default)]
pub(super) struct Hosts(Vec<Option<Away>>);

/// A host that was asked in vain.
#[derive(Debug)]
pub(super) struct Away {
    pub(super) error: LookupError,
    pause: Duration,
    next: Instant,
    /// That it is away was said in the log.
    reported: bool,
}

impl Hosts {
    /// None of them is known to be away.
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| None).collect())
    }

    /// The hosts for a new connection, in the order in which they are tried: those that are away
    /// come last, for it may be over.
    pub(super) fn order(&self) -> Vec<usize> {
        let (up, away): (Vec<_>, Vec<_>) = (0..self.0.len()).partition(|at| self.0[*at].is_none());
        [up, away].concat()
    }

    /// The first one that is not away.
    pub(super) fn home(&self) -> Option<usize> {
        self.0.iter().position(Option::is_none)
    }

    /// The host before home that is the next to be asked again, and when.
    pub(super) fn next(&self) -> Option<(usize, Instant)> {
        let before = self.0.iter().enumerate().take(self.home()?);
        let away = before.filter_map(|(at, host)| Some((at, host.as_ref()?.next)));
        away.min_by_key(|(_, next)| *next)
    }

    /// Those that are away.
    pub(super) fn away(&self) -> impl Iterator<Item = &Away> {
        self.0.iter().flatten()
    }

    /// A host was asked in vain.
    pub(super) fn failed(&mut self, at: usize, error: LookupError, now: Instant) {
        let known = self.0[at].take();
        let pause = known
            .as_ref()
            .map_or(FIRST_PAUSE, |known| (known.pause * 2).min(LONGEST_PAUSE));
        self.0[at] = Some(Away {
            reported: known.is_some_and(|known| known.reported && known.error == error),
            error,
            pause,
            next: now + pause,
        });
    }

    /// A host answered; says whether the log calls it away.
    pub(super) fn answered(&mut self, at: usize) -> bool {
        self.0[at].take().is_some_and(|away| away.reported)
    }

    /// What is to be said in the log, once, while another host answers: whom it cannot have.
    pub(super) fn unreported(&mut self) -> Vec<LookupError> {
        let news = self.0.iter_mut().flatten().filter(|away| !away.reported);
        news.map(|away| {
            away.reported = true;
            away.error.clone()
        })
        .collect()
    }
}

/// An error without its kind: for a sentence that says already what became of the question.
pub(super) fn words(error: &LookupError) -> &str {
    match error {
        LookupError::Unavailable(why) | LookupError::Refused(why) => why,
    }
}

/// What the first of these hosts gives that gives something; else why each of them does not.
pub(super) fn first<T>(
    hosts: Vec<usize>,
    mut ask: impl FnMut(usize) -> Result<T, LookupError>,
) -> Result<T, LookupError> {
    let mut errors = Vec::new();
    for host in hosts {
        match ask(host) {
            Ok(answer) => return Ok(answer),
            Err(error) => errors.push((host, error)),
        }
    }
    // In the operator's order, however they were tried: the same words for the same trouble.
    errors.sort_by_key(|(host, _)| *host);
    let all: Vec<_> = errors.iter().map(|(_, error)| words(error)).collect();
    let all = all.join("; ");
    let refused = |(_, error): &(_, _)| matches!(error, LookupError::Refused(_));
    Err(match errors.iter().all(refused) {
        true => LookupError::Refused(all),
        false => LookupError::Unavailable(all),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(why: &str) -> LookupError {
        LookupError::Unavailable(why.to_owned())
    }

    #[test]
    fn the_first_that_answers_is_home_and_the_others_are_tried_after_it() {
        let (mut hosts, now) = (Hosts::new(3), Instant::now());
        assert_eq!((hosts.order(), hosts.home()), (vec![0, 1, 2], Some(0)));
        assert_eq!(hosts.next(), None);
        hosts.failed(0, silent("a"), now);
        assert_eq!((hosts.order(), hosts.home()), (vec![1, 2, 0], Some(1)));
        assert_eq!(hosts.next(), Some((0, now + FIRST_PAUSE)));
        hosts.failed(2, silent("c"), now);
        // Nobody waits for a host behind home.
        assert_eq!(hosts.next(), Some((0, now + FIRST_PAUSE)));
        hosts.failed(1, silent("b"), now);
        assert_eq!((hosts.order(), hosts.home()), (vec![0, 1, 2], None));
        assert_eq!(hosts.next(), None);
        hosts.answered(0);
        assert_eq!((hosts.order(), hosts.home()), (vec![0, 1, 2], Some(0)));
    }

    #[test]
    fn a_host_that_stays_away_is_asked_ever_more_rarely() {
        let (mut hosts, mut now) = (Hosts::new(2), Instant::now());
        let pauses = [500, 1000, 2000, 4000, 4000].map(Duration::from_millis);
        for pause in pauses {
            hosts.failed(0, silent("a"), now);
            assert_eq!(hosts.next(), Some((0, now + pause)));
            now += pause;
        }
        hosts.answered(0);
        hosts.failed(0, silent("a"), now);
        assert_eq!(hosts.next(), Some((0, now + FIRST_PAUSE)));
    }

    #[test]
    fn the_first_answer_counts_and_all_reasons_are_told_in_the_operators_order() {
        let ask = |host| match host {
            0 => Err(silent("a")),
            1 => Err(LookupError::Refused("b".to_owned())),
            host => Ok(host),
        };
        assert_eq!(first(vec![1, 2, 0], ask), Ok(2));
        assert_eq!(first(vec![1, 0], ask), Err(silent("a; b")));
        assert_eq!(
            first(vec![1], ask),
            Err(LookupError::Refused("b".to_owned()))
        );
    }

    #[test]
    fn each_reason_is_reported_once() {
        let (mut hosts, now) = (Hosts::new(2), Instant::now());
        hosts.failed(0, silent("a"), now);
        assert_eq!(hosts.unreported(), [silent("a")]);
        hosts.failed(0, silent("a"), now);
        assert_eq!(hosts.unreported(), []);
        hosts.failed(0, silent("another"), now);
        assert_eq!(hosts.unreported(), [silent("another")]);
        assert!(hosts.answered(0));
        assert!(!hosts.answered(0));
        hosts.failed(0, silent("another"), now);
        assert!(!hosts.answered(0), "nobody was told");
    }
}

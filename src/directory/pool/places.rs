//! How many connections a server lets us have, when that is fewer than we may: an account with
//! `MAX_USER_CONNECTIONS`, shared hosting, a server that is nearly full. Pure.

use std::time::{Duration, Instant};

/// For how long what was learnt holds; then one more is tried.
const FORGET: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 60_000 });

/// What was learnt.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// How many connections there were when the last one was refused.
    refused: Option<usize>,
    learnt: Option<Learnt>,
}

#[derive(Debug)]
struct Learnt {
    most: usize,
    at: Instant,
}

impl Places {
    /// For want of a place a connection was refused beside these. Twice, because the server may
    /// still count one that is gone. The first one is needed however often it is refused.
    pub(super) fn refused(&mut self, connections: usize, now: Instant) {
        if connections > 0 && self.refused.replace(connections) == Some(connections) {
            let most = connections;
            self.learnt = Some(Learnt { most, at: now });
        }
    }

    /// How many connections there may be, and until when that holds.
    pub(super) fn most(&self, now: Instant) -> Option<(usize, Instant)> {
        let learnt = self.learnt.as_ref()?;
        let until = learnt.at + FORGET;
        (until > now).then_some((learnt.most, until))
    }

    /// A connection that did not last has taken a place since `began`.
    pub(super) fn forget_since(&mut self, began: Instant) {
        self.refused = None;
        self.learnt.take_if(|learnt| learnt.at >= began);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_refusals_teach_the_number_for_a_while() {
        let (mut places, now) = (Places::default(), Instant::now());
        places.refused(2, now);
        places.refused(1, now);
        assert_eq!(places.most(now), None);
        places.refused(1, now);
        assert_eq!(places.most(now), Some((1, now + FORGET)));
        assert_eq!(places.most(now + FORGET), None);
        places.forget_since(now + FORGET);
        places.refused(2, now + FORGET);
        places.refused(2, now + FORGET);
        assert_eq!(places.most(now + FORGET), Some((2, now + 2 * FORGET)));
        places.forget_since(now);
        assert_eq!(places.most(now + FORGET), None);
        places.refused(0, now);
        places.refused(0, now);
        assert_eq!(places.most(now), None);
    }
}

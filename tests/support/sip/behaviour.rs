//! What a peer does by itself with calls that come.

use crate::rtp::Source;
use std::time::Duration;

/// What is done with a call that comes.
#[derive(Clone, Debug, Default)]
pub enum Behaviour {
    /// Nothing, not even 100: the test decides through `Incoming`. A test that decides nothing has a
    /// peer that is dead.
    #[default]
    Manual,
    /// 180, then 200 after a while; 200 at once after no time.
    Answer {
        /// How long it rings.
        after: Duration,
        /// What is said then.
        source: Source,
    },
    /// 180 and nothing more.
    Ring,
    /// A final response with this code.
    Reject(u16),
    /// 302 to this URI.
    Redirect(String),
}

impl Behaviour {
    /// Answers at once and says `source`.
    pub fn answer(source: Source) -> Self {
        Behaviour::Answer {
            after: Duration::ZERO,
            source,
        }
    }

    /// Rings for `after`, then answers and says `source`.
    pub fn answer_after(after: Duration, source: Source) -> Self {
        Behaviour::Answer { after, source }
    }
}

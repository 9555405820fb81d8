//! What is known of one incoming call: told before each dial, and at its end.

use std::time::Duration;

use super::{Reason, Status};
use crate::ports::Source;

/// How the caller left a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// There was no menu, or the caller hung up in it.
    #[default]
    NoMenu,
    /// With this key of a row.
    Key(String),
    /// With a key that no row has.
    Wrong,
    /// Without a key.
    Nothing,
}

/// All that is known of a call, complete at its end (A8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The canonical phone; empty when the caller has no number.
    pub phone: String,
    /// Where the rows came from.
    pub source: Source,
    /// How long the look-up took.
    pub lookup: Duration,
    /// The first row's `scenario`.
    pub scenario: String,
    /// What the button is called that the call led to: a stranger's text.
    pub option: String,
    /// How a menu ended.
    pub choice: Choice,
    /// From the menu's first word to its last key; zero without a menu.
    pub menu: Duration,
    /// How long others rang, all together.
    pub ring: Duration,
    /// How long the talk was.
    pub talk: Duration,
    /// The keys that were pressed.
    pub digits: String,
    /// The button's number that was rung; empty when none was.
    pub target: String,
    /// Why not the target.
    pub reason: Option<Reason>,
    /// How it ended; `None` until then.
    pub status: Option<Status>,
}

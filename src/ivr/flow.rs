//! The state machine of an incoming call, pure: a state and an event give the next state and
//! the one thing to do now. No clock, no lock, no log.
//!
//! | state | found | failed | answered | elapsed | digit | dialled | gone |
//! |---|---|---|---|---|---|---|---|
//! | `LookingUp` | one button: `RingingTarget`; several: `Answering`; none: `RingingFallback` | `RingingFallback` | | | | | `Over` |
//! | `Answering` | | | `Reading`, or `Waiting` with nothing to read | | | | `Over` |
//! | `Reading` | | | | next prompt, then `Waiting` | see below | | `Over` |
//! | `Waiting` | | | | `RingingFallback` | see below | | `Over` |
//! | `Typing` | | | | its button, else a wrong key | see below | | `Over` |
//! | `RingingTarget` | | | | | | answered: `Over`; else `RingingFallback` | `Over` |
//! | `RingingFallback` | | | | | | `Over` | `Over` |
//! | `Over` | `Over` on every event | | | | | | |
//!
//! A digit: one key and no longer one begins so: `RingingTarget` (`RingingFallback` if its number
//! is refused); the beginning of a key: `Typing`; `#` behind a complete key ends it, if no key goes on
//! so; no key: a wrong one. After a wrong key the menu begins again, `retry` times, and then
//! `RingingFallback`; silence goes there at once. An empty cell cannot
//! happen; it leads to `RingingFallback` all the same, because a call ends with a person (A8).

use super::menu::{Button, Match, Menu, Plan};
use super::{Reason, Status};
use crate::numbers::Number;
use crate::ports::{Dialled, PromptName};

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The rows are asked for.
    LookingUp,
    /// The leg is being answered to hear the menu.
    Answering,
    /// This prompt of the menu is playing.
    Reading {
        /// Its place in the menu.
        prompt: usize,
        /// Wrong keys before.
        wrong: u32,
    },
    /// All is read; no key yet.
    Waiting {
        /// Wrong keys before.
        wrong: u32,
    },
    /// The beginning of a key was typed.
    Typing {
        /// What was typed.
        keys: String,
        /// Wrong keys before.
        wrong: u32,
    },
    /// A button's target rings, or talks.
    RingingTarget,
    /// Bitrix24 rings, or talks; and why.
    RingingFallback(Reason),
    /// Nothing more to do.
    Over(Status),
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The rows arrived; they are the plan that `step` is given.
    Found,
    /// The rows did not arrive.
    Failed,
    /// The caller's leg is up.
    Answered,
    /// A prompt ended, or a wait ran out.
    Elapsed,
    /// The caller pressed a key.
    Digit(char),
    /// A dial ended.
    Dialled(Dialled),
    /// The caller left.
    Gone,
}

/// What to do now; its result is the next event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'p> {
    /// Answer the caller's leg.
    Answer,
    /// Play this prompt.
    Play(&'p PromptName),
    /// Wait for the first key, `digit_timeout`.
    AwaitKey,
    /// Wait for the rest of a key, `interdigit_timeout`.
    AwaitRest,
    /// Ring a button's number; and what the button is called.
    RingTarget(&'p Number, &'p str),
    /// Ring Bitrix24.
    RingFallback(Reason),
    /// Return to the dialplan.
    Finish(Status),
}

impl State {
    /// How many wrong keys the caller has pressed.
    pub const fn wrong(&self) -> u32 {
        match self {
            Self::Reading { wrong, .. } | Self::Waiting { wrong } | Self::Typing { wrong, .. } => {
                *wrong
            }
            _ => 0,
        }
    }
}

/// One step. `plan` is `Plan::Nothing` until the rows are there.
pub fn step<'p>(plan: &'p Plan, state: State, event: Event) -> (State, Action<'p>) {
    use State::{
        Answering, LookingUp, Over, Reading, RingingFallback, RingingTarget, Typing, Waiting,
    };
    match (state, event) {
        (Over(status), _) => over(status),
        (_, Event::Gone | Event::Dialled(Dialled::Gone)) => over(Status::Hangup),

        (LookingUp, Event::Found) => match plan {
            Plan::Nothing => fallback(Reason::NoRows),
            Plan::Direct(button) => ring(button),
            Plan::Menu(_) => (Answering, Action::Answer),
        },
        (LookingUp, Event::Failed) => fallback(Reason::DbError),

        (RingingTarget, Event::Dialled(Dialled::Answered)) => over(Status::Target),
        (RingingTarget, Event::Dialled(Dialled::NoAnswer)) => fallback(Reason::NoAnswer),
        (RingingTarget, Event::Dialled(Dialled::Busy)) => fallback(Reason::Busy),
        (RingingTarget, Event::Dialled(Dialled::Unavailable)) => fallback(Reason::Unavailable),

        (RingingFallback(_), Event::Dialled(Dialled::Answered)) => over(Status::Fallback),
        (RingingFallback(_), _) => over(Status::Unanswered),

        (state, event) => match (plan, state, event) {
            (Plan::Menu(menu), Answering, Event::Answered) => read(menu, 0, 0),
            (Plan::Menu(menu), Reading { prompt, wrong }, Event::Elapsed) => {
                read(menu, prompt + 1, wrong)
            }
            (Plan::Menu(menu), Reading { wrong, .. } | Waiting { wrong }, Event::Digit(key)) => {
                typed(menu, key.to_string(), wrong)
            }
            (Plan::Menu(menu), Typing { keys, wrong }, Event::Digit(key)) => {
                let longer = format!("{keys}{key}");
                match menu.button(&keys) {
                    Some(button) if key == '#' && menu.matching(&longer) == Match::Nothing => {
                        ring(button)
                    }
                    _ => typed(menu, longer, wrong),
                }
            }
            (Plan::Menu(_), Waiting { .. }, Event::Elapsed) => fallback(Reason::NoDigit),
            (Plan::Menu(menu), Typing { keys, wrong }, Event::Elapsed) => menu
                .button(&keys)
                .map_or_else(|| wrong_key(menu, wrong), ring),
            _ => fallback(Reason::Error),
        },
    }
}

fn read(menu: &Menu, prompt: usize, wrong: u32) -> (State, Action<'_>) {
    match menu.prompts.get(prompt) {
        Some(name) => (State::Reading { prompt, wrong }, Action::Play(name)),
        None => (State::Waiting { wrong }, Action::AwaitKey),
    }
}

fn typed(menu: &Menu, keys: String, wrong: u32) -> (State, Action<'_>) {
    match menu.matching(&keys) {
        Match::Button(button) => ring(button),
        Match::Ambiguous | Match::Prefix => (State::Typing { keys, wrong }, Action::AwaitRest),
        Match::Nothing => wrong_key(menu, wrong),
    }
}

/// The greeting comes again as well, as it does in other PBXs, whose greeting says the options.
fn wrong_key(menu: &Menu, wrong: u32) -> (State, Action<'_>) {
    if wrong < menu.retry {
        read(menu, 0, wrong + 1)
    } else {
        fallback(Reason::BadDigit)
    }
}

fn ring(button: &Button) -> (State, Action<'_>) {
    match &button.target {
        Ok(number) => (
            State::RingingTarget,
            Action::RingTarget(number, &button.words),
        ),
        Err(_) => fallback(Reason::BadNumber),
    }
}

fn fallback<'p>(reason: Reason) -> (State, Action<'p>) {
    (State::RingingFallback(reason), Action::RingFallback(reason))
}

fn over<'p>(status: Status) -> (State, Action<'p>) {
    (State::Over(status), Action::Finish(status))
}

#[cfg(test)]
mod tests;

//! What a call would do, without a call: `flow.rs` is given a caller who listens to the end, types
//! some keys one behind the other, and then waits.

use super::Reason;
use super::flow::{Action, Event, State, step};
use super::menu::Plan;
use crate::numbers::Number;
use crate::ports::PromptName;

/// What came of it, up to the first number that would be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun<'p> {
    /// What is read out before that, each once.
    pub prompts: Vec<&'p PromptName>,
    /// Which wait ran out last, if no key led to the dial.
    pub waited: Option<Wait>,
    /// Who would be dialled.
    pub dials: Dials<'p>,
    /// What the button is called that is dialled for; empty: it has no name, or there is none.
    pub words: &'p str,
    /// After how many wrong keys the menu began again.
    pub wrong: u32,
}

/// A wait for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// `digit_timeout`.
    FirstKey,
    /// `interdigit_timeout`.
    RestOfKey,
}

/// Who would be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dials<'p> {
    /// A button's number.
    Target(&'p Number),
    /// Bitrix24, and why.
    Fallback(Reason),
    /// The call ends before.
    Nobody,
}

/// Runs the flow. `found` is [`Event::Found`], with the rows' plan, or [`Event::Failed`].
pub fn dry_run<'p>(plan: &'p Plan, found: Event, digits: &str) -> DryRun<'p> {
    let mut keys = digits.chars();
    let mut run = DryRun {
        prompts: Vec::new(),
        waited: None,
        dials: Dials::Nobody,
        words: "",
        wrong: 0,
    };
    let (mut state, mut event) = (State::LookingUp, found);
    loop {
        let (next, action) = step(plan, state, event);
        run.wrong = run.wrong.max(next.wrong());
        let mut key_or = |wait| match keys.next() {
            Some(key) => (Event::Digit(key), None),
            None => (Event::Elapsed, Some(wait)),
        };
        (event, run.waited) = match action {
            Action::Answer => (Event::Answered, None),
            Action::Play(prompt) => {
                if !run.prompts.contains(&prompt) {
                    run.prompts.push(prompt);
                }
                (Event::Elapsed, None)
            }
            Action::AwaitKey => key_or(Wait::FirstKey),
            Action::AwaitRest => key_or(Wait::RestOfKey),
            Action::RingTarget(number, words) => {
                run.dials = Dials::Target(number);
                run.words = words;
                return run;
            }
            Action::RingFallback(reason) => {
                run.dials = Dials::Fallback(reason);
                return run;
            }
            Action::Finish(_) => return run,
        };
        state = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ivr::menu;
    use crate::ports::MenuRow;
    use crate::settings::Settings;

    fn plan(keys: &[&str]) -> Plan {
        let rows: Vec<MenuRow> = keys
            .iter()
            .zip(1..)
            .map(|(key, number)| MenuRow {
                key_num: Some((*key).to_owned()),
                transfer_to: Some(format!("7495000000{number}")),
                ..MenuRow::default()
            })
            .collect();
        menu::read(&rows, &Settings::default().numbers, 1, |_| ())
    }

    fn dialled(keys: &[&str], digits: &str) -> (Option<Wait>, String) {
        let plan = plan(keys);
        let run = dry_run(&plan, Event::Found, digits);
        let dials = match run.dials {
            Dials::Target(number) => number.to_string(),
            Dials::Fallback(reason) => reason.as_str().to_owned(),
            Dials::Nobody => "nobody".to_owned(),
        };
        (run.waited, dials)
    }

    #[test]
    fn the_first_key_that_is_complete_rings() {
        assert_eq!(dialled(&["1", "2"], "12"), (None, "74950000001".into()));
        assert_eq!(dialled(&["1", "12"], "12"), (None, "74950000002".into()));
        let after_rest = Some(Wait::RestOfKey);
        assert_eq!(
            dialled(&["1", "12"], "1"),
            (after_rest, "74950000001".into())
        );
        assert_eq!(
            dialled(&["11", "12"], "1"),
            (after_rest, "BAD_DIGIT".into())
        );
        assert_eq!(dialled(&["1", "12"], "1#"), (None, "74950000001".into()));
        assert_eq!(dialled(&["1", "1#"], "1#"), (None, "74950000002".into()));
        assert_eq!(dialled(&["11", "12"], "1#"), (None, "BAD_DIGIT".into()));
        assert_eq!(dialled(&["1", "2"], "9"), (None, "BAD_DIGIT".into()));
        let after_first = Some(Wait::FirstKey);
        assert_eq!(dialled(&["1", "2"], ""), (after_first, "NO_DIGIT".into()));
        assert_eq!(dialled(&["1"], "9"), (None, "74950000001".into()));
        assert_eq!(dialled(&[], ""), (None, "NO_ROWS".into()));
    }

    #[test]
    fn after_a_wrong_key_the_next_keys_count_as_often_as_the_menu_begins_again() {
        let plan = plan(&["1", "12"]).retrying(2);
        for (digits, waited, wrong, dials) in [
            ("12", None, 0, "74950000002"),
            ("912", None, 1, "74950000002"),
            ("9912", None, 2, "74950000002"),
            ("991", Some(Wait::RestOfKey), 2, "74950000001"),
            ("99912", None, 2, "BAD_DIGIT"),
            // Silence is no wrong key.
            ("9", Some(Wait::FirstKey), 1, "NO_DIGIT"),
        ] {
            let run = dry_run(&plan, Event::Found, digits);
            let dialled = match run.dials {
                Dials::Target(number) => number.to_string(),
                Dials::Fallback(reason) => reason.as_str().to_owned(),
                Dials::Nobody => "nobody".to_owned(),
            };
            assert_eq!(
                (run.waited, run.wrong, dialled.as_str()),
                (waited, wrong, dials),
                "{digits}"
            );
        }
    }

    #[test]
    fn without_rows_the_reason_is_told() {
        let run = dry_run(&Plan::Nothing, Event::Failed, "1");
        assert_eq!(run.dials, Dials::Fallback(Reason::DbError));
    }

    #[test]
    fn everything_is_read_out_before_the_keys() {
        let plan = plan(&["1", "2"]);
        let run = dry_run(&plan, Event::Found, "2");
        let names: Vec<String> = run.prompts.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["keyNum/1", "keyNum/2"]);
    }

    proptest! {
        #[test]
        fn every_run_ends_with_somebody(
            keys in proptest::collection::vec("[0-9*#]{1,3}", 0..5),
            digits in "[0-9*#a-z]{0,6}",
            retry in 0u32..4,
        ) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let plan = plan(&keys).retrying(retry);
            let run = dry_run(&plan, Event::Found, &digits);
            prop_assert_ne!(run.dials, Dials::Nobody);
            prop_assert!(run.wrong <= retry);
        }
    }
}

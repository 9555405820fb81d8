//! What a program asks for where it makes no sense: the sentence that says what would be right.

use crate::ports::Ask;

/// By the state's word ([`super::State::word`]). `None`: the state has an answer to it.
pub fn refused(word: &str, ask: &Ask) -> Option<&'static str> {
    Some(match (word, ask) {
        ("TALK" | "CONF" | "CODE", Ask::Add(_)) => return None,
        ("CODE" | "DIAL" | "CONSULT" | "SWAP", Ask::Cancel) => return None,
        ("CONSULT" | "SWAP", Ask::Join | Ask::Swap) => return None,
        ("WAIT", _) => "the manager is not in the room yet: ask again in the state TALK",
        ("OVER", _) => "the manager has left this room: nobody can be added or joined any more",
        ("DIAL", Ask::Add(_)) => {
            "the telephone of a third person rings: cancel, or wait for the answer and join"
        }
        (_, Ask::Add(_)) => "a third person is consulted: join or cancel first",
        ("DIAL", _) => "the third person has not answered yet: wait for the state CONSULT",
        ("CODE", _) => "a code is being typed: add a code or a number, or cancel",
        _ => "no third person is called or consulted: add one first",
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{RULES, everywhere, number};
    use super::super::{Event, Phase, step};
    use super::*;
    use crate::ports::Happened;

    #[test]
    fn what_is_not_refused_changes_something_and_what_is_refused_does_not() {
        for state in everywhere() {
            // In this one no event but the answer of the database is seen.
            if matches!(state.phase, Phase::LookingUp { .. }) {
                continue;
            }
            for ask in [Ask::Add(number()), Ask::Join, Ask::Cancel, Ask::Swap] {
                let refusal = refused(state.word(), &ask);
                let event = Event::Happened(Happened::Asked(ask.clone()));
                let step = step(&RULES, state.clone(), event);
                let same = step.acts.is_empty() && step.say.is_none() && step.state == state;
                assert_eq!(refusal.is_some(), same, "{state:?} {ask:?}");
            }
        }
    }
}

//! The table of `flow.rs`, checked: each named row, then every state against every event.

use proptest::prelude::*;

use super::*;
use crate::ivr::menu::Menu;
use crate::numbers::NumberError;
use crate::ports::PromptFolder;

fn good() -> Button {
    Button {
        target: Number::parse("74951234567", &crate::settings::Settings::default().numbers),
        words: "cakes".to_owned(),
    }
}

fn refused() -> Button {
    Button {
        target: Err(NumberError::Empty),
        words: String::new(),
    }
}

fn menu() -> Plan {
    let prompt = |file: &str| PromptName {
        folder: PromptFolder::KeyNum,
        file: file.to_owned(),
    };
    let buttons = [
        ("1", good()),
        ("12", good()),
        ("2", good()),
        ("3", refused()),
        ("45", good()),
    ];
    Plan::Menu(Menu {
        prompts: vec![prompt("a"), prompt("b")],
        buttons: buttons
            .into_iter()
            .map(|(key, button)| (key.to_owned(), button))
            .collect(),
        retry: 0,
    })
}

fn plans() -> [Plan; 5] {
    [
        Plan::Nothing,
        Plan::Direct(good()),
        Plan::Direct(refused()),
        menu(),
        menu().retrying(2),
    ]
}

const REASONS: [Reason; 9] = Reason::ALL;

fn states() -> Vec<State> {
    let mut all = vec![State::LookingUp, State::Answering, State::RingingTarget];
    for wrong in [0, 1, 2, u32::MAX] {
        all.push(State::Waiting { wrong });
        all.extend([0, 1, 2, usize::MAX - 1].map(|prompt| State::Reading { prompt, wrong }));
        all.extend(["", "1", "4", "9", "12345678"].map(|keys| typing(keys, wrong)));
    }
    all.extend(REASONS.map(State::RingingFallback));
    all.extend(Status::ALL.map(State::Over));
    all
}

fn typing(keys: &str, wrong: u32) -> State {
    let keys = keys.to_owned();
    State::Typing { keys, wrong }
}

const DIAL_ENDS: [Dialled; 5] = [
    Dialled::Answered,
    Dialled::NoAnswer,
    Dialled::Busy,
    Dialled::Unavailable,
    Dialled::Gone,
];

fn events() -> Vec<Event> {
    let mut all = vec![
        Event::Found,
        Event::Failed,
        Event::Answered,
        Event::Elapsed,
        Event::Gone,
    ];
    all.extend("0123456789*#ABCD".chars().map(Event::Digit));
    all.extend(DIAL_ENDS.map(Event::Dialled));
    all
}

/// Walks through events and returns where the call is then.
fn walk(plan: &Plan, events: &[Event]) -> State {
    events
        .iter()
        .fold(State::LookingUp, |state, event| step(plan, state, *event).0)
}

const READ_ALL: [Event; 4] = [
    Event::Found,
    Event::Answered,
    Event::Elapsed,
    Event::Elapsed,
];

fn after_reading(events: &[Event]) -> State {
    walk(&menu(), &[&READ_ALL, events].concat())
}

#[test]
fn a2_no_rows_go_to_bitrix24() {
    assert_eq!(
        walk(&Plan::Nothing, &[Event::Found]),
        State::RingingFallback(Reason::NoRows)
    );
}

#[test]
fn a3_one_button_rings_without_answering() {
    let plan = Plan::Direct(good());
    let (state, action) = step(&plan, State::LookingUp, Event::Found);
    assert_eq!(state, State::RingingTarget);
    assert!(
        matches!(action, Action::RingTarget(number, "cakes") if number.as_str() == "74951234567")
    );
}

#[test]
fn a3_a_refused_number_goes_to_bitrix24() {
    let state = walk(&Plan::Direct(refused()), &[Event::Found]);
    assert_eq!(state, State::RingingFallback(Reason::BadNumber));
}

#[test]
fn a4_the_menu_is_answered_and_read_in_order_then_waits() {
    let plan = menu();
    let (state, action) = step(&plan, State::LookingUp, Event::Found);
    assert_eq!(action, Action::Answer);
    let (state, action) = step(&plan, state, Event::Answered);
    assert!(matches!(action, Action::Play(name) if name.file == "a"));
    let (state, action) = step(&plan, state, Event::Elapsed);
    assert!(matches!(action, Action::Play(name) if name.file == "b"));
    assert_eq!(
        step(&plan, state, Event::Elapsed),
        (State::Waiting { wrong: 0 }, Action::AwaitKey)
    );
}

#[test]
fn a5_a_key_fires_in_any_prompt_and_after() {
    for heard in 2..=READ_ALL.len() {
        let path = [&READ_ALL[..heard], &[Event::Digit('2')]].concat();
        assert_eq!(
            walk(&menu(), &path),
            State::RingingTarget,
            "after {heard} events"
        );
    }
}

#[test]
fn a5_an_ambiguous_key_waits_for_the_rest() {
    assert_eq!(after_reading(&[Event::Digit('1')]), typing("1", 0));
    assert_eq!(
        after_reading(&[Event::Digit('1'), Event::Elapsed]),
        State::RingingTarget
    );
    assert_eq!(
        after_reading(&[Event::Digit('1'), Event::Digit('2')]),
        State::RingingTarget
    );
    assert_eq!(
        after_reading(&[Event::Digit('4'), Event::Digit('5')]),
        State::RingingTarget
    );
    let unfinished = after_reading(&[Event::Digit('4'), Event::Elapsed]);
    assert_eq!(unfinished, State::RingingFallback(Reason::BadDigit));
}

#[test]
fn a6_silence_and_wrong_keys_go_to_bitrix24() {
    assert_eq!(
        after_reading(&[Event::Elapsed]),
        State::RingingFallback(Reason::NoDigit)
    );
    assert_eq!(
        after_reading(&[Event::Digit('9')]),
        State::RingingFallback(Reason::BadDigit)
    );
    assert_eq!(
        after_reading(&[Event::Digit('3')]),
        State::RingingFallback(Reason::BadNumber)
    );
    let late = after_reading(&[Event::Digit('1'), Event::Digit('9')]);
    assert_eq!(late, State::RingingFallback(Reason::BadDigit));
}

#[test]
fn a_wrong_key_begins_the_menu_again_as_often_as_wanted_and_silence_does_not() {
    let plan = menu().retrying(2);
    let after = |keys: &[Event]| walk(&plan, &[&READ_ALL[..], keys].concat());
    let begun_again = |wrong| State::Reading { prompt: 0, wrong };
    let (wrong, silent) = (Event::Digit('9'), Event::Elapsed);
    assert_eq!(after(&[wrong]), begun_again(1));
    assert_eq!(after(&[wrong, wrong]), begun_again(2), "into the greeting");
    let last = after(&[wrong, wrong, wrong]);
    assert_eq!(last, State::RingingFallback(Reason::BadDigit));
    // A key that was not typed to its end is a wrong one, too.
    assert_eq!(after(&[Event::Digit('4'), silent]), begun_again(1));
    assert_eq!(after(&[wrong, Event::Digit('2')]), State::RingingTarget);
    assert_eq!(
        after(&[wrong, Event::Digit('1')]),
        typing("1", 1),
        "what was typed wrong is forgotten"
    );
    let refused = after(&[Event::Digit('3')]);
    assert_eq!(refused, State::RingingFallback(Reason::BadNumber));
    let silence = after(&[wrong, silent, silent, silent]);
    assert_eq!(silence, State::RingingFallback(Reason::NoDigit));
    let (state, action) = step(&plan, State::Waiting { wrong: 0 }, wrong);
    assert_eq!(state, begun_again(1));
    assert!(matches!(action, Action::Play(name) if name.file == "a"));
}

#[test]
fn a_target_that_does_not_answer_gives_its_reason_to_bitrix24() {
    for (end, reason) in [
        (Dialled::NoAnswer, Reason::NoAnswer),
        (Dialled::Busy, Reason::Busy),
        (Dialled::Unavailable, Reason::Unavailable),
    ] {
        let path = [Event::Found, Event::Dialled(end)];
        assert_eq!(
            walk(&Plan::Direct(good()), &path),
            State::RingingFallback(reason)
        );
    }
}

#[test]
fn every_state_answers_every_event() {
    for plan in plans() {
        for state in states() {
            for event in events() {
                let (next, action) = step(&plan, state.clone(), event);
                assert_eq!(
                    matches!(next, State::Over(_)),
                    matches!(action, Action::Finish(_)),
                    "{plan:?} {state:?} {event:?}"
                );
                if let State::Over(status) = state {
                    assert_eq!(next, State::Over(status), "a finished call does nothing");
                } else if event == Event::Gone {
                    assert_eq!(
                        next,
                        State::Over(Status::Hangup),
                        "a caller who left ends it"
                    );
                }
            }
        }
    }
}

#[test]
fn only_bitrix24_itself_leaves_a_caller_without_a_person() {
    for plan in plans() {
        for state in states() {
            for event in events() {
                let from_fallback = matches!(state, State::RingingFallback(_) | State::Over(_));
                let (next, _) = step(&plan, state.clone(), event);
                if next == State::Over(Status::Unanswered) {
                    assert!(from_fallback, "{state:?} {event:?} dropped the call");
                }
            }
        }
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    proptest::sample::select(events())
}

proptest! {
    /// Whatever happens in whatever order, a call is over after a bounded number of steps.
    #[test]
    fn every_call_ends(plan in 0usize..5, happenings in proptest::collection::vec(any_event(), 60)) {
        let plan = &plans()[plan];
        let end = walk(plan, &happenings);
        prop_assert!(matches!(end, State::Over(_)), "{:?}", end);
    }
}

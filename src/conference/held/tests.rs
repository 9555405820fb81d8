//! Which client, by what is known of the calls.

use proptest::prelude::*;

use super::*;
use crate::settings::Settings;

const ANNA: &str = "79161234567";
const BORIS: &str = "79031237777";

fn plan() -> NumberPlan {
    Settings::default().numbers
}

fn call(number: &str, held: bool, manager: Option<&str>) -> Seen {
    Seen {
        number: number.to_owned(),
        held,
        manager: manager.map(str::to_owned),
    }
}

fn at_once(calls: &[Seen], caller: &str) -> Choice {
    choose(calls, caller, Rules::default(), &plan())
}

fn by(calls: &[Seen], caller: &str, digits: &str) -> Option<usize> {
    choose_by_digits(calls, calls, caller, digits, &plan())
}

#[test]
fn who_is_proven_to_hold_it_gets_the_client_at_once() {
    let calls = [
        call(ANNA, true, Some("101")),
        call(BORIS, true, Some("102")),
    ];
    assert_eq!(at_once(&calls, "101"), Choice::Take(0));
    assert_eq!(at_once(&calls, "102"), Choice::Take(1));
    let with_one_in_doubt = [call(BORIS, true, None), call(ANNA, true, Some("101"))];
    assert_eq!(at_once(&with_one_in_doubt, "101"), Choice::Take(1));
}

#[test]
fn another_managers_client_is_never_taken() {
    let calls = [call(ANNA, true, Some("101"))];
    assert_eq!(at_once(&calls, "102"), Choice::Nobody);
    for digits in ["7", "4567", ANNA] {
        assert_eq!(by(&calls, "102", digits), None, "{digits}");
    }
    let one_is_enough = Rules {
        one_is_enough: true,
        ..Rules::default()
    };
    assert_eq!(
        choose(&calls, "102", one_is_enough, &plan()),
        Choice::Nobody
    );
}

#[test]
fn with_nothing_to_go_by_even_one_held_call_needs_digits() {
    let calls = [call(ANNA, true, None)];
    assert_eq!(at_once(&calls, "101"), Choice::Ask);
    assert_eq!(by(&calls, "101", "67"), Some(0));
    assert_eq!(by(&calls, "101", "68"), None);
    assert_eq!(by(&calls, "101", ""), None);
    // A city line's number is the same for every manager.
    let line = [call(ANNA, true, Some("101"))];
    for caller in ["74950000000", "sip1", ""] {
        assert_eq!(at_once(&line, caller), Choice::Ask, "{caller}");
    }
}

#[test]
fn an_operator_may_say_that_one_held_call_is_enough() {
    let rules = Rules {
        one_is_enough: true,
        ..Rules::default()
    };
    let choice = |calls: &[Seen]| choose(calls, "101", rules, &plan());
    assert_eq!(choice(&[call(ANNA, true, None)]), Choice::Take(0));
    let talks_beside = [call(BORIS, false, None), call(ANNA, true, None)];
    assert_eq!(choice(&talks_beside), Choice::Take(1));
    let two = [call(ANNA, true, None), call(BORIS, true, None)];
    assert_eq!(choice(&two), Choice::Ask);
}

#[test]
fn option_a_asks_whatever_is_proven() {
    let rules = Rules {
        always_ask: true,
        one_is_enough: true,
    };
    let calls = [call(ANNA, true, Some("101"))];
    assert_eq!(choose(&calls, "101", rules, &plan()), Choice::Ask);
    assert_eq!(choose(&[], "101", rules, &plan()), Choice::Nobody);
}

#[test]
fn four_digits_find_a_call_that_is_not_seen_on_hold() {
    let calls = [call(ANNA, false, None)];
    assert_eq!(at_once(&calls, "101"), Choice::Ask);
    assert_eq!(by(&calls, "101", "567"), None);
    assert_eq!(by(&calls, "101", "4567"), Some(0));
    for whole in ["89161234567", "79161234567", "9161234567"] {
        assert_eq!(by(&calls, "101", whole), Some(0), "{whole}");
    }
}

#[test]
fn digits_that_fit_two_take_the_proven_one_or_none() {
    let two = [call(ANNA, true, None), call(BORIS, true, None)];
    assert_eq!(by(&two, "101", "7"), None);
    let proven = [call(ANNA, true, None), call(BORIS, true, Some("101"))];
    assert_eq!(by(&proven, "101", "7"), Some(1));
}

#[test]
fn a_call_that_was_resumed_while_digits_were_typed_is_left_alone() {
    let before = [call(ANNA, true, None)];
    let resumed = [call(ANNA, false, None)];
    let choice = choose_by_digits(&resumed, &before, "101", "4567", &plan());
    assert_eq!(choice, None);
}

#[test]
fn a_first_leg_tells_its_manager_by_who_placed_it_is_connected_or_was_dialled() {
    let named = |traces: Traces| traces.manager(&plan());
    let dialled = |text: &str| {
        named(Traces {
            dialled: text.to_owned(),
            ..Traces::default()
        })
    };
    assert_eq!(dialled("101@bitrix24").as_deref(), Some("101"));
    assert_eq!(dialled("bitrix24/sip:101@10.0.0.1").as_deref(), Some("101"));
    for nobody in ["bitrix24", "sip1@bitrix24", "79161234567@bitrix24", ""] {
        assert_eq!(dialled(nobody), None, "{nobody}");
    }
    let mut traces = Traces {
        connected: "102".to_owned(),
        dialled: "100@bitrix24".to_owned(),
        ..Traces::default()
    };
    assert_eq!(
        named(traces.clone()).as_deref(),
        Some("102"),
        "who answered"
    );
    traces.office[0] = "102".to_owned();
    assert_eq!(named(traces.clone()).as_deref(), Some("100"));
    traces.placed_by = Some("103".to_owned());
    assert_eq!(named(traces.clone()).as_deref(), Some("103"));
    traces.placed_by = Some("74950000000".to_owned());
    assert_eq!(named(traces), None);
}

prop_compose! {
    fn a_call()(
        number in "7[0-9]{10}",
        held: bool,
        manager in prop::option::of(prop::sample::select(vec!["101", "102"])),
    ) -> Seen {
        call(&number, held, manager)
    }
}

proptest! {
    #[test]
    fn never_a_wrong_client(
        calls in prop::collection::vec(a_call(), 0..5),
        digits in "[0-9]{0,6}",
        always_ask: bool,
        one_is_enough: bool,
    ) {
        let rules = Rules { always_ask, one_is_enough };
        let taken = match choose(&calls, "101", rules, &plan()) {
            Choice::Take(place) => Some(place),
            Choice::Ask | Choice::Nobody => None,
        };
        for place in taken.into_iter().chain(by(&calls, "101", &digits)) {
            prop_assert_ne!(calls[place].manager.as_deref(), Some("102"));
        }
    }
}

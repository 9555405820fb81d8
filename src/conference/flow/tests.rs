//! The table of `flow.rs`, checked cell by cell, and the rules behind it by name.

mod model;

use super::*;
pub(super) use model::states as everywhere;

const KEYS: Keys = Keys {
    add: '*',
    join: '#',
    cancel: '0',
    swap: Some('B'),
};

pub(super) const RULES: Rules = Rules {
    keys: KEYS,
    tries: 3,
};

const CLIENT: Others = State::START.others;
const TWO: Others = CLIENT.and_a_third();
const THIRD: Others = Others {
    client: false,
    ..TWO
};

pub(super) fn number() -> Number {
    Number::parse("74951234567", &crate::settings::Settings::default().numbers).unwrap()
}

fn typed(keys: &str, wrong: u32) -> Phase {
    Phase::Code {
        typed: keys.to_owned(),
        wrong,
    }
}

fn looking_up(wrong: u32) -> Phase {
    Phase::LookingUp {
        code: "12".to_owned(),
        wrong,
    }
}

fn key(key: char) -> Event {
    Event::Happened(Happened::Digit(key))
}

fn left(who: Party) -> Event {
    Event::Happened(Happened::PartyLeft(who))
}

fn asked(ask: Ask) -> Event {
    Event::Happened(Happened::Asked(ask))
}

fn dialled(end: Dialled) -> Event {
    Event::Happened(Happened::Dialled(end))
}

const SILENCE: Event = Event::Happened(Happened::Nothing);
const CONSULT_LEFT: Event = Event::Happened(Happened::ConsultLeft);
const GONE: Event = Event::Happened(Happened::Gone);
const TRANSFERRED: Event = Event::Happened(Happened::Transferred);
const ENDED: Event = Event::Happened(Happened::Ended);

const STATES: [&str; 6] = ["TALK", "CONF", "CODE", "DIAL", "CONSULT", "SWAP"];

/// A line of the table: who is in the party (`None`: those whom the state is usual with), what
/// `CODE` stands for, and the event.
type Row = (&'static str, Option<Others>, Phase, Event);

fn rows() -> Vec<Row> {
    let (code, last_try) = (typed("12", 0), looking_up(RULES.tries - 1));
    let code = || code.clone();
    let usual = |label, event| (label, None, code(), event);
    let found = |label, event| (label, None, looking_up(0), event);
    let party = |label, others, event| (label, Some(others), code(), event);
    vec![
        usual("add key", key(KEYS.add)),
        usual("join key", key(KEYS.join)),
        usual("cancel key", key(KEYS.cancel)),
        usual("swap key", key('B')),
        usual("a program adds a number", asked(Ask::Add(number()))),
        usual("another of 0-9 * #", key('7')),
        usual("no key in `code_timeout`", SILENCE),
        ("the same, nothing typed", None, typed("", 0), SILENCE),
        found("the code has a number", Event::Found(number())),
        found("no such code", Event::Unknown),
        found("the number may not be dialled", Event::NotAllowed),
        found("the database fails", Event::Failed),
        (
            "no such code, `tries` in a row",
            None,
            last_try,
            Event::Unknown,
        ),
        usual("the third answers", dialled(Dialled::Answered)),
        usual("is busy", dialled(Dialled::Busy)),
        usual("is silent for `ring_timeout`", dialled(Dialled::NoAnswer)),
        usual("cannot be reached", dialled(Dialled::Unavailable)),
        usual("the consulted third leaves", CONSULT_LEFT),
        party("the client leaves, a third stays", TWO, left(Party::Client)),
        party("a third leaves, the client stays", TWO, left(Party::Third)),
        party(
            "the client leaves, nobody stays",
            CLIENT,
            left(Party::Client),
        ),
        party("a third leaves, nobody stays", THIRD, left(Party::Third)),
        party("the manager leaves a client", CLIENT, GONE),
        party("the manager leaves a third", THIRD, GONE),
        party("the manager leaves two or more", TWO, GONE),
        party("the manager transfers a client", CLIENT, TRANSFERRED),
        usual("an operator ends the room", ENDED),
    ]
}

fn cell(word: &str, (_, others, code, event): &Row) -> String {
    let usual = if word == "CONF" { TWO } else { CLIENT };
    let phase = match word {
        "CODE" => code.clone(),
        "DIAL" => Phase::Dial,
        "CONSULT" => Phase::Consult,
        "SWAP" => Phase::Swap,
        _ => Phase::Together,
    };
    let others = others.unwrap_or(usual);
    let state = State { others, phase };
    if state.word() != word {
        return "-".to_owned();
    }
    let step = step(&RULES, state.clone(), event.clone());
    if step == go(state.others, state.phase) {
        return String::new();
    }
    step.to_string()
}

#[test]
fn the_table_on_top_says_what_the_machine_does() {
    let mut table = vec![
        format!("| event | {} |", STATES.join(" | ")),
        format!("|---{}|", "|---".repeat(STATES.len())),
    ];
    for row in rows() {
        let cells = STATES.map(|word| cell(word, &row));
        table.push(format!("| {} | {} |", row.0, cells.join(" | ")).replace("  ", " "));
    }
    let source = include_str!("../flow.rs").lines();
    let written: Vec<_> = source
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.starts_with('|'))
        .collect();
    assert!(written == table, "it should be:\n{}", table.join("\n"));
}

/// Walks from a state; the last step.
fn walk(others: Others, phase: Phase, events: &[Event]) -> Step {
    events.iter().fold(go(others, phase), |at, event| {
        step(&RULES, at.state, event.clone())
    })
}

fn typing(keys: &str) -> Step {
    let keys: Vec<_> = keys.chars().map(key).collect();
    walk(CLIENT, typed("", 0), &keys)
}

#[test]
fn in_conf_the_manager_comes_back_to_conf() {
    for phase in [typed("1", 0), Phase::Dial, Phase::Consult, Phase::Swap] {
        let step = walk(TWO, phase, &[key(KEYS.cancel)]);
        assert_eq!(step.state.word(), "CONF");
    }
    let step = walk(TWO, Phase::Consult, &[key(KEYS.join)]);
    assert_eq!((step.state.word(), step.state.others.thirds), ("CONF", 2));
}

#[test]
fn only_the_add_key_counts_while_all_are_together() {
    for other in "0123456789#ABCD".chars() {
        assert_eq!(
            walk(CLIENT, Phase::Together, &[key(other)]),
            go(CLIENT, Phase::Together)
        );
    }
}

#[test]
fn one_key_that_adds_and_cancels_cancels_while_a_code_is_typed() {
    let rules = Rules {
        keys: Keys {
            cancel: '*',
            ..KEYS
        },
        ..RULES
    };
    let asked = step(&rules, State::START, key('*'));
    assert_eq!(asked.state.word(), "CODE");
    assert_eq!(step(&rules, asked.state, key('*')).state, State::START);
}

#[test]
fn a_code_has_digits_stars_and_hashes_that_are_no_keys_and_no_letters() {
    assert_eq!(typing("1A*D2").state.phase, typed("1*2", 0));
    let rules = Rules {
        keys: Keys { join: '9', ..KEYS },
        ..RULES
    };
    let code = State {
        others: CLIENT,
        phase: typed("1", 0),
    };
    assert_eq!(step(&rules, code, key('#')).state.phase, typed("1#", 0));
}

#[test]
fn the_join_key_with_nothing_typed_goes_on_collecting() {
    assert_eq!(typing("#"), go(CLIENT, typed("", 0)));
}

#[test]
fn a_seventeenth_key_looks_up_the_sixteen() {
    let sixteen = "1234567891234567";
    assert_eq!(sixteen.len(), MAX_CODE);
    assert_eq!(typing(sixteen).state.phase, typed(sixteen, 0));
    let code = sixteen.to_owned();
    assert_eq!(
        typing(&format!("{sixteen}8")).state.phase,
        Phase::LookingUp { code, wrong: 0 }
    );
}

#[test]
fn codes_that_lead_nowhere_end_with_the_party_after_the_third() {
    for event in [Event::Unknown, Event::NotAllowed, Event::Failed] {
        let first = walk(CLIENT, looking_up(0), std::slice::from_ref(&event));
        assert_eq!(first.state.phase, typed("", 1));
        let second = walk(CLIENT, looking_up(1), std::slice::from_ref(&event));
        assert_eq!(second.state.phase, typed("", 2));
        let third = walk(CLIENT, looking_up(2), &[event]);
        assert_eq!(
            (third.acts.as_slice(), third.state),
            (&[Act::Release][..], State::START)
        );
        assert_eq!(third.say, second.say);
    }
}

#[test]
fn a_telephone_that_does_not_answer_is_no_wrong_try() {
    for end in [Dialled::Busy, Dialled::NoAnswer, Dialled::Unavailable] {
        let step = walk(
            CLIENT,
            looking_up(2),
            &[Event::Found(number()), dialled(end)],
        );
        assert_eq!(step.state.phase, typed("", 0));
    }
}

#[test]
fn a_departure_while_typing_keeps_what_was_typed() {
    let step = walk(TWO, typed("12", 1), &[left(Party::Third)]);
    assert_eq!(step.state.phase, typed("12", 1));
}

#[test]
fn a_transfer_counts_as_leaving_where_a_third_person_is_in_the_party() {
    for others in [TWO, THIRD] {
        for phase in [
            Phase::Together,
            typed("1", 0),
            Phase::Dial,
            Phase::Consult,
            Phase::Swap,
        ] {
            let transferred = walk(others, phase.clone(), &[TRANSFERRED]);
            assert_eq!(transferred, walk(others, phase, &[GONE]));
        }
    }
}

#[test]
fn the_status_tells_who_was_added_and_who_hung_up() {
    let status = |others, phase, event| match walk(others, phase, &[event]).state.phase {
        Phase::Over { status, .. } => status,
        phase => panic!("not over: {phase:?}"),
    };
    assert_eq!(status(CLIENT, Phase::Together, GONE), Status::Talked);
    assert_eq!(
        status(CLIENT, Phase::Together, left(Party::Client)),
        Status::Talked
    );
    assert_eq!(
        status(CLIENT, typed("", 0), left(Party::Client)),
        Status::Talked
    );
    assert_eq!(status(CLIENT, Phase::Consult, GONE), Status::Hangup);
    assert_eq!(status(CLIENT, Phase::Swap, GONE), Status::Talked);
    assert_eq!(
        status(CLIENT, Phase::Dial, dialled(Dialled::Gone)),
        Status::Hangup
    );
    assert_eq!(status(CLIENT, Phase::Dial, ENDED), Status::Talked);
    let added_once = Others {
        added: true,
        ..CLIENT
    };
    assert_eq!(status(added_once, typed("", 0), GONE), Status::Joined);
    assert_eq!(status(TWO, Phase::Together, GONE), Status::Joined);
}

#[test]
fn without_a_swap_key_no_key_swaps_and_a_program_does() {
    let rules = Rules {
        keys: Keys { swap: None, ..KEYS },
        ..RULES
    };
    let consult = State {
        others: CLIENT,
        phase: Phase::Consult,
    };
    for other in "123456789*ABCD".chars() {
        assert_eq!(step(&rules, consult.clone(), key(other)).state, consult);
    }
    let swapped = step(&rules, consult.clone(), asked(Ask::Swap)).state;
    assert_eq!(swapped.phase, Phase::Swap);
    assert_eq!(step(&rules, swapped, asked(Ask::Swap)).state, consult);
}

#[test]
fn what_a_program_asks_for_is_what_the_key_does() {
    for phase in [Phase::Dial, Phase::Consult, Phase::Swap] {
        for (ask, of_key) in [
            (Ask::Join, KEYS.join),
            (Ask::Cancel, KEYS.cancel),
            (Ask::Swap, 'B'),
        ] {
            let asked = walk(TWO, phase.clone(), &[asked(ask)]);
            assert_eq!(asked, walk(TWO, phase.clone(), &[key(of_key)]));
        }
    }
    // One key that adds and cancels adds in the talk; a program that cancels there does nothing.
    assert_eq!(
        walk(CLIENT, Phase::Together, &[asked(Ask::Cancel)]).state,
        State::START
    );
}

/// The operator's page shows the same table.
#[test]
fn the_page_has_the_table() {
    let page = include_str!("../../../docs/en/third-person.md");
    let source = include_str!("../flow.rs");
    let rows: Vec<_> = source
        .lines()
        .filter_map(|line| line.strip_prefix("//! |"))
        .collect();
    assert!(rows.len() > 5, "{rows:?}");
    for row in rows {
        assert!(
            page.contains(&format!("|{row}")),
            "docs/en/third-person.md lacks |{row}"
        );
    }
}

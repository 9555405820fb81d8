//! Sessions in a room on paper: what a manager hears and does in which order.

mod fuse;
mod random;
mod world;

use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::numbers::Phone;
use crate::ports::{CodeAnswer, Dialled, LookupError, MenuAnswer};
use fuse::Fuse;
use world::{Does, Place, World};

/// The last key of a code says what comes of it.
struct Codes<'f>(&'f Fuse);

impl Directory for Codes<'_> {
    fn menu(&self, _: &Phone) -> Result<MenuAnswer, LookupError> {
        panic!("no conference asks for a menu");
    }

    fn code(&self, code: &str) -> Result<CodeAnswer, LookupError> {
        let number = match code.chars().last() {
            Some('1'..='3') => Some("8 (495) 123-45-67"),
            Some('4') => Some("8 (495) 123-45-67 (доб. 12#)"),
            Some('5') => Some("74951234567&PJSIP/evil"),
            Some('6') => Some(""),
            Some('7') => return Err(LookupError::Unavailable("down".into())),
            Some('8') => return Err(LookupError::Refused("no such table".into())),
            Some('9') => {
                self.0.blow();
                None
            }
            _ => None,
        };
        self.0.burn();
        Ok(CodeAnswer {
            number: number.map(str::to_owned),
            source: crate::ports::Source::Live,
        })
    }
}

/// A recording as many samples long as its place among all, so that the world knows it.
fn recording(notice: Notice) -> Option<Sound> {
    let place = Notice::ALL.iter().position(|other| *other == notice)?;
    Some(Sound {
        samples: vec![0; place].into(),
    })
}

fn missing(_: Notice) -> Option<Sound> {
    None
}

/// Runs a manager to the end and returns the status and the words that operators saw.
fn run_with(
    world: &mut World<'_>,
    settings: &Settings,
    notices: &dyn Fn(Notice) -> Option<Sound>,
) -> (Status, Vec<String>) {
    let words = RefCell::new(Vec::new());
    let tools = Tools {
        settings,
        directory: &Codes(world.fuse),
        notices,
        live: &|word| words.borrow_mut().push(word.to_owned()),
        third: &|_| (),
        client: &Client {
            phone: "79161234567".to_owned(),
            extension: "700".to_owned(),
        },
    };
    let status = Session::new(world, tools).run_or_rescue();
    (status, words.into_inner())
}

fn run(world: &mut World<'_>) -> (Status, Vec<String>) {
    let end = run_with(world, &Settings::default(), &recording);
    assert_eq!(world.wrong, None);
    assert_eq!(world.status.as_deref(), Some(end.0.as_str()));
    end
}

/// People do this, one thing after the other; then the manager hangs up.
fn script(does: impl AsRef<[Does]>) -> impl FnMut(&[Place]) -> Vec<Does> {
    let mut does = does.as_ref().to_vec().into_iter();
    move |_| vec![does.next().unwrap_or(Does::ManagerLeaves)]
}

fn keys(keys: &str) -> Vec<Does> {
    keys.chars().map(Does::Key).collect()
}

fn story(parts: &[&[Does]]) -> Vec<Does> {
    parts.concat()
}

const ANSWERS: Does = Does::Third(Dialled::Answered);

#[test]
fn a_third_person_joins_and_they_go_on_without_the_manager() {
    let fuse = Fuse::default();
    let does = story(&[&keys("*12#"), &[ANSWERS], &keys("#")]);
    let mut world = World::new(&fuse, script(does));
    let (status, words) = run(&mut world);
    assert_eq!(status, Status::Joined);
    assert_eq!(
        world.acts,
        [
            "talk",
            "hold",
            "enter-code",
            "wait",
            "wait",
            "call",
            "ring",
            "talk",
            "join",
            "release",
            "talk",
            "leave"
        ]
    );
    assert_eq!(words, ["TALK", "CODE", "DIAL", "CONSULT", "CONF", "OVER"]);
    assert_eq!(world.destinations, ["PJSIP/74951234567@multifon"]);
    assert_eq!(world.rang, Some(Duration::from_secs(45)));
    assert_eq!(world.waited, Some(Duration::from_secs(5)));
    assert_eq!(world.people, [Place::Room, Place::Room]);
}

#[test]
fn an_extension_behind_a_number_is_sent_to_the_third_person() {
    let fuse = Fuse::default();
    let does = story(&[&keys("*4#"), &[ANSWERS], &keys("#")]);
    let mut world = World::new(&fuse, script(does));
    assert_eq!(run(&mut world).0, Status::Joined);
    assert_eq!(world.destinations, ["PJSIP/74951234567@multifon,12#"]);
}

#[test]
fn a_fourth_person_joins_too() {
    let fuse = Fuse::default();
    let joins = story(&[&keys("*12#"), &[ANSWERS], &keys("#")]);
    let mut world = World::new(&fuse, script(story(&[&joins, &joins])));
    assert_eq!(run(&mut world).0, Status::Joined);
    assert_eq!(world.people, [Place::Room; 3]);
}

#[test]
fn what_went_wrong_is_said_and_the_manager_types_again() {
    for (code, notice) in [
        ("10#", "no-such-code"),
        ("15#", "not-allowed"),
        ("16#", "not-allowed"),
        ("17#", "try-again"),
        ("18#", "try-again"),
    ] {
        let fuse = Fuse::default();
        let mut world = World::new(&fuse, script(story(&[&keys("*"), &keys(code)])));
        assert_eq!(run(&mut world).0, Status::Hangup);
        assert_eq!(world.acts[5..], [notice, "leave"]);
        assert_eq!(world.people, [Place::Orphaned]);
    }
    for (end, notice) in [
        (Dialled::Busy, "busy"),
        (Dialled::NoAnswer, "no-answer"),
        (Dialled::Unavailable, "unreachable"),
    ] {
        let fuse = Fuse::default();
        let does = story(&[&keys("*1#"), &[Does::Third(end)], &keys("2#"), &[ANSWERS]]);
        let mut world = World::new(&fuse, script(does));
        run(&mut world);
        assert_eq!(
            world.acts[6..],
            [notice, "wait", "call", "ring", "talk", "drop", "leave"]
        );
    }
}

#[test]
fn the_third_wrong_code_brings_the_client_back() {
    let fuse = Fuse::default();
    let mut world = World::new(&fuse, script(keys("*0#0#0#*0#")));
    let (_, words) = run(&mut world);
    assert_eq!(words, ["TALK", "CODE", "TALK", "CODE", "OVER"]);
}

#[test]
fn silence_ends_the_code_or_gives_up() {
    let fuse = Fuse::default();
    let does = story(&[&keys("*1"), &[Does::Silence]]);
    let mut world = World::new(&fuse, script(does));
    assert_eq!(run(&mut world).1, ["TALK", "CODE", "DIAL", "OVER"]);

    let does = story(&[&keys("*"), &[Does::Silence, Does::Silence]]);
    let mut world = World::new(&fuse, script(does));
    assert_eq!(run(&mut world).1, ["TALK", "CODE", "TALK", "OVER"]);
    assert_eq!(
        world.acts,
        [
            "talk",
            "hold",
            "enter-code",
            "wait",
            "release",
            "talk",
            "leave"
        ]
    );
}

#[test]
fn the_cancel_key_brings_the_client_back_from_everywhere() {
    for before in [keys("*1"), keys("*1#"), story(&[&keys("*1#"), &[ANSWERS]])] {
        let fuse = Fuse::default();
        let mut world = World::new(&fuse, script(story(&[&before, &keys("*")])));
        assert_eq!(run(&mut world).0, Status::Talked);
        assert_eq!(
            world.acts[world.acts.len() - 3..],
            ["release", "talk", "leave"]
        );
        assert!(world.people[1..].iter().all(|third| *third == Place::Away));
    }
}

#[test]
fn the_third_person_goes_on_alone_when_the_client_leaves_in_the_consult() {
    let fuse = Fuse::default();
    let does = story(&[
        &keys("*1#"),
        &[ANSWERS, Does::HangsUp(0), Does::Silence, Does::HangsUp(1)],
    ]);
    let mut world = World::new(&fuse, script(does));
    let (status, words) = run(&mut world);
    assert_eq!(status, Status::Joined);
    assert_eq!(words, ["TALK", "CODE", "DIAL", "CONSULT", "CONF", "OVER"]);
    assert_eq!(
        world.acts[6..],
        [
            "talk",
            "join",
            "release",
            "client-left",
            "talk",
            "third-left",
            "leave"
        ]
    );
}

#[test]
fn two_who_leave_at_once_are_both_noticed() {
    let fuse = Fuse::default();
    let mut parts = vec![
        vec![Does::HangsUp(0), Does::HangsUp(1)],
        vec![Does::Key('#')],
        vec![ANSWERS],
        vec![Does::Key('#')],
        vec![Does::Key('1')],
        vec![Does::Key('*')],
    ];
    let mut world = World::new(&fuse, move |_| {
        parts.pop().unwrap_or_else(|| vec![Does::ManagerLeaves])
    });
    let (status, _) = run(&mut world);
    assert_eq!(status, Status::Joined);
    let end = [
        "join",
        "release",
        "talk",
        "client-left",
        "talk",
        "third-left",
        "leave",
    ];
    assert_eq!(world.acts[7..], end);
}

#[test]
fn a_third_person_who_leaves_while_joining_is_noticed() {
    let fuse = Fuse::default();
    let mut parts = vec![
        vec![Does::Key('#'), Does::HangsUp(1)],
        vec![ANSWERS],
        vec![Does::Key('#')],
        vec![Does::Key('1')],
        vec![Does::Key('*')],
    ];
    let mut world = World::new(&fuse, move |_| {
        parts.pop().unwrap_or_else(|| vec![Does::ManagerLeaves])
    });
    run(&mut world);
    assert_eq!(
        world.acts[7..],
        ["join", "release", "talk", "third-left", "talk", "leave"]
    );
}

#[test]
fn missing_recordings_stop_nothing() {
    let fuse = Fuse::default();
    let does = story(&[&keys("*0#1#"), &[ANSWERS], &keys("#")]);
    let mut world = World::new(&fuse, script(does));
    let (status, _) = run_with(&mut world, &Settings::default(), &missing);
    assert_eq!((status, world.wrong), (Status::Joined, None));
}

#[test]
fn an_operator_ends_the_room_for_everybody() {
    for before in [
        vec![],
        keys("*"),
        keys("*1#"),
        story(&[&keys("*1#"), &[ANSWERS]]),
    ] {
        let fuse = Fuse::default();
        let does = story(&[&before, &[Does::OperatorEnds]]);
        let mut world = World::new(&fuse, script(does));
        run(&mut world);
        assert!(world.people.iter().all(|person| *person == Place::Away));
    }
}

#[test]
fn a_panic_takes_the_client_to_bitrix24_and_those_who_talked_stay_together() {
    be_quiet_about_scripted_panics();
    let fuse = Fuse::default();
    let mut world = World::new(&fuse, script(keys("*9#")));
    assert_eq!(
        run_with(&mut world, &Settings::default(), &recording).0,
        Status::Error
    );
    assert_eq!(world.people, [Place::Orphaned]);
    assert_eq!(world.status.as_deref(), Some("ERROR"));

    let does = story(&[&keys("*1#"), &[ANSWERS], &keys("#*9#")]);
    let mut world = World::new(&fuse, script(does));
    assert_eq!(
        run_with(&mut world, &Settings::default(), &recording).0,
        Status::Error
    );
    assert_eq!(world.people, [Place::Room, Place::Room]);
}

#[test]
fn a_panic_in_the_rescue_does_not_end_the_rescue() {
    be_quiet_about_scripted_panics();
    for broken in ["hold", "drop", "call", "talk"] {
        let fuse = Fuse::default();
        let mut world = World::new(&fuse, script(keys("*1#*")));
        world.broken = broken;
        assert_eq!(
            run_with(&mut world, &Settings::default(), &recording).0,
            Status::Error
        );
        assert_eq!(world.farewell, Some(Farewell::Orphan), "{broken}");
        let place = [Place::Orphaned, Place::Room][usize::from(broken == "hold")];
        assert_eq!(world.people[0], place, "{broken}");
    }
}

fn be_quiet_about_scripted_panics() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("scripted panic") {
            loud(info);
        }
    }));
}

//! Sessions in a room on paper: what a manager hears and does in which order, then a great many
//! random calls in which anybody leaves and anything breaks at every step.

mod world;

use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::numbers::Phone;
use crate::ports::{CodeAnswer, Dialled, LookupError, MenuAnswer};
use world::{Does, Fuse, Place, World};

/// The last key of a code says what comes of it.
struct Codes;

impl Directory for Codes {
    fn menu(&self, _: &Phone) -> Result<MenuAnswer, LookupError> {
        panic!("no conference asks for a menu");
    }

    fn code(&self, code: &str) -> Result<CodeAnswer, LookupError> {
        let number = match code.chars().last() {
            Some('1'..='4') => Some("8 (495) 123-45-67"),
            Some('5') => Some("74951234567&PJSIP/evil"),
            Some('6') => Some(""),
            Some('7') => return Err(LookupError::Unavailable("down".into())),
            Some('8') => return Err(LookupError::Refused("no such table".into())),
            Some('9') => panic!("scripted panic"),
            _ => None,
        };
        Ok(CodeAnswer {
            number: number.map(str::to_owned),
            source: crate::ivr::Source::Live,
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
        directory: &Codes,
        notices,
        live: &|word| words.borrow_mut().push(word.to_owned()),
        client: Client {
            phone: "79161234567",
            extension: "700",
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

const ANSWERS: Does = Does::Telephone(Dialled::Answered);

#[test]
fn a_third_person_joins_and_they_go_on_without_the_manager() {
    let fuse = Fuse::default();
    let does = story(&[&keys("*12#"), &[ANSWERS], &keys("#")]);
    let mut world = World::new(&fuse, script(does));
    let (status, words) = run(&mut world);
    assert_eq!(status, Status::Joined);
    assert_eq!(
        world.told,
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
        assert_eq!(world.told[5..], [notice, "leave"]);
        assert_eq!(world.people, [Place::Orphaned]);
    }
    for (end, notice) in [
        (Dialled::Busy, "busy"),
        (Dialled::NoAnswer, "no-answer"),
        (Dialled::Unavailable, "unreachable"),
    ] {
        let fuse = Fuse::default();
        let does = story(&[
            &keys("*1#"),
            &[Does::Telephone(end)],
            &keys("2#"),
            &[ANSWERS],
        ]);
        let mut world = World::new(&fuse, script(does));
        run(&mut world);
        assert_eq!(
            world.told[6..],
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
        world.told,
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
            world.told[world.told.len() - 3..],
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
        world.told[6..],
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
    let mut world = World::new(&fuse, move |_| parts.pop().unwrap_or_default());
    let (status, _) = run(&mut world);
    assert_eq!(status, Status::Joined);
    let end = [
        "join",
        "release",
        "talk",
        "client-left",
        "third-left",
        "leave",
    ];
    assert_eq!(world.told[6..], end);
}

#[test]
fn a_third_person_who_leaves_while_joining_is_noticed() {
    let fuse = Fuse::default();
    let mut parts = vec![
        vec![],
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
        world.told[7..],
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
        assert_eq!(world.people[0], Place::Orphaned, "{broken}");
    }
}

/// A small generator of pseudo-random numbers (xorshift64*), so that a printed seed repeats a run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// What somebody does now; rarely what nobody could.
    fn does(&mut self, people: &[Place]) -> Does {
        let ends = [
            Dialled::Answered,
            Dialled::Answered,
            Dialled::Answered,
            Dialled::NoAnswer,
            Dialled::Busy,
            Dialled::Unavailable,
        ];
        match self.below(100) {
            0..=2 => Does::ManagerLeaves,
            3 => Does::OperatorEnds,
            4..=14 => Does::HangsUp(self.below(people.len() as u64) as usize),
            15..=39 if people.contains(&Place::Rings) => Does::Telephone(self.pick(&ends)),
            15..=24 => Does::Silence,
            _ => {
                let usual = self.pick(&['*', '#', '#', '1', '2', '3']);
                let key = self.pick(&[
                    usual, usual, usual, usual, '0', '5', '6', '7', '8', '9', 'A',
                ]);
                Does::Key(key)
            }
        }
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

fn seed() -> u64 {
    let given = std::env::var("RUST_IVR_SEED").ok();
    given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.unwrap().as_nanos() as u64 | 1
    })
}

/// One random call; the room itself has refused what no room could do.
fn random_call(random: &mut Random, settings: &Settings) -> Result<Status, String> {
    let fuse = match random.below(4) {
        0 => Fuse::of(1 + random.below(60) as u32),
        _ => Fuse::default(),
    };
    let mut happened = 0;
    let at_once = |people: &[Place]| {
        happened += 1;
        let many = if happened > 60 {
            0
        } else {
            [1, 1, 1, 1, 2, 3][random.below(6) as usize]
        };
        let mut does: Vec<_> = (0..many).map(|_| random.does(people)).collect();
        if happened > 60 {
            does.push(Does::ManagerLeaves);
        }
        does
    };
    let mut world = World::new(&fuse, at_once);
    let notices = |notice| {
        fuse.burn();
        recording(notice)
    };
    let (status, _) = run_with(&mut world, settings, &notices);
    let panicked = status == Status::Error;
    let problems = [
        (world.wrong.is_some(), "something that no room could do"),
        (world.farewell.is_none(), "the room was not left"),
        (world.people.contains(&Place::OnHold), "somebody is on hold"),
        (world.people.contains(&Place::Rings), "a telephone rings on"),
        (
            world.people.contains(&Place::Consulted),
            "somebody is in consult",
        ),
        (
            world.people.iter().filter(|p| **p == Place::Room).count() == 1,
            "somebody is alone",
        ),
        (
            !panicked && world.status.as_deref() != Some(status.as_str()),
            "a wrong status is set",
        ),
        (
            !panicked && (status == Status::Joined) != (world.joined() > 0),
            "a wrong JOINED",
        ),
    ];
    match problems.iter().find(|(is, _)| *is) {
        Some((_, problem)) => Err(format!(
            "{problem}: {status:?} {:?} {:?} {:?} {:?}",
            world.wrong, world.people, world.farewell, world.told
        )),
        None => Ok(status),
    }
}

#[test]
fn a_million_random_calls_strand_nobody() {
    let seed = seed();
    println!("RUST_IVR_SEED={seed} repeats this run");
    be_quiet_about_scripted_panics();
    let mut random = Random(seed);
    let settings = Settings::default();
    let mut seen = [0u32; Status::ALL.len()];
    for call in 0..1_000_000u64 {
        match random_call(&mut random, &settings) {
            Ok(status) => seen[Status::ALL.iter().position(|s| *s == status).unwrap()] += 1,
            Err(problem) => panic!("call {call} of seed {seed}: {problem}"),
        }
    }
    println!("{:?} came {seen:?} times", Status::ALL);
}

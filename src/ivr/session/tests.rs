//! Sessions on scripted ports: what a call says and does in which order, then a great many
//! random calls with faults at every step.

mod dry_run;
mod scripted;

use super::*;
use crate::ports::{CodeAnswer, Gone, LookupError, MenuAnswer, PromptError, Sound};
use crate::settings::Internal;
use scripted::{Fault, Rows, ScriptedLeg, Sounds};

fn row(key: &str, msg: &str, to: &str) -> MenuRow {
    MenuRow {
        scenario: Some("orders".into()),
        scenario_msg: Some("hello".into()),
        key_num: Some(key.into()),
        msg_mp3: Some(msg.into()),
        transfer_to: Some(to.into()),
        name: None,
    }
}

fn two_buttons() -> Rows {
    let rows = vec![
        row("1", "cakes", "84951111111"),
        row("2", "flowers", "+74952222222"),
    ];
    Rows(Ok(rows), Fault::None)
}

fn one_button(to: &str) -> Rows {
    Rows(Ok(vec![row("1", "cakes", to)]), Fault::None)
}

/// Runs one call and returns how it ended.
fn run(leg: &mut ScriptedLeg, rows: &Rows) -> (Status, Story) {
    run_with(leg, rows, Settings::default())
}

fn run_with(leg: &mut ScriptedLeg, rows: &Rows, settings: Settings) -> (Status, Story) {
    let tools = Tools {
        settings: &settings,
        directory: rows,
        prompts: &Sounds,
        live: &|_| (),
        rings: &|_, _| (),
    };
    let caller = Caller {
        phone: "+7 916 123-45-67".into(),
        extension: "74950000000".into(),
        ..Caller::default()
    };
    let mut session = Session::new(leg, tools, &caller);
    let status = session.run_or_rescue();
    let story = session.story().clone();
    assert_eq!(story.status, Some(status));
    (status, story)
}

fn value(leg: &ScriptedLeg, word: &str) -> String {
    leg.variable(&format!("RUSTIVR_{word}")).unwrap_or_default()
}

const INTRO: usize = "scenario/hello".len();
const KEY: usize = "keyNum/1".len();
const CAKES: usize = "msgMp3/cakes".len();
const FLOWERS: usize = "msgMp3/flowers".len();

#[test]
fn one_button_is_rung_without_answering_and_its_words_are_set_before() {
    let mut leg = ScriptedLeg::new(&[], &[]);
    let (status, _) = run(&mut leg, &one_button("84951111111"));
    assert_eq!(status, Status::Target);
    assert_eq!(leg.acts, ["dial PJSIP/74951111111@multifon 20 s"]);
    assert_eq!(value(&leg, "STATUS"), "TARGET");
    assert_eq!(value(&leg, "REASON"), "");
    assert_eq!(value(&leg, "TARGET"), "74951111111");
    assert_eq!(value(&leg, "PHONE"), "79161234567");
    assert_eq!(value(&leg, "SOURCE"), "LIVE");
    assert_eq!(value(&leg, "SCENARIO"), "orders");
}

/// Writes down what it is asked for.
#[derive(Default)]
struct Asked(parking_lot::Mutex<Vec<String>>);

impl Prompts for Asked {
    fn sound(&self, name: &PromptName) -> Result<Sound, PromptError> {
        self.0.lock().push(format!("sound {name}"));
        Sounds.sound(name)
    }

    fn prepare(&self, names: &[PromptName]) {
        self.0
            .lock()
            .extend(names.iter().map(|name| format!("prepare {name}")));
    }
}

#[test]
fn a_menus_recordings_are_prepared_before_the_first_is_played_and_those_of_no_menu_are_not() {
    let settings = Settings::default();
    let asked = |rows: &Rows| {
        let prompts = Asked::default();
        let tools = Tools {
            settings: &settings,
            directory: rows,
            prompts: &prompts,
            live: &|_| (),
            rings: &|_, _| (),
        };
        let caller = Caller {
            phone: "79161234567".into(),
            ..Caller::default()
        };
        Session::new(&mut ScriptedLeg::new(&[], &[]), tools, &caller).run_or_rescue();
        prompts.0.into_inner()
    };
    let names = [
        "scenario/hello",
        "keyNum/1",
        "msgMp3/cakes",
        "keyNum/2",
        "msgMp3/flowers",
    ];
    let each = |word: &str| names.map(|name| format!("{word} {name}"));
    assert_eq!(
        asked(&two_buttons()),
        [each("prepare"), each("sound")].concat()
    );
    assert!(asked(&one_button("84951111111")).is_empty());
}

#[test]
fn a_menu_is_read_in_order_then_seven_seconds_then_bitrix24() {
    let mut leg = ScriptedLeg::new(&[], &[]);
    let (status, _) = run(&mut leg, &two_buttons());
    assert_eq!(status, Status::Fallback);
    let play = |length: usize| format!("play {length}");
    let expected = [
        "answer".to_owned(),
        play(INTRO),
        play(KEY),
        play(CAKES),
        play(KEY),
        play(FLOWERS),
        "wait 7 s".to_owned(),
        "dial PJSIP/bitrix24 60 s".to_owned(),
    ];
    assert_eq!(leg.acts, expected);
    assert_eq!(value(&leg, "REASON"), "NO_DIGIT");
}

#[test]
fn a_digit_in_the_intro_rings_its_number() {
    let mut leg = ScriptedLeg::new(&[Heard::Digit('2')], &[]);
    let (status, story) = run(&mut leg, &two_buttons());
    assert_eq!(status, Status::Target);
    assert_eq!(
        leg.acts.last().unwrap(),
        "dial PJSIP/74952222222@multifon 20 s"
    );
    assert_eq!(
        (value(&leg, "DIGIT"), story.digits),
        ("2".to_owned(), "2".to_owned())
    );
}

#[test]
fn after_a_wrong_key_the_menu_begins_again_and_the_story_tells_the_key_that_counted() {
    let mut settings = Settings::default();
    settings.ivr.retry = 1;
    let heard = [Heard::Digit('9'), Heard::Nothing, Heard::Digit('2')];
    let mut leg = ScriptedLeg::new(&heard, &[]);
    let (status, story) = run_with(&mut leg, &two_buttons(), settings.clone());
    let play = |length: usize| format!("play {length}");
    let expected = [
        "answer".to_owned(),
        play(INTRO),
        play(INTRO),
        play(KEY),
        "dial PJSIP/74952222222@multifon 20 s".to_owned(),
    ];
    assert_eq!((status, &leg.acts[..]), (Status::Target, &expected[..]));
    assert_eq!(
        (story.digits.as_str(), value(&leg, "DIGIT").as_str()),
        ("2", "2")
    );

    let mut leg = ScriptedLeg::new(&[Heard::Digit('8'), Heard::Digit('9')], &[]);
    assert_eq!(
        run_with(&mut leg, &two_buttons(), settings).0,
        Status::Fallback
    );
    assert_eq!(
        (value(&leg, "REASON"), value(&leg, "DIGIT")),
        ("BAD_DIGIT".into(), "9".into())
    );
}

#[test]
fn the_target_is_told_what_was_pressed_and_the_fallback_is_not() {
    let mut settings = Settings::default();
    let rings = |settings: &Settings| {
        let mut leg = ScriptedLeg::new(&[], &[Dialled::Busy]);
        run_with(
            &mut leg,
            &one_button("74951111111, доб. 12"),
            settings.clone(),
        );
        assert_eq!(leg.acts[1], "dial PJSIP/bitrix24 60 s");
        assert_eq!(value(&leg, "TARGET"), "74951111111");
        leg.acts[0].clone()
    };
    let dial = "dial PJSIP/74951111111@multifon 20 s, sends ,12";
    assert_eq!(rings(&settings), dial);
    settings.ivr.announce_name = true;
    assert_eq!(rings(&settings), format!("{dial}, as cakes"));
}

#[test]
fn a_number_of_an_internal_pattern_is_dialled_by_its_own_template() {
    let internal = |pattern: &str, template: &str| Internal {
        pattern: crate::numbers::Pattern::parse(pattern).unwrap(),
        template: crate::numbers::Template::parse(template).unwrap(),
    };
    let mut settings = Settings::default();
    settings.general.internal = vec![
        internal("999", "Local/${NUMBER}@nobody"),
        internal("_10X", "Local/${NUMBER}@people"),
        internal("_[1-9]XX", "Local/${NUMBER}@queues"),
    ];
    for (to, dialled) in [
        ("101", "Local/101@people"),
        (" 2-00 ", "Local/200@queues"),
        ("1010", "PJSIP/1010@multifon"),
        ("84951111111", "PJSIP/74951111111@multifon"),
    ] {
        let mut leg = ScriptedLeg::new(&[], &[]);
        run_with(&mut leg, &one_button(to), settings.clone());
        assert_eq!(leg.acts, [format!("dial {dialled} 20 s")], "{to}");
    }
}

#[test]
fn a_target_that_fails_leads_to_bitrix24_with_its_reason() {
    for (end, reason) in [
        (Dialled::NoAnswer, "NO_ANSWER"),
        (Dialled::Busy, "BUSY"),
        (Dialled::Unavailable, "UNAVAILABLE"),
    ] {
        let mut leg = ScriptedLeg::new(&[], &[end]);
        assert_eq!(
            run(&mut leg, &one_button("74951111111")).0,
            Status::Fallback
        );
        assert_eq!(leg.acts.len(), 2);
        assert_eq!(
            (value(&leg, "STATUS"), value(&leg, "REASON")),
            ("FALLBACK".into(), reason.into())
        );
    }
}

#[test]
fn nobody_anywhere_is_unanswered() {
    let mut leg = ScriptedLeg::new(&[], &[Dialled::Busy, Dialled::Unavailable]);
    let (status, _) = run(&mut leg, &one_button("74951111111"));
    assert_eq!(status, Status::Unanswered);
    assert!(!status.ends_call());
    assert_eq!(
        (value(&leg, "STATUS"), value(&leg, "REASON")),
        ("UNANSWERED".into(), "BUSY".into())
    );
}

#[test]
fn a_dead_database_leads_to_bitrix24() {
    for error in [
        LookupError::Unavailable("x".into()),
        LookupError::Refused("y".into()),
    ] {
        let mut leg = ScriptedLeg::new(&[], &[]);
        assert_eq!(
            run(&mut leg, &Rows(Err(error), Fault::None)).0,
            Status::Fallback
        );
        assert_eq!(
            (value(&leg, "REASON"), value(&leg, "SOURCE")),
            ("DB_ERROR".into(), "NONE".into())
        );
    }
}

#[test]
fn missing_prompts_are_left_out_and_the_keys_still_work() {
    let rows = vec![
        row("1", "missing", "74951111111"),
        row("2", "missing", "74952222222"),
    ];
    let mut leg = ScriptedLeg::new(&[Heard::Nothing, Heard::Nothing, Heard::Digit('1')], &[]);
    assert_eq!(
        run(&mut leg, &Rows(Ok(rows), Fault::None)).0,
        Status::Target
    );
}

#[test]
fn a_second_run_on_the_channel_shows_nothing_of_the_first() {
    let mut leg = ScriptedLeg::new(&[Heard::Digit('9')], &[Dialled::Busy]);
    assert_eq!(run(&mut leg, &two_buttons()).0, Status::Unanswered);
    assert_eq!(value(&leg, "DIGIT"), "9");
    assert_eq!(run(&mut leg, &one_button("74951111111")).0, Status::Target);
    assert_eq!(
        (value(&leg, "DIGIT"), value(&leg, "REASON")),
        (String::new(), String::new())
    );
}

#[test]
fn a_panic_costs_the_menu_and_the_caller_still_gets_bitrix24() {
    let mut leg = ScriptedLeg::new(&[], &[]);
    leg.fault = Fault::Panics;
    assert_eq!(run(&mut leg, &two_buttons()).0, Status::Fallback);
    assert_eq!(leg.acts.last().unwrap(), "dial PJSIP/bitrix24 60 s");
    assert_eq!(value(&leg, "REASON"), "ERROR");

    let mut leg = ScriptedLeg::new(&[], &[]);
    assert_eq!(
        run(&mut leg, &Rows(Ok(vec![]), Fault::Panics)).0,
        Status::Fallback
    );
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

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}

fn random_rows(random: &mut Random) -> Rows {
    let keys = ["1", "2", "12", "*", "#", "", "x", "123456789"];
    let numbers = [
        "84951111111",
        "1",
        "x@y",
        "",
        "${SHELL(id)}",
        "74951234567&PJSIP/evil",
    ];
    let files = ["a", "missing", "", "../../x"];
    let rows = (0..random.below(6))
        .map(|_| {
            let mut row = row(
                random.pick(&keys),
                random.pick(&files),
                random.pick(&numbers),
            );
            if random.below(8) == 0 {
                row = MenuRow::default();
            }
            row
        })
        .collect();
    match random.below(10) {
        0 => Rows(Err(LookupError::Unavailable("down".into())), Fault::None),
        1 => Rows(Ok(rows), Fault::Panics),
        _ => Rows(Ok(rows), Fault::None),
    }
}

fn random_leg(random: &mut Random) -> ScriptedLeg {
    let heard = [
        Heard::Nothing,
        Heard::Nothing,
        Heard::Digit('1'),
        Heard::Digit('2'),
        Heard::Digit('9'),
        Heard::Gone,
    ];
    let ends = [
        Dialled::Answered,
        Dialled::NoAnswer,
        Dialled::Busy,
        Dialled::Unavailable,
        Dialled::Gone,
    ];
    let heard: Vec<_> = (0..12).map(|_| random.pick(&heard)).collect();
    let ends: Vec<_> = (0..2).map(|_| random.pick(&ends)).collect();
    let mut leg = ScriptedLeg::new(&heard, &ends);
    leg.answer = random.pick(&[Ok(()), Ok(()), Ok(()), Err(Gone)]);
    if random.below(20) == 0 {
        leg.fault = Fault::Panics;
    }
    leg
}

fn be_quiet_about_scripted_panics() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("scripted panic") {
            loud(info);
        }
    }));
}

/// The leg itself fails the test when anything is done with it after its call is over.
#[test]
fn a_million_random_calls_end_with_a_person_or_without_a_caller() {
    let seed = std::env::var("RUST_IVR_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            now.as_nanos() as u64 | 1
        });
    println!("RUST_IVR_SEED={seed} repeats this run");
    be_quiet_about_scripted_panics();
    let mut random = Random(seed);
    for call in 0..1_000_000u64 {
        let rows = random_rows(&mut random);
        let mut leg = random_leg(&mut random);
        let (status, story) = run(&mut leg, &rows);
        let context = format!("call {call} of seed {seed}: {:?} {story:?}", leg.acts);
        match status {
            Status::Hangup => assert!(leg.over, "{context}"),
            Status::Unanswered => {
                assert!(
                    leg.acts.last().unwrap().starts_with("dial PJSIP/bitrix24"),
                    "{context}"
                );
            }
            Status::Target | Status::Fallback => assert!(leg.over, "{context}"),
        }
        for act in leg.acts.iter().filter(|act| act.starts_with("dial")) {
            let known = act.starts_with("dial PJSIP/bitrix24 ") || act.ends_with("@multifon 20 s");
            assert!(known && !act.contains(['&', '$']), "{context}");
        }
        assert_eq!(value(&leg, "STATUS"), status.as_str(), "{context}");
    }
}

#[test]
fn what_the_caller_chose_is_known_before_each_dial() {
    let mut leg = ScriptedLeg::new(&[Heard::Digit('2')], &[Dialled::Busy, Dialled::Answered]);
    let settings = Settings::default();
    let told = std::cell::RefCell::new(Vec::new());
    let rows = two_buttons();
    let tools = Tools {
        settings: &settings,
        directory: &rows,
        prompts: &Sounds,
        live: &|_| (),
        rings: &|story, status| told.borrow_mut().push((story.clone(), status)),
    };
    let caller = Caller {
        phone: "79161234567".into(),
        ..Caller::default()
    };
    let mut session = Session::new(&mut leg, tools, &caller);
    assert_eq!(session.run_or_rescue(), Status::Fallback);
    let told = told.borrow();
    let [(first, Status::Target), (second, Status::Fallback)] = &told[..] else {
        panic!("{told:?}");
    };
    for story in [first, second, session.story()] {
        assert_eq!(story.choice, Choice::Key("2".to_owned()));
        assert_eq!(story.option, "flowers");
        assert_eq!(story.target, "74952222222");
        assert_eq!(story.menu, first.menu);
    }
    assert_eq!((first.reason, second.reason), (None, Some(Reason::Busy)));
}

#[test]
fn a_menu_without_a_key_and_one_with_a_wrong_key_are_told_apart() {
    for (heard, choice) in [(None, Choice::Nothing), (Some('9'), Choice::Wrong)] {
        let heard = Vec::from_iter(heard.map(Heard::Digit));
        let (_, story) = run(&mut ScriptedLeg::new(&heard, &[]), &two_buttons());
        assert_eq!((story.choice, &*story.option), (choice, ""));
    }
    let mut leg = ScriptedLeg::new(&[], &[]);
    let (_, story) = run(&mut leg, &one_button("84951111111"));
    assert_eq!((story.choice, &*story.option), (Choice::NoMenu, "cakes"));
}

//! In-band digits: callers whose trunk agreed on RFC 4733 and sends tones all the same.

use std::time::Duration;

use rust_ivr_testing::machine::MachineConfig;
use rust_ivr_testing::office::{
    CAKES, Database, FLOWERS, INTRO, KEY_1, Office, Rows, SOON, TARGET_TONE,
};
use rust_ivr_testing::rtp::{Codec, Source, Way};
use rust_ivr_testing::sip::{Call, Dtmf};

mod talk_off;

const TWO_BUTTONS: &str = "70000000002";
const CAKES_NUMBER: &str = "74950000001";
const FLOWERS_NUMBER: &str = "74950000002";

/// How long after their end tones may be acted on: the detector needs some 40 ms of something else.
const LATEST: Duration = Duration::from_millis(300);

/// A menu in which a key that counts twice is another key.
const ONE_AND_ELEVEN: Rows<'_> = Rows {
    phone: "79000000020",
    intro: "hello.mp3",
    buttons: &[
        ("1", "cakes.mp3", "74951111111"),
        ("11", "flowers.mp3", "74951111112"),
        ("12", "NULL", "74951111113"),
    ],
};

/// A menu that waits a second for a digit, and `tones` as given.
fn impatient(config: MachineConfig, tones: &str) -> MachineConfig {
    config
        .replace(
            "res_rust_ivr.conf",
            "digit_timeout = 7",
            "digit_timeout = 1",
        )
        .replace(
            "res_rust_ivr.conf",
            "\ntones = yes",
            &format!("\ntones = {tones}"),
        )
}

/// The target that a key led to answers, and everybody hangs up.
fn reach(office: &Office, caller: &Call, number: &str) {
    let talk = office
        .expect_target(number)
        .answer(Source::tone(TARGET_TONE));
    office.talk(caller, &talk, TARGET_TONE);
    office.assert_nothing_left();
}

/// What `RustIvr` set for the last call of a phone.
fn story(office: &Office, mark: usize, phone: &str) -> String {
    let words = format!("Ext. s: RustIvr {phone}: ");
    office.machine.wait_log_since(mark, &words, SOON)
}

#[test]
fn tones_are_digits_in_every_moment_of_a_menu() {
    let office = Office::open("tones", Database::Sqlite);
    for (prompt, key, number, codec) in [
        (INTRO, '2', FLOWERS_NUMBER, Codec::Alaw),
        (KEY_1, '1', CAKES_NUMBER, Codec::Ulaw),
        (FLOWERS, '2', FLOWERS_NUMBER, Codec::Alaw),
    ] {
        let mark = office.machine.log_mark();
        let invite = office.invite(TWO_BUTTONS).codecs(&[codec]);
        let caller = office.multifon.call(invite);
        caller.wait_heard(prompt.hz, Duration::from_secs(10));
        if prompt.hz == FLOWERS.hz {
            caller.wait_gone(FLOWERS.hz, SOON);
        }
        let released = caller.press(key, Dtmf::InBand);
        let target = office.expect_target(number);
        let delay = target.arrived().saturating_duration_since(released);
        assert!(delay < LATEST, "{key} was acted on after {delay:?}");
        let talk = target.answer(Source::tone(TARGET_TONE));
        office.talk(&caller, &talk, TARGET_TONE);
        let words = format!("key {key} came in band");
        office.machine.wait_log_since(mark, &words, SOON);
        office.assert_nothing_left();
    }
}

#[test]
fn two_keys_in_quick_succession_are_two_digits() {
    let office = Office::open("tones-quick", Database::Sqlite);
    office.add(&ONE_AND_ELEVEN);
    for (keys, number) in [("12", "74951111113"), ("11", "74951111112")] {
        let mark = office.machine.log_mark();
        let caller = office.call(ONE_AND_ELEVEN.phone);
        caller.wait_heard(INTRO.hz, SOON);
        for key in keys.chars() {
            caller.press(key, Dtmf::InBand);
        }
        reach(&office, &caller, number);
        let story = story(&office, mark, ONE_AND_ELEVEN.phone);
        assert!(story.contains(&format!(" digit={keys} ")), "{story}");
    }
}

#[test]
fn a_tone_that_lasts_through_several_prompts_is_one_digit() {
    let office = Office::open("tones-long", Database::Sqlite);
    office.add(&ONE_AND_ELEVEN);
    let mark = office.machine.log_mark();
    let caller = office.call(ONE_AND_ELEVEN.phone);
    caller.wait_heard(INTRO.hz, SOON);
    let long = Duration::from_millis(1500);
    caller.rtp().press('1', Way::InBand, long).expect("a key");
    reach(&office, &caller, "74951111111");
    let story = story(&office, mark, ONE_AND_ELEVEN.phone);
    assert!(story.contains(" digit=1 "), "{story}");
}

#[test]
fn with_tones_no_they_are_none() {
    let office = Office::open_with("tones-no", Database::Sqlite, |c| impatient(c, "no"));
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(INTRO.hz, SOON);
    caller.press('2', Dtmf::InBand);
    caller.wait_heard(CAKES.hz, SOON);
    caller.press('2', Dtmf::InBand);
    office.talk_with_bitrix24(&caller, Duration::from_secs(10));
    office.assert_story(TWO_BUTTONS, "FALLBACK NO_DIGIT rows=LIVE digit= target=");
    office.assert_nothing_left();
}

#[test]
fn a_key_that_comes_in_two_ways_counts_once() {
    let office = Office::open("tones-twice", Database::Sqlite);
    office.add(&ONE_AND_ELEVEN);
    let phone = ONE_AND_ELEVEN.phone;
    for ways in [
        &[Dtmf::Both][..],
        &[Dtmf::InBand, Dtmf::Rfc4733],
        &[Dtmf::Rfc4733, Dtmf::InBand],
        &[Dtmf::InBand, Dtmf::Info],
        &[Dtmf::Info, Dtmf::InBand],
    ] {
        let mark = office.machine.log_mark();
        let caller = office.call(phone);
        caller.wait_heard(INTRO.hz, SOON);
        for way in ways {
            caller.press('1', *way);
        }
        reach(&office, &caller, "74951111111");
        let story = story(&office, mark, phone);
        assert!(story.contains(" digit=1 "), "{ways:?}: {story}");
    }
    // Asterisk itself listens where no RFC 4733 was agreed on.
    let mark = office.machine.log_mark();
    let caller = office.multifon.call(office.invite(phone).without_events());
    caller.wait_heard(INTRO.hz, SOON);
    caller.press('1', Dtmf::InBand);
    reach(&office, &caller, "74951111111");
    let story = story(&office, mark, phone);
    assert!(story.contains(" digit=1 "), "{story}");
    assert!(!office.machine.log_since(mark).contains("came in band"));
}

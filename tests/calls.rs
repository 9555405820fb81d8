//! A1 to A8 with real callers: Multifon's calls enter a real Asterisk, and what everybody hears
//! is measured.

use std::time::{Duration, Instant};

use rust_ivr_testing::office::{
    CAKES, Database, FLOWERS, INTRO, KEY_1, KEY_2, MENU, MUSIC, Office, RINGBACK, Rows, SOON,
    TARGET_TONE,
};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf, Ending};

const NO_ROWS: &str = "70000000000";
const ONE_BUTTON: &str = "70000000001";
const TWO_BUTTONS: &str = "70000000002";
const CAKES_NUMBER: &str = "74950000001";
const FLOWERS_NUMBER: &str = "74950000002";

/// The longest that a prompt may come late or a pause between two prompts may be.
const SLACK: Duration = Duration::from_millis(250);

#[test]
fn a2_a_phone_without_rows_goes_straight_to_bitrix24() {
    let office = Office::open("a2", Database::MariaDb);
    let caller = office.call(NO_ROWS);
    office.talk_with_bitrix24(&caller, SOON);
    office.assert_story(NO_ROWS, "FALLBACK NO_ROWS rows=LIVE");
    office.multifon.expect_no_call(Duration::ZERO);
    office.assert_nothing_left();
}

#[test]
fn a3_one_button_rings_its_number_and_the_caller_hears_it_ring_unanswered() {
    let office = Office::open("a3", Database::MariaDb);
    let caller = office.call(ONE_BUTTON);
    let target = office.expect_target(CAKES_NUMBER);
    assert_eq!(
        target.caller(),
        ONE_BUTTON,
        "the caller's own number is what the target sees"
    );
    target.ring();
    caller.wait_ringing(SOON);
    assert!(caller.answered().is_none(), "nobody has answered yet");
    let talk = target.answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_story(ONE_BUTTON, "TARGET  rows=LIVE digit= target=74950000001");
    office.bitrix24.expect_no_call(Duration::ZERO);
    office.assert_nothing_left();
}

#[test]
fn a3_a_target_that_does_not_answer_in_20_seconds_gives_way_to_bitrix24() {
    let office = Office::open("a3-no-answer", Database::Sqlite);
    let caller = office.call(ONE_BUTTON);
    let target = office.expect_target(CAKES_NUMBER);
    target.ring();
    let (given_up, ending) = target.call().wait_ended(Duration::from_secs(25));
    assert_eq!(ending, Ending::Cancelled);
    let rang = given_up - target.arrived();
    assert!(
        rang.abs_diff(Duration::from_secs(20)) < Duration::from_secs(1),
        "{rang:?}"
    );
    office.talk_with_bitrix24(&caller, SOON);
    office.assert_story(
        ONE_BUTTON,
        "FALLBACK NO_ANSWER rows=LIVE digit= target=74950000001",
    );
    office.assert_nothing_left();
}

#[test]
fn a4_to_a6_the_menu_in_the_customers_order_then_seven_seconds_then_bitrix24() {
    let office = Office::open("a4-silence", Database::MariaDb);
    let caller = office.call(TWO_BUTTONS);
    let answered = caller.wait_answered(SOON);
    let manager = office.expect_bitrix24(Duration::from_secs(20));
    let recording = caller.recording();
    let mut at = answered;
    for prompt in MENU {
        let heard = recording
            .first_heard(prompt.hz, at)
            .unwrap_or_else(|| panic!("{prompt:?} was not played"));
        let late = heard - at;
        assert!(
            late < SLACK + Duration::from_millis(500) * u32::from(at == answered),
            "{prompt:?}: {late:?}"
        );
        at = heard + Duration::from_millis(prompt.ms);
    }
    let bursts = recording.bursts(INTRO.hz, answered..recording.ended());
    assert_eq!(bursts.len(), 1, "the intro plays once: {bursts:?}");
    let waited = manager.arrived() - at;
    assert!(
        waited.abs_diff(Duration::from_secs(7)) < Duration::from_millis(600),
        "{waited:?}"
    );
    manager.ring();
    caller.wait_heard(RINGBACK, SOON);
    let talk = manager.answer(Source::tone(rust_ivr_testing::office::BITRIX24_TONE));
    office.talk(&caller, &talk, rust_ivr_testing::office::BITRIX24_TONE);
    office.assert_story(TWO_BUTTONS, "FALLBACK NO_DIGIT rows=LIVE");
    office.assert_nothing_left();
}

#[test]
fn a_target_that_wants_to_be_forwarded_is_not_and_bitrix24_rings() {
    let office = Office::open("forwarded", Database::Sqlite);
    let caller = office.call(ONE_BUTTON);
    let target = office.expect_target(CAKES_NUMBER);
    target.redirect("sip:79990000000@multifon.ru");
    let talk = office
        .expect_bitrix24(SOON)
        .answer(Source::tone(rust_ivr_testing::office::BITRIX24_TONE));
    office.talk(&caller, &talk, rust_ivr_testing::office::BITRIX24_TONE);
    office.assert_story(ONE_BUTTON, "FALLBACK BUSY rows=LIVE");
    office.assert_nothing_left();
}

#[test]
fn a_target_whose_codec_cannot_be_translated_is_unavailable_and_bitrix24_rings() {
    let office = Office::open_with("calls-g729", Database::Sqlite, |config| {
        config
            .replace(
                "res_rust_ivr.conf",
                "outbound = PJSIP/${NUMBER}@multifon",
                "outbound = PJSIP/${NUMBER}@g729",
            )
            .append(
                "pjsip.conf",
                "[g729]\ntype = endpoint\ntransport = udp\ncontext = from-multifon\naors = multifon\n\
                 outbound_auth = multifon\ndisallow = all\nallow = g729\ndirect_media = no\n",
            )
    });
    for phone in [ONE_BUTTON, TWO_BUTTONS] {
        let caller = office.call(phone);
        if phone == TWO_BUTTONS {
            caller.wait_heard(INTRO.hz, SOON);
            caller.press('1', Dtmf::Rfc4733);
        }
        office.talk_with_bitrix24(&caller, SOON);
        office.assert_story(phone, "FALLBACK UNAVAILABLE");
        office.assert_nothing_left();
    }
}

#[test]
fn early_sound_of_one_direction_is_heard_and_no_music_on_hold() {
    const ANNOUNCEMENT: f64 = 1100.0;
    let office = Office::open("calls-sendonly", Database::Sqlite);
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(INTRO.hz, SOON);
    caller.press('1', Dtmf::Rfc4733);
    let target = office.expect_target(CAKES_NUMBER);
    let since = Instant::now();
    target.progress_one_way(Source::tone(ANNOUNCEMENT));
    caller.wait_heard(ANNOUNCEMENT, SOON);
    let talk = target.answer(Source::tone(TARGET_TONE));
    caller.wait_heard(TARGET_TONE, SOON);
    let heard = caller.recording();
    let music = heard.bursts(MUSIC, since..heard.ended());
    assert!(music.is_empty(), "music on hold before the answer");
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_nothing_left();
}

/// Waits for a moment of the menu, presses a key, and follows the call to its target.
fn press_and_talk(office: &Office, hz: f64, key: char, dtmf: Dtmf, number: &str) {
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(hz, Duration::from_secs(10));
    let released = caller.press(key, dtmf);
    let target = office.expect_target(number);
    let delay = target.arrived().saturating_duration_since(released);
    assert!(delay < SLACK, "{key} was acted on after {delay:?}");
    target.ring();
    caller.wait_heard(RINGBACK, SOON);
    let talk = target.answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_nothing_left();
}

#[test]
fn a5_a_digit_cuts_in_at_any_moment() {
    let office = Office::open("a5", Database::Sqlite);
    press_and_talk(&office, INTRO.hz, '2', Dtmf::Rfc4733, FLOWERS_NUMBER);
    press_and_talk(&office, KEY_1.hz, '1', Dtmf::Rfc4733, CAKES_NUMBER);
    press_and_talk(&office, CAKES.hz, '1', Dtmf::Rfc4733, CAKES_NUMBER);
    press_and_talk(&office, KEY_2.hz, '2', Dtmf::Rfc4733, FLOWERS_NUMBER);
    press_and_talk(&office, FLOWERS.hz, '2', Dtmf::Rfc4733, FLOWERS_NUMBER);
    office.assert_story(TWO_BUTTONS, "TARGET  rows=LIVE digit=2 target=74950000002");
}

#[test]
fn a5_a_digit_after_the_prompts_and_by_sip_info() {
    let office = Office::open("a5-info", Database::Sqlite);
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(FLOWERS.hz, Duration::from_secs(10));
    caller.wait_gone(FLOWERS.hz, SOON);
    caller.press('1', Dtmf::Info);
    let talk = office
        .expect_target(CAKES_NUMBER)
        .answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_nothing_left();
}

#[test]
fn a5_a_digit_in_band() {
    let office = Office::open("a5-in-band", Database::Sqlite);
    let caller = office
        .multifon
        .call(office.invite(TWO_BUTTONS).without_events());
    caller.wait_heard(CAKES.hz, Duration::from_secs(10));
    caller.press('2', Dtmf::InBand);
    let talk = office
        .expect_target(FLOWERS_NUMBER)
        .answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_nothing_left();
}

#[test]
fn a6_a_digit_that_no_row_has_goes_to_bitrix24_at_once() {
    let office = Office::open("a6-bad-digit", Database::Sqlite);
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(INTRO.hz, SOON);
    let released = caller.press('9', Dtmf::Rfc4733);
    let manager = office.expect_bitrix24(SOON);
    let delay = manager.arrived().saturating_duration_since(released);
    assert!(delay < SLACK, "{delay:?}");
    let talk = manager.answer(Source::tone(rust_ivr_testing::office::BITRIX24_TONE));
    office.talk(&caller, &talk, rust_ivr_testing::office::BITRIX24_TONE);
    office.assert_story(TWO_BUTTONS, "FALLBACK BAD_DIGIT rows=LIVE digit=9 target=");
    office.assert_nothing_left();
}

#[test]
fn keys_of_several_digits_fire_when_they_are_clear() {
    let office = Office::open("long-keys", Database::MariaDb);
    let phone = "79000000010";
    office.add(&Rows {
        phone,
        intro: "hello.mp3",
        buttons: &[
            ("1", "NULL", "74951111111"),
            ("12", "NULL", "74951212121"),
            ("34", "NULL", "74953434343"),
        ],
    });
    let type_keys = |keys: &str, number: &str| -> (Call, Duration) {
        let caller = office.call(phone);
        caller.wait_heard(INTRO.hz, SOON);
        let mut released = Instant::now();
        for key in keys.chars() {
            released = caller.press(key, Dtmf::Rfc4733);
        }
        let target = office.expect_target(number);
        let delay = target.arrived().saturating_duration_since(released);
        let talk = target.answer(Source::tone(TARGET_TONE));
        office.talk(&caller, &talk, TARGET_TONE);
        (caller, delay)
    };
    let (_, clear) = type_keys("34", "74953434343");
    assert!(clear < SLACK, "{clear:?}");
    let (_, clear) = type_keys("12", "74951212121");
    assert!(clear < SLACK, "{clear:?}");
    let (_, waited) = type_keys("1", "74951111111");
    assert!(
        waited.abs_diff(Duration::from_secs(2)) < Duration::from_millis(400),
        "{waited:?}"
    );
    office.assert_nothing_left();
}

#[test]
fn null_buttons_are_no_buttons() {
    let office = Office::open("null-buttons", Database::MariaDb);
    let phone = "79000000011";
    office.add(&Rows {
        phone,
        intro: "hello.mp3",
        buttons: &[],
    });
    let caller = office.call(phone);
    office.talk_with_bitrix24(&caller, SOON);
    office.assert_story(phone, "FALLBACK NO_ROWS rows=LIVE");
}

#[test]
fn every_form_of_a_number_is_one_number_in_the_call_and_in_the_table() {
    let office = Office::open("forms", Database::MariaDb);
    let stored = ["+79160000001", "89160000002", "79160000003", "9160000004"];
    for phone in stored {
        office.add(&Rows {
            phone,
            intro: "NULL",
            buttons: &[("1", "NULL", "8 (495) 111-11-11")],
        });
    }
    for (number, _) in stored.iter().enumerate().map(|(at, form)| (at + 1, form)) {
        for prefix in ["+7", "8", "7", ""] {
            let caller = office.call(&format!("{prefix}916000000{number}"));
            office.expect_target("74951111111").reject(486);
            office.talk_with_bitrix24(&caller, SOON);
            office.assert_story(&format!("7916000000{number}"), "FALLBACK BUSY rows=LIVE");
        }
    }
    office.assert_nothing_left();
}

#[test]
fn a_target_that_is_busy_absent_or_refuses_gives_way_to_bitrix24_at_once() {
    let office = Office::open("refusals", Database::Sqlite);
    for (code, reason) in [
        (486, "BUSY"),
        (404, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (603, "UNAVAILABLE"),
    ] {
        let mark = office.machine.log_mark();
        let caller = office.call(ONE_BUTTON);
        let target = office.expect_target(CAKES_NUMBER);
        target.reject(code);
        let manager = office.expect_bitrix24(SOON);
        let delay = manager.arrived() - target.arrived();
        assert!(delay < Duration::from_secs(1), "{code}: {delay:?}");
        let talk = manager.answer(Source::tone(rust_ivr_testing::office::BITRIX24_TONE));
        office.talk(&caller, &talk, rust_ivr_testing::office::BITRIX24_TONE);
        let words = format!("Ext. s: RustIvr {ONE_BUTTON}: FALLBACK {reason} ");
        office.machine.wait_log_since(mark, &words, SOON);
    }
    office.assert_nothing_left();
}

#[test]
fn when_bitrix24_is_absent_too_the_dialplan_goes_on() {
    let office = Office::open_with("unanswered", Database::Sqlite, |config| {
        config.replace("extensions.conf", "DUTY =\n", "DUTY = 79990000000\n")
    });
    let caller = office.call(NO_ROWS);
    office.expect_bitrix24(SOON).reject(480);
    let duty = office
        .expect_target("79990000000")
        .answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &duty, TARGET_TONE);
    office.assert_story(NO_ROWS, "UNANSWERED NO_ROWS rows=LIVE");
    office.assert_nothing_left();
}

#[test]
fn a_caller_who_leaves_in_any_phase_leaves_nothing_behind() {
    let office = Office::open("leaving", Database::MariaDb);
    // While the target rings.
    let caller = office.call(ONE_BUTTON);
    let target = office.expect_target(CAKES_NUMBER);
    target.ring();
    caller.wait_ringing(SOON);
    caller.hangup();
    assert_eq!(target.call().wait_ended(SOON).1, Ending::Cancelled);
    office.assert_story(ONE_BUTTON, "HANGUP");
    office.assert_nothing_left();
    // In the intro, in a prompt, while waiting for a digit.
    for hz in [INTRO.hz, CAKES.hz, FLOWERS.hz] {
        let caller = office.call(TWO_BUTTONS);
        caller.wait_heard(hz, Duration::from_secs(10));
        if hz == FLOWERS.hz {
            caller.wait_gone(hz, SOON);
        }
        caller.hangup();
        office.assert_nothing_left();
    }
    // While Bitrix24 rings.
    let caller = office.call(NO_ROWS);
    let manager = office.expect_bitrix24(SOON);
    manager.ring();
    caller.wait_ringing(SOON);
    caller.hangup();
    manager.call().wait_ended(SOON);
    office.assert_nothing_left();
    office.bitrix24.expect_no_call(Duration::ZERO);
}

//! Who answers: what the telephone that rings shows, whom a row or a code can name, and the extension
//! behind an auto-attendant.

use std::time::Duration;

use rust_ivr_testing::conference::{CLIENT, Conference, FOURTH, MANAGER, THIRD, hear, office_with};
use rust_ivr_testing::machine::MachineConfig;
use rust_ivr_testing::office::{
    BITRIX24_TONE, Database, INTRO, KEY_1, Office, Rows, SOON, TARGET_TONE,
};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf};

const PHONE: &str = "70000000009";
const CAKES_NUMBER: &str = "74950000001";

/// A pause of two seconds, and then three keys.
const KEYS: Duration = Duration::from_secs(8);

/// Short numbers ring people of one's own.
fn with_people(config: MachineConfig) -> MachineConfig {
    config
        .replace(
            "res_rust_ivr.conf",
            ";internal = _[1-9]XX => Local/${NUMBER}@queues",
            "internal = _1XX => Local/${NUMBER}@people",
        )
        .append(
            "extensions.conf",
            "[people]\nexten => _1XX,1,Dial(PJSIP/desk-${EXTEN}@multifon,20)\n",
        )
}

/// A caller with a name of its own, who hears the greeting.
fn call(office: &Office) -> Call {
    let caller = office.multifon.call(office.invite(PHONE).display("Ivan"));
    caller.wait_heard(INTRO.hz, SOON);
    caller
}

#[test]
fn who_answers_knows_what_was_chosen_and_his_auto_attendant_gets_the_extension() {
    let office = Office::open_with("answers-menu", Database::Sqlite, |config| {
        with_people(config)
            .replace(
                "res_rust_ivr.conf",
                "announce_name = no",
                "announce_name = yes",
            )
            .replace("res_rust_ivr.conf", "retry = 0", "retry = 1")
    });
    office.add(&Rows {
        phone: PHONE,
        intro: "hello.mp3",
        buttons: &[
            ("1", "Торты (опт).mp3", "8 (495) 000-00-01 доб. 12#"),
            ("2", "flowers.mp3", "101"),
        ],
    });
    let foreseen = office.machine.cli("rustivr test 70000000009 91");
    assert!(
        foreseen.contains(
            "after 1 wrong key(s), PJSIP/74950000001@multifon, and after the answer ,12# is sent \
             (a comma: 2 s), as \"Торты опт\""
        ),
        "{foreseen}"
    );

    // A wrong key: the menu begins again, and a key counts at once.
    let caller = call(&office);
    caller.wait_heard(KEY_1.hz, SOON);
    caller.press('9', Dtmf::Rfc4733);
    caller.wait_heard(INTRO.hz, SOON);
    caller.press('1', Dtmf::Rfc4733);
    let target = office.expect_target(CAKES_NUMBER);
    for header in ["From", "P-Asserted-Identity"] {
        let shown = target.invite().text(header);
        let expected = format!("\"Торты опт\" <sip:{PHONE}@");
        assert!(shown.starts_with(&expected), "{header}: {shown}");
    }
    let talk = target.answer(Source::tone(TARGET_TONE));
    talk.wait_digits("12#", KEYS);
    office.talk(&caller, &talk, TARGET_TONE);
    assert_eq!(talk.digits().len(), 3);
    assert!(caller.digits().is_empty(), "the caller heard the keys");
    office.assert_story(PHONE, "TARGET  rows=LIVE digit=1 target=74950000001");

    // A desk of one's own, by way of the dialplan; and the fallback sees the caller's own name.
    let caller = call(&office);
    caller.press('2', Dtmf::Rfc4733);
    let target = office.expect_target("desk-101");
    let shown = target.invite().text("From");
    assert!(
        shown.starts_with(&format!("\"flowers\" <sip:{PHONE}@")),
        "{shown}"
    );
    target.reject(486);
    let bitrix24 = office.expect_bitrix24(SOON);
    let shown = bitrix24.invite().text("From");
    assert!(
        shown.starts_with(&format!("\"Ivan\" <sip:{PHONE}@")),
        "{shown}"
    );
    let talk = bitrix24.answer(Source::tone(BITRIX24_TONE));
    office.talk(&caller, &talk, BITRIX24_TONE);
    assert!(talk.digits().is_empty());
    office.assert_nothing_left();
}

#[test]
fn a_third_persons_auto_attendant_gets_the_extension_and_a_code_can_name_a_desk() {
    let office = office_with("answers-third", with_people);
    office.sql(
        "UPDATE sAsterisk_prefix SET phone = '+7 (495) 000-00-01, 34' WHERE pref = '1';
         UPDATE sAsterisk_prefix SET phone = '102' WHERE pref = '2';",
    );
    let told = office.machine.cli("rustivr test code 1");
    // Lines break at 80 columns.
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("after the answer ,34 is sent"), "{told}");

    let conference = Conference::begin(&office);
    let (client, manager) = (&conference.client, &conference.manager);
    let third = conference.dial_third();
    let third = third.answer(Source::tone(THIRD));
    third.wait_digits("34", KEYS);
    hear(manager, &[THIRD]);
    hear(&third, &[MANAGER]);
    conference.press("#");
    hear(manager, &[CLIENT, THIRD]);
    hear(client, &[MANAGER, THIRD]);
    hear(&third, &[CLIENT, MANAGER]);
    assert_eq!(third.digits().len(), 2);
    for other in [client, manager] {
        assert!(other.digits().is_empty(), "the keys were heard elsewhere");
    }

    conference.press("*2#");
    let fourth = office
        .expect_target("desk-102")
        .answer(Source::tone(FOURTH));
    hear(manager, &[FOURTH]);
    hear(&fourth, &[MANAGER]);
    conference.press("#");
    hear(&fourth, &[CLIENT, MANAGER, THIRD]);
    fourth.hangup();
    third.hangup();
    conference.assert_talk();
    manager.hangup();
    conference.assert_ended();
}

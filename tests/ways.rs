//! W1 to W4 with SIP peers that behave as Bitrix24 does in each: how a call gets into a room.

mod support;

use std::time::{Duration, Instant};

use support::conference::{
    CLIENT, CLIENT_NUMBER, Conference, MANAGER, THIRD, assert_nothing_left, bridged_call,
    call_from_bitrix24, hear, office_with,
};
use support::machine::MachineConfig;
use support::office::{MUSIC, Office, SOON, TARGET_TONE};
use support::rtp::Source;
use support::sip::{Call, Direction, Dtmf};

/// A second manager and a second client.
const OTHER_MANAGER: f64 = 700.0;
const OTHER_CLIENT: f64 = 1300.0;

/// The sample dialplan and, for managers, an extension for each way in.
fn office(name: &str) -> Office {
    office_with(name, |config: MachineConfig| {
        config.append(
            "extensions.conf",
            "[from-bitrix24](+)
exten => 777,1,RustConfAdd()
exten => 776,1,RustConfAdd(,m)
 same => n,Log(NOTICE,after 776: ${RUSTCONF_STATUS})
 same => n,Hangup()
exten => 778,1,RustConfAdd(101,c)
 same => n,Log(NOTICE,after 778: ${RUSTCONF_STATUS})
 same => n,Hangup()
exten => 779,1,RustConfAdd(1x1,c)
exten => 500,1,Answer()
 same => n,MusicOnHold()
",
        )
    })
}

/// Who hears whom once the manager's second call and the pulled client are in a room, and that a
/// third person can be added; ends with the client and the third together.
fn add_and_leave(conference: &Conference<'_>) {
    conference.assert_talk();
    let third = conference.join_third();
    conference.manager.hangup();
    hear(&conference.client, &[THIRD]);
    hear(&third, &[CLIENT]);
    conference.client.hangup();
    third.wait_ended(SOON);
}

#[test]
fn w2_a_held_client_is_pulled_into_the_managers_second_call() {
    let office = office("ways-held");
    for place in [bridged_call, called_out] {
        let (client, first_leg) = place(&office);
        first_leg.hold(Direction::SendOnly);
        client.wait_heard(MUSIC, SOON);
        let manager = call_from_bitrix24(&office, "777", MANAGER);
        manager.wait_answered(SOON);
        let conference = Conference {
            office: &office,
            client,
            manager,
        };
        conference.assert_talk();
        let pulled = Instant::now();
        let third = conference.consult_third();
        third.hangup();
        conference.assert_talk();
        assert!(!first_leg.is_over(), "the first leg ended while it held");
        let quiet = first_leg.recording();
        assert!(
            quiet.is_silent(pulled..Instant::now()),
            "the first leg was to be quiet"
        );
        add_and_leave(&conference);
        first_leg.wait_ended(SOON);
        assert_nothing_left(&office);
    }
}

/// A client whom a manager called through us: client, manager's leg.
fn called_out(office: &Office) -> (Call, Call) {
    let first_leg = call_from_bitrix24(office, CLIENT_NUMBER, MANAGER);
    let client = office.expect_target(CLIENT_NUMBER);
    let client = client.answer(Source::tone(CLIENT));
    first_leg.wait_answered(SOON);
    hear(&first_leg, &[CLIENT]);
    hear(&client, &[MANAGER]);
    (client, first_leg)
}

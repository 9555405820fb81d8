//! W1 and W3 with SIP peers that behave as Bitrix24 does in each: how a call gets into a room.
//! W2 is in `held.rs`; W4, by transfer, in `refer.rs` and `transfer.rs`.

use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{
    CLIENT, Conference, MANAGER, THIRD, THIRD_NUMBER, add_and_leave, assert_nothing_left,
    bridged_call, call_from_bitrix24, called_out, hear, office_with,
};
use rust_ivr_testing::office::{MUSIC, Office, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf, Ending};

/// The sample dialplan and, for managers, an extension for each way in.
fn office(name: &str) -> Office {
    office_with(name, |config| {
        config
            .append(
                "extensions.conf",
                "[from-bitrix24](+)
exten => 777,1,RustConfAdd()
exten => 778,1,Set(CHANNEL(hangup_handler_push)=story,s,1)
 same => n,RustConfAdd(101,c)
exten => 779,1,Set(CHANNEL(hangup_handler_push)=story,s,1)
 same => n,RustConfAdd(1x1,c)
[story]
exten => s,1,Log(NOTICE,status: ${RUSTCONF_STATUS})
 same => n,Return()
",
            )
            .replace("res_rust_ivr.conf", "ring_timeout = 45", "ring_timeout = 3")
    })
}

#[test]
fn w1_the_feature_code_takes_both_legs_along_without_a_gap() {
    let office = office("ways-feature");
    for place in [bridged_call, called_out] {
        let (client, manager) = place(&office);
        let mark = office.machine.log_mark();
        manager.press('*', Dtmf::Rfc4733);
        let pressed = manager.press('7', Dtmf::Rfc4733);
        office.machine.wait_log_since(mark, ": TALK", SOON);
        // A second of talk in the room, by the sound's own clock.
        while client.recording().ended() < pressed + Duration::from_secs(1) {
            client.wait_heard(MANAGER, SOON);
        }
        let until = pressed + Duration::from_millis(900);
        assert!(client.recording().continuous(MANAGER, pressed..until));
        assert!(manager.recording().continuous(CLIENT, pressed..until));
        let conference = Conference {
            office: &office,
            client,
            manager,
        };
        let third = conference.join_third();
        third.hangup();
        conference.assert_talk();
        assert!(!conference.manager.is_over(), "the manager's dialog ended");
        assert_eq!(
            office.bitrix24.untaken_calls(),
            0,
            "a second call to the manager"
        );
        conference.manager.hangup();
        conference.assert_ended();
    }
}

#[test]
fn w1_the_feature_code_is_the_managers_alone() {
    let office = office("ways-feature-refused");
    let refused = |who: &Call| {
        let mark = office.machine.log_mark();
        who.press('*', Dtmf::Rfc4733);
        who.press('7', Dtmf::Rfc4733);
        office
            .machine
            .wait_log_since(mark, "only the manager's leg", SOON);
        assert!(
            office
                .machine
                .cli("rustivr show rooms")
                .contains("0 room(s)")
        );
    };
    let (client, manager) = bridged_call(&office);
    let pressed = Instant::now();
    refused(&client);
    hear(&client, &[MANAGER]);
    hear(&manager, &[CLIENT]);
    assert!(
        client
            .recording()
            .continuous(MANAGER, pressed..Instant::now())
    );
    assert!(
        manager.digits().is_empty(),
        "the manager heard the client's keys"
    );
    client.hangup();
    manager.wait_ended(SOON);

    // A button's target is no manager.
    let caller = office.call("70000000001");
    let target = office
        .expect_target(THIRD_NUMBER)
        .answer(Source::tone(THIRD));
    caller.wait_answered(SOON);
    caller.say(Source::tone(CLIENT));
    refused(&caller);
    refused(&target);
    hear(&caller, &[THIRD]);
    hear(&target, &[CLIENT]);
    caller.hangup();
    target.wait_ended(SOON);
    assert_nothing_left(&office);
}

#[test]
fn w3_the_manager_is_called_back_to_a_client_who_came_alone() {
    let office = office("ways-call-back");
    let client = call_from_bitrix24(&office, "778", CLIENT);
    let manager = office.expect_bitrix24(SOON);
    assert_eq!(manager.number(), "101");
    manager.ring();
    hear(&client, &[MUSIC]);
    let manager = manager.answer(Source::tone(MANAGER));
    let conference = Conference {
        office: &office,
        client,
        manager,
    };
    add_and_leave(&conference);
    assert_nothing_left(&office);

    // The manager's own end ends the call.
    let client = call_from_bitrix24(&office, "778", CLIENT);
    let manager = office.expect_bitrix24(SOON).answer(Source::tone(MANAGER));
    hear(&client, &[MANAGER]);
    manager.hangup();
    client.wait_ended(SOON);
    office.machine.wait_log("status: TALKED", SOON);
    assert_nothing_left(&office);
}

#[test]
fn w3_a_manager_who_does_not_come_leaves_the_client_to_the_fallback() {
    let office = office("ways-no-manager");
    for why in ["busy", "silent", "no number"] {
        let mark = office.machine.log_mark();
        let extension = if why == "no number" { "779" } else { "778" };
        let client = call_from_bitrix24(&office, extension, CLIENT);
        match why {
            "busy" => office.bitrix24.expect_call(SOON).reject(486),
            "silent" => {
                let manager = office.bitrix24.expect_call(SOON);
                manager.ring();
                hear(&client, &[MUSIC]);
                assert_eq!(manager.call().wait_ended(SOON).1, Ending::Cancelled);
            }
            _ => drop(
                office
                    .machine
                    .wait_log_since(mark, "cannot be called back", SOON),
            ),
        }
        let fallback = office.expect_bitrix24(SOON);
        assert_eq!(fallback.number(), "sip1", "{why}");
        let fallback = fallback.answer(Source::tone(MANAGER));
        hear(&client, &[MANAGER]);
        hear(&fallback, &[CLIENT]);
        client.hangup();
        office
            .machine
            .wait_log_since(mark, "status: NO_MANAGER", SOON);
        assert_nothing_left(&office);
    }
}

#[test]
fn w3_a_client_who_leaves_cancels_the_call_back() {
    let office = office("ways-client-leaves");
    let client = call_from_bitrix24(&office, "778", CLIENT);
    let manager = office.expect_bitrix24(SOON);
    manager.ring();
    hear(&client, &[MUSIC]);
    client.hangup();
    assert_eq!(manager.call().wait_ended(SOON).1, Ending::Cancelled);
    office.machine.wait_log("status: HANGUP", SOON);
    assert_nothing_left(&office);
}

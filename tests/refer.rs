//! W4 where the host itself transfers: the client arrives alone and the manager is called back.
//! Calls that managers placed are such ones everywhere; `transfer.rs` has those that we placed, on
//! an Asterisk that leaves transfers to us.

use rust_ivr_testing::conference::{
    CLIENT, Conference, MANAGER, THIRD, THIRD_NUMBER, add_and_leave, assert_nothing_left,
    bridged_call, call_from_bitrix24, called_out, hear, office_with,
};
use rust_ivr_testing::machine::MachineConfig;
use rust_ivr_testing::office::{MUSIC, Office, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Direction};

/// The sample dialplan and, for managers, extensions to transfer to.
fn with_extensions(config: MachineConfig) -> MachineConfig {
    config.append(
        "extensions.conf",
        "[from-bitrix24](+)
exten => 777,1,RustConfAdd()
exten => 778,1,RustConfAdd(101,c)
exten => 500,1,Answer()
 same => n,MusicOnHold()
[rooms]
exten => 700,1,RustConfAdd()
",
    )
}

const REFERRED_BY: &str = "<sip:101@portal.bitrix24.ru>";

fn uri(office: &Office, extension: &str) -> String {
    format!("sip:{extension}@{}", office.machine.address())
}

/// A transferer hangs up when it hears that the transfer went well.
fn transferred(leg: &Call) {
    leg.wait_notified("200 OK", SOON);
    leg.hangup();
    leg.wait_ended(SOON);
}

/// A client whom a manager called and put on hold: client, manager's leg.
fn held(office: &Office) -> (Call, Call) {
    let (client, first_leg) = called_out(office);
    first_leg.hold(Direction::SendOnly);
    client.wait_heard(MUSIC, SOON);
    (client, first_leg)
}

/// Client and manager are in a room: a third person comes, the manager goes, nothing remains.
fn add_third_and_leave(office: &Office, client: Call, manager: Call) {
    add_and_leave(&Conference {
        office,
        client,
        manager,
    });
    assert_nothing_left(office);
}

#[test]
fn a_blind_transfer_to_the_extension_calls_the_manager_back() {
    for (context, extension) in [("endpoint", "777"), ("transfer", "700")] {
        let office = office_with(&format!("refer-blind-{context}"), |config| match context {
            "endpoint" => with_extensions(config),
            _ => with_extensions(config).replace(
                "pjsip.conf",
                "context = from-bitrix24\n",
                "context = from-bitrix24\nset_var = TRANSFER_CONTEXT=rooms\n",
            ),
        });
        let (client, first_leg) = called_out(&office);
        first_leg.refer_by(&uri(&office, extension), REFERRED_BY);
        let manager = office.expect_bitrix24(SOON);
        assert_eq!(manager.number(), "101");
        manager.ring();
        hear(&client, &[MUSIC]);
        transferred(&first_leg);
        let manager = manager.answer(Source::tone(MANAGER));
        add_third_and_leave(&office, client, manager);
    }
}

#[test]
fn an_attended_transfer_after_the_client_was_pulled_changes_nothing() {
    let office = office_with("refer-attended-pulled", with_extensions);
    let (client, first_leg) = held(&office);
    let manager = call_from_bitrix24(&office, "777", MANAGER);
    hear(&client, &[MANAGER]);
    first_leg.refer_replacing(&manager);
    first_leg.wait_for(
        |event| {
            event.is_request("NOTIFY")
                && event.message().is_some_and(|m| {
                    m.body.starts_with("SIP/2.0") && !m.body.starts_with("SIP/2.0 1")
                })
        },
        SOON,
    );
    let told = first_leg.notifications();
    assert!(
        !told.iter().any(|(_, body)| body.contains("200")),
        "{told:?}"
    );
    add_third_and_leave(&office, client, manager);
}

#[test]
fn an_attended_transfer_puts_the_client_into_the_waiting_managers_place() {
    let office = office_with("refer-attended", with_extensions);
    let (client, first_leg) = held(&office);
    // The extension takes whoever calls it for the client: music, and 101 rings.
    let second = call_from_bitrix24(&office, "778", MANAGER);
    let manager = office.expect_bitrix24(SOON);
    assert_eq!(manager.number(), "101");
    manager.ring();
    second.wait_answered(SOON);
    first_leg.refer_replacing(&second);
    transferred(&first_leg);
    second.wait_ended(SOON);
    hear(&client, &[MUSIC]);
    let manager = manager.answer(Source::tone(MANAGER));
    add_third_and_leave(&office, client, manager);
}

#[test]
fn other_transfers_are_asterisks_own() {
    let office = office_with("refer-other-transfers", with_extensions);
    for place in [called_out, bridged_call] {
        let (client, manager) = place(&office);
        manager.refer(&uri(&office, "500"));
        transferred(&manager);
        hear(&client, &[MUSIC]);
        client.hangup();
        assert_nothing_left(&office);

        let (client, manager) = place(&office);
        manager.hold(Direction::SendOnly);
        let second = call_from_bitrix24(&office, THIRD_NUMBER, MANAGER);
        let third = office
            .expect_target(THIRD_NUMBER)
            .answer(Source::tone(THIRD));
        hear(&third, &[MANAGER]);
        manager.refer_replacing(&second);
        transferred(&manager);
        second.wait_ended(SOON);
        hear(&client, &[THIRD]);
        hear(&third, &[CLIENT]);
        client.hangup();
        third.wait_ended(SOON);
        assert_nothing_left(&office);
    }
}

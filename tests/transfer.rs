//! W4 on an Asterisk that leaves transfers to the module: the manager's leg stays, and transfers
//! that are none of its business go on as before.

use std::time::{Duration, Instant};

use rust_ivr_testing::machine::{leaves_transfers_to_us, not_here};
use rust_ivr_testing::office::{BITRIX24_TONE, CALLER_TONE, Database, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Ending};

const CLIENT: &str = "70000000000";

fn open(name: &str) -> (Office, Call, Call) {
    let office = Office::open_with(name, Database::Sqlite, |config| {
        let extension = "[from-bitrix24](+)\nexten => 7777,1,RustConfAdd()\n";
        config.append("extensions.conf", extension)
    });
    let client = office.call(CLIENT);
    let manager = office
        .expect_bitrix24(SOON)
        .answer(Source::tone(BITRIX24_TONE));
    client.wait_answered(SOON);
    client.say(Source::tone(CALLER_TONE));
    manager.wait_heard(CALLER_TONE, SOON);
    (office, client, manager)
}

fn uri(office: &Office, extension: &str) -> String {
    format!("sip:{extension}@{}", office.machine.address())
}

#[test]
fn a_blind_transfer_to_the_special_extension_keeps_the_managers_leg() {
    if !leaves_transfers_to_us() {
        return not_here("Asterisk leaves transfers to the module since 20.13, 21.8, 22.3");
    }
    let (office, client, manager) = open("transfer-kept");
    manager.refer(&uri(&office, "7777"));
    manager.wait_notified("603", SOON);
    office.machine.wait_log("room-1: TALK", SOON);
    manager.say(Source::Silence);
    client.wait_gone(BITRIX24_TONE, SOON);
    manager.say(Source::tone(BITRIX24_TONE));
    client.wait_heard(BITRIX24_TONE, SOON);
    manager.wait_heard(CALLER_TONE, SOON);
    // Who ends the leg within moments has transferred; this one stays and talks.
    let stays = Instant::now() + Duration::from_secs(4);
    while client.recording().ended() < stays {
        client.wait_heard(BITRIX24_TONE, SOON);
    }
    assert!(!manager.is_over() && !client.is_over());
    office.bitrix24.expect_no_call(Duration::ZERO);
    manager.hangup();
    assert_eq!(client.wait_ended(SOON).1, Ending::Theirs);
    office.assert_nothing_left();
}

#[test]
fn another_blind_transfer_goes_where_it_is_sent() {
    let (office, client, manager) = open("transfer-elsewhere");
    manager.refer(&uri(&office, "79160000009"));
    let target = office
        .expect_target("79160000009")
        .answer(Source::tone(TARGET_TONE));
    manager.wait_notified("200", SOON);
    client.wait_heard(TARGET_TONE, SOON);
    target.wait_heard(CALLER_TONE, SOON);
    manager.hangup();
    client.hangup();
    target.wait_ended(SOON);
    office.assert_nothing_left();
}

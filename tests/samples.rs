//! The samples of `dialplan/` as an operator would install them, beyond what `calls.rs` shows: a
//! module that did not load, managers who call out, and strangers.

use std::time::Duration;

use rust_ivr_testing::machine::{MULTIFON_NUMBER, PBX_LOGIN, PBX_PASSWORD};
use rust_ivr_testing::office::{Database, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Behaviour, Credentials, Invite, Peer};

#[test]
fn without_the_module_calls_come_and_go() {
    let office = Office::open_spoken("no-module", Database::Sqlite, |c| c.without_module());
    let call = office.call("79161234567");
    let manager = office.expect_bitrix24(SOON);
    assert_eq!(manager.caller(), "79161234567");
    assert_eq!(manager.asserted(), "79161234567");
    let talk = manager.answer(Source::tone(TARGET_TONE));
    office.talk(&call, &talk, TARGET_TONE);

    office
        .multifon
        .on_call(Behaviour::answer(Source::tone(TARGET_TONE)));
    let login = Credentials::new(PBX_LOGIN, PBX_PASSWORD);
    for (from, dialled) in [(PBX_LOGIN, "89161234567"), ("74951112233", "+79161234567")] {
        let to = format!("sip:{dialled}@{}:5060", office.machine.address());
        let invite = Invite::to(&to).from(from).auth(login.clone());
        let call = office.bitrix24.call(invite);
        assert_eq!(office.multifon.expect_call(SOON).number(), "79161234567");
        call.wait_heard(TARGET_TONE, SOON);
        call.hangup();
    }
    assert!(office.machine.alive());
}

#[test]
fn a_stranger_reaches_nobody_whatever_name_he_uses() {
    let office = Office::open("stranger", Database::Sqlite);
    let stranger = Peer::bind((office.run.address(1, 1), 5060), "stranger", &office.trace);
    for from in [
        "multifon",
        "bitrix24",
        MULTIFON_NUMBER,
        "anonymous",
        "70000000001",
    ] {
        for to in ["79161234567", MULTIFON_NUMBER] {
            let to = format!("sip:{to}@{}:5060", office.machine.address());
            let call = stranger.call(Invite::to(&to).from(from));
            call.wait_reply(401, SOON);
        }
    }
    office.multifon.expect_no_call(Duration::ZERO);
    office.bitrix24.expect_no_call(Duration::ZERO);
    office.assert_nothing_left();
}

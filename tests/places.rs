//! Where a client is in the dialplan before and after a room, and what the three destinations are
//! told: `${EXTEN}`, `${PHONE}`, and the caller ids.

use rust_ivr_testing::conference::{
    CLIENT, CLIENT_NUMBER, MANAGER, assert_nothing_left, bridged_call, call_from_bitrix24,
    called_out, hear, office_with,
};
use rust_ivr_testing::machine::{
    MULTIFON_NUMBER, MachineConfig, leaves_transfers_to_us, partly_here,
};
use rust_ivr_testing::office::{MUSIC, Office, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Direction, Dtmf};

/// A mobile phone that rings when nobody else does.
const DUTY: &str = "79990000000";

/// The sample with a DUTY, and every way in.
fn office(name: &str, change: impl FnOnce(MachineConfig) -> MachineConfig) -> Office {
    office_with(name, |config| {
        change(
            config
                .replace("extensions.conf", "DUTY =\n", &format!("DUTY = {DUTY}\n"))
                .append(
                    "extensions.conf",
                    "[from-bitrix24](+)
exten => 777,1,RustConfAdd()
 same => n,Goto(nobody,s,1)
exten => 778,1,RustConfAdd(101,c)
 same => n,Goto(nobody,s,1)
",
                )
                .replace("res_rust_ivr.conf", "ring_timeout = 45", "ring_timeout = 3")
                .replace(
                    "res_rust_ivr.conf",
                    "fallback_timeout = 60",
                    "fallback_timeout = 2",
                ),
        )
    })
}

fn press(who: &Call, keys: &str) {
    for key in keys.chars() {
        who.press(key, Dtmf::Rfc4733);
    }
}

fn uri(office: &Office, extension: &str) -> String {
    format!("sip:{extension}@{}", office.machine.address())
}

/// The fourth leaves the manager's leg where it is, as only some Asterisks do.
fn ways() -> &'static [&'static str] {
    if leaves_transfers_to_us() {
        &["w1", "w2", "w3", "w4"]
    } else {
        partly_here(
            "not by transfer (W4), which leaves the manager's leg where it is since Asterisk 20.13, 21.8, 22.3",
        );
        &["w1", "w2", "w3"]
    }
}

/// A client in a room whose manager talks with it: client, manager.
fn reach(office: &Office, way: &str) -> (Call, Call) {
    let (client, manager) = match way {
        "w1" => {
            let (client, manager) = bridged_call(office);
            let mark = office.machine.log_mark();
            press(&manager, "*7");
            office.machine.wait_log_since(mark, ": TALK", SOON);
            (client, manager)
        }
        "w2" => {
            let (client, first_leg) = bridged_call(office);
            first_leg.hold(Direction::SendOnly);
            client.wait_heard(MUSIC, SOON);
            let manager = call_from_bitrix24(office, "7000000", MANAGER);
            (client, manager)
        }
        "w3" => {
            let client = call_from_bitrix24(office, "778", CLIENT);
            let manager = office.expect_bitrix24(SOON).answer(Source::tone(MANAGER));
            (client, manager)
        }
        _ => {
            let (client, manager) = bridged_call(office);
            let mark = office.machine.log_mark();
            manager.refer(&uri(office, "777"));
            manager.wait_notified("603", SOON);
            office.machine.wait_log_since(mark, ": TALK", SOON);
            (client, manager)
        }
    };
    hear(&client, &[MANAGER]);
    hear(&manager, &[CLIENT]);
    (client, manager)
}

/// The manager leaves a client on hold and Bitrix24 does not take over: the duty phone rings.
fn assert_duty_rings(office: &Office, way: &str, fallback: &str) {
    let (client, manager) = reach(office, way);
    press(&manager, "*");
    hear(&client, &[MUSIC]);
    manager.hangup();
    let ringing = office.expect_bitrix24(SOON);
    match fallback {
        "busy" => ringing.reject(486),
        "absent" => ringing.reject(404),
        _ => drop(ringing.ring()),
    }
    let duty = office.expect_target(DUTY).answer(Source::tone(MANAGER));
    hear(&client, &[MANAGER]);
    hear(&duty, &[CLIENT]);
    client.hangup();
    duty.wait_ended(SOON);
    assert_nothing_left(office);
}

#[test]
fn a_client_whom_nobody_takes_over_goes_on_in_its_own_dialplan() {
    let office = office("places-duty", |config| config);
    for &way in ways() {
        for fallback in ["busy", "silent", "absent"] {
            assert_duty_rings(&office, way, fallback);
        }
    }
}

/// Everything that the three destinations can be told stands in what they dial.
fn with_gaps(config: MachineConfig) -> MachineConfig {
    config
        .replace(
            "res_rust_ivr.conf",
            "outbound = PJSIP/${NUMBER}@multifon",
            "outbound = PJSIP/${NUMBER}-${EXTEN}-${PHONE}@multifon",
        )
        .replace(
            "res_rust_ivr.conf",
            "manager = PJSIP/${NUMBER}@bitrix24",
            "manager = PJSIP/${NUMBER}-${EXTEN}-${PHONE}@bitrix24",
        )
        .replace(
            "res_rust_ivr.conf",
            "fallback = PJSIP/bitrix24",
            "fallback = PJSIP/fallback-${EXTEN}-${PHONE}@bitrix24",
        )
}

#[test]
fn what_was_dialled_and_who_calls_is_told_in_every_way() {
    let office = office("places-gaps", with_gaps);
    for &way in ways() {
        let (client, manager) = match way {
            "w3" => {
                let client = call_from_bitrix24(&office, "778", CLIENT);
                let manager = office.expect_bitrix24(SOON);
                assert_eq!(manager.number(), "101-778-101");
                (client, manager.answer(Source::tone(MANAGER)))
            }
            way => reach(&office, way),
        };
        let told = match way {
            "w3" => "778-101".to_owned(),
            _ => format!("{MULTIFON_NUMBER}-{CLIENT_NUMBER}"),
        };
        hear(&client, &[MANAGER]);
        press(&manager, "*");
        hear(&client, &[MUSIC]);
        press(&manager, "1#");
        let third = office.multifon.expect_call(SOON);
        assert_eq!(third.number(), format!("74950000001-{told}"), "{way}");
        third.reject(486);
        manager.hangup();
        let fallback = office.expect_bitrix24(SOON);
        assert_eq!(fallback.number(), format!("fallback-{told}"), "{way}");
        let fallback = fallback.answer(Source::tone(MANAGER));
        hear(&client, &[MANAGER]);
        client.hangup();
        fallback.wait_ended(SOON);
        assert_nothing_left(&office);
    }
}

#[test]
fn nobody_is_called_by_an_anonymous_caller_when_the_client_is_none() {
    let office = office("places-caller-ids", |config| config);
    for &way in ways() {
        let (client, manager) = reach(&office, way);
        press(&manager, "*");
        hear(&client, &[MUSIC]);
        press(&manager, "1#");
        let third = office.multifon.expect_call(SOON);
        let shown = match way {
            "w1" | "w4" => MULTIFON_NUMBER,
            _ => "101",
        };
        assert_eq!(third.caller(), shown, "{way}");
        third.reject(486);
        client.hangup();
        manager.wait_ended(SOON);
        assert_nothing_left(&office);
    }
}

#[test]
fn a_manager_who_is_called_back_after_a_transfer_shows_the_number_that_the_client_dialled() {
    let office = office("places-called-back", |config| {
        // Managers are called back at another endpoint than the fallback's, so Asterisk itself
        // carries the transfers of the fallback's legs out.
        config
            .replace(
                "res_rust_ivr.conf",
                "manager = PJSIP/${NUMBER}@bitrix24",
                "manager = PJSIP/${NUMBER}@managers",
            )
            .append(
                "pjsip.conf",
                "[managers]
type = endpoint
transport = udp
context = from-bitrix24
aors = bitrix24
outbound_auth = bitrix24-out
disallow = all
allow = alaw
direct_media = no
",
            )
    });
    let (client, first_leg) = bridged_call(&office);
    first_leg.refer_by(&uri(&office, "777"), "<sip:101@portal.bitrix24.ru>");
    let manager = office.expect_bitrix24(SOON);
    assert_eq!((manager.number(), manager.caller()), ("101", CLIENT_NUMBER));
    let manager = manager.answer(Source::tone(MANAGER));
    hear(&client, &[MANAGER]);
    press(&manager, "*");
    hear(&client, &[MUSIC]);
    press(&manager, "1#");
    let third = office.multifon.expect_call(SOON);
    assert_eq!(third.caller(), MULTIFON_NUMBER);
    third.reject(486);
    client.hangup();
    manager.wait_ended(SOON);
}

#[test]
fn a_client_whom_a_manager_called_has_no_dialplan_to_go_on_in() {
    let office = office("places-called-out", |config| config);
    let (client, manager) = called_out(&office);
    let mark = office.machine.log_mark();
    press(&manager, "*7");
    office.machine.wait_log_since(mark, ": TALK", SOON);
    press(&manager, "*");
    hear(&client, &[MUSIC]);
    manager.hangup();
    office.expect_bitrix24(SOON).reject(486);
    client.wait_ended(SOON);
    assert_nothing_left(&office);
}

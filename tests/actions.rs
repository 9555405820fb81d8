//! Programs that do what a manager's keys do: two foreign AMI clients in two languages, and the swap,
//! by key as well. Each party says its own tone, and who hears whom is measured.

use std::process::Command;

use rust_ivr_testing::conference::{
    CLIENT, Conference, FOURTH_NUMBER, MANAGER, THIRD, THIRD_NUMBER, assert_nothing_left,
    bridged_call, hear, office, office_with,
};
use rust_ivr_testing::machine::repository;
use rust_ivr_testing::office::{MUSIC, Office, Rows, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::Ending;

/// Debian's python3-panoramisk and libtelephony-asterisk-ami-perl.
const PYTHON: [&str; 2] = ["/usr/bin/python3", "tests/ami/drive.py"];
const PERL: [&str; 2] = ["/usr/bin/perl", "tests/ami/drive.pl"];

/// One program that may call, and one that may look.
const ACCOUNTS: &str = "[crm]\nsecret = crm\nread = all\nwrite = call,reporting\n\
                        [screen]\nsecret = screen\nread = all\nwrite = reporting\n";

/// What a client prints for an action: the fields of each message, a line each.
fn ami(office: &Office, [program, script]: [&str; 2], user: &str, fields: &[&str]) -> String {
    let output = Command::new(program)
        .arg(repository().join(script))
        .arg(office.machine.address().to_string())
        .arg(user)
        .args(fields)
        .output()
        .expect("the client");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{fields:?}: {text}{wrong}");
    text
}

/// An action that must go well; what it says of the room then.
fn acts(office: &Office, client: [&str; 2], fields: &[&str], state: &str) -> String {
    let answer = ami(office, client, "crm", fields);
    for words in ["Response: Success", &format!("State: {state}\n")] {
        assert!(answer.contains(words), "{fields:?}, {words}: {answer}");
    }
    value(&answer, "Room")
}

fn refused(office: &Office, client: [&str; 2], fields: &[&str], why: &str) {
    let answer = ami(office, client, "crm", fields);
    for words in ["Response: Error", why] {
        assert!(answer.contains(words), "{fields:?}, {words}: {answer}");
    }
}

/// The first value of a field.
fn value(answer: &str, name: &str) -> String {
    let mut fields = answer.lines().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(field, _)| *field == name);
    found
        .unwrap_or_else(|| panic!("{name}: {answer}"))
        .1
        .to_owned()
}

#[test]
fn the_manager_swaps_by_key_and_whoever_leaves_meanwhile_strands_nobody() {
    let office = office_with("actions-swap", |config| {
        config.replace("res_rust_ivr.conf", ";swap_key = 0", "swap_key = 0")
    });
    let conference = Conference::begin(&office);
    let (client, manager) = (&conference.client, &conference.manager);
    let third = conference.consult_third();
    conference.press("0");
    hear(client, &[MANAGER]);
    hear(manager, &[CLIENT]);
    hear(&third, &[MUSIC]);
    conference.press("0");
    hear(&third, &[MANAGER]);
    hear(manager, &[THIRD]);
    hear(client, &[MUSIC]);
    conference.press("0#");
    hear(client, &[MANAGER, THIRD]);
    hear(&third, &[CLIENT, MANAGER]);
    third.hangup();
    conference.assert_talk();

    // The one who is on hold leaves, then the one who is not.
    let third = conference.consult_third();
    conference.press("0");
    hear(&third, &[MUSIC]);
    let mark = office.machine.log_mark();
    third.hangup();
    let told = "say third-left -> TALK";
    office.machine.wait_log_since(mark, told, SOON);
    conference.assert_talk();
    let third = conference.consult_third();
    conference.press("0");
    hear(&third, &[MUSIC]);
    client.hangup();
    hear(&third, &[MANAGER]);
    hear(manager, &[THIRD]);
    manager.hangup();
    third.wait_ended(SOON);
    conference.assert_ended();
}

/// Out of a plain call by the manager's channel; then the client is hung up on, who waits with music.
fn kicked(office: &Office) {
    let (client, manager) = bridged_call(office);
    let channels = office.machine.cli("core show channels concise");
    let mut names = channels.lines().filter_map(|line| line.split('!').next());
    let of_manager = names.find(|name| name.starts_with("PJSIP/bitrix24"));
    let of_manager = format!("Channel={}", of_manager.expect("the manager's channel"));
    let add = ["Action=RustConfAdd", &of_manager, "Code=1"];
    let of_room = format!("Room={}", acts(office, PERL, &add, "DIAL"));
    let third = office.expect_target(THIRD_NUMBER);
    third.ring();
    hear(&client, &[MUSIC]);
    let people = ami(office, PYTHON, "screen", &["Action=RustConfList", &of_room]);
    let of = |role: &str| {
        let item = people.split("\n\n").find(|item| item.contains(role));
        format!("Channel={}", value(item.expect(role), "Channel"))
    };
    let (its_manager, its_client) = (of("Role: manager"), of("Role: client"));
    assert_eq!(its_manager, of_manager);
    let kick = |channel: &str| ["Action=RustConfKick", &of_room, channel].map(str::to_owned);
    let not_the_manager = kick(&its_manager);
    refused(
        office,
        PYTHON,
        &not_the_manager.each_ref().map(|s| &**s),
        "end the room instead",
    );
    let the_client = kick(&its_client);
    let answer = ami(office, PERL, "crm", &the_client.each_ref().map(|s| &**s));
    assert!(answer.contains("Response: Success"), "{answer}");
    client.wait_ended(SOON);
    manager.hangup();
    assert_eq!(third.call().wait_ended(SOON).1, Ending::Cancelled);
}

#[test]
fn two_foreign_clients_add_swap_join_kick_and_end() {
    let office = office("actions-ami");
    office.machine.open_ami(ACCOUNTS);
    let (client, manager) = bridged_call(&office);
    let rooms = ami(&office, PYTHON, "screen", &["Action=RustConfListRooms"]);
    assert!(rooms.contains("ListItems: 0"), "{rooms}");
    let calls = ami(&office, PERL, "screen", &["Action=RustIvrListCalls"]);
    assert!(calls.contains("ListItems: 1\n"), "{calls}");
    let channel = value(&calls, "Channel");

    // Out of a plain call, by the client's channel; the manager is whose endpoint says so.
    let of_channel = format!("Channel={channel}");
    let add = ["Action=RustConfAdd", &of_channel, "Code=1"];
    let room = acts(&office, PYTHON, &add, "DIAL");
    let of_room = format!("Room={room}");
    let third = office.expect_target(THIRD_NUMBER);
    refused(
        &office,
        PERL,
        &["Action=RustConfJoin", &of_room],
        "has not answered yet",
    );
    let third = third.answer(Source::tone(THIRD));
    hear(&manager, &[THIRD]);
    hear(&client, &[MUSIC]);
    acts(&office, PERL, &["Action=RustConfSwap", &of_room], "SWAP");
    hear(&manager, &[CLIENT]);
    hear(&client, &[MANAGER]);
    hear(&third, &[MUSIC]);
    refused(&office, PYTHON, &add, "join or cancel first");
    acts(&office, PYTHON, &["Action=RustConfJoin", &of_room], "CONF");
    hear(&client, &[MANAGER, THIRD]);
    hear(&third, &[CLIENT, MANAGER]);

    let people = ami(&office, PERL, "screen", &["Action=RustConfList", &of_room]);
    for words in [
        "ListItems: 3\n",
        "Role: manager",
        "Role: third",
        THIRD_NUMBER,
    ] {
        assert!(people.contains(words), "{words}: {people}");
    }
    let of_third = people
        .split("\n\n")
        .find(|item| item.contains("Role: third"));
    let of_third = format!("Channel={}", value(of_third.expect("him"), "Channel"));
    let kick = ["Action=RustConfKick", &of_room, &of_third];
    let denied = ami(&office, PYTHON, "screen", &kick);
    assert!(denied.contains("Permission denied"), "{denied}");
    let answer = ami(&office, PYTHON, "crm", &kick);
    assert!(answer.contains("Response: Success"), "{answer}");
    third.wait_ended(SOON);
    hear(&client, &[MANAGER]);

    // A number is judged as one out of the table is, and nobody is put on hold for a wrong one.
    let number = |number| ["Action=RustConfAdd", &of_room, number].map(str::to_owned);
    let to = number("Number=7@evil");
    refused(&office, PERL, &to.each_ref().map(|s| &**s), "7@evil");
    hear(&client, &[MANAGER]);
    let to = number("Number=8 (495) 000-00-02");
    acts(&office, PERL, &to.each_ref().map(|s| &**s), "DIAL");
    let fourth = office.expect_target(FOURTH_NUMBER);
    fourth.ring();
    acts(&office, PERL, &["Action=RustConfCancel", &of_room], "TALK");
    assert_eq!(fourth.call().wait_ended(SOON).1, Ending::Cancelled);

    // Rows that try to be lines of their own.
    let (intro, phone) = ("a\r\n\r\nEvent: Forged", "79000000021");
    let buttons = &[("1", "cakes.mp3", THIRD_NUMBER)];
    office.add(&Rows {
        phone,
        intro,
        buttons,
    });
    for program in [PYTHON, PERL] {
        let of_phone = format!("Phone={phone}");
        let test = ["Action=RustIvrTest", &of_phone, "Digits=1"];
        let answer = ami(&office, program, "screen", &test);
        let forged = answer.lines().any(|line| line.starts_with("Event: Forged"));
        let told = answer.contains("ScenarioMsg: a????Event: Forged");
        let dialled = answer.contains(&format!("Dialled: PJSIP/{THIRD_NUMBER}@multifon"));
        assert!(!forged && told && dialled, "{answer}");
    }
    let code = ["Action=RustIvrTestCode", "Code=2"];
    let answer = ami(&office, PYTHON, "screen", &code);
    assert!(answer.contains(FOURTH_NUMBER), "{answer}");

    let answer = ami(&office, PERL, "crm", &["Action=RustConfEnd", &of_room]);
    assert!(answer.contains("Response: Success"), "{answer}");
    client.wait_ended(SOON);
    manager.wait_ended(SOON);
    kicked(&office);
    assert_nothing_left(&office);
    let page = "manager show command RustConfAdd";
    let shown = office.machine.cli(page);
    assert!(shown.contains("Add a third person to a room"), "{shown}");
    assert!(
        shown.contains("Code") && shown.contains("call,all"),
        "{shown}"
    );
    office.machine.cli("module unload res_rust_ivr.so");
    let shown = office.machine.cli(page);
    assert!(!shown.contains("Add a third person"), "{shown}");
}

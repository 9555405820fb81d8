//! A manager who ends the leg behind a transfer of its own has transferred, whatever the telephone
//! was told: the client hears music and the manager is called back.

use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{
    CLIENT, Conference, MANAGER, THIRD, assert_nothing_left, bridged_call, call_from_bitrix24,
    called_out, hear, office_with,
};
use rust_ivr_testing::machine::leaves_transfers_to_us;
use rust_ivr_testing::office::{MUSIC, Office, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Direction, Dtmf};

const REFERRED_BY: &str = "<sip:101@portal.bitrix24.ru>";

fn office(name: &str) -> Office {
    office_with(name, |config| {
        config.append(
            "extensions.conf",
            "[from-bitrix24](+)\nexten => 777,1,RustConfAdd()\n",
        )
    })
}

fn uri(office: &Office, extension: &str) -> String {
    format!("sip:{extension}@{}", office.machine.address())
}

/// When a telephone ends the leg behind its REFER, which was accepted.
#[derive(Clone, Copy, Debug)]
enum Ends {
    AtOnce,
    Later,
    /// Told how it ended: refused by the module, which leaves the leg where it is; done, where Asterisk
    /// carries it out.
    Told,
}

const ENDS: [Ends; 3] = [Ends::AtOnce, Ends::Later, Ends::Told];

fn end(leg: &Call, when: Ends) {
    match when {
        Ends::AtOnce => {}
        Ends::Later => std::thread::sleep(Duration::from_millis(400)),
        Ends::Told if leaves_transfers_to_us() => drop(leg.wait_notified("603", SOON)),
        Ends::Told => drop(leg.wait_notified("200", SOON)),
    }
    leg.hangup();
}

/// The manager is called back to a client who hears music, and all goes on.
fn assert_called_back(office: &Office, client: &Call) {
    assert_called(office, client, "101");
}

fn assert_called(office: &Office, client: &Call, number: &str) {
    let manager = office.expect_bitrix24(SOON);
    assert_eq!(manager.number(), number);
    manager.ring();
    // The fallback rings in the client's ear.
    if number == "101" {
        hear(client, &[MUSIC]);
    }
    let manager = manager.answer(Source::tone(MANAGER));
    hear(client, &[MANAGER]);
    hear(&manager, &[CLIENT]);
    manager.hangup();
    client.wait_ended(SOON);
    assert_nothing_left(office);
}

#[test]
fn who_ends_the_leg_behind_a_blind_transfer_is_called_back() {
    let office = office("transferred-blind");
    for when in ENDS {
        for held in [false, true] {
            let (client, manager) = bridged_call(&office);
            if held {
                manager.hold(Direction::SendOnly);
                client.wait_heard(MUSIC, SOON);
            }
            manager.refer_by(&uri(&office, "777"), REFERRED_BY);
            end(&manager, when);
            assert_called_back(&office, &client);
        }
    }
}

#[test]
fn a_telephone_that_ends_the_leg_at_once_does_not_outrun_us() {
    let office = office("transferred-at-once");
    for _ in 0..10 {
        let (client, manager) = bridged_call(&office);
        manager.refer_by(&uri(&office, "777"), REFERRED_BY);
        manager.hangup();
        assert_called_back(&office, &client);
    }
}

#[test]
fn a_transfer_in_a_room_whoever_refuses_it_calls_the_manager_back() {
    let office = office("transferred-in-room");
    // Who answered is known from the transfer alone, and the core does not tell of whom it refused it:
    // the client then has Bitrix24, not the manager.
    let answered = if leaves_transfers_to_us() {
        "101"
    } else {
        "sip1"
    };
    let places = [bridged_call, called_out].into_iter();
    for (place, number) in places.zip([answered, "101"]) {
        let (client, manager) = place(&office);
        let mark = office.machine.log_mark();
        for key in "*7".chars() {
            manager.press(key, Dtmf::Rfc4733);
        }
        office.machine.wait_log_since(mark, ": TALK", SOON);
        manager.refer_by(&uri(&office, "777"), REFERRED_BY);
        end(&manager, Ends::Later);
        assert_called(&office, &client, number);
    }
}

#[test]
fn an_attended_transfer_to_the_second_call_that_pulled_the_client_calls_the_manager_back() {
    let office = office("transferred-attended");
    for place in [bridged_call, called_out] {
        for when in ENDS {
            let (client, first_leg) = place(&office);
            first_leg.hold(Direction::SendOnly);
            client.wait_heard(MUSIC, SOON);
            let second = call_from_bitrix24(&office, "7000000", MANAGER);
            hear(&client, &[MANAGER]);
            first_leg.refer_replacing(&second);
            match when {
                Ends::Told => drop(first_leg.wait_request("NOTIFY", SOON)),
                other => end(&first_leg, other),
            }
            first_leg.hangup();
            second.hangup();
            assert_called_back(&office, &client);
        }
    }
}

#[test]
fn with_a_third_person_in_the_party_client_and_third_talk_on() {
    let office = office("transferred-with-third");
    let talk = Conference::begin(&office);
    let third = talk.join_third();
    talk.manager.refer_by(&uri(&office, "777"), REFERRED_BY);
    end(&talk.manager, Ends::Later);
    let since = Instant::now();
    hear(&talk.client, &[THIRD]);
    hear(&third, &[CLIENT]);
    assert!(since.elapsed() < SOON);
    assert_eq!(office.bitrix24.untaken_calls(), 0, "nobody is called back");
    talk.client.hangup();
    third.wait_ended(SOON);
    assert_nothing_left(&office);
}

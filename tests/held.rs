//! W2 with SIP peers that behave as Bitrix24 does: a second call of the manager, and never a wrong
//! client. What is proof of whose client it is: `conference/held.rs`.

use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{
    CLIENT, Conference, MANAGER, add_and_leave, assert_nothing_left, bridged_call, call_from,
    call_from_bitrix24, called_out, hear, office_with, wait_told,
};
use rust_ivr_testing::office::{MUSIC, Office, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Direction, Dtmf};

/// A second manager and a second client.
const OTHER_MANAGER: f64 = 700.0;
const OTHER_CLIENT: f64 = 1300.0;

/// The sample dialplan and, for managers, extensions for their second call.
fn office(name: &str, lines: &str) -> Office {
    office_with(name, |config| {
        config
            .append(
                "extensions.conf",
                "[from-bitrix24](+)
exten => 777,1,RustConfAdd()
exten => 775,1,RustConfAdd(,ma)
exten => 776,1,RustConfAdd(,m)
 same => n,Log(NOTICE,after 776: ${RUSTCONF_STATUS} ${RUSTCONF_DIGITS})
 same => n,Hangup()
",
            )
            .replace(
                "res_rust_ivr.conf",
                "one_held_is_enough = no",
                &format!("one_held_is_enough = no\n{lines}"),
            )
    })
}

#[test]
fn w2_a_held_client_is_pulled_into_the_managers_second_call() {
    let office = office("held-pulled", "");
    for is_asked in [true, false] {
        let place = if is_asked { bridged_call } else { called_out };
        let (client, first_leg) = place(&office);
        first_leg.hold(Direction::SendOnly);
        client.wait_heard(MUSIC, SOON);
        let manager = call_from_bitrix24(&office, "777", MANAGER);
        let answered = manager.wait_answered(SOON);
        if is_asked {
            // The line was dialled, not a manager: nothing tells whose client it is.
            wait_told(&manager, answered);
            type_keys(&manager, "0000#");
        }
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
        let sent = quiet.ended().saturating_duration_since(pulled);
        assert!(
            sent > Duration::from_millis(500),
            "no packet for the first leg after {sent:?}"
        );
        add_and_leave(&conference);
        first_leg.wait_ended(SOON);
        assert_nothing_left(&office);
    }
}

/// Two managers who hold a client each: clients, first legs.
fn two_on_hold(office: &Office) -> ([Call; 2], [Call; 2]) {
    let held = [
        ("79161234567", CLIENT, MANAGER),
        ("79031237777", OTHER_CLIENT, OTHER_MANAGER),
    ]
    .map(|(number, client_tone, manager_tone)| {
        let client = office.call(number);
        let manager = office
            .expect_bitrix24(SOON)
            .answer(Source::tone(manager_tone));
        client.wait_answered(SOON);
        client.say(Source::tone(client_tone));
        manager.wait_heard(client_tone, SOON);
        manager.hold(Direction::SendOnly);
        client.wait_heard(MUSIC, SOON);
        (client, manager)
    });
    let [(client, manager), (other_client, other_manager)] = held;
    ([client, other_client], [manager, other_manager])
}

fn type_keys(who: &Call, keys: &str) {
    for key in keys.chars() {
        who.press(key, Dtmf::Rfc4733);
    }
}

#[test]
fn w2_of_two_held_clients_the_one_whose_digits_are_typed_is_pulled() {
    let office = office("held-two", "");
    let ([client, other_client], [first_leg, other_first_leg]) = two_on_hold(&office);
    let mark = office.machine.log_mark();
    let manager = call_from_bitrix24(&office, "777", MANAGER);
    let answered = manager.wait_answered(SOON);
    wait_told(&manager, answered);
    // Both numbers end with 7, and neither with the first digit typed.
    type_keys(&manager, "4567#");
    office.machine.wait_log_since(mark, ": TALK", SOON);
    hear(&client, &[MANAGER]);
    hear(&manager, &[CLIENT]);
    other_client.wait_heard(MUSIC, SOON);
    manager.hangup();
    client.wait_ended(SOON);
    first_leg.wait_ended(SOON);
    other_first_leg.resume();
    other_client.wait_heard(OTHER_MANAGER, SOON);
    other_first_leg.wait_heard(OTHER_CLIENT, SOON);
    other_client.hangup();
    assert_nothing_left(&office);
}

#[test]
fn w2_digits_that_fit_nobody_or_two_pull_nobody() {
    let office = office("held-nobody", "");
    let (clients, first_legs) = two_on_hold(&office);
    for typed in ["99#", "7#", "#"] {
        let mark = office.machine.log_mark();
        let manager = call_from_bitrix24(&office, "776", MANAGER);
        manager.wait_answered(SOON);
        type_keys(&manager, typed);
        office
            .machine
            .wait_log_since(mark, "after 776: NO_CALL", Duration::from_secs(10));
        manager.wait_ended(SOON);
        assert!(
            office
                .machine
                .cli("rustivr show rooms")
                .contains("0 room(s)")
        );
        clients.iter().for_each(|client| {
            client.wait_heard(MUSIC, SOON);
        });
    }
    first_legs[0].resume();
    first_legs[1].resume();
    clients[0].wait_heard(MANAGER, SOON);
    clients[1].wait_heard(OTHER_MANAGER, SOON);
    clients.iter().for_each(Call::hangup);
    assert_nothing_left(&office);
}

#[test]
fn w2_without_a_held_call_the_manager_is_told_and_the_dialplan_goes_on() {
    let office = office("held-none", "");
    // A call that is not held is none to add to.
    let (client, first_leg) = bridged_call(&office);
    let manager = call_from_bitrix24(&office, "776", MANAGER);
    let answered = manager.wait_answered(SOON);
    wait_told(&manager, answered);
    // Nothing tells whose call it is, and a hold need not be seen: the manager is asked, in vain.
    office
        .machine
        .wait_log("after 776: NO_CALL", Duration::from_secs(10));
    manager.wait_ended(SOON);
    hear(&client, &[MANAGER]);
    hear(&first_leg, &[CLIENT]);
    client.hangup();
    assert_nothing_left(&office);
}

#[test]
fn w2_a_client_whom_another_manager_called_is_never_taken() {
    let office = office("held-contradicted", "");
    let (client, first_leg) = called_out(&office);
    first_leg.hold(Direction::SendOnly);
    client.wait_heard(MUSIC, SOON);
    let mark = office.machine.log_mark();
    let other = call_from(&office, "102", "776", OTHER_MANAGER);
    other.wait_answered(SOON);
    let line = office.machine.wait_log_since(mark, "after 776: ", SOON);
    assert!(line.contains("NO_CALL"), "{line}");
    other.wait_ended(SOON);
    let other = call_from(&office, "102", "7000000", OTHER_MANAGER);
    other.wait_reply(404, SOON);
    client.wait_heard(MUSIC, SOON);
    first_leg.resume();
    hear(&client, &[MANAGER]);
    client.hangup();
    first_leg.wait_ended(SOON);
    assert_nothing_left(&office);
}

#[test]
fn w2_digits_that_are_dialled_find_a_call_that_is_not_seen_on_hold() {
    let office = office("held-by-digits", "");
    let (client, first_leg) = bridged_call(&office);
    for wrong in ["7009999", "700000"] {
        let manager = call_from_bitrix24(&office, wrong, MANAGER);
        manager.wait_reply(404, SOON);
        assert!(manager.answered().is_none(), "{wrong} was answered");
    }
    hear(&client, &[MANAGER]);
    let manager = call_from_bitrix24(&office, "7000000", MANAGER);
    let conference = Conference {
        office: &office,
        client,
        manager,
    };
    conference.assert_talk();
    add_and_leave(&conference);
    first_leg.wait_ended(SOON);
    assert_nothing_left(&office);
}

#[test]
fn w2_option_a_asks_and_a_call_that_is_resumed_meanwhile_is_left_alone() {
    let office = office("held-resumed", "");
    let (client, first_leg) = called_out(&office);
    first_leg.hold(Direction::SendOnly);
    client.wait_heard(MUSIC, SOON);
    let manager = call_from_bitrix24(&office, "775", OTHER_MANAGER);
    let answered = manager.wait_answered(SOON);
    wait_told(&manager, answered);
    first_leg.resume();
    client.wait_heard(MANAGER, SOON);
    type_keys(&manager, "0000#");
    manager.wait_ended(Duration::from_secs(10));
    hear(&client, &[MANAGER]);
    client.hangup();
    first_leg.wait_ended(SOON);
    assert_nothing_left(&office);
}

#[test]
fn w2_two_managers_who_dial_one_clients_digits_at_once_do_not_tear_it_apart() {
    let office = office("held-race", "");
    for _ in 0..5 {
        let (client, first_leg) = bridged_call(&office);
        let both =
            [MANAGER, OTHER_MANAGER].map(|tone| call_from_bitrix24(&office, "7000000", tone));
        let until = Instant::now() + SOON;
        let winner = loop {
            match both.each_ref().map(|call| call.answered().is_some()) {
                [true, _] if both[1].is_over() => break 0,
                [_, true] if both[0].is_over() => break 1,
                _ => assert!(
                    Instant::now() < until,
                    "not exactly one manager got the client"
                ),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        client.wait_heard([MANAGER, OTHER_MANAGER][winner], SOON);
        both[winner].wait_heard(CLIENT, SOON);
        client.hangup();
        both[winner].wait_ended(SOON);
        first_leg.wait_ended(SOON);
        assert_nothing_left(&office);
    }
}

//! Who is told what, and who is moved where.

use std::sync::mpsc::channel;

use super::*;

fn with_client() -> (People<&'static str>, u32) {
    let mut people = People::default();
    people.seat("manager");
    let id = people.expect_client();
    assert!(!people.enter(id, "client"));
    assert_eq!(people.arrived(id), Arrival::Stay);
    (people, id)
}

#[test]
fn the_party_is_moved_and_the_consulted_is_not() {
    let (mut people, _) = with_client();
    let third = people.add_consulted("third", String::new());
    assert_eq!(people.hold(true), ["client"]);
    assert!(people.hold(true).is_empty(), "only once");
    people.join_consulted(third);
    assert_eq!(people.hold(false), ["client"]);
    assert_eq!(people.hold(true), ["client", "third"]);
}

#[test]
fn the_consulted_is_held_while_the_party_talks_and_joins_it_then() {
    let (mut people, _) = with_client();
    let third = people.add_consulted("third", "74950000001".to_owned());
    people.hold(true);
    assert_eq!(people.hold_consulted(third, true), Some("third"));
    assert_eq!(people.hold(false), ["client"]);
    let of = |people: &People<&'static str>| {
        let roll = people.roll();
        let third = roll.iter().find(|person| person.channel == Some("third"));
        third.map(|third| (third.who, third.on_hold, third.number.clone()))
    };
    let number = || "74950000001".to_owned();
    assert_eq!(of(&people), Some((Who::Consulted, true, number())));
    people.hold_consulted(third, false);
    people.join_consulted(third);
    assert_eq!(of(&people), Some((Who::Third, false, number())));
    people.left(third);
    assert_eq!(people.hold_consulted(third, true), None);
}

#[test]
fn programs_are_answered_in_their_order_and_after_the_manager_by_nobody() {
    let mut people = People::<&str>::default();
    let (first, answer) = channel();
    assert!(people.ask(Ask::Join, first), "kept for the manager to come");
    people.seat("manager");
    let (second, nothing) = channel();
    assert!(people.ask(Ask::Swap, second));
    assert_eq!(people.next_news(), Some(Happened::Asked(Ask::Join)));
    people.next_asker().unwrap().send(Ok("CONF")).unwrap();
    assert_eq!(answer.recv(), Ok(Ok("CONF")));
    people.manager_left(Farewell::EndRoom, Orphan::Fallback);
    assert!(nothing.recv().is_err());
    assert!(!people.ask(Ask::Join, channel().0));
}

#[test]
fn who_arrives_late_goes_where_the_party_is() {
    let mut people = People::default();
    let id = people.expect_client();
    people.enter(id, "client");
    assert!(people.hold(true).is_empty(), "not there yet");
    assert_eq!(people.arrived(id), Arrival::Move("client", true));
    people.dismiss();
    assert_eq!(people.arrived(id), Arrival::Go);
}

#[test]
fn who_leaves_is_told_as_what_it_is() {
    let (mut people, client) = with_client();
    let third = people.add_consulted("third", String::new());
    assert_eq!(people.left(third).unwrap().taken_out, ["manager"]);
    people.join_consulted(third);
    assert_eq!(people.next_news(), Some(Happened::PartyLeft(Party::Third)));
    let dropped = people.add_consulted("other", String::new());
    assert_eq!(people.drop_consulted(dropped), Some("other"));
    assert!(people.left(dropped).is_none() && !people.has_news());
    people.left(client);
    assert_eq!(people.next_news(), Some(Happened::PartyLeft(Party::Client)));
}

#[test]
fn two_go_on_without_the_manager_and_nobody_alone() {
    let (mut people, client) = with_client();
    let third = people.add_consulted("third", String::new());
    people.join_consulted(third);
    let gone = people.manager_left(Farewell::LeaveTogether, Orphan::Fallback);
    assert!(gone.is_some_and(|gone| gone.is_empty()));
    assert_eq!(people.left(client).unwrap().taken_out, ["third"]);
    assert_eq!(people.fate(), Fate::HangUp);
}

#[test]
fn an_operator_ends_a_room_whose_manager_is_just_leaving() {
    let (mut people, client) = with_client();
    let third = people.add_consulted("third", String::new());
    people.join_consulted(third);
    people.tell(Happened::Ended);
    let gone = people.manager_left(Farewell::LeaveTogether, Orphan::Fallback);
    assert_eq!(gone, Some(vec!["client", "third"]));
    assert!(people.left(client).is_some());
    assert_eq!(people.fate(), Fate::HangUp);
}

#[test]
fn a_client_whose_manager_transferred_waits_for_him() {
    let (mut people, _) = with_client();
    let gone = people.manager_left(Farewell::CallBack, Orphan::Hangup);
    assert_eq!(
        (gone, people.fate()),
        (Some(vec!["client"]), Fate::CallBack)
    );
}

#[test]
fn a_lone_client_goes_where_the_orphans_go() {
    for (orphan, fate, gone) in [
        (Orphan::Fallback, Fate::Fallback, vec!["client"]),
        (Orphan::Hangup, Fate::HangUp, vec!["client"]),
        (Orphan::Wait, Fate::HangUp, vec![]),
    ] {
        let (mut people, _) = with_client();
        assert_eq!(people.manager_left(Farewell::Orphan, orphan), Some(gone));
        assert_eq!(people.fate(), fate);
        assert_eq!(people.manager_left(Farewell::EndRoom, orphan), None, "once");
    }
}

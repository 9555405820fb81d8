//! The breaker: MySQL's pool and the snapshot against the liar.

use super::liar::{Liar, Lie};
use super::*;
use crate::settings::{Address, Secret};

/// A directory over an honest server, its snapshot complete.
fn copied_from(server: &Liar, dir: &Dir) -> LiveDirectory {
    let directory = open_on(server, dir);
    wait_for_snapshot(&directory, "1 phones, 0 s old; 1 codes");
    assert_eq!(rows(&directory, "70000000001").unwrap().len(), 1);
    directory
}

fn open_on(server: &Liar, dir: &Dir) -> LiveDirectory {
    let address = Address::Tcp {
        hosts: vec![local(server.port())],
        tls: None,
    };
    let settings = Database {
        driver: Driver::Mysql {
            address,
            name: "site".to_owned(),
            user: "asterisk".to_owned(),
            password: Secret::default(),
        },
        timeout: TIMEOUT,
        connections: 3,
        snapshot: Some(Duration::from_secs(3600)),
        ..Settings::default().database
    };
    open(&settings, &dir.0, &dir.0)
}

/// What breaks an established connection, or lets no new one come about.
const LIES: [Lie; 8] = [
    Lie::Silent,
    Lie::DropAfterGreeting,
    Lie::Garbage,
    Lie::SilentAtPrepare,
    Lie::SilentAtExecute,
    Lie::DripRows,
    Lie::DropAtExecute,
    Lie::Error(1927, "Connection was killed"),
];

#[test]
fn only_the_first_call_waits_and_the_snapshot_answers_them_all() {
    for lie in LIES {
        let (server, dir) = (Liar::start(Lie::None), Dir::new());
        let directory = copied_from(&server, &dir);
        server.say(lie);
        server.drop_connections();
        let began = Instant::now();
        let menu = snapshotted(&directory, "70000000001");
        assert!(began.elapsed() < TIMEOUT + SLACK, "{lie:?}");
        assert_eq!(menu[0].transfer_to, some("74950000001"));
        for _ in 0..1000 {
            let began = Instant::now();
            assert_eq!(snapshotted(&directory, "8 000 000-00-01"), menu, "{lie:?}");
            assert_eq!(snapshotted(&directory, "70000000002"), []);
            assert!(began.elapsed() < TIMEOUT, "{lie:?}: {:?}", began.elapsed());
        }
        assert!(
            directory.state().contains("is not asked since 0 s"),
            "{}",
            directory.state()
        );
        server.say(Lie::None);
        assert_eq!(live_again(&directory), menu, "{lie:?}");
        assert!(
            directory.state().contains(": answers; "),
            "{}",
            directory.state()
        );
    }
}

#[test]
fn the_connector_asks_a_server_in_doubt_as_callers_would() {
    let (server, dir) = (Liar::start(Lie::None), Dir::new());
    let directory = copied_from(&server, &dir);
    server.say(Lie::SilentAtExecute);
    snapshotted(&directory, "70000000001");
    let asked = server.executed();
    // Logging in works, yet that is no sign of health.
    server.wait_for_executed(asked + 2);
    snapshotted(&directory, "70000000001");
    assert!(directory.state().contains("no answer within 200 ms"));
}

#[test]
fn a_refusal_is_no_reason_not_to_ask() {
    let (server, dir) = (Liar::start(Lie::None), Dir::new());
    let directory = copied_from(&server, &dir);
    // Each is tried with a question.
    wait_for_snapshot(&directory, "3 of 3 connections");
    let (logins, asked) = (server.logins(), server.executed());
    server.say(Lie::Error(1146, "Table 'site.x' doesn't exist"));
    for _ in 0..10 {
        assert_eq!(snapshotted(&directory, "70000000001").len(), 1);
    }
    // A connection that is made meanwhile asks once more.
    assert!(server.executed() >= asked + 10);
    server.say(Lie::None);
    rows(&directory, "70000000001").unwrap();
    assert!(
        server.logins() <= logins.max(7),
        "3 in the pool, 4 for the snapshot"
    );
}

#[test]
fn after_a_restart_a_dead_server_costs_the_first_call_its_budget() {
    for lie in [Lie::Silent, Lie::DripGreeting, Lie::DropAfterGreeting] {
        let (server, dir) = (Liar::start(Lie::None), Dir::new());
        drop(copied_from(&server, &dir));
        server.say(lie);
        let directory = open_on(&server, &dir);
        let began = Instant::now();
        assert_eq!(snapshotted(&directory, "70000000001").len(), 1);
        assert!(began.elapsed() < TIMEOUT + SLACK, "{lie:?}");
        let began = Instant::now();
        directory.stop();
        assert!(began.elapsed() < Duration::from_secs(1), "{lie:?}");
    }
}

#[test]
fn a_snapshot_is_whole_or_none() {
    for lie in [Lie::EndlessRows, Lie::DropAtExecute, Lie::EmptyPacket] {
        let (server, dir) = (Liar::start(lie), Dir::new());
        let directory = open_on(&server, &dir);
        server.wait_for_executed(1);
        assert!(
            directory.state().ends_with("no phones; no codes"),
            "{lie:?}"
        );
        let began = Instant::now();
        directory.stop();
        assert!(began.elapsed() < Duration::from_secs(1), "{lie:?}");
        assert!(
            directory.state().ends_with("no phones; no codes"),
            "{lie:?}"
        );
    }
}

#[test]
fn menus_are_copied_without_codes() {
    let (server, dir) = (Liar::start(Lie::NoCodes(1146, "no such table")), Dir::new());
    let directory = open_on(&server, &dir);
    wait_for_snapshot(&directory, "1 phones, 0 s old; no codes");
}

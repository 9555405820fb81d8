//! Several servers, and a name with several addresses: who does not answer as it should is passed over,
//! and the first is gone back to.

use std::net::{TcpListener, ToSocketAddrs};

use super::liar::{Liar, Lie};
use super::mysql::{PATIENT, connect_to, honest};
use super::*;

/// Whatever makes a server useless for us, from the first packet to the first row.
const USELESS: [Lie; 21] = [
    Lie::Silent,
    Lie::DropAfterGreeting,
    Lie::Garbage,
    Lie::DripLogin,
    Lie::SilentAtPrepare,
    Lie::SilentAtExecute,
    Lie::DropAtExecute,
    Lie::DripRows,
    Lie::EmptyPacket,
    Lie::ErrorAtOnce(1040, "Too many connections"),
    Lie::ErrorAtOnce(1129, "Host is blocked"),
    Lie::ErrorAtLogin(1045, "Access denied"),
    Lie::ErrorAtLogin(1049, "Unknown database"),
    Lie::ErrorAtLogin(
        1226,
        "User has exceeded the 'max_user_connections' resource",
    ),
    Lie::Error(1047, "WSREP has not yet prepared node for application use"),
    Lie::Error(1053, "Server shutdown in progress"),
    Lie::Error(1146, "Table 'site.x' doesn't exist"),
    Lie::Error(1160, "Got an error writing communication packets"),
    Lie::Error(1205, "Lock wait timeout exceeded"),
    Lie::Error(1213, "Deadlock found"),
    Lie::Error(1927, "Connection was killed"),
];

fn open_on(servers: &[&Liar], timeout: Duration) -> LiveDirectory {
    let hosts = servers.iter().map(|server| local(server.port()));
    connect_to(hosts.collect(), 2, timeout)
}

/// Waits until this server is the one that answers callers.
fn wait_answers(directory: &LiveDirectory, server: &Liar) {
    let began = Instant::now();
    loop {
        let asked = server.executed();
        assert_eq!(rows(directory, "70000000001").unwrap(), [honest()]);
        if server.executed() > asked && !directory.state().contains("not used") {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{}",
            directory.state()
        );
        thread::yield_now();
    }
}

#[test]
fn a_useless_host_is_passed_over_and_gone_back_to() {
    for lie in USELESS {
        let (first, second) = (Liar::start(lie), Liar::start(Lie::None));
        let directory = open_on(&[&first, &second], PATIENT / 10);
        live_again(&directory);
        let state = directory.state();
        let away = format!("; not used: MySQL at 127.0.0.1:{}", first.port());
        assert!(state.contains(&away), "{lie:?}: {state}");
        first.say(Lie::None);
        wait_answers(&directory, &first);
        // Both connections are brought home.
        let logins = second.logins();
        second.drop_connections();
        for _ in 0..20 {
            assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
        }
        assert_eq!(second.logins(), logins, "{lie:?}");
    }
}

#[test]
fn a_node_that_leaves_its_cluster_costs_no_call_its_rows() {
    for code in [1047, 1053, 1205, 1213, 1158, 1159, 1160, 1161, 1927, 3032] {
        let (first, second) = (Liar::start(Lie::None), Liar::start(Lie::None));
        let directory = open_on(&[&first, &second], PATIENT);
        assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
        assert_eq!(second.logins(), 0, "the first is good enough");
        first.say(Lie::Error(code, "not now"));
        for _ in 0..10 {
            assert_eq!(
                rows(&directory, "70000000001").unwrap(),
                [honest()],
                "{code}"
            );
        }
        let asked = second.executed();
        rows(&directory, "70000000001").unwrap();
        assert!(second.executed() > asked);
    }
}

#[test]
fn a_server_that_takes_no_changes_is_good_enough() {
    for code in [1290, 1792, 1836] {
        let lie = Lie::Error(
            code,
            "The MySQL server is running with the --read-only option",
        );
        let (first, second) = (Liar::start(lie), Liar::start(Lie::None));
        let directory = open_on(&[&first, &second], PATIENT);
        refused(&directory);
        first.say(Lie::None);
        assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
        assert_eq!((second.logins(), first.logins() <= 2), (0, true), "{code}");
    }
}

#[test]
fn without_any_host_the_operator_is_told_of_each() {
    let full = Lie::ErrorAtOnce(1040, "Too many connections");
    let (first, second) = (Liar::start(full), Liar::start(Lie::Garbage));
    let directory = open_on(&[&first, &second], TIMEOUT);
    let words = unavailable(&directory, TIMEOUT);
    for port in [first.port(), second.port()] {
        assert!(words.contains(&format!("127.0.0.1:{port}: ")), "{words}");
    }
    second.say(Lie::None);
    assert_eq!(live_again(&directory), [honest()]);
}

#[test]
fn each_address_of_a_name_is_tried() {
    let Ok(other) = TcpListener::bind("[::1]:0") else {
        return; // A machine without IPv6.
    };
    let port = other.local_addr().unwrap().port();
    let (Ok(one), Some(2)) = (
        TcpListener::bind(("127.0.0.1", port)),
        ("localhost", 0).to_socket_addrs().ok().map(Iterator::count),
    ) else {
        return; // Here the name has one address.
    };
    let servers = [Liar::listen(one, Lie::None), Liar::listen(other, Lie::None)];
    let name = Host {
        name: "localhost".to_owned(),
        port,
    };
    for lie in USELESS {
        for (at, server) in servers.iter().enumerate() {
            server.say(lie);
            let directory = connect_to(vec![name.clone()], 1, PATIENT / 10);
            assert_eq!(live_again(&directory), [honest()], "{lie:?} at {at}");
            server.say(Lie::None);
        }
    }
}

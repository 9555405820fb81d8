//! MySQL's pool against the liar.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use super::liar::{Liar, Lie};
use super::*;
use crate::settings::{Address, Secret};

/// For tests in which it must not, however busy the machine is.
pub(super) const PATIENT: Duration = Duration::from_secs(5);

fn connect(port: u16, connections: usize, timeout: Duration) -> LiveDirectory {
    connect_to(vec![local(port)], connections, timeout)
}

pub(super) fn connect_to(hosts: Vec<Host>, connections: usize, timeout: Duration) -> LiveDirectory {
    let settings = Database {
        driver: Driver::Mysql {
            address: Address::Tcp { hosts, tls: None },
            name: "site".to_owned(),
            user: "asterisk".to_owned(),
            password: Secret::new("geheim".to_owned()),
        },
        timeout,
        connections,
        snapshot: None,
        ..Settings::default().database
    };
    open(
        &settings,
        Path::new("/nonexistent"),
        Path::new("/nonexistent"),
    )
}

/// What the honest server tells everybody.
pub(super) fn honest() -> MenuRow {
    MenuRow {
        scenario: some("orders"),
        scenario_msg: some("a\u{fffd}b"),
        key_num: some("1"),
        msg_mp3: None,
        transfer_to: some("74950000001"),
        name: None,
    }
}

fn stops_within_a_second(directory: &LiveDirectory) {
    let began = Instant::now();
    directory.stop();
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn rows_come_over_one_prepared_connection_on_a_channels_stack() {
    let server = Liar::start(Lie::None);
    let directory = connect(server.port(), 1, PATIENT);
    let channel = thread::Builder::new()
        .stack_size(496 * 1024)
        .spawn(move || {
            for _ in 0..100 {
                assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
            }
        });
    channel.unwrap().join().unwrap();
    assert_eq!(
        (server.logins(), server.prepared(), server.executed()),
        (1, 2, 101)
    );
}

#[test]
fn a_code_is_sent_as_text_over_the_same_connection() {
    let server = Liar::start(Lie::None);
    let directory = connect(server.port(), 1, PATIENT);
    // The liar answers with the parameter.
    for code in ["007", "12*#"] {
        assert_eq!(number(&directory, code).unwrap(), some(code));
        assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
    }
    assert_eq!(
        (server.logins(), server.prepared(), server.executed()),
        (1, 2, 5)
    );
}

#[test]
fn menus_go_on_without_codes_and_codes_come_back() {
    let server = Liar::start(Lie::NoCodes(
        1146,
        "Table 'site.sAsterisk_prefix' doesn't exist",
    ));
    let directory = connect(server.port(), 1, PATIENT);
    for _ in 0..2 {
        assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
        let error = number(&directory, "1").unwrap_err();
        assert!(
            matches!(&error, LookupError::Refused(why) if why.contains("error 1146")),
            "{error}"
        );
    }
    server.say(Lie::None);
    assert_eq!(number(&directory, "1").unwrap(), some("1"));
    assert_eq!(server.logins(), 1);
}

#[test]
fn a_code_keeps_to_the_budget_and_outlives_a_stale_connection() {
    let server = Liar::start(Lie::None);
    let directory = connect(server.port(), 1, PATIENT);
    number(&directory, "1").unwrap();
    server.drop_connections();
    assert_eq!(number(&directory, "1").unwrap(), some("1"));

    for lie in [Lie::SilentAtExecute, Lie::DripRows] {
        let server = Liar::start(lie);
        let directory = connect(server.port(), 1, TIMEOUT);
        let began = Instant::now();
        let error = number(&directory, "123456789").unwrap_err();
        assert!(began.elapsed() < TIMEOUT + SLACK, "{:?}", began.elapsed());
        assert!(matches!(error, LookupError::Unavailable(_)), "{error}");
    }
}

#[test]
fn no_lie_costs_more_than_the_budget() {
    for lie in [
        Lie::Silent,
        Lie::DripGreeting,
        Lie::DripLogin,
        Lie::DripSession,
        Lie::DropAfterGreeting,
        Lie::Garbage,
        Lie::SilentAtPrepare,
        Lie::DripPrepared,
        Lie::SilentAtExecute,
        Lie::DripRows,
        Lie::HugePacket,
        Lie::DropAtExecute,
    ] {
        let server = Liar::start(lie);
        let directory = connect(server.port(), 1, TIMEOUT);
        for _ in 0..2 {
            let words = unavailable(&directory, TIMEOUT);
            assert!(
                words.contains(&format!("MySQL at 127.0.0.1:{}", server.port())),
                "{words}"
            );
        }
        stops_within_a_second(&directory);
    }
}

#[test]
fn endless_rows_are_cut_off_and_the_connection_with_them() {
    let server = Liar::start(Lie::None);
    let directory = connect(server.port(), 1, TIMEOUT);
    rows(&directory, "70000000001").unwrap();
    server.say(Lie::EndlessRows);
    let began = Instant::now();
    assert_eq!(rows(&directory, "70000000001").unwrap().len(), MAX_ROWS);
    assert!(began.elapsed() < TIMEOUT + SLACK);
    server.say(Lie::None);
    // The next connection may have been tried with the same rows before.
    assert_eq!(live_again(&directory), [honest()]);
    assert!(server.logins() >= 2);
}

#[test]
fn a_lie_is_forgotten_when_the_server_is_honest_again() {
    for lie in [
        Lie::SilentAtExecute,
        Lie::DropAtExecute,
        // Their drip goes on: a login is cut off, however well each byte is in time.
        Lie::DripLogin,
        Lie::DripSession,
    ] {
        let server = Liar::start(lie);
        let directory = connect(server.port(), 1, TIMEOUT);
        unavailable(&directory, TIMEOUT);
        server.say(Lie::None);
        assert_eq!(live_again(&directory), [honest()]);
    }
}

#[test]
fn a_packet_that_makes_the_crate_panic_is_an_answer_like_any_other() {
    let server = Liar::start(Lie::EmptyPacket);
    let directory = connect(server.port(), 1, PATIENT);
    // Not timed: with RUST_BACKTRACE set, printing the panic alone may take longer.
    let error = rows(&directory, "70000000001").unwrap_err();
    assert!(error.to_string().contains("malformed packet"), "{error}");
    server.say(Lie::None);
    assert_eq!(live_again(&directory), [honest()]);
}

#[test]
fn accounts_log_in_by_what_the_crate_knows() {
    for plugin in [
        "mysql_native_password",
        "caching_sha2_password",
        "client_ed25519",
        "parsec",
    ] {
        let server = Liar::start(Lie::Plugin(plugin));
        let directory = connect(server.port(), 1, PATIENT);
        assert_eq!(
            rows(&directory, "70000000001").unwrap(),
            [honest()],
            "{plugin}"
        );
    }
}

#[test]
fn an_account_by_an_unknown_plugin_is_named_with_the_cure() {
    for plugin in [
        "sha256_password",
        "auth_gssapi_client",
        "dialog",
        "mysql_clear_password",
        "mysql_old_password",
        "webauthn\u{7}",
    ] {
        let server = Liar::start(Lie::Plugin(plugin));
        let directory = connect(server.port(), 1, PATIENT);
        let words = unavailable(&directory, PATIENT);
        for part in [plugin, "account 'asterisk'", "ALTER USER"] {
            assert!(words.contains(part), "{plugin}: {words}");
        }
        // The same words each time: they are logged once.
        assert_eq!(unavailable(&directory, PATIENT), words);
    }
}

#[test]
fn a_stale_connection_is_replaced_within_the_call() {
    let server = Liar::start(Lie::None);
    let directory = connect(server.port(), 1, PATIENT);
    rows(&directory, "70000000001").unwrap();
    server.drop_connections();
    assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
}

#[test]
fn an_error_of_the_server_is_refused_and_the_connection_kept() {
    let server = Liar::start(Lie::None);
    let directory = connect(server.port(), 1, PATIENT);
    rows(&directory, "70000000001").unwrap();
    server.say(Lie::Error(1146, "Table 'site.x' doesn't exist"));
    let words = refused(&directory);
    assert!(
        words.contains("1146") && words.contains("'site.x'"),
        "{words}"
    );
    server.say(Lie::None);
    rows(&directory, "70000000001").unwrap();
    assert_eq!(server.logins(), 1);
}

#[test]
fn an_error_about_the_connection_is_no_refusal() {
    let server = Liar::start(Lie::Error(1927, "Connection was killed"));
    let directory = connect(server.port(), 1, TIMEOUT);
    assert!(unavailable(&directory, TIMEOUT).contains("Connection was killed"));
}

#[test]
fn a_server_that_is_not_there_is_told_at_once() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let directory = connect(port, 8, PATIENT);
    for _ in 0..3 {
        let words = unavailable(&directory, Duration::from_millis(100));
        assert!(
            words.contains("Connection refused") && words.contains("host and port"),
            "{words}"
        );
    }
    stops_within_a_second(&directory);
}

#[test]
fn callers_share_the_connections() {
    let server = Liar::start(Lie::None);
    let directory = Arc::new(connect(server.port(), 3, PATIENT));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let directory = Arc::clone(&directory);
            thread::spawn(move || {
                for _ in 0..50 {
                    assert_eq!(rows(&directory, "70000000001").unwrap(), [honest()]);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
    assert!(server.logins() <= 3);
    // Each connection was tried with a question.
    assert_eq!(server.executed(), 800 + server.logins());
}

#[test]
fn a_caller_in_the_queue_keeps_to_the_budget_too() {
    let server = Liar::start(Lie::SilentAtExecute);
    let directory = Arc::new(connect(server.port(), 1, TIMEOUT));
    let first = Arc::clone(&directory);
    let first = thread::spawn(move || unavailable(&first, TIMEOUT));
    server.wait_for_executed(1);
    // The first gives its connection up shortly before this one's time is over.
    unavailable(&directory, TIMEOUT);
    first.join().unwrap();
}

#[test]
fn stopping_lets_waiting_callers_go() {
    for lie in [Lie::Silent, Lie::SilentAtExecute] {
        let server = Liar::start(lie);
        let directory = Arc::new(connect(server.port(), 1, PATIENT));
        let caller = Arc::clone(&directory);
        let caller = thread::spawn(move || unavailable(&caller, Duration::from_secs(1)));
        if matches!(lie, Lie::SilentAtExecute) {
            server.wait_for_executed(1);
        }
        stops_within_a_second(&directory);
        caller.join().unwrap();
        unavailable(&directory, Duration::ZERO);
    }
}

//! A database that is gone and nobody notices: the last known good snapshot answers, the breaker spares
//! later callers the wait, and when the database is back its rows are live again. For each fault two
//! hundred real callers, 20 a second, each with a target of its own.

mod load;
pub mod proxy;
mod snapshot;
mod table;

use std::cell::RefCell;
use std::io::Read;
use std::net::TcpStream;

use load::{CALLERS, FEW, Footprint, callers, endure, phone, target};
use proxy::{Mode, Proxy};
use rust_ivr_testing::machine::MariaDb;
use rust_ivr_testing::office::{Database, Office, SOON};

/// An office with the callers' rows in its tables and in the snapshot, and what it holds when idle.
fn open(name: &str) -> (Office, Footprint) {
    let office = Office::open(name, Database::MariaDb);
    add_callers(&office);
    // A snapshot is taken when the module starts; the rows came after that.
    office.machine.cli("module unload res_rust_ivr.so");
    office.machine.cli("module load res_rust_ivr.so");
    let footprint = warm_up(&office);
    (office, footprint)
}

fn add_callers(office: &Office) {
    let rows = |row: &dyn Fn(usize) -> String| (0..CALLERS).map(row).collect::<Vec<_>>().join(",");
    office.sql(&format!(
        "INSERT INTO sAsterisk_ivr (id, phone, scenario) VALUES {};
         INSERT INTO sAsterisk_ivr_button (ivrID, keyNum, transferTo) VALUES {};
         ANALYZE TABLE sAsterisk_ivr, sAsterisk_ivr_button;",
        rows(&|n| format!("({}, '{}', 'Торты')", 1000 + n, phone(n))),
        rows(&|n| format!("({}, '1', '{}')", 1000 + n, target(n))),
    ));
}

/// The first callers, while all is well.
fn warm_up(office: &Office) -> Footprint {
    wait_status(office, &format!("Snapshot: {} phones", CALLERS + 2));
    wait_status(office, "8 of 8 connections");
    // A look-up may come late beside other tests that begin.
    let all_live = || callers(office, FEW).iter().all(|fate| fate.live);
    assert!(all_live() || all_live(), "the database is well");
    Footprint::of(office)
}

/// Waits until `rustivr show status` says so.
fn wait_status(office: &Office, words: &str) {
    office.machine.wait_cli("rustivr show status", words, SOON);
}

fn server(office: &mut Office) -> &mut MariaDb {
    office.mariadb.as_mut().expect("MariaDB")
}

#[test]
fn a_database_that_is_gone_goes_unnoticed() {
    let (mut office, sound) = open("alive-gone");
    let office = &mut office;
    let no_end = |_: &mut Office| {};
    endure(
        office,
        &sound,
        "frozen (SIGSTOP)",
        |office| server(office).stop(),
        |office| server(office).cont(),
    );
    endure(
        office,
        &sound,
        "connections killed",
        |office| drop(server(office).sql("KILL USER asterisk")),
        no_end,
    );
    endure(
        office,
        &sound,
        "read-only replica",
        |office| drop(server(office).sql("SET GLOBAL read_only = 1")),
        no_end,
    );
    endure(
        office,
        &sound,
        "killed",
        |office| server(office).kill(),
        |office| server(office).start_again(),
    );
}

#[test]
fn a_database_that_answers_wrongly_is_no_better_than_none() {
    let (mut office, sound) = open("alive-wrong");
    let account = |password: &str| {
        let user = MariaDb::USER;
        format!("ALTER USER '{user}'@'localhost' IDENTIFIED BY '{password}'; KILL USER {user}")
    };
    let rename = |from: &str, to: &str| {
        format!("ALTER TABLE sAsterisk_ivr_button CHANGE {from} {to} VARCHAR(32)")
    };
    let rows = "sAsterisk_ivr_button";
    let faults = [
        (
            "password refused",
            account("another"),
            account(MariaDb::PASSWORD),
        ),
        (
            "table missing",
            format!("RENAME TABLE {rows} TO elsewhere"),
            format!("RENAME TABLE elsewhere TO {rows}"),
        ),
        (
            "column missing",
            rename("transferTo", "elsewhere"),
            rename("elsewhere", "transferTo"),
        ),
        (
            "another charset",
            "ALTER TABLE sAsterisk_ivr CONVERT TO CHARACTER SET cp1251;
             SET GLOBAL init_connect = 'SET NAMES latin1'; KILL USER asterisk"
                .to_owned(),
            String::new(),
        ),
    ];
    for (fault, begins, ends) in faults {
        let begin = |office: &mut Office| drop(server(office).sql(&begins));
        let end = |office: &mut Office| drop(server(office).sql(&ends));
        endure(&mut office, &sound, fault, begin, end);
    }
    let mark = office.machine.log_mark();
    let fates = callers(&office, 1);
    let told = office
        .machine
        .wait_log_since(mark, "Ext. s: RustIvr ", SOON);
    let right = fates[0].live && told.contains("scenario=Торты");
    assert!(right, "the other charset: {told}");
}

#[test]
fn a_server_with_no_place_left_costs_nobody_a_call() {
    let (mut office, sound) = open("alive-full");
    let others = RefCell::new(Vec::new());
    let address = (office.run.database(), MariaDb::PORT);
    endure(&mut office, &sound, "none", |_| {}, |_| {});
    endure(
        &mut office,
        &sound,
        "max_connections reached",
        |office| {
            // Ten is the least that MariaDB takes. Who does not log in holds a place all the same,
            // once the server has greeted it and for as long as it may take to log in.
            server(office).sql("SET GLOBAL connect_timeout = 60");
            let more = |_| {
                let mut other = TcpStream::connect(address).expect("a place");
                other.read_exact(&mut [0; 4]).expect("a greeting");
                other
            };
            others.replace((0..12).map(more).collect());
            server(office).sql("SET GLOBAL max_connections = 10; KILL USER asterisk");
        },
        |_| others.borrow_mut().clear(),
    );
}

#[test]
fn a_server_that_is_half_dead_costs_one_timeout() {
    let mut office = Office::open("alive-half-dead", Database::MariaDb);
    add_callers(&office);
    let name = "database.office";
    let addresses = [1, 2, 3].map(|host| office.run.address(2, host));
    let [proxy, _] = &[addresses[0], addresses[1]].map(|at| Proxy::start(at, &office));
    office.run.name_hosts(&format!("{} {name}\n", addresses[0]));
    office.use_database(&MariaDb::over_tcp(name, MariaDb::PASSWORD));
    let sound = warm_up(&office);

    for (fault, mode) in [
        ("accepts, never answers", Mode::Silent),
        ("one byte a second", Mode::Drip),
        ("drops after the greeting", Mode::Greet),
    ] {
        let [begin, end] = [mode, Mode::Pass].map(|mode| move |_: &mut Office| proxy.set(mode));
        endure(&mut office, &sound, fault, begin, end);
    }
    endure(
        &mut office,
        &sound,
        "failover behind the name",
        |office| {
            proxy.set(Mode::Silent);
            // Of the name's new addresses the first is dead.
            let [_, alive, dead] = addresses;
            let hosts = format!("{dead} {name}\n{alive} {name}\n");
            office.run.name_hosts(&hosts);
        },
        |_| {},
    );
}

//! A database that is gone and nobody notices: the last known good copy answers, the breaker spares
//! later callers the wait, and when the database is back its rows are live again. Real callers, 20
//! a second, each with a target of its own.

#[path = "alive/proxy.rs"]
mod proxy;
mod support;

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use proxy::{Mode, Proxy};
use support::machine::MariaDb;
use support::office::{Database, Office, SOON};
use support::sip::Call;

/// Callers of one fault in `make test`.
const CALLERS: usize = 30;
/// Between two of them.
const PACE: Duration = Duration::from_millis(50);
/// `[database] timeout`, and what a call may take beyond it.
const TIMEOUT: Duration = Duration::from_millis(300);
const MARGIN: Duration = Duration::from_millis(100);

/// The tests that place load take turns, so that none is measured beside another.
static TURN: Mutex<()> = Mutex::new(());

/// A turn; one that ended in a panic has ended all the same.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn phone(caller: usize) -> String {
    format!("7902{caller:07}")
}

fn target(caller: usize) -> String {
    format!("7495{caller:07}")
}

fn open(name: &str) -> Office {
    prepared(Office::open(name, Database::MariaDb))
}

/// An office with the callers' rows in its tables and in the copy.
fn prepared(office: Office) -> Office {
    let rows = |row: &dyn Fn(usize) -> String| (0..CALLERS).map(row).collect::<Vec<_>>().join(",");
    office.sql(&format!(
        "INSERT INTO sAsterisk_ivr (id, phone, scenario) VALUES {};
         INSERT INTO sAsterisk_ivr_button (ivrID, keyNum, transferTo) VALUES {};
         ANALYZE TABLE sAsterisk_ivr, sAsterisk_ivr_button;",
        rows(&|n| format!("({}, '{}', 'alive')", 1000 + n, phone(n))),
        rows(&|n| format!("({}, '1', '{}')", 1000 + n, target(n))),
    ));
    // A new copy is taken when the module starts; the rows came after that.
    office.machine.cli("module unload res_rust_ivr.so");
    let mark = office.machine.log_mark();
    office.machine.cli("module load res_rust_ivr.so");
    office
        .machine
        .wait_log_since(mark, "res_rust_ivr.so => ", SOON);
    wait_status(&office, &format!("Copy: {} phones", CALLERS + 2));
    office
}

/// Waits until `rustivr show status` says so.
fn wait_status(office: &Office, words: &str) {
    let until = Instant::now() + SOON;
    loop {
        let status = office.machine.cli("rustivr show status");
        if status.contains(words) {
            return;
        }
        assert!(Instant::now() < until, "{words}: {status}");
    }
}

/// How the callers of one fault fared.
struct Fared {
    /// From INVITE to the target's INVITE, the slowest of all.
    slowest: Duration,
    /// Without the first, for whom the breaker opened.
    later: Duration,
    live: usize,
    copied: usize,
}

/// Calls come at their pace; each must ring its own target in time.
fn callers(office: &Office) -> Fared {
    let before = sources(office);
    let begin = Instant::now();
    let calls: Vec<Call> = thread::scope(|scope| {
        let answered = scope.spawn(|| {
            for _ in 0..CALLERS {
                let incoming = office.multifon.expect_call(SOON);
                let caller = incoming.caller().to_owned();
                incoming.ring();
                assert_eq!(
                    incoming.number(),
                    caller.replacen("7902", "7495", 1),
                    "a wrong target"
                );
            }
        });
        let calls = (0..CALLERS)
            .map(|n| {
                // The pace of the load, not a wait for anything.
                thread::sleep(
                    (begin + PACE * u32::try_from(n).expect("few"))
                        .saturating_duration_since(Instant::now()),
                );
                office.call(&phone(n))
            })
            .collect();
        answered.join().expect("every caller rang its target");
        calls
    });
    let waited: Vec<Duration> = calls
        .iter()
        .map(|call| call.wait_ringing(SOON) - call.began())
        .collect();
    calls.iter().for_each(Call::hangup);
    office.assert_nothing_left();
    let after = sources_of(office, before.0 + before.1 + CALLERS);
    Fared {
        slowest: waited.iter().copied().max().unwrap_or_default(),
        later: waited[10..].iter().copied().max().unwrap_or_default(),
        live: after.0 - before.0,
        copied: after.1 - before.1,
    }
}

/// Calls whose rows were live, and out of the copy, as the hangup handler's lines tell.
fn sources(office: &Office) -> (usize, usize) {
    let log = office.machine.log();
    let stories = |source: &str| {
        let words = format!("rows={source} ");
        log.lines()
            .filter(|line| line.contains(" NOTICE[") && line.contains(&words))
            .count()
    };
    (stories("LIVE"), stories("SNAPSHOT"))
}

/// The same, once that many stories are told: a caller's is told a moment after its channel ended.
fn sources_of(office: &Office, stories: usize) -> (usize, usize) {
    let until = Instant::now() + SOON;
    loop {
        let (live, copied) = sources(office);
        if live + copied >= stories {
            return (live, copied);
        }
        assert!(
            Instant::now() < until,
            "{live} + {copied} of {stories} stories"
        );
    }
}

fn tell(fault: &str, fared: &Fared) {
    println!(
        "{fault:<27} {CALLERS} calls, none lost; slowest {:>4} ms, after the first 10: {:>4} ms; {} live, {} from the copy",
        fared.slowest.as_millis(),
        fared.later.as_millis(),
        fared.live,
        fared.copied
    );
}

#[test]
fn no_call_notices_that_the_database_is_gone() {
    let _turn = turn();
    let mut office = open("alive");
    let usual = callers(&office);
    tell("database up", &usual);
    assert_eq!((usual.live, usual.copied), (CALLERS, 0));

    let mut faults: Vec<(&str, Fared)> = Vec::new();
    office.mariadb.as_ref().expect("MariaDB").stop();
    faults.push(("frozen (SIGSTOP)", callers(&office)));
    office.mariadb.as_ref().expect("MariaDB").cont();
    wait_status(&office, "answers");

    office.sql("RENAME TABLE sAsterisk_ivr TO elsewhere");
    faults.push(("table missing", callers(&office)));
    office.sql("RENAME TABLE elsewhere TO sAsterisk_ivr");

    office.mariadb.as_mut().expect("MariaDB").kill();
    faults.push(("killed", callers(&office)));
    office.mariadb.as_mut().expect("MariaDB").start_again();
    wait_status(&office, "answers");

    for (fault, fared) in &faults {
        tell(fault, fared);
        assert_eq!((fared.live, fared.copied), (0, CALLERS), "{fault}");
        assert!(
            fared.slowest <= TIMEOUT + MARGIN + usual.slowest.max(MARGIN),
            "{fault}: {:?}",
            fared.slowest
        );
        assert!(fared.later < TIMEOUT, "{fault}: {:?}", fared.later);
    }
    let back = callers(&office);
    tell("database back", &back);
    assert_eq!((back.live, back.copied), (CALLERS, 0));
}

#[test]
fn a_database_that_answers_wrongly_is_no_better_than_none() {
    let _turn = turn();
    let office = open("alive-wrong");
    let usual = callers(&office);
    let mariadb = office.mariadb.as_ref().expect("MariaDB");
    let account = |password: &str| {
        format!(
            "ALTER USER '{user}'@'localhost' IDENTIFIED BY '{password}';",
            user = MariaDb::USER
        )
    };
    let faults = [
        (
            "column missing",
            "ALTER TABLE sAsterisk_ivr_button CHANGE transferTo elsewhere VARCHAR(32)".to_owned(),
            "ALTER TABLE sAsterisk_ivr_button CHANGE elsewhere transferTo VARCHAR(32)".to_owned(),
        ),
        (
            "password refused",
            account("another") + &kill_connections(mariadb),
            account(MariaDb::PASSWORD),
        ),
    ];
    for (fault, begins, ends) in faults {
        mariadb.sql(&begins);
        let fared = callers(&office);
        tell(fault, &fared);
        assert_eq!((fared.live, fared.copied), (0, CALLERS), "{fault}");
        assert!(
            fared.slowest <= TIMEOUT + MARGIN + usual.slowest.max(MARGIN),
            "{fault}: {:?}",
            fared.slowest
        );
        mariadb.sql(&ends);
        wait_status(&office, "answers");
    }
    mariadb.sql(&kill_connections(mariadb));
    let fared = callers(&office);
    tell("connections killed", &fared);
    assert_eq!(fared.live + fared.copied, CALLERS);
    assert!(fared.live >= CALLERS - 10, "{} live", fared.live);
    let statements = mariadb.sql("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    let statements: u32 = statements
        .split_whitespace()
        .last()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    assert!(
        statements <= 20,
        "{statements} prepared statements are left"
    );
}

#[test]
fn a_server_that_is_half_dead_costs_one_timeout() {
    let _turn = turn();
    let proxy = Proxy::start();
    let office = Office::open_with("alive-half-dead", Database::MariaDb, |config| {
        let socket = format!("socket = {}\n", MariaDb::SOCKET);
        let tcp = format!("host = 127.0.0.1\nport = {}\n", proxy.port);
        config.replace("res_rust_ivr.conf", &socket, &tcp)
    });
    proxy.lead_to(&office);
    wait_status(&office, "answers");
    let office = prepared(office);
    let usual = callers(&office);
    tell("through a proxy", &usual);
    for (fault, mode) in [
        ("accepts, never answers", Mode::Silent),
        ("one byte a second", Mode::Drip),
        ("drops when it should answer", Mode::Drop),
    ] {
        proxy.set(mode);
        let fared = callers(&office);
        tell(fault, &fared);
        assert_eq!((fared.live, fared.copied), (0, CALLERS), "{fault}");
        assert!(
            fared.slowest <= TIMEOUT + MARGIN + usual.slowest.max(MARGIN),
            "{fault}: {:?}",
            fared.slowest
        );
        assert!(fared.later < TIMEOUT, "{fault}: {:?}", fared.later);
        proxy.set(Mode::Pass);
        let until = Instant::now() + SOON;
        while !office
            .machine
            .cli("rustivr show status")
            .contains("answers")
        {
            assert!(Instant::now() < until, "{fault}: not live again");
        }
    }
}

/// Ends every connection of the module at the server: "gone away".
fn kill_connections(mariadb: &MariaDb) -> String {
    mariadb.sql(&format!(
        "SELECT concat('KILL ', id, ';') FROM information_schema.processlist WHERE user = '{}'",
        MariaDb::USER
    ))
}

#[test]
fn a_hundred_thousand_phones_are_copied_in_two_seconds_and_fifty_megabytes() {
    let _turn = turn();
    let office = open("alive-many");
    let before = resident_kib(&office);
    office.sql(
        "INSERT INTO sAsterisk_ivr (id, phone, scenario)
              SELECT 10000 + seq, concat('7903', lpad(seq, 7, '0')), 'many' FROM seq_1_to_100000;
         INSERT INTO sAsterisk_ivr_button (ivrID, keyNum, msgMp3, transferTo)
              SELECT 10000 + seq, '1', 'cakes.mp3', '74950000001' FROM seq_1_to_100000;
         ANALYZE TABLE sAsterisk_ivr, sAsterisk_ivr_button;",
    );
    let begin = Instant::now();
    office.machine.cli("module unload res_rust_ivr.so");
    office.machine.cli("module load res_rust_ivr.so");
    wait_status(&office, &format!("Copy: {} phones", 100_000 + CALLERS + 2));
    let (took, more) = (
        begin.elapsed(),
        resident_kib(&office).saturating_sub(before) / 1024,
    );
    println!(
        "100000 phones: unloaded, loaded and copied in {} ms, {more} MiB more",
        took.as_millis()
    );
    assert!(took < Duration::from_secs(2) + SOON / 5, "{took:?}");
    assert!(more < 50, "{more} MiB");
}

/// Asterisk's memory (proc(5): VmRSS).
fn resident_kib(office: &Office) -> u64 {
    let path = format!("/proc/{}/status", office.machine.asterisk_pid());
    let status = fs::read_to_string(path).expect("Asterisk runs");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("VmRSS");
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .expect("a number")
}

#[test]
fn the_look_up_uses_the_index_on_the_phone() {
    let office = open("alive-explain");
    let plan = office.mariadb.as_ref().expect("MariaDB").sql(
        "EXPLAIN SELECT i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo
           FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id)
          WHERE phone IN ('79020000007', '+79020000007', '89020000007', '9020000007')",
    );
    let tables: Vec<&str> = plan.lines().collect();
    assert_eq!(tables.len(), 2, "{plan}");
    assert!(tables[0].contains("range\tphone\tphone"), "{plan}");
    assert!(tables[1].contains("ref\tivrID\tivrID"), "{plan}");
}

#[test]
fn the_copy_survives_a_restart_and_damage_is_put_aside() {
    let mut office = open("alive-restart");
    let copy = office.run.directory().join("lib/rust_ivr_copy.sqlite3");
    office.mariadb.as_mut().expect("MariaDB").kill();
    office.machine.restart_asterisk();
    office.multifon.wait_registered(SOON);
    let answer = office.machine.cli(&format!("rustivr test {}", phone(7)));
    assert!(
        answer.contains("SNAPSHOT") && answer.contains(&target(7)),
        "{answer}"
    );

    fs::write(
        &copy,
        "this is no database, and long enough to be looked at",
    )
    .expect("the copy");
    office.machine.restart_asterisk();
    office.machine.wait_log("is damaged", SOON);
    assert!(copy.with_extension("sqlite3.damaged").exists());
    office.mariadb.as_mut().expect("MariaDB").start_again();
    wait_status(&office, &format!("Copy: {} phones", CALLERS + 2));
}

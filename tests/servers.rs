//! Servers and accounts of every kind, with a real MariaDB: who logs in how, how often, and what the
//! snapshot's reading costs the site.

use std::process::Command;
use std::time::Instant;

use crate::databases::assert_rings;
use rust_ivr_testing::machine::MariaDb;
use rust_ivr_testing::office::{Database, Office, SOON};

const ONE_BUTTON: &str = "70000000001";
const CAKES_NUMBER: &str = "74950000001";
const STATUS: &str = "rustivr show status";

/// `[database]` for the run's MariaDB and one of its accounts.
fn as_account(office: &Office, user: &str) -> String {
    let lines = MariaDb::over_tcp(office.run.database(), MariaDb::PASSWORD);
    lines.replace(
        &format!("user = {}", MariaDb::USER),
        &format!("user = {user}"),
    )
}

#[test]
fn an_account_by_ed25519_and_one_with_two_connections_do() {
    let office = Office::open("accounts", Database::MariaDb);
    office.sql(&format!(
        "INSTALL SONAME 'auth_ed25519';
         CREATE USER 'modern'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{password}');
         CREATE USER 'few'@'%' IDENTIFIED BY '{password}' WITH MAX_USER_CONNECTIONS 2;
         GRANT SELECT ON site.* TO 'modern'@'%', 'few'@'%';",
        password = MariaDb::PASSWORD
    ));
    office.use_database(&as_account(&office, "modern"));
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);

    let lines = as_account(&office, "few") + "snapshot = 1\n";
    office.use_database(&lines);
    office.machine.wait_cli(STATUS, "Snapshot: 2 phones", SOON);
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);
    for (at, phone) in (3..6).zip(["79010000001", "79010000002", "79010000003"]) {
        office.sql(&format!(
            "INSERT INTO sAsterisk_ivr (phone) VALUES ('{phone}')"
        ));
        let renewed = format!("Snapshot: {at} phones");
        office.machine.wait_cli(STATUS, &renewed, SOON);
    }
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);
    office.machine.wait_cli(STATUS, "2 of 8 connections", SOON);
    let log = office.machine.log();
    assert!(!log.contains("a bug in res_rust_ivr"), "{log}");
    office.assert_nothing_left();
}

#[test]
fn the_snapshot_of_a_myisam_table_holds_up_no_update() {
    let office = Office::open("myisam", Database::MariaDb);
    let long = "x".repeat(120);
    office.sql(&format!(
        "ALTER TABLE sAsterisk_ivr MODIFY scenario VARCHAR(200);
         INSERT INTO sAsterisk_ivr (phone, scenario)
             SELECT 79030000000 + seq, CONCAT(seq, '{long}') FROM seq_1_to_100000;
         ALTER TABLE sAsterisk_ivr ENGINE = MyISAM; ALTER TABLE sAsterisk_ivr_button ENGINE = MyISAM;",
    ));
    office.use_database(&(as_account(&office, MariaDb::USER) + "snapshot = 1\n"));
    let asterisk = office.machine.asterisk_pid().to_string();
    let signal = |name: &str| {
        let done = Command::new("kill").args([name, &asterisk]).status();
        assert!(done.is_ok_and(|status| status.success()), "{name}");
    };
    office
        .machine
        .wait_cli(STATUS, "Snapshot: 100002 phones", 6 * SOON);
    // Read each second for half of one: at some of these moments Asterisk stands still in the middle of
    // the table, and takes no row for as long as the UPDATE waits.
    for at in 0..20 {
        signal("-STOP");
        let began = Instant::now();
        office.sql(&format!(
            "SET lock_wait_timeout = 10; UPDATE sAsterisk_ivr SET scenario = '{at}' WHERE id = 1"
        ));
        signal("-CONT");
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    }
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);
}

//! The database in every mood, with real calls: what a caller waits for it, and who is rung when
//! it does not answer.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use rust_ivr_testing::machine::{MariaDb, sqlite};
use rust_ivr_testing::office::{Database, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;

const ONE_BUTTON: &str = "70000000001";
const CAKES_NUMBER: &str = "74950000001";
const CONF: &str = "res_rust_ivr.conf";

/// `[database] timeout` of the sample.
const TIMEOUT: Duration = Duration::from_millis(300);
/// What a bad database may cost a caller beyond it.
const MARGIN: Duration = Duration::from_millis(100);

/// Callers without rows; each has a number of its own, so that its story can be found.
fn strangers(from: u32, count: u32) -> Vec<String> {
    (from..from + count)
        .map(|number| format!("7901{number:07}"))
        .collect()
}

/// Calls at once; for each, how long after its INVITE Bitrix24 rang. Nobody may be lost.
fn reach_bitrix24(office: &Office, callers: &[String]) -> Vec<Duration> {
    let calls: Vec<_> = callers.iter().map(|caller| office.call(caller)).collect();
    let mut waited = Vec::new();
    for _ in callers {
        let incoming = office.expect_bitrix24(SOON);
        let at = callers
            .iter()
            .position(|caller| caller == incoming.caller());
        let call = &calls[at.expect("one of the callers")];
        waited.push(incoming.arrived() - call.began());
        let manager = incoming.answer(Source::Silence);
        call.wait_answered(SOON);
        call.hangup();
        manager.wait_ended(SOON);
    }
    waited
}

/// As many calls at once with a database in good health: what the host itself takes.
fn normal(office: &Office, count: u32) -> Duration {
    let callers = strangers(0, count);
    let waited = reach_bitrix24(office, &callers);
    for caller in &callers {
        office.assert_story(caller, "FALLBACK NO_ROWS rows=LIVE");
    }
    waited.into_iter().max().expect("a call")
}

/// Calls at once, while the database gives nothing: they reach Bitrix24 in time and know why.
fn assert_in_time(office: &Office, what: &str, callers: &[String], normal: Duration) {
    for waited in reach_bitrix24(office, callers) {
        assert!(
            waited <= TIMEOUT + MARGIN + normal,
            "{what}: Bitrix24 rang after {waited:?}; a normal call takes {normal:?}"
        );
    }
    for caller in callers {
        office.assert_story(caller, "FALLBACK DB_ERROR rows=NONE");
    }
}

/// What a database that gives nothing costs, when there is no snapshot of its tables either;
/// `alive.rs` has the snapshot.
fn without_copy(name: &str, database: Database) -> Office {
    Office::open_with(name, database, |config| config.append(CONF, "snapshot = 0"))
}

/// The next call gets its rows and rings the button's number.
pub fn assert_rings(office: &Office, caller: &str, number: &str) {
    let mark = office.machine.log_mark();
    let call = office.call(caller);
    let talk = office
        .expect_target(number)
        .answer(Source::tone(TARGET_TONE));
    office.talk(&call, &talk, TARGET_TONE);
    let story = format!("Ext. s: RustIvr {caller}: TARGET  rows=LIVE digit= target={number}");
    office.machine.wait_log_since(mark, &story, SOON);
}

/// `[database]` for the run's MariaDB over TCP.
fn over_tcp(office: &Office, password: &str) -> String {
    MariaDb::over_tcp(office.run.database(), password)
}

/// What MariaDB counts for the module's work: prepared statements, connections.
fn counters(office: &Office) -> (u32, u32) {
    let mariadb = office.mariadb.as_ref().expect("MariaDB");
    let counted = mariadb.sql(
        "SELECT variable_value FROM information_schema.global_status
             WHERE variable_name = 'Prepared_stmt_count';
         SELECT count(*) FROM information_schema.processlist WHERE user = 'asterisk';",
    );
    let mut numbers = counted.lines().map(|line| line.parse().expect("a number"));
    let mut next = || numbers.next().expect("two numbers");
    (next(), next())
}

#[test]
fn a_frozen_killed_or_broken_mariadb_costs_a_caller_its_timeout_and_no_more() {
    let mut office = without_copy("mariadb-away", Database::MariaDb);
    let usual = normal(&office, 5);

    office.mariadb.as_ref().expect("MariaDB").stop();
    assert_in_time(&office, "frozen", &strangers(10, 5), usual);
    assert_in_time(&office, "frozen for long", &strangers(20, 5), usual);
    office.mariadb.as_ref().expect("MariaDB").cont();
    office.machine.wait_log("the database answers again", SOON);
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);

    let mark = office.machine.log_mark();
    office.mariadb.as_mut().expect("MariaDB").kill();
    assert_in_time(&office, "killed", &strangers(30, 5), usual);
    let refused = reach_bitrix24(&office, &strangers(40, 5));
    assert!(
        refused.iter().all(|waited| *waited < MARGIN + usual),
        "a refused connection needs no timeout: {refused:?}"
    );
    office.mariadb.as_mut().expect("MariaDB").start_again();
    let again = "the database answers again";
    office.machine.wait_log_since(mark, again, SOON);
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);

    office.sql("RENAME TABLE sAsterisk_ivr_button TO elsewhere;");
    assert_in_time(&office, "table missing", &strangers(50, 2), usual);
    office.sql("RENAME TABLE elsewhere TO sAsterisk_ivr_button;");
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);

    let secret = "not-the-password";
    office.use_database(&over_tcp(&office, secret));
    assert_in_time(&office, "wrong password", &strangers(60, 2), usual);
    let logged = office
        .machine
        .wait_log("does not let user 'asterisk' in", SOON);
    assert!(
        logged.contains("check [database] user, password"),
        "{logged}"
    );
    office.use_database(&over_tcp(&office, MariaDb::PASSWORD));
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);
    let log = office.machine.log() + &office.machine.cli("rustivr show status");
    for secret in [secret, MariaDb::PASSWORD] {
        assert!(!log.contains(secret), "a password stands in the log");
    }
    assert_a_readable_password_is_warned_of(&office);
    office.assert_nothing_left();
}

/// A file with a password that everybody may read draws a warning, and no other file does.
fn assert_a_readable_password_is_warned_of(office: &Office) {
    let file = office.run.directory().join("etc").join(CONF);
    for (mode, warned) in [(0o644, true), (0o640, false)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("our own file");
        let mark = office.machine.log_mark();
        office.use_database(&over_tcp(office, MariaDb::PASSWORD));
        let logged = office.machine.log_since(mark);
        let warning = "holds a password and everybody may read it: chmod o-r";
        assert_eq!(logged.contains(warning), warned, "{mode:o}: {logged}");
    }
    // The password stands in a file of its own.
    let own = fs::read_to_string(&file).expect("the configuration");
    let secrets = file.with_file_name("secrets.conf");
    fs::write(&secrets, format!("password = {}\n", MariaDb::PASSWORD)).expect("a file of our own");
    let including = own.replace(
        &format!("password = {}\n", MariaDb::PASSWORD),
        "#include secrets.conf\n",
    );
    assert_ne!(including, own);
    fs::write(&file, including).expect("our own file");
    for (mode, warned) in [(0o644, true), (0o640, false)] {
        fs::set_permissions(&secrets, fs::Permissions::from_mode(mode)).expect("our own file");
        let mark = office.machine.log_mark();
        office.machine.cli("module reload res_rust_ivr.so");
        office
            .machine
            .wait_log_since(mark, "the new configuration is in use", SOON);
        let told = office.machine.log_since(mark);
        let warning = "/secrets.conf holds a password and everybody may read it";
        assert_eq!(told.contains(warning), warned, "{mode:o}: {told}");
    }
}

#[test]
fn a_customers_own_cp1251_table_is_read_over_tcp_and_a_hundred_calls_leave_nothing_at_the_server() {
    let office = Office::open("mariadb-own", Database::MariaDb);
    let usual = normal(&office, 3);
    office.sql(
        "CREATE TABLE menus (tel BIGINT NOT NULL, title VARCHAR(60), hello VARCHAR(60),
                             knob INT, words VARCHAR(60), target INT UNSIGNED)
             ENGINE = InnoDB DEFAULT CHARSET = cp1251;
         INSERT INTO menus VALUES (79031112233, 'Заказ тортов №5', 'hello.mp3', 1, 'cakes.mp3', 4950001);",
    );
    let statement = "menu_query = SELECT title, hello, knob, words, target, 1, title AS name FROM menus WHERE tel = ?\n\
         menu_snapshot = SELECT tel, title, hello, knob, words, target, title AS name FROM menus\n";
    let lines = over_tcp(&office, MariaDb::PASSWORD) + statement;
    office.use_database(&lines);
    let told = office.machine.cli("rustivr test 79031112233");
    assert!(
        told.contains("transferTo 4950001, name Заказ тортов №5"),
        "{told}"
    );
    assert_rings(&office, "79031112233", "4950001");
    office
        .machine
        .wait_log("target=4950001 scenario=Заказ тортов №5", SOON);
    // What the site writes is what the very next caller gets.
    office.sql("UPDATE menus SET target = 4950002;");
    assert_rings(&office, "79031112233", "4950002");

    let mut connections = counters(&office);
    let until = Instant::now() + SOON;
    // Each of the 8 connections has the same statements, and the earlier ones are closed.
    while !matches!(connections, (8 | 16, 8)) {
        assert!(Instant::now() < until, "8 connections: {connections:?}");
        connections = counters(&office);
    }
    for round in 0..20 {
        reach_bitrix24(&office, &strangers(100 + 5 * round, 5));
    }
    assert_eq!(counters(&office), connections, "after 100 look-ups");

    // A statement that takes two seconds.
    let lines = over_tcp(&office, MariaDb::PASSWORD);
    let slow = "menu_query = SELECT SLEEP(2), NULL, NULL, NULL, ?\n";
    office.use_database(&(lines + slow));
    assert_in_time(&office, "slow query", &strangers(300, 3), usual);
    office.assert_nothing_left();
}

/// How a server lies.
#[derive(Clone, Copy, Debug)]
enum Liar {
    /// Takes connections and never says a word.
    Mute,
    /// A byte a second.
    Drip,
    /// Greets as MariaDB does and hangs up.
    Rude,
}

/// MariaDB's first packet up to what a client needs of it: length, sequence, protocol 10, version,
/// connection, salt, capabilities, character set, status.
const GREETING: &[u8] = b"\x52\0\0\0\x0a11.8.3-MariaDB\0\x05\0\0\0saltsalt\0\
    \xfe\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0mysql_native_password\0";

/// Serves until the test's process ends.
fn lie(listener: TcpListener, how: Liar) {
    let serve = move |mut client: TcpStream| {
        match how {
            // Reads on until the client has enough of it.
            Liar::Mute => drop(client.read_to_end(&mut Vec::new())),
            Liar::Drip => {
                for byte in GREETING {
                    if client.write_all(&[*byte]).is_err() {
                        break;
                    }
                    // The pace is the lie itself; nothing is waited for.
                    thread::sleep(Duration::from_secs(1));
                }
            }
            Liar::Rude => drop(client.write_all(GREETING)),
        }
    };
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(client));
        }
    });
}

#[test]
fn a_lying_server_costs_a_caller_its_timeout_and_no_more() {
    let office = without_copy("liars", Database::Sqlite);
    let usual = normal(&office, 3);
    for (number, how) in (1..).zip([Liar::Mute, Liar::Drip, Liar::Rude]) {
        let address = office.run.address(5, number);
        lie(TcpListener::bind((address, 3306)).expect("an address"), how);
        let lines = format!("driver = mysql\nhost = {address}\nname = site\nuser = asterisk\n");
        office.use_database(&lines);
        let from = 10 * u32::from(number);
        assert_in_time(&office, &format!("{how:?}"), &strangers(from, 3), usual);
    }
    office.use_database("driver = sqlite\n");
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);
    office.assert_nothing_left();
}

#[test]
fn an_sqlite_file_may_be_edited_locked_lost_and_replaced_under_calls() {
    let office = without_copy("sqlite-file", Database::Sqlite);
    let file = office.run.data_directory().join("rust_ivr.sqlite3");
    let aside = file.with_extension("aside");
    let usual = normal(&office, 3);
    let change = |path, to: &str| {
        let sql = "UPDATE sAsterisk_ivr_button SET transferTo = '{}' WHERE ivrID = 1;";
        sqlite(path, &sql.replace("{}", to));
    };
    assert_rings(&office, ONE_BUTTON, CAKES_NUMBER);
    change(&file, "8 (495) 000-00-09");
    assert_rings(&office, ONE_BUTTON, "74950000009");

    let writer = rusqlite::Connection::open(&file).expect("the database");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    assert_in_time(&office, "locked", &strangers(10, 3), usual);
    office
        .machine
        .wait_log("another program kept it locked for 300 ms", SOON);
    writer.execute_batch("COMMIT").expect("the lock's end");
    assert_rings(&office, ONE_BUTTON, "74950000009");

    fs::rename(&file, &aside).expect("the file");
    let lost = reach_bitrix24(&office, &strangers(20, 3));
    assert!(
        lost.iter().all(|waited| *waited < MARGIN + usual),
        "a missing file needs no timeout: {lost:?}"
    );
    office.assert_story("79010000020", "FALLBACK DB_ERROR rows=NONE");
    office
        .machine
        .wait_log("create it from the schema that comes with the module", SOON);
    assert!(!file.exists(), "a look-up never creates a database");
    fs::copy(&aside, &file).expect("a copy");
    assert_rings(&office, ONE_BUTTON, "74950000009");

    // Another file in its place, as an editor or a snapshot script puts it there.
    change(&aside, "74950000008");
    fs::rename(&aside, &file).expect("the file");
    assert_rings(&office, ONE_BUTTON, "74950000008");
    fs::write(&file, "no database at all, but long enough to be looked at").expect("a file");
    assert_in_time(&office, "no database", &strangers(30, 2), usual);
    office.assert_nothing_left();
}

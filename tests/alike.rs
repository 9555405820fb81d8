//! Whatever the tables hold: the snapshot gives the rows that the database gives, in the same order.
//! One generator of tables drives SQLite and a real MariaDB, through the library: no Asterisk.
//! `cargo test --test alike sqlite` needs no container.

use std::fmt::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use res_rust_ivr::directory::{LiveDirectory, open};
use res_rust_ivr::numbers::Phone;
use res_rust_ivr::ports::{Directory, MenuRow, Source};
use res_rust_ivr::settings::{Address, Database, Driver, Host, Secret, Settings};
use rust_ivr_testing::machine::{MariaDb, Run, sqlite};

/// However busy the machine is.
const PATIENT: Duration = Duration::from_secs(20);

const CALLERS: u32 = 4;
const CODES: u32 = 20;

/// A menu in the tables, with a code beside it.
#[derive(Clone, Debug)]
struct Menu {
    /// `None` is NULL.
    phone: Option<String>,
    /// How many numbers before its `id` nobody has.
    gap: u32,
    buttons: u32,
    code: String,
}

/// What the tables are made of.
#[derive(Clone, Debug)]
struct Tables {
    menus: Vec<Menu>,
    /// The type of the columns that rows are found by.
    column: &'static str,
    engine: &'static str,
    /// Whether `phone` and `ivrID` have an index.
    indexed: (bool, bool),
    /// Menus of nobody, between the others.
    strangers: u32,
}

/// The forms of a caller's number that are looked for, and two that are not always.
fn forms(caller: u32) -> [String; 6] {
    let n = format!("912000000{caller}");
    [
        format!("7{n}"),
        format!("+7{n}"),
        format!("8{n}"),
        format!("07{n}"),
        format!("7{n}x"),
        n,
    ]
}

/// A text as people and programs write it: with blanks, and with marks that nobody sees.
fn written(text: String) -> impl Strategy<Value = String> {
    select(vec![
        text.clone(),
        text.clone(),
        text.clone(),
        format!("{text} "),
        format!("{text}  "),
        format!(" {text}"),
        format!("{text}\t"),
        format!("{text}\u{a0}"),
        format!("\u{202a}{text}\u{202c}"),
        format!("{text} \u{200b}"),
        format!("{text}\u{301}"),
        format!("{text}?"),
        format!("{text}\u{44f}"),
    ])
}

fn menu() -> impl Strategy<Value = Menu> {
    let phone =
        (0..CALLERS, 0..6_usize).prop_flat_map(|(at, form)| written(forms(at)[form].clone()));
    let code = (0..CODES, any::<bool>())
        .prop_flat_map(|(at, zero)| written(format!("{}{at}", if zero { "0" } else { "" })));
    let phone =
        prop_oneof![1 => Just(None), 1 => Just(Some(String::new())), 18 => phone.prop_map(Some)];
    let gap = prop_oneof![3 => 0..3_u32, 1 => 0..1500_u32];
    (phone, gap, 0..14_u32, code).prop_map(|(phone, gap, buttons, code)| Menu {
        phone,
        gap,
        buttons,
        code,
    })
}

fn tables(
    columns: &'static [&'static str],
    engines: &'static [&'static str],
    strangers: &'static [u32],
) -> impl Strategy<Value = Tables> {
    let menus = prop::collection::vec(menu(), 0..30);
    let kind = (
        select(columns),
        select(engines),
        any::<(bool, bool)>(),
        select(strangers),
    );
    (menus, kind).prop_map(|(menus, (column, engine, indexed, strangers))| Tables {
        menus,
        column,
        engine,
        indexed,
        strangers,
    })
}

impl Tables {
    /// Statements that make them.
    fn sql(&self) -> String {
        let Self { column, engine, .. } = self;
        let mut sql = format!(
            "CREATE TABLE sAsterisk_ivr (id INTEGER PRIMARY KEY, phone {column}, scenario VARCHAR(40),
                                         scenarioMsg VARCHAR(40)) {engine};
             CREATE TABLE sAsterisk_ivr_button (ivrID INTEGER, keyNum VARCHAR(8), msgMp3 VARCHAR(40),
                                                transferTo DECIMAL(15, 1)) {engine};
             CREATE TABLE sAsterisk_prefix (pref {column}, phone VARCHAR(40)) {engine};"
        );
        if self.indexed.0 {
            sql += "CREATE INDEX p ON sAsterisk_ivr (phone); CREATE INDEX c ON sAsterisk_prefix (pref);";
        }
        if self.indexed.1 {
            sql += "CREATE INDEX b ON sAsterisk_ivr_button (ivrID);";
        }
        let quoted = |text: &String| format!("'{text}'");
        let mut id = 0;
        for (at, menu) in self.menus.iter().enumerate() {
            let phone = menu.phone.as_ref().map_or("NULL".to_owned(), quoted);
            id += menu.gap + 1;
            let row = format!(
                "INSERT INTO sAsterisk_ivr VALUES ({id}, {phone}, '\u{43c} {at}', NULL);\n"
            );
            sql += &row;
            writeln!(
                sql,
                "INSERT INTO sAsterisk_prefix VALUES ('{}', '{at}');",
                menu.code
            )
            .unwrap();
        }
        sql + &self.buttons()
    }

    /// A button of each menu in turn, the last menu first: those of one menu lie apart.
    fn buttons(&self) -> String {
        let mut rows = Vec::new();
        for round in 0..14 {
            let mut id = self.menus.iter().map(|menu| menu.gap + 1).sum::<u32>();
            for menu in self.menus.iter().rev() {
                if round < menu.buttons {
                    let key = (round * 5 + id) % 14;
                    rows.push(format!("({id}, '{key}', NULL, {round}.{})", id % 2));
                }
                id -= menu.gap + 1;
            }
        }
        match rows.is_empty() {
            true => String::new(),
            false => format!(
                "INSERT INTO sAsterisk_ivr_button VALUES {};\n",
                rows.join(", ")
            ),
        }
    }

    /// Statements that fill the gaps with menus of others, for MariaDB.
    fn strangers(&self) -> String {
        let last = self.strangers;
        format!(
            "INSERT IGNORE INTO sAsterisk_ivr SELECT seq, 7000000 + seq, 'nobody', NULL FROM seq_1_to_{last};
             INSERT INTO sAsterisk_ivr_button SELECT id, id % 10, NULL, id FROM sAsterisk_ivr WHERE scenario = 'nobody';"
        )
    }
}

fn settings(driver: Driver) -> Database {
    Database {
        driver,
        timeout: PATIENT,
        connections: 1,
        snapshot: Some(Duration::from_secs(3600)),
        ..Settings::default().database
    }
}

/// What callers and codes get, and from where.
type Answers = (Vec<Vec<MenuRow>>, Vec<Option<String>>);

fn answers(directory: &LiveDirectory, from: Source) -> Answers {
    let numbers = Settings::default().numbers;
    let menu = |at: u32| {
        let phone = Phone::parse(&forms(at)[0], &numbers).expect("a phone");
        let answer = directory.menu(&phone).expect("rows");
        assert_eq!(answer.source, from);
        answer.rows
    };
    let code = |code: &str| {
        let answer = directory.code(code).expect("a number, or none");
        assert_eq!(answer.source, from);
        answer.number
    };
    let codes = (0..CODES).flat_map(|at| [format!("{at}"), format!("0{at}"), format!("{at}*")]);
    (
        (0..CALLERS).map(menu).collect(),
        codes.map(|text| code(&text)).collect(),
    )
}

/// The same answers from the database and, once that is gone, from the snapshot.
fn compare(database: &Database, dir: &Path, lose: impl Fn()) -> Result<(), TestCaseError> {
    let directory = open(database, dir, dir);
    let began = Instant::now();
    while !directory.state().contains("read in ") {
        assert!(began.elapsed() < PATIENT, "{}", directory.state());
        thread::yield_now();
    }
    let (rows, numbers) = answers(&directory, Source::Live);
    lose();
    let (kept, kept_numbers) = answers(&directory, Source::Snapshot);
    for (at, (live, kept)) in rows.iter().zip(&kept).enumerate() {
        prop_assert_eq!(live, kept, "caller {}", at);
    }
    prop_assert_eq!(numbers, kept_numbers);
    Ok(())
}

/// A case that fails is printed; nothing is kept in a file.
fn cases(count: u32) -> Config {
    Config {
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::with_cases(count)
    }
}

#[test]
fn the_snapshot_of_sqlite_answers_like_sqlite() {
    let run = Run::new("alike-sqlite");
    let (dir, file) = (run.directory(), run.directory().join("test.sqlite3"));
    let columns = &["TEXT", "TEXT COLLATE RTRIM", "INTEGER", "BLOB"];
    let mut runner = TestRunner::new(cases(48));
    let compared = runner.run(&tables(columns, &[""], &[0]), |tables| {
        // Whatever is there of the case before.
        let _ = std::fs::remove_file(&file);
        sqlite(&file, &tables.sql());
        let driver = Driver::Sqlite { file: file.clone() };
        compare(&settings(driver), dir, || {
            std::fs::remove_file(&file).expect("the file")
        })
    });
    compared.unwrap();
}

/// Character sets and collations, with and without PAD, and numbers.
const COLUMNS: &[&str] = &[
    "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci",
    "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_nopad_ci",
    "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    "VARCHAR(40) CHARACTER SET cp1251 COLLATE cp1251_general_ci",
    "VARCHAR(40) CHARACTER SET cp1251 COLLATE cp1251_nopad_bin",
    "CHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    "CHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_nopad_ci",
    "CHAR(40) CHARACTER SET cp1251",
    "VARBINARY(80)",
    "BIGINT",
    "DECIMAL(15, 2)",
    "DOUBLE",
];

/// A MariaDB, and how it is reached.
fn mariadb(run: &Run) -> (MariaDb, Database) {
    let server = MariaDb::start(run, "");
    let host = Host {
        name: server.address().to_string(),
        port: MariaDb::PORT,
    };
    let database = settings(Driver::Mysql {
        address: Address::Tcp {
            hosts: vec![host],
            tls: None,
        },
        name: MariaDb::NAME.to_owned(),
        user: MariaDb::USER.to_owned(),
        password: Secret::new(MariaDb::PASSWORD.to_owned()),
    });
    (server, database)
}

const DROP_ALL: &str =
    "DROP TABLE IF EXISTS sAsterisk_ivr, sAsterisk_ivr_button, sAsterisk_prefix;";

fn compare_on(
    (server, database): &(MariaDb, Database),
    run: &Run,
    tables: &Tables,
) -> Result<(), TestCaseError> {
    // What a column cannot hold becomes what it can.
    let mut sql = format!("SET sql_mode = ''; {DROP_ALL} {}", tables.sql());
    if tables.strangers > 0 {
        sql += &tables.strangers();
    }
    server.sql(&sql);
    compare(database, run.directory(), || drop(server.sql(DROP_ALL)))
}

#[test]
fn the_snapshot_of_mariadb_answers_like_mariadb() {
    let run = Run::new("alike-mariadb");
    let server = mariadb(&run);
    let engines = &["ENGINE = InnoDB", "ENGINE = MyISAM"];
    let tables = tables(COLUMNS, engines, &[0, 0, 1500]);
    let mut runner = TestRunner::new(cases(40));
    let compared = runner.run(&tables, |tables| compare_on(&server, &run, &tables));
    compared.unwrap();
}

/// The module reads 250 menus at a time.
#[test]
fn no_menu_is_lost_at_the_border_of_a_portion() {
    let run = Run::new("alike-borders");
    let server = mariadb(&run);
    for count in [249, 250, 251, 500, 501] {
        for gap in [0, 7] {
            let menu = |at: u32| Menu {
                // Those at the borders are a caller's, each third one nobody's.
                phone: match at % 250 {
                    at @ (0..2 | 247..250) => Some(forms(at % CALLERS)[0].clone()),
                    at if at % 3 == 0 => None,
                    _ => Some("70000000000".to_owned()),
                },
                gap: gap * (at % 2),
                buttons: 13,
                code: at.to_string(),
            };
            let tables = Tables {
                menus: (0..count).map(menu).collect(),
                column: COLUMNS[0],
                engine: "ENGINE = InnoDB",
                indexed: (true, gap == 0),
                strangers: 0,
            };
            compare_on(&server, &run, &tables).unwrap();
        }
    }
}

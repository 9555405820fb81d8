//! SQLite on real files.

use std::fs;

use rusqlite::Connection;

use super::*;

#[test]
fn the_schema_holds_the_debug_numbers() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    dir.write(SCHEMA);
    let directory = dir.open(None);
    assert_eq!(rows(&directory, "70000000000").unwrap(), []);
    assert_eq!(rows(&directory, "70000000001").unwrap().len(), 1);
    let menu = rows(&directory, "70000000002").unwrap();
    let keys: Vec<_> = menu.iter().map(|row| row.key_num.as_deref()).collect();
    assert_eq!(keys, [Some("1"), Some("2")]);
    let second = MenuRow {
        scenario: some("several orders"),
        scenario_msg: some("hello.mp3"),
        key_num: some("2"),
        msg_mp3: some("flowers.mp3"),
        transfer_to: some("74950000002"),
        name: None,
    };
    assert_eq!(menu[1], second);
}

#[test]
fn every_form_of_a_number_finds_every_form_in_the_table() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let forms = ["79120000001", "+79120000002", "89120000003", "9120000004"];
    for form in forms {
        dir.write(&format!(
            "INSERT INTO sAsterisk_ivr (phone) VALUES ('{form}')"
        ));
    }
    let directory = dir.open(None);
    for last in 1..=4 {
        for prefix in ["7", "+7", "8", ""] {
            let number = format!("{prefix}912000000{last}");
            // No buttons: the LEFT JOIN gives one row of NULLs.
            assert_eq!(
                rows(&directory, &number).unwrap(),
                [MenuRow::default()],
                "{number}"
            );
        }
    }
}

#[test]
fn any_column_type_becomes_text() {
    let dir = Dir::new();
    dir.write(
        "CREATE TABLE sAsterisk_ivr (id, phone INTEGER, scenario BLOB, scenarioMsg TEXT);
         CREATE TABLE sAsterisk_ivr_button (ivrID, keyNum INTEGER, msgMp3, transferTo REAL);
         INSERT INTO sAsterisk_ivr VALUES (1, 70000000001, x'd09f', CAST(x'61ff62' AS TEXT));
         INSERT INTO sAsterisk_ivr_button VALUES (1, 5, NULL, 74950000001);",
    );
    let row = MenuRow {
        scenario: some("П"),
        scenario_msg: some("a\u{fffd}b"),
        key_num: some("5"),
        msg_mp3: None,
        transfer_to: some("74950000001"),
        name: None,
    };
    assert_eq!(rows(&dir.open(None), "70000000001").unwrap(), [row]);
}

#[test]
fn rows_and_text_are_limited() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    dir.write(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
         INSERT INTO sAsterisk_ivr_button (ivrID, keyNum, msgMp3)
         SELECT 1, i, printf('%.*c', 100000, 'x') FROM n;",
    );
    let menu = rows(&dir.open(None), "70000000001").unwrap();
    assert_eq!(menu.len(), MAX_ROWS);
    assert_eq!(menu[1].msg_mp3.as_ref().unwrap().len(), MAX_TEXT);
}

#[test]
fn a_channels_stack_is_enough() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let directory = dir.open(None);
    let channel = std::thread::Builder::new().stack_size(496 * 1024);
    let found = channel.spawn(move || rows(&directory, "70000000002").unwrap().len());
    assert_eq!(found.unwrap().join().unwrap(), 2);
}

#[test]
fn a_row_just_written_is_seen() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let directory = dir.open(None);
    assert_eq!(rows(&directory, "70000000000").unwrap(), []);
    dir.write("INSERT INTO sAsterisk_ivr (phone, scenario) VALUES ('70000000000', 'new')");
    assert_eq!(
        rows(&directory, "70000000000").unwrap()[0].scenario,
        some("new")
    );
    dir.write(
        "ALTER TABLE sAsterisk_ivr ADD COLUMN extra; UPDATE sAsterisk_ivr SET scenario = 'x'",
    );
    assert_eq!(
        rows(&directory, "70000000000").unwrap()[0].scenario,
        some("x")
    );
}

#[test]
fn a_file_put_in_the_same_place_is_noticed() {
    let (dir, other) = (Dir::new(), Dir::new());
    dir.write(SCHEMA);
    other.write(SCHEMA);
    other.write("UPDATE sAsterisk_ivr SET scenario = 'other'");
    let directory = dir.open(None);
    assert_eq!(
        rows(&directory, "70000000001").unwrap()[0].scenario,
        some("one order")
    );
    fs::rename(other.file(), dir.file()).unwrap();
    assert_eq!(
        rows(&directory, "70000000001").unwrap()[0].scenario,
        some("other")
    );
}

#[test]
fn a_locked_database_costs_no_more_than_the_budget() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let directory = dir.open(None);
    rows(&directory, "70000000001").unwrap();
    let writer = Connection::open(dir.file()).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // Once with a connection that knows the tables, once with a new one.
    for _ in 0..2 {
        assert!(unavailable(&directory, TIMEOUT).contains("locked for 200 ms"));
    }
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(rows(&directory, "70000000001").unwrap().len(), 1);
}

#[test]
fn a_slow_query_costs_no_more_than_the_budget() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT max(i), 2, 3, 4, ? FROM n";
    assert!(unavailable(&dir.open(Some(endless)), TIMEOUT).contains("no rows within 200 ms"));
}

#[test]
fn wrong_files_are_named_with_the_cure() {
    let dir = Dir::new();
    let directory = dir.open(None);
    let file = dir.file().display().to_string();
    let words = unavailable(&directory, TIMEOUT);
    assert!(words.contains(&file) && words.contains("schema"), "{words}");
    dir.write("CREATE TABLE other (id)");
    let words = refused(&directory);
    assert!(
        words.contains(&file) && words.contains("no such table: sAsterisk_ivr"),
        "{words}"
    );
    fs::write(dir.file(), "this is certainly no database\n".repeat(100)).unwrap();
    let words = refused(&directory);
    assert!(
        words.contains(&file) && words.contains("no SQLite database"),
        "{words}"
    );
    fs::remove_file(dir.file()).unwrap();
    fs::create_dir(dir.file()).unwrap();
    let words = unavailable(&directory, TIMEOUT);
    assert!(words.contains(&file), "{words}");
}

#[test]
fn a_query_of_ones_own_asks_for_the_canonical_form() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let own = "SELECT scenario, scenarioMsg, '9', 'x', phone FROM sAsterisk_ivr WHERE phone = ?";
    let menu = rows(&dir.open(Some(own)), "8 (000) 000-00-01").unwrap();
    assert_eq!(menu[0].transfer_to, some("70000000001"));
    assert!(refused(&dir.open(Some("SELECT ?, 2, 3, 4"))).contains("4 columns"));
    assert!(refused(&dir.open(Some("SELECT 1, 2, 3, 4, 5"))).contains("0 parameters"));
    assert!(refused(&dir.open(Some("SELEKT ?"))).contains("syntax error"));
}

#[test]
fn a_code_gives_the_first_rows_number_as_stored() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    dir.write(
        "DROP TABLE sAsterisk_prefix;
         CREATE TABLE sAsterisk_prefix (pref TEXT, phone);
         INSERT INTO sAsterisk_prefix VALUES ('1', '+7 (495) 000-00-01'), ('1', 'second'),
             ('2', NULL), ('2', '74950000002'), ('3', 74950000003), ('*4#', ''), ('05', '5')",
    );
    let directory = dir.open(None);
    for (code, meant) in [
        ("1", some("+7 (495) 000-00-01")),
        ("2", None),
        ("3", some("74950000003")),
        ("*4#", some("")),
        ("4", None),
        ("5", None),
        ("05", some("5")),
    ] {
        assert_eq!(number(&directory, code).unwrap(), meant, "{code}");
    }
    assert_eq!(rows(&directory, "70000000001").unwrap().len(), 1);
}

#[test]
fn a_code_query_of_ones_own_is_asked_and_checked() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    dir.write("DROP TABLE sAsterisk_prefix");
    let ask = |own: Option<&str>| number(&dir.open_with(None, own), "12");
    let own = "SELECT transferTo || ?, 'more' FROM sAsterisk_ivr_button WHERE id = 1";
    assert_eq!(ask(Some(own)).unwrap(), some("7495000000112"));
    for (own, expected) in [
        (None, "no such table: sAsterisk_prefix"),
        (Some("SELECT 1"), "code_query has 0 parameters"),
    ] {
        let error = ask(own).unwrap_err();
        assert!(
            matches!(&error, LookupError::Refused(why) if why.contains(expected)),
            "{error}"
        );
    }
    // Menus go on without codes.
    assert_eq!(rows(&dir.open(None), "70000000001").unwrap().len(), 1);
}

#[test]
fn a_column_called_name_of_an_own_query_is_the_buttons_name_live_and_in_the_snapshot() {
    let dir = Dir::new();
    dir.write(
        "CREATE TABLE menus (tel INTEGER, title, words, target, called);
         INSERT INTO menus VALUES (70000000001, 'orders', 'cakes.mp3', 74950000001, 'Торты'),
                                  (70000000001, 'orders', 'pies.mp3', 74950000002, NULL);",
    );
    let columns = "title, NULL, words, words, target";
    let names = |called: &str| {
        let settings = Database {
            menu_query: Some(format!(
                "SELECT {columns}, {called} FROM menus WHERE tel = ?"
            )),
            menu_snapshot: Some(format!("SELECT tel, {columns}, {called} FROM menus")),
            snapshot: Some(Duration::from_secs(3600)),
            ..dir.settings()
        };
        let directory = open(&settings, &dir.0, &dir.0);
        wait_for_snapshot(&directory, "1 phones, 0 s old");
        let live = rows(&directory, "70000000001").unwrap();
        let away = dir.0.join("away");
        fs::rename(dir.file(), &away).unwrap();
        assert_eq!(snapshotted(&directory, "70000000001"), live, "{called}");
        fs::rename(&away, dir.file()).unwrap();
        live.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names("1, called AS Name"), [some("Торты"), None]);
    assert_eq!(
        names("called"),
        [None, None],
        "another column is none of ours"
    );
    // The five columns are told apart by their places.
    dir.write("ALTER TABLE menus RENAME COLUMN title TO name");
    let query = "SELECT name, NULL, words, words, target FROM menus WHERE tel = ?";
    let found = rows(&dir.open(Some(query)), "70000000001").unwrap();
    assert_eq!(
        (&found[0].scenario, &found[0].name),
        (&some("orders"), &None)
    );
}

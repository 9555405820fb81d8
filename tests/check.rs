//! `rustivr check`: an office that is badly set up is told each thing that is wrong, and is `OK` when
//! the cures were taken.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rust_ivr_testing::machine::MachineConfig;
use rust_ivr_testing::office::{Database, Office, SOON};

/// As the sample recommends.
fn guarded(config: MachineConfig) -> MachineConfig {
    config.replace(
        "res_rust_ivr.conf",
        "\nallow = _X.\n",
        "\nallow = _7XXXXXXXXXX\n",
    )
}

/// What the command prints, its lines joined, after each line was seen to fit.
fn checked(office: &Office) -> String {
    let printed = office.machine.cli("rustivr check");
    let fits = |line: &&str| line.chars().count() <= 80;
    let long: Vec<_> = printed.lines().filter(|line| !fits(line)).collect();
    // A path may be longer than a line.
    let whole = |line: &&str| line.trim().contains(' ') && !line.contains("/rust-ivr/");
    assert!(!long.iter().any(whole), "{long:#?}");
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_told(office: &Office, words: &[&str]) {
    let told = checked(office);
    for words in words {
        assert!(told.contains(words), "{words}: {told}");
    }
}

fn assert_ok(office: &Office) {
    let brief = office.machine.cli("rustivr check brief");
    assert_eq!(
        brief.trim(),
        "OK",
        "{}",
        office.machine.cli("rustivr check")
    );
}

/// Changes a configuration file that is there.
fn edit(office: &Office, file: &str, change: impl FnOnce(String) -> String) -> String {
    let path = office.run.directory().join("etc").join(file);
    let before = fs::read_to_string(path).expect(file);
    office.machine.put_file(file, &change(before.clone()));
    before
}

#[test]
fn what_is_wrong_is_told_with_its_cure_and_a_good_office_is_ok() {
    let office = Office::open_with("check", Database::Sqlite, guarded);
    let machine = &office.machine;
    assert_ok(&office);

    // The host's side, file by file.
    let files = [
        edit(&office, "modules.conf", |_| {
            "[modules]\nautoload = no\n".into()
        }),
        edit(&office, "features.conf", |text| {
            text + "apprecord = *1,self,Macro,one-touch-record\n"
        }),
        edit(&office, "pjsip.conf", |text| {
            let (before, after) = text.rsplit_once("allow = alaw,ulaw").expect("codecs");
            format!("{before}allow = g722{after}")
        }),
        edit(&office, "res_rust_ivr.conf", |text| {
            text.replace("}@multifon", "}@nowhere")
                .replace("hold_music = default", "hold_music = oldies")
                .replace("= _7XXXXXXXXXX", "= _X.")
                + "\n[http]\nnonsense = 1\n"
        }),
    ];
    machine.cli("module reload res_pjsip.so");
    assert_told(
        &office,
        &[
            "autoload is off in modules.conf",
            "DYNAMIC_FEATURES = apprecord#confadd",
            "bitrix24 ([general] fallback) allows neither alaw nor ulaw but g722",
            "would be refused at the next start",
        ],
    );
    edit(&office, "res_rust_ivr.conf", |text| {
        text.replace("\n[http]\nnonsense = 1\n", "\n")
    });
    machine.cli("module reload res_rust_ivr");
    assert_told(
        &office,
        &[
            "there is no endpoint nowhere",
            "no class oldies",
            "lets every number out",
        ],
    );

    // The tables and the recordings.
    let sounds = office.run.data_directory().join("sounds/rust_ivr");
    let cakes = sounds.join("msgMp3/cakes.mp3");
    fs::write(&cakes, "no sound").expect("a prompt");
    office.sql(
        "PRAGMA foreign_keys = OFF;
         DROP INDEX sAsterisk_ivr_phone;
         INSERT INTO sAsterisk_ivr (id, phone, scenarioMsg) VALUES
             (90, 'office', 'a'), (91, '79120000001' || char(13), 'a'), (92, '79120000002', 'gone');
         INSERT INTO sAsterisk_ivr_button (ivrID, keyNum, transferTo) VALUES
             (92, '1', '74950000001'), (92, '1', '74950000001'), (92, '2', 'call me'), (99, '1', '1');
         INSERT INTO sAsterisk_prefix VALUES ('1 ', '74950000001');",
    );
    assert_told(
        &office,
        &[
            "sAsterisk_ivr: it has no index for it -> CREATE INDEX phone",
            "no numbers, so that no caller reaches their menu: 'office'",
            "'79120000001?' for 79120000001",
            "stand twice in one menu, of which only the first row counts: key 1 of 79120000002",
            "'call me' (key 2 of 79120000002)",
            "1 rows of sAsterisk_ivr_button belong to no row",
            "nobody can type: '1 '",
            "scenario/\"gone\"",
            "cakes.mp3: neither WAV, MP3 nor Ogg",
        ],
    );
    let brief = machine.cli("rustivr check brief");
    assert!(brief.trim().ends_with(" problems"), "{brief}");
    let tree = machine.cli("rustivr show menu 79120000002");
    assert!(
        tree.contains("`-- rings the fallback, PJSIP/bitrix24, because"),
        "{tree}"
    );
    office.sql("DROP TABLE sAsterisk_prefix");
    assert_told(&office, &["no table sAsterisk_prefix", "schema.sqlite.sql"]);

    let names = [
        "modules.conf",
        "features.conf",
        "pjsip.conf",
        "res_rust_ivr.conf",
    ];
    for (name, before) in names.into_iter().zip(files) {
        edit(&office, name, |_| before);
    }
    machine.cli("module reload res_pjsip.so");
    let mark = machine.log_mark();
    machine.cli("module reload res_rust_ivr");
    machine.wait_log_since(mark, "the new configuration is in use", SOON);
    // The office has it as another kind of file as well.
    fs::remove_file(cakes).expect("a prompt");
    office.sql(
        "CREATE INDEX sAsterisk_ivr_phone ON sAsterisk_ivr (phone);
         DELETE FROM sAsterisk_ivr_button WHERE ivrID >= 90;
         DELETE FROM sAsterisk_ivr WHERE id >= 90;
         CREATE TABLE sAsterisk_prefix (pref TEXT PRIMARY KEY, phone TEXT NOT NULL);
         INSERT INTO sAsterisk_prefix VALUES ('15', '74950000001');",
    );
    assert_ok(&office);
    completion(&office);
    office.assert_nothing_left();
}

/// What a console offers for a tabulator.
fn completion(office: &Office) {
    let offered = |line: &str, word: &str| {
        let ask = format!("_command matchesarray \"{line}\" \"{word}\"");
        office.machine.cli(&ask)
    };
    let table = [
        ("rustivr show ", "", "menu"),
        ("rustivr check ", "", "brief"),
        ("rustivr test 7000", "7000", "70000000002"),
        ("rustivr show menu ", "", "70000000001"),
        ("rustivr test code ", "", "15"),
    ];
    for (line, word, wanted) in table {
        let words = offered(line, word);
        assert!(words.contains(wanted), "{line}: {words}");
    }
    assert!(!offered("rustivr test code 7", "7").contains("7000"));
}

#[test]
fn a_server_is_asked_for_its_indexes_character_sets_and_rights() {
    let office = Office::open_with("check-mariadb", Database::MariaDb, guarded);
    assert_told(
        &office,
        &["res_rust_ivr.conf holds a password and everybody"],
    );
    let conf = office.run.directory().join("etc/res_rust_ivr.conf");
    fs::set_permissions(conf, fs::Permissions::from_mode(0o640)).expect("the file");
    assert_ok(&office);
    let mariadb = office.mariadb.as_ref().expect("MariaDB");
    mariadb.sql(
        "ALTER TABLE sAsterisk_ivr DROP INDEX phone;
         ALTER TABLE sAsterisk_ivr_button DROP INDEX ivrID,
             MODIFY msgMp3 VARCHAR(255) CHARACTER SET latin1;
         ALTER TABLE sAsterisk_prefix DROP PRIMARY KEY;
         GRANT UPDATE ON site.* TO 'asterisk'@'%';
         GRANT UPDATE ON site.* TO 'asterisk'@'localhost';",
    );
    assert_told(
        &office,
        &[
            "table sAsterisk_ivr: it has no index",
            "CREATE INDEX ivrID",
            "CREATE UNIQUE INDEX pref",
            "sAsterisk_ivr_button.msgMp3 (latin1)",
            "account may change the tables",
        ],
    );
    mariadb.sql("DROP TABLE sAsterisk_prefix");
    assert_told(&office, &["no table sAsterisk_prefix", "GRANT SELECT"]);
    office.assert_nothing_left();
}

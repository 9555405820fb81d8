//! The snapshot: what it holds, when it is renewed, how it survives.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::atomic::AtomicBool;

use super::*;

/// Often enough for tests that wait for a renewal.
const OFTEN: Duration = Duration::from_millis(20);

/// Not a second time in a test.
const ONCE: Duration = Duration::from_secs(3600);

impl Dir {
    fn open_with_snapshot(&self, every: Duration) -> LiveDirectory {
        let settings = Database {
            snapshot: Some(every),
            ..self.settings()
        };
        open(&settings, &self.0, &self.0)
    }

    /// The database with its three numbers, and a directory whose snapshot is complete.
    fn snapshotted(&self) -> LiveDirectory {
        self.write(SCHEMA);
        let directory = self.open_with_snapshot(ONCE);
        wait_for_snapshot(&directory, "2 phones, ");
        wait_for_snapshot(&directory, "2 codes, ");
        directory
    }

    fn snapshot(&self) -> PathBuf {
        self.0.join("rust_ivr_snapshot.sqlite3")
    }

    /// Waits for the snapshot's file; the memory is a moment ahead of it.
    fn wait_for_file(&self) {
        let began = Instant::now();
        while !self.snapshot().exists() {
            assert!(began.elapsed() < Duration::from_secs(10));
            thread::yield_now();
        }
    }

    fn lose_database(&self) {
        fs::remove_file(self.file()).unwrap();
    }
}

#[test]
fn the_snapshot_answers_like_the_database() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    for (at, form) in ["79120000001", "+79120000002", "89120000003", "9120000004"]
        .iter()
        .enumerate()
    {
        let at = at + 10;
        dir.write(&format!(
            "INSERT INTO sAsterisk_ivr (id, phone) VALUES ({at}, '{form}');
             INSERT INTO sAsterisk_ivr_button (ivrID, keyNum) VALUES ({at}, '2'), ({at}, NULL)"
        ));
    }
    let directory = dir.open_with_snapshot(ONCE);
    wait_for_snapshot(&directory, "6 phones, 0 s old; 2 codes, 0 s old");
    let numbers = [
        "70000000001",
        "70000000002",
        "79120000001",
        "79120000002",
        "8 912 0000003",
        "9120000004",
    ];
    let live = numbers.map(|number| rows(&directory, number).unwrap());
    assert_eq!(live[5].len(), 2);
    dir.lose_database();
    assert_eq!(numbers.map(|number| snapshotted(&directory, number)), live);
    for stranger in ["70000000000", "70000000003", "112"] {
        assert_eq!(snapshotted(&directory, stranger), [], "{stranger}");
    }
    for (code, meant) in [("2", some("74950000002")), ("22", None)] {
        let answer = CodeAnswer {
            number: meant,
            source: Source::Snapshot,
        };
        assert_eq!(directory.code(code), Ok(answer));
    }
}

#[test]
fn what_changed_is_in_the_next_snapshot_and_a_lost_table_stays_in_it() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let directory = dir.open_with_snapshot(OFTEN);
    wait_for_snapshot(&directory, "2 phones, ");
    dir.write("INSERT INTO sAsterisk_ivr (phone, scenario) VALUES ('70000000003', 'new')");
    wait_for_snapshot(&directory, "3 phones, ");
    // Codes go on being renewed without menus.
    dir.write(
        "DROP TABLE sAsterisk_ivr_button; DROP TABLE sAsterisk_ivr; DELETE FROM sAsterisk_prefix",
    );
    wait_for_snapshot(&directory, "0 codes, ");
    assert_eq!(
        snapshotted(&directory, "70000000003")[0].scenario,
        some("new")
    );
}

#[test]
fn the_snapshot_survives_a_restart_and_answers_the_first_call() {
    let dir = Dir::new();
    let directory = dir.snapshotted();
    let menu = rows(&directory, "70000000002").unwrap();
    dir.wait_for_file();
    let mode = fs::metadata(dir.snapshot()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(directory);
    dir.lose_database();
    let directory = dir.open_with_snapshot(ONCE);
    assert_eq!(snapshotted(&directory, "70000000002"), menu);
    assert_eq!(directory.code("1").unwrap().source, Source::Snapshot);
    // It is nobody else's: neither of another database nor of another query.
    let other = Database {
        snapshot: Some(ONCE),
        menu_snapshot: some("SELECT phone, 1, 2, 3, 4, 5 FROM sAsterisk_ivr"),
        ..dir.settings()
    };
    open(&other, &dir.0, &dir.0)
        .menu(&phone("70000000002"))
        .unwrap_err();
}

#[test]
fn the_file_is_written_only_when_something_changed() {
    let dir = Dir::new();
    let file = || fs::metadata(dir.snapshot()).unwrap();
    dir.write(SCHEMA);
    let directory = dir.open_with_snapshot(OFTEN);
    dir.wait_for_file();
    let first = file();
    // It is noted that the snapshot was found right.
    while file().modified().unwrap() == first.modified().unwrap() {
        thread::yield_now();
    }
    assert_eq!(file().ino(), first.ino());
    dir.write("DELETE FROM sAsterisk_prefix");
    while file().ino() == first.ino() {
        thread::yield_now();
    }
    drop(directory);
    let left: Vec<_> = fs::read_dir(&dir.0).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_damaged_file_is_put_aside_and_made_again() {
    let damages: [fn(&Dir); 5] = [
        |dir| fs::write(dir.snapshot(), "no database").unwrap(),
        |dir| fs::write(dir.snapshot(), "").unwrap(),
        |dir| {
            let file = fs::File::options()
                .write(true)
                .open(dir.snapshot())
                .unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        },
        |dir| {
            let conn = Connection::open(dir.snapshot()).unwrap();
            conn.execute_batch("DELETE FROM menu WHERE keyNum = '2'")
                .unwrap();
        },
        |dir| {
            let conn = Connection::open(dir.snapshot()).unwrap();
            conn.execute_batch("ALTER TABLE code RENAME TO x").unwrap();
        },
    ];
    for damage in damages {
        let dir = Dir::new();
        let directory = dir.snapshotted();
        dir.wait_for_file();
        drop(directory);
        damage(&dir);
        let aside = dir.0.join("aside");
        fs::rename(dir.file(), &aside).unwrap();
        let directory = dir.open_with_snapshot(ONCE);
        assert!(directory.state().ends_with("Snapshot: no phones; no codes"));
        directory.menu(&phone("70000000002")).unwrap_err();
        assert!(dir.0.join("rust_ivr_snapshot.sqlite3.damaged").exists());
        drop(directory);
        fs::rename(&aside, dir.file()).unwrap();
        let directory = dir.snapshotted();
        dir.wait_for_file();
        drop(directory);
        dir.lose_database();
        assert_eq!(
            snapshotted(&dir.open_with_snapshot(ONCE), "70000000002").len(),
            2
        );
    }
}

#[test]
fn a_file_that_another_program_holds_is_not_damaged() {
    let dir = Dir::new();
    drop(dir.snapshotted());
    dir.wait_for_file();
    let other = Connection::open(dir.snapshot()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    dir.lose_database();
    drop(dir.open_with_snapshot(ONCE));
    other.execute_batch("COMMIT").unwrap();
    assert!(!dir.0.join("rust_ivr_snapshot.sqlite3.damaged").exists());
    let directory = dir.open_with_snapshot(ONCE);
    assert_eq!(snapshotted(&directory, "70000000002").len(), 2);
}

#[test]
fn what_was_read_is_not_from_disk_though_a_table_is_missing() {
    let dir = Dir::new();
    drop(dir.snapshotted());
    dir.wait_for_file();
    dir.write("DROP TABLE sAsterisk_prefix");
    let directory = dir.open_with_snapshot(ONCE);
    wait_for_snapshot(&directory, "read in ");
    assert!(!directory.state().contains("from disk"));
}

#[test]
fn a_disk_that_cannot_be_written_leaves_the_snapshot_in_memory() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let settings = Database {
        snapshot: Some(ONCE),
        ..dir.settings()
    };
    let directory = open(&settings, &dir.0, &dir.file());
    wait_for_snapshot(&directory, "2 codes");
    dir.lose_database();
    assert_eq!(snapshotted(&directory, "70000000002").len(), 2);
}

#[test]
fn the_directory_before_a_reload_leaves_the_file_alone() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let before = dir.open_with_snapshot(OFTEN);
    dir.wait_for_file();
    let after = dir.open_with_snapshot(ONCE);
    wait_for_snapshot(&after, "2 codes");
    after.stop();
    let file = fs::metadata(dir.snapshot()).unwrap();
    dir.write("DELETE FROM sAsterisk_prefix");
    wait_for_snapshot(&before, "0 codes");
    // The thread has been past the file when it is gone.
    drop(before);
    assert_eq!(fs::metadata(dir.snapshot()).unwrap().ino(), file.ino());
}

#[test]
fn an_own_query_needs_an_own_snapshot() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let mut settings = Database {
        snapshot: Some(ONCE),
        menu_query: some("SELECT phone, 2, 3, 4, 5 FROM sAsterisk_ivr WHERE phone = ?"),
        code_query: some("SELECT phone FROM sAsterisk_prefix WHERE pref = ?"),
        code_snapshot: some("SELECT pref, 'x' || phone FROM sAsterisk_prefix"),
        ..dir.settings()
    };
    let directory = open(&settings, &dir.0, &dir.0);
    wait_for_snapshot(&directory, "no phones; 2 codes");
    assert_eq!(directory.codes(9)[1].name, None);
    drop(directory);
    settings.menu_snapshot = some("SELECT phone, phone, 2, 3, 4, 5 FROM sAsterisk_ivr");
    // Whose number it is may stand anywhere behind it.
    settings.code_snapshot =
        some("SELECT pref, 'x' || phone, 0, 'Цветы ' || pref AS Name FROM sAsterisk_prefix");
    let directory = open(&settings, &dir.0, &dir.0);
    wait_for_snapshot(&directory, "2 codes");
    assert_eq!(directory.codes(9)[1].name, some("Цветы 2"));
    let live = rows(&directory, "70000000001").unwrap();
    dir.lose_database();
    assert_eq!(snapshotted(&directory, "70000000001"), live);
    assert_eq!(directory.code("2").unwrap().number, some("x74950000002"));
    drop(directory);
    // The disk keeps it.
    let directory = open(&settings, &dir.0, &dir.0);
    assert_eq!(directory.codes(9)[1].name, some("Цветы 2"));
    settings.menu_snapshot = some("SELECT phone FROM sAsterisk_ivr");
    dir.write(SCHEMA);
    let directory = open(&settings, &dir.0, &dir.0);
    wait_for_snapshot(&directory, "no phones; 2 codes");
}

#[test]
fn an_empty_table_is_a_snapshot_and_an_endless_one_is_none() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    dir.write("DELETE FROM sAsterisk_ivr_button; DELETE FROM sAsterisk_ivr");
    let directory = dir.open_with_snapshot(OFTEN);
    wait_for_snapshot(&directory, "0 phones");
    dir.write(
        "INSERT INTO sAsterisk_prefix SELECT i, i FROM
         (WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
          SELECT i FROM n);
         INSERT INTO sAsterisk_ivr (phone) VALUES ('70000000003')",
    );
    // The menus are read before the codes, so by the second phone the codes were refused.
    wait_for_snapshot(&directory, "1 phones");
    dir.write("INSERT INTO sAsterisk_ivr (phone) VALUES ('70000000004')");
    wait_for_snapshot(&directory, "2 phones");
    wait_for_snapshot(&directory, "2 codes");
    dir.lose_database();
    assert_eq!(snapshotted(&directory, "70000000000"), []);
}

#[test]
fn whoever_reads_sees_one_snapshot_or_the_next_never_both() {
    let dir = Dir::new();
    dir.write(SCHEMA);
    let settings = Database {
        snapshot: Some(Duration::from_millis(1)),
        // Every look-up is refused, so that the snapshot answers while it is renewed.
        menu_query: some("SELECT ?"),
        menu_snapshot: some(
            "SELECT phone, n, n, n, n, n FROM sAsterisk_ivr,
             (SELECT count(*) AS n FROM sAsterisk_prefix), (SELECT 1 UNION SELECT 2)",
        ),
        ..dir.settings()
    };
    let directory = open(&settings, &dir.0, &dir.0);
    wait_for_snapshot(&directory, "2 phones");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let menu = snapshotted(&directory, "70000000002");
                        assert_eq!(menu.len(), 2);
                        assert_eq!(menu[0], menu[1]);
                        if seen.last() != Some(&menu[0]) {
                            seen.push(menu[0].clone());
                        }
                    }
                    seen.len()
                })
            })
            .collect();
        for code in 10..15 {
            dir.write(&format!("INSERT INTO sAsterisk_prefix VALUES ({code}, 1)"));
            wait_for_snapshot(&directory, &format!("{} codes", code - 7));
        }
        done.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 1));
    });
}

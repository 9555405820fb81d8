//! The directory and its snapshot against real SQLite files and a MySQL server that lies.
//! What a real MariaDB does is tested where the containers are, and that the snapshot gives the rows that
//! the database gives, whatever it holds, in `tests/alike.rs`.

mod breaker;
mod hosts;
pub(super) mod liar;
mod mysql;
mod places;
mod snapshot;
mod sqlite;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::*;
use crate::numbers::NumberPlan;
use crate::settings::{Host, Settings};

/// How late an answer may be over its budget when the machine is overloaded; alone it is
/// late by a few milliseconds. A lie that is not cut off takes seconds.
const SLACK: Duration = Duration::from_millis(400);

const SCHEMA: &str = include_str!("../../dialplan/schema.sqlite.sql");

/// For tests in which time runs out.
const TIMEOUT: Duration = Duration::from_millis(200);

/// A directory of its own for each test: for the database's file and the snapshot's.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rustivr-directory-{}-{next}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("test.sqlite3")
    }

    fn write(&self, sql: &str) {
        let conn = Connection::open(self.file()).unwrap();
        conn.execute_batch(sql).unwrap();
    }

    fn open(&self, query: Option<&str>) -> LiveDirectory {
        self.open_with(query, None)
    }

    fn open_with(&self, menu: Option<&str>, code: Option<&str>) -> LiveDirectory {
        let settings = Database {
            menu_query: menu.map(str::to_owned),
            code_query: code.map(str::to_owned),
            ..self.settings()
        };
        open(&settings, &self.0, &self.0)
    }

    /// Without a snapshot.
    fn settings(&self) -> Database {
        Database {
            driver: Driver::Sqlite {
                file: "test.sqlite3".into(),
            },
            timeout: TIMEOUT,
            connections: 2,
            snapshot: None,
            ..Settings::default().database
        }
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server on this machine.
pub(super) fn local(port: u16) -> Host {
    let name = "127.0.0.1".to_owned();
    Host { name, port }
}

fn phone(number: &str) -> Phone {
    let plan = NumberPlan {
        country_code: "7".to_owned(),
        national_prefix: "8".to_owned(),
        national_length: 10,
        allow: Vec::new(),
        deny: Vec::new(),
    };
    Phone::parse(number, &plan).unwrap()
}

fn rows(directory: &LiveDirectory, number: &str) -> Result<Vec<MenuRow>, LookupError> {
    let answer = directory.menu(&phone(number))?;
    assert_eq!(answer.source, Source::Live);
    Ok(answer.rows)
}

/// The rows of the first look-up that the database answers again, which must be soon.
fn live_again(directory: &LiveDirectory) -> Vec<MenuRow> {
    let began = Instant::now();
    loop {
        match directory.menu(&phone("70000000001")) {
            Ok(answer) if answer.source == Source::Live => return answer.rows,
            other => assert!(
                began.elapsed() < Duration::from_secs(1) + SLACK,
                "{other:?}"
            ),
        }
        thread::yield_now();
    }
}

/// Waits until the snapshot is described so.
fn wait_for_snapshot(directory: &LiveDirectory, words: &str) {
    let began = Instant::now();
    while !directory.state().contains(words) {
        let patience = Duration::from_secs(10);
        assert!(began.elapsed() < patience, "{}", directory.state());
        thread::yield_now();
    }
}

/// What the snapshot has; it must be what answers.
fn snapshotted(directory: &LiveDirectory, number: &str) -> Vec<MenuRow> {
    let answer = directory.menu(&phone(number)).unwrap();
    assert_eq!(answer.source, Source::Snapshot);
    answer.rows
}

fn number(directory: &LiveDirectory, code: &str) -> Result<Option<String>, LookupError> {
    let answer = directory.code(code)?;
    assert_eq!(answer.source, Source::Live);
    Ok(answer.number)
}

#[test]
fn what_no_telephone_types_is_not_asked_for() {
    let dir = Dir::new();
    let directory = open(&Settings::default().database, &dir.0, &dir.0);
    for code in ["", "1x", "\u{661}", "1 ", "' OR 1", "A"] {
        let nobody = CodeAnswer {
            number: None,
            source: Source::None,
        };
        assert_eq!(directory.code(code), Ok(nobody), "{code:?}");
    }
    directory.code("0*#9").unwrap_err();
}

/// The look-up must fail as unavailable within `timeout`; gives the words.
fn unavailable(directory: &LiveDirectory, timeout: Duration) -> String {
    let began = Instant::now();
    let error = rows(directory, "70000000001").unwrap_err();
    let took = began.elapsed();
    assert!(took < timeout + SLACK, "{took:?}: {error}");
    let LookupError::Unavailable(words) = error else {
        panic!("{error}");
    };
    words
}

fn refused(directory: &LiveDirectory) -> String {
    let error = rows(directory, "70000000001").unwrap_err();
    let LookupError::Refused(words) = error else {
        panic!("{error}");
    };
    words
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

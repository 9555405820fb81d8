//! The directory against real SQLite files and a MySQL server that lies.
//! What a real MariaDB does is tested where the containers are.

mod liar;
mod mysql;
mod sqlite;

use std::time::{Duration, Instant};

use super::*;
use crate::numbers::NumberPlan;
use crate::settings::Settings;

/// How late an answer may be over its budget when the machine is overloaded; alone it is
/// late by a few milliseconds. A lie that is not cut off takes seconds.
const SLACK: Duration = Duration::from_millis(400);

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

fn number(directory: &LiveDirectory, code: &str) -> Result<Option<String>, LookupError> {
    let answer = directory.code(code)?;
    assert_eq!(answer.source, Source::Live);
    Ok(answer.number)
}

#[test]
fn what_no_telephone_types_is_not_asked_for() {
    let directory = open(&Settings::default().database, Path::new("/nonexistent"));
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

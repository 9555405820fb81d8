//! What is wrong with an installation, each with its cure: `rustivr check`. Pure: `apps/check` gathers
//! the facts, and here they are judged.

mod database;
mod dialling;
mod features;
mod files;
mod host;
mod letters;
mod music;
mod recordings;
mod rows;

use std::fmt;

pub use database::database;
pub use dialling::{Place, Route, Target, Transfers, destinations, dialling, target_of};
pub use features::{Features, features};
pub use files::{configuration, places, readable_passwords};
pub use host::{Host, NEEDED, TIMING, host};
pub use music::{Music, MusicClass, class_of, music};
pub use recordings::{Recordings, recordings};
pub use rows::{Judge, Judged};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Calls suffer, or will.
    Problem,
    /// Worth knowing; a monitor need not wake anybody.
    Note,
}

/// One thing that is wrong, and what to do. Both may hold strangers' text: rows, file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub cure: String,
}

impl Finding {
    /// Calls suffer, or will.
    pub fn problem(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            severity: Severity::Problem,
            what: what.into(),
            cure: cure.into(),
        }
    }

    /// Worth knowing.
    pub fn note(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::problem(what, cure)
        }
    }
}

/// One line for a monitor: `OK` or `n problems`. Notes do not count.
pub fn brief(findings: &[Finding]) -> String {
    let problems = findings.iter().filter(|f| f.severity == Severity::Problem);
    match problems.count() {
        0 => "OK".to_owned(),
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    }
}

/// How many there are of one kind, and the first three of them: a table may have thousands.
#[derive(Debug, Default)]
struct Several {
    count: usize,
    first: Vec<String>,
}

impl Several {
    fn add(&mut self, example: impl Into<String>) {
        self.count += 1;
        if self.first.len() < 3 {
            self.first.push(example.into());
        }
    }

    /// `5 prompts are silent: a, b, c and 2 more`; `None`: there are none.
    fn told(&self, what: &str) -> Option<String> {
        (self.count > 0).then(|| format!("{} {what}: {self}", self.count))
    }
}

impl<T: Into<String>> FromIterator<T> for Several {
    fn from_iter<I: IntoIterator<Item = T>>(examples: I) -> Self {
        let mut several = Self::default();
        examples
            .into_iter()
            .for_each(|example| several.add(example));
        several
    }
}

/// `a, b, c and 7 more`.
impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A line of one of Asterisk's files, for the tests of those who judge them.
#[cfg(test)]
fn line(section: &str, key: &str, value: &str) -> crate::ports::Line {
    crate::ports::Line {
        section: section.to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
        line: 1,
        included: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitor_gets_one_word_or_a_number() {
        let note = || Finding::note("a", "b");
        let problem = || Finding::problem("a", "b");
        assert_eq!(brief(&[]), "OK");
        assert_eq!(brief(&[note()]), "OK");
        assert_eq!(brief(&[note(), problem()]), "1 problem");
        assert_eq!(brief(&[problem(), problem()]), "2 problems");
    }

    #[test]
    fn of_many_three_are_named() {
        let mut several = Several::default();
        for example in ["a", "b", "c"] {
            several.add(example);
        }
        assert_eq!(several.to_string(), "a, b, c");
        several.add("d");
        assert_eq!(several.to_string(), "a, b, c and 1 more");
        let told = several.told("letters are there");
        assert_eq!(told.unwrap(), "4 letters are there: a, b, c and 1 more");
        assert_eq!(Several::default().told("letters are there"), None);
    }
}

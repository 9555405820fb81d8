//! The extension behind an auto-attendant: `74951234567,123`, `8 (495) 123-45-67 (доб. 123)`. The
//! number is dialled, and the keys are sent when somebody has answered.

use std::fmt;

use super::text::{is_decoration, is_from_spreadsheet};
use super::{NumberPlan, trimmed};

/// Keys that are sent behind a number at most.
const MAX_KEYS: usize = 32;

/// Pauses among them at most.
const MAX_PAUSES: usize = 10;

/// Who has an auto-attendant has a whole number. With fewer digits a comma is a slip, such as the
/// one that a spreadsheet puts behind each thousand.
const SHORTEST_NUMBER: usize = 7;

/// What people write in front of an extension; the last one is a Cyrillic letter.
const WORDS: [&str; 6] = ["добавочный", "доб", "extension", "ext", "x", "х"];

/// Asterisk waits half a second for each `w`; a comma on a telephone is a pause of two seconds.
const PAUSE: &str = "wwww";

/// What is sent after the answer: `0-9 * #`, and commas, each of them a pause of 2 s. Empty, or
/// with at least one key; at most [`MAX_KEYS`] keys and [`MAX_PAUSES`] pauses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keys(String);

impl Keys {
    /// Nothing is sent.
    pub const NONE: &'static Self = &Self(String::new());

    /// Whether nothing is sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As Asterisk's functions take it (main/app.c: ast_dtmf_stream): digits, `*`, `#` and `w`.
    pub fn dtmf(&self) -> String {
        self.0.replace(',', PAUSE)
    }
}

/// As a table would have it behind the number: `,123`.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes the extension off a number. `Err`: something stands behind a number that is no extension
/// in a way that we know. What is no number with an extension comes back whole.
pub(super) fn split<'r>(raw: &'r str, plan: &NumberPlan) -> Result<(&'r str, Keys), ()> {
    let text = trimmed(raw);
    let is_begin = |c: char| c == ',' || c.is_alphabetic();
    let Some(at) = text.find(is_begin).filter(|_| !is_from_spreadsheet(text)) else {
        return Ok((raw, Keys::default()));
    };
    let (number, behind) = text.split_at(at);
    let is_number = |c: char| c.is_ascii_digit() || c == '+' || is_decoration(c);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits < SHORTEST_NUMBER || !number.chars().all(is_number) {
        return Ok((raw, Keys::default()));
    }
    let keys = keys(behind, plan).ok_or(())?;
    Ok((number, keys))
}

fn keys(behind: &str, plan: &NumberPlan) -> Option<Keys> {
    let after_commas = behind.trim_start_matches(|c| c == ',' || is_decoration(c));
    let commas = &behind[..behind.len() - after_commas.len()];
    // A word alone is a pause, too.
    let pauses = commas.matches(',').count().max(1);
    let mut keys = ",".repeat(pauses);
    for character in without_word(after_commas).chars() {
        match character {
            '0'..='9' | '*' | '#' | ',' => keys.push(character),
            other if is_decoration(other) => {}
            _ => return None,
        }
    }
    keys.truncate(keys.trim_end_matches(',').len());
    let pauses = keys.matches(',').count();
    let fits = (1..=MAX_KEYS).contains(&(keys.len() - pauses)) && pauses <= MAX_PAUSES;
    // As long as a number: `84951234567, 84957654321` are two of them.
    let is_number = |group: &str| {
        group.len() >= plan.national_length && group.bytes().all(|b| b.is_ascii_digit())
    };
    (fits && !keys.split(',').any(is_number)).then_some(Keys(keys))
}

fn without_word(text: &str) -> &str {
    let lower = text.to_lowercase();
    let Some(word) = WORDS.iter().find(|word| lower.starts_with(**word)) else {
        return text;
    };
    // Letter by letter: a lower case of another length is none of these words.
    let letters = word.chars().count();
    let end = text
        .char_indices()
        .nth(letters)
        .map_or(text.len(), |(at, _)| at);
    text[end..].trim_start_matches([':', '.'])
}

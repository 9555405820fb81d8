//! Asterisk's extension patterns, as far as they can match digits (Asterisk:
//! `main/pbx.c`, `_extension_match_core`). What could never match, or would match
//! more than it seems to, is refused: a deny line must not fail in silence.

use std::fmt;

use super::NumberPlan;

/// A pattern of an allow or deny line: with `_` in front `X Z N [1-5,7] . !` are special,
/// without it the digits match themselves. `-` and blanks are for the eye only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// One set of digits per position; bit `d` set: digit `d` matches.
    positions: Vec<u16>,
    tail: Tail,
}

/// What may follow the positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// `.`
    OneOrMore,
    /// `!`
    ZeroOrMore,
}

impl Pattern {
    /// Reads a pattern as it stands in a configuration file.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        let (special, body) = match text.strip_prefix('_') {
            Some(body) => (true, body),
            None => (false, text),
        };
        let mut positions = Vec::new();
        let mut tail = Tail::Nothing;
        let mut rest = body.chars();
        while let Some(character) = rest.next() {
            if matches!(character, '-' | ' ') {
                continue;
            }
            if tail != Tail::Nothing {
                return Err(PatternError::AfterTail);
            }
            match character {
                '0'..='9' => positions.push(bits(character, character)),
                'X' | 'x' if special => positions.push(bits('0', '9')),
                'Z' | 'z' if special => positions.push(bits('1', '9')),
                'N' | 'n' if special => positions.push(bits('2', '9')),
                '.' if special => tail = Tail::OneOrMore,
                '!' if special => tail = Tail::ZeroOrMore,
                '[' if special => {
                    let (set, after) = rest.as_str().split_once(']').ok_or(PatternError::Set)?;
                    positions.push(parse_set(set)?);
                    rest = after.chars();
                }
                other if special => return Err(PatternError::Character(other)),
                other => return Err(PatternError::NeedsUnderscore(other)),
            }
        }
        if positions.is_empty() && tail == Tail::Nothing {
            return Err(PatternError::Empty);
        }
        Ok(Self {
            text: text.to_owned(),
            positions,
            tail,
        })
    }

    /// Whether it describes numbers of the plan's own country as they are written at home, 8 809 or
    /// 809 and so on: canonical numbers have the country code, so that it would match nothing.
    pub fn is_of_home(&self, plan: &NumberPlan) -> bool {
        let Some(lead) = self.positions.len().checked_sub(plan.national_length) else {
            return false;
        };
        let prefix = plan.national_prefix.chars().map(|digit| bits(digit, digit));
        let at_home = lead == 0 || prefix.eq(self.positions[..lead].iter().copied());
        self.tail == Tail::Nothing && at_home && plan.national_prefix != plan.country_code
    }

    /// Whether a number in digits matches from its first digit to its last.
    pub fn matches(&self, number: &str) -> bool {
        let digits = number.as_bytes();
        let extra = digits.len().checked_sub(self.positions.len());
        let long_enough = match self.tail {
            Tail::Nothing => extra == Some(0),
            Tail::OneOrMore => extra > Some(0),
            Tail::ZeroOrMore => extra.is_some(),
        };
        long_enough
            && self
                .positions
                .iter()
                .zip(digits)
                .all(|(set, digit)| digit.is_ascii_digit() && set & (1 << (digit - b'0')) != 0)
    }
}

/// The pattern as it was written.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The digits between the brackets: single ones and ranges, commas between them or not.
fn parse_set(set: &str) -> Result<u16, PatternError> {
    let mut digits = 0;
    let mut rest = set.chars().filter(|c| !matches!(c, ',' | ' ')).peekable();
    while let Some(first) = rest.next() {
        let last = match rest.next_if_eq(&'-') {
            Some(_) => rest.next().ok_or(PatternError::Set)?,
            None => first,
        };
        if !first.is_ascii_digit() || !last.is_ascii_digit() || first > last {
            return Err(PatternError::Set);
        }
        digits |= bits(first, last);
    }
    if digits == 0 {
        return Err(PatternError::Set);
    }
    Ok(digits)
}

/// The set of the digits from `first` to `last`, both ASCII digits.
fn bits(first: char, last: char) -> u16 {
    (first..=last).fold(0, |set, digit| {
        set | 1 << (u32::from(digit) - u32::from('0'))
    })
}

/// Why a pattern is refused. The text says what to write.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PatternError {
    /// Nothing that could match.
    #[error("the pattern is empty: write one such as _7XXXXXXXXXX or _X.")]
    Empty,
    /// A character that no canonical number has.
    #[error(
        "{0:?} can match no number, since numbers are digits without +: \
         use digits, X, Z, N, [1-5], and . or ! at the end"
    )]
    Character(char),
    /// `X.` and the like are literal in Asterisk unless `_` comes first.
    #[error("{0:?} is special only in a pattern that begins with _, such as _7809X.")]
    NeedsUnderscore(char),
    /// Brackets left open, empty, or with something else than digits in them.
    #[error("write digits between [ and ], single or as a range upwards, such as [1-57]")]
    Set,
    /// Asterisk would ignore what follows, so that the pattern matches more than it shows.
    #[error("nothing may follow . or !, which match the whole rest of a number")]
    AfterTail,
}

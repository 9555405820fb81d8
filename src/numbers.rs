//! Telephone numbers: one canonical form for every way of writing them, and the
//! proof that a number may be dialled. Pure: no I/O, no clock, no log.
//!
//! A [`Phone`] is looked up and never dialled; a [`Number`] came out of the tables, passed allow and
//! deny, and may be dialled through a [`Template`] for numbers; an [`Extension`] is a manager's own
//! and has a template of its own.

mod keys;
mod pattern;
mod readings;
mod template;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

pub use keys::Keys;
pub use pattern::Pattern;
pub use template::{Fills, Fixed, Gaps, Template};
pub(crate) use text::shown;
pub use text::trimmed;

/// The longest number accepted, in digits. E.164 ends at 15; the rest is room for prefixes.
pub const MAX_DIGITS: usize = 20;

/// How this installation writes numbers, and which of them may be dialled (`[numbers]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPlan {
    /// The country's own code without `+`.
    pub country_code: String,
    /// What callers at home dial in place of `+` and the country code; may be empty.
    pub national_prefix: String,
    /// Digits of a national number without any prefix.
    pub national_length: usize,
    /// A number is dialled only if one of these matches its canonical form...
    pub allow: Vec<Pattern>,
    /// ...and none of these does: deny beats allow.
    pub deny: Vec<Pattern>,
}

/// Why a text has no canonical form.
enum Flaw {
    Empty,
    NotANumber,
    Spreadsheet,
    TooLong,
}

/// `+` and the digits with the country code in front, and what is known about them.
struct Canonical {
    text: String,
    /// Where the national number begins in `text`, for a number of the plan's own country.
    national_at: Option<usize>,
    /// A foreign number whose bare digits read as a national one, such as +81312345678.
    needs_plus: bool,
}

impl Canonical {
    /// Room for every text that [`Phone`] keeps, so that it allocates once.
    const CAPACITY: usize = 40;

    fn parse(raw: &str, plan: &NumberPlan) -> Result<Self, Flaw> {
        let raw = trimmed(raw);
        if text::is_from_spreadsheet(raw) {
            return Err(Flaw::Spreadsheet);
        }
        let mut text = String::with_capacity(Self::CAPACITY);
        text.push('+');
        let mut international = false;
        for character in raw.chars() {
            match character {
                '0'..='9' if text.len() > MAX_DIGITS => return Err(Flaw::TooLong),
                '0'..='9' => text.push(character),
                '+' if text.len() == 1 && !international => international = true,
                other if text::is_decoration(other) => {}
                _ => return Err(Flaw::NotANumber),
            }
        }
        if text.len() == 1 {
            return Err(if raw.is_empty() {
                Flaw::Empty
            } else {
                Flaw::NotANumber
            });
        }
        let lead = national_lead(&text[1..], international, plan);
        let needs_plus = lead.is_none() && national_lead(&text[1..], false, plan).is_some();
        if let Some(lead) = lead {
            text.replace_range(1..=lead, &plan.country_code);
        }
        Ok(Self {
            text,
            national_at: lead.map(|_| 1 + plan.country_code.len()),
            needs_plus,
        })
    }
}

/// How many digits stand before the national number; `None` for a foreign or short one.
/// After a `+` only the country code may: +8 is another country, not the national prefix.
fn national_lead(digits: &str, international: bool, plan: &NumberPlan) -> Option<usize> {
    let length = digits.len().checked_sub(plan.national_length)?;
    let lead = &digits[..length];
    let at_home = lead.is_empty() || lead == plan.national_prefix;
    (lead == plan.country_code || (at_home && !international)).then_some(length)
}

/// A number to look up: the caller's, usually. It is never dialled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone {
    /// `+canonical`, and for a national number the national prefix and number after it.
    text: String,
    canonical_at: usize,
    canonical_end: usize,
    national_at: Option<usize>,
}

impl Phone {
    /// Reads a number in any of its usual forms; `None` when it is none: letters,
    /// nothing at all ("anonymous"), more than [`MAX_DIGITS`] digits.
    pub fn parse(raw: &str, plan: &NumberPlan) -> Option<Self> {
        let mut canonical = Canonical::parse(raw, plan).ok()?;
        let text = &mut canonical.text;
        let canonical_end = text.len();
        if let Some(start) = canonical.national_at {
            text.push_str(&plan.national_prefix);
            text.extend_from_within(start..canonical_end);
        }
        Some(Self {
            text: canonical.text,
            canonical_at: usize::from(!canonical.needs_plus),
            canonical_end,
            national_at: canonical.national_at,
        })
    }

    /// The digits with the country code in front, without `+`; short and foreign numbers
    /// as they are. Only a foreign number whose digits alone would read as a national one
    /// keeps its `+`, so that this form always parses to the same phone.
    pub fn canonical(&self) -> &str {
        &self.text[self.canonical_at..self.canonical_end]
    }

    /// Every form in which a table may hold this number: canonical, with `+`, with the
    /// national prefix, national. A number that has fewer forms repeats the canonical one.
    pub fn forms(&self) -> [&str; 4] {
        let canonical = self.canonical();
        let plus = &self.text[..self.canonical_end];
        match self.national_at {
            Some(start) => [
                canonical,
                plus,
                &self.text[self.canonical_end..],
                &self.text[start..self.canonical_end],
            ],
            None => [canonical, plus, canonical, canonical],
        }
    }
}

/// A number out of the tables that may be dialled. Having one is the proof: 1 to [`MAX_DIGITS`]
/// digits, allowed and not denied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    digits: String,
    keys: Keys,
}

impl Number {
    /// Checks a number out of the tables. Formatting characters are dropped and the
    /// canonical form is taken; an extension may stand behind it ([`Keys`]); anything else in the
    /// text refuses the whole of it.
    pub fn parse(transfer_to: &str, plan: &NumberPlan) -> Result<Self, NumberError> {
        let split = keys::split(transfer_to, plan);
        let (number, keys) = split.map_err(|()| NumberError::Extension(shown(transfer_to)))?;
        let canonical = Canonical::parse(number, plan).map_err(|flaw| match flaw {
            Flaw::Empty => NumberError::Empty,
            Flaw::NotANumber => NumberError::NotANumber(shown(transfer_to)),
            Flaw::Spreadsheet => NumberError::Spreadsheet(shown(transfer_to)),
            Flaw::TooLong => NumberError::TooLong(shown(transfer_to)),
        })?;
        if canonical.needs_plus {
            return Err(NumberError::NeedsPlus(canonical.text));
        }
        let mut digits = canonical.text;
        digits.remove(0);
        refuse_denied(&digits, plan)?;
        if !plan.allow.iter().any(|allow| allow.matches(&digits)) {
            return Err(NumberError::NotAllowed(format!(
                "{digits} may not be dialled: no allow line under [numbers] matches it"
            )));
        }
        Ok(Self { digits, keys })
    }

    /// The canonical form: digits only.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// The extension behind an auto-attendant: what is sent to who answers, and to nobody else.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// Deny lines are held against every line that the digits may reach, not only against the digits.
fn refuse_denied(digits: &str, plan: &NumberPlan) -> Result<(), NumberError> {
    for reading in readings::readings(digits, plan) {
        if let Some(pattern) = plan.deny.iter().find(|deny| deny.matches(&reading)) {
            let read = if reading == digits {
                String::new()
            } else {
                format!("it would read as {reading}, and ")
            };
            return Err(NumberError::NotAllowed(format!(
                "{digits} may not be dialled: {read}deny = {pattern} under [numbers] forbids it"
            )));
        }
    }
    Ok(())
}

/// The canonical form.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits)
    }
}

/// A manager's number inside Bitrix24, such as 101. `allow` and `deny` speak of numbers out of the
/// tables, not of one's own people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Extension(String);

impl Extension {
    /// 1 to [`MAX_DIGITS`] digits as they are.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let digits = trimmed(text);
        match digits.len() {
            0 => Err(NumberError::Empty),
            _ if !digits.bytes().all(|b| b.is_ascii_digit()) => {
                Err(NumberError::NotANumber(shown(text)))
            }
            length if length > MAX_DIGITS => Err(NumberError::TooLong(shown(text))),
            _ => Ok(Self(digits.to_owned())),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a number is not dialled. The text says what to change and
/// shows no more of the value than is safe to log.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NumberError {
    /// Nothing but blanks.
    #[error("the number is empty: write one such as 74951234567")]
    Empty,
    /// Something that no telephone number has.
    #[error("'{0}' is not a number: write digits only, such as 74951234567")]
    NotANumber(String),
    /// What a spreadsheet makes of a number.
    #[error(
        "'{0}' is what a spreadsheet makes of a number: format the column as text there and write \
         digits only, such as 74951234567; an extension of zeros is written 74951234567 ext. 0"
    )]
    Spreadsheet(String),
    /// A number, and behind it something that is no extension.
    #[error(
        "'{0}': what stands behind the number is no extension: write it as 74951234567,123 or \
         74951234567 ext. 123"
    )]
    Extension(String),
    /// More than [`MAX_DIGITS`] digits.
    #[error("'{0}' is too long for a number: write at most {MAX_DIGITS} digits")]
    TooLong(String),
    /// A foreign number, with its `+`, whose digits alone are a number of the plan's own country.
    #[error(
        "{0} may not be dialled: the + is not dialled, and without it these digits are a national \
         number; write the prefix for calls abroad in its place, such as 00 or 810"
    )]
    NeedsPlus(String),
    /// Refused by allow and deny; the text names the line.
    #[error("{0}")]
    NotAllowed(String),
}

//! A `Dial()` destination with gaps. The text is the operator's own; what fills the
//! gaps is hostile and can add digits and letters, never another destination.

use std::marker::PhantomData;

use super::{Extension, Number, shown};

/// A destination such as `PJSIP/${NUMBER}@multifon`, checked when the configuration is read. `N` is
/// what may fill `${NUMBER}`: a manager's extension never goes out over the trunk, and a number out
/// of the tables never to the managers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<N> {
    parts: Vec<Part>,
    filled_by: PhantomData<N>,
}

/// What a template is for.
pub trait Fills {
    /// Whether `${NUMBER}` must be there; else it must not.
    const HAS_NUMBER: bool;
    /// What stands in its place.
    fn digits(&self) -> &str;
}

impl Fills for Number {
    const HAS_NUMBER: bool = true;
    fn digits(&self) -> &str {
        self.as_str()
    }
}

impl Fills for Extension {
    const HAS_NUMBER: bool = true;
    fn digits(&self) -> &str {
        self.as_str()
    }
}

/// No number: the template is a destination of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed;

impl Fills for Fixed {
    const HAS_NUMBER: bool = false;
    fn digits(&self) -> &str {
        ""
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Number,
    Exten,
    Phone,
}

/// What fills the other gaps. `exten` and `phone` may be anything: what is not in
/// `0-9 A-Z a-z * # + _ -` is dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gaps<'g> {
    /// `${EXTEN}`: the extension that the caller dialled.
    pub exten: &'g str,
    /// `${PHONE}`: the caller's canonical phone.
    pub phone: &'g str,
}

/// The gaps that a template may have.
const GAPS: [(&str, Part); 3] = [
    ("${NUMBER}", Part::Number),
    ("${EXTEN}", Part::Exten),
    ("${PHONE}", Part::Phone),
];

impl<N: Fills> Template<N> {
    /// Reads a destination.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            let (before, gap) = rest.split_at(start);
            let (name, part) = GAPS
                .iter()
                .find(|(name, _)| gap.starts_with(name))
                .ok_or_else(|| TemplateError::Unknown(shown(gap)))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(part.clone());
            rest = &gap[name.len()..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if let Some(bad) = text
            .chars()
            .find(|&c| c.is_control() || ",\"\\()[]".contains(c))
        {
            return Err(TemplateError::Character(bad));
        }
        if !text.contains('/') {
            return Err(TemplateError::NoTechnology);
        }
        match (N::HAS_NUMBER, parts.contains(&Part::Number)) {
            (true, false) => Err(TemplateError::NumberMissing),
            (false, true) => Err(TemplateError::NumberForbidden),
            _ => Ok(Self {
                parts,
                filled_by: PhantomData,
            }),
        }
    }

    /// The destination with its gaps filled.
    pub fn render(&self, number: &N, gaps: Gaps<'_>) -> String {
        self.filled(number.digits(), gaps)
    }

    /// The destination with nothing in its gaps: which endpoint it names.
    pub fn unfilled(&self) -> String {
        self.filled("", Gaps::default())
    }

    fn filled(&self, number: &str, gaps: Gaps<'_>) -> String {
        let mut destination = String::with_capacity(64);
        for part in &self.parts {
            match part {
                Part::Text(text) => destination.push_str(text),
                Part::Number => destination.push_str(number),
                Part::Exten => destination.extend(harmless(gaps.exten)),
                Part::Phone => destination.extend(harmless(gaps.phone)),
            }
        }
        destination
    }
}

fn harmless(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "*#+_-".contains(*c))
}

/// Why a destination is refused. The text says what to write.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    /// No `Technology/resource`; also an empty text.
    #[error("write a Dial() destination with its technology, such as PJSIP/bitrix24")]
    NoTechnology,
    /// A `$` that begins none of the three variables.
    #[error("'{0}' is not expanded: only ${{NUMBER}}, ${{EXTEN}} and ${{PHONE}} are")]
    Unknown(String),
    /// A character that would end the destination inside `Dial()`'s arguments.
    #[error("{0:?} may not be part of a destination: Dial() options do not belong here")]
    Character(char),
    /// Every number would be dialled as the same destination.
    #[error("${{NUMBER}} is missing: write a destination such as PJSIP/${{NUMBER}}@multifon")]
    NumberMissing,
    /// There is no number when the fallback is dialled.
    #[error("${{NUMBER}} has no value here: use ${{EXTEN}}, ${{PHONE}} or a fixed destination")]
    NumberForbidden,
}

//! A `Dial()` destination with gaps. The text is the operator's own; what fills the
//! gaps is hostile and can add digits and letters, never another destination.

use super::{Number, shown};

/// A destination such as `PJSIP/${NUMBER}@multifon`, checked when the configuration is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Number,
    Exten,
    Phone,
}

/// What fills the gaps. `exten` and `phone` may be anything: what is not in
/// `0-9 A-Z a-z * # + _ -` is dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gaps<'g> {
    /// `${NUMBER}`: the checked number that is dialled.
    pub number: Option<&'g Number>,
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

impl Template {
    /// Reads a destination. `has_number` says whether a number is dialled through it:
    /// then `${NUMBER}` must be there, else it must not.
    pub fn parse(text: &str, has_number: bool) -> Result<Self, TemplateError> {
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
        match (has_number, parts.contains(&Part::Number)) {
            (true, false) => Err(TemplateError::NumberMissing),
            (false, true) => Err(TemplateError::NumberForbidden),
            _ => Ok(Self { parts }),
        }
    }

    /// The destination with its gaps filled. A template that was parsed to have a number needs
    /// one here.
    pub fn render(&self, gaps: Gaps<'_>) -> String {
        let mut destination = String::with_capacity(64);
        for part in &self.parts {
            match part {
                Part::Text(text) => destination.push_str(text),
                Part::Number => destination.push_str(gaps.number.map_or("", Number::as_str)),
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

//! The page's Russian for sentences that the log and the CLI say in English. `russian/` holds the
//! table: an English sentence, the Russian one under it, and `{}` in both where a number, a name or
//! another sentence stands, in the same order.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::asterisk::http::Request;

/// What a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// As the log has it.
    English,
    Russian,
}

impl Language {
    /// The first one of `Accept-Language`, which the page sets to its own.
    pub(super) fn of(request: &Request) -> Self {
        let wanted = request.header("Accept-Language").unwrap_or_default();
        match wanted.trim_start().get(..2) {
            Some(ru) if ru.eq_ignore_ascii_case("ru") => Self::Russian,
            _ => Self::English,
        }
    }

    /// A sentence in this language; what the table does not have stays as it is.
    pub(super) fn say(self, sentence: &str) -> String {
        match self {
            Self::English => sentence.to_owned(),
            Self::Russian => russian(sentence, MAX_DEPTH),
        }
    }
}

/// What stands between the parts of what was put together.
const JOINTS: [&str; 5] = ["; ", ": ", ", ", " (", ")"];

/// Strangers' text may be all commas: so many joints are looked at,
const MAX_CUTS: usize = 8;

/// so deep, on a thread of the host's with little stack,
const MAX_DEPTH: usize = 12;

/// and so many bytes.
const MAX_LENGTH: usize = 2000;

/// What the sentence says as a whole, else what its parts say.
fn russian(sentence: &str, depth: usize) -> String {
    let Some(deeper) = depth
        .checked_sub(1)
        .filter(|_| sentence.len() <= MAX_LENGTH)
    else {
        return sentence.to_owned();
    };
    let part = |part: &str| russian(part, deeper);
    if let Some((some, more)) = and_more(sentence) {
        return format!("{} и ещё {more}", part(some));
    }
    if let Some((entry, gaps)) = entry(sentence) {
        let gaps = gaps.into_iter().map(part).chain([String::new()]);
        let texts = entry.russian.split("{}").zip(gaps);
        return texts
            .flat_map(|(text, gap)| [text.to_owned(), gap])
            .collect();
    }
    // The loosest joint beside which a part is known that is as long as can be, else the first joint.
    let known = |part: &str| entry(part).map_or(0, |_| part.len());
    let mut first = None;
    for joint in JOINTS {
        let places = sentence.match_indices(joint).take(MAX_CUTS);
        let cuts = places.map(|(at, _)| (&sentence[..at], &sentence[at + joint.len()..]));
        first = first.or_else(|| cuts.clone().next().map(|(one, other)| (one, joint, other)));
        let best = cuts.max_by_key(|(one, other)| known(one).max(known(other)));
        if let Some((one, other)) = best.filter(|(one, other)| known(one).max(known(other)) > 0) {
            return part(one) + joint + &part(other);
        }
    }
    first.map_or_else(
        || sentence.to_owned(),
        |(one, joint, other)| part(one) + joint + &part(other),
    )
}

/// `a, b, c and 7 more`, as `rustivr check` counts.
fn and_more(sentence: &str) -> Option<(&str, &str)> {
    let (some, more) = sentence.strip_suffix(" more")?.rsplit_once(" and ")?;
    more.bytes()
        .all(|b| b.is_ascii_digit())
        .then_some((some, more))
}

/// The sentence of the table that this one is, and what stands in its gaps.
fn entry(sentence: &str) -> Option<(&'static Entry, Vec<&str>)> {
    TABLE
        .iter()
        .filter_map(|entry| Some((entry, entry.gaps(sentence)?)))
        .max_by_key(|(entry, _)| entry.letters)
}

/// A sentence of the table.
struct Entry {
    /// The English one, cut at its gaps.
    english: Vec<&'static str>,
    russian: &'static str,
    /// How much of a sentence is known: the one that knows most is meant.
    letters: usize,
}

impl Entry {
    /// What stands in the gaps; `None`: this is another sentence.
    fn gaps<'t>(&self, sentence: &'t str) -> Option<Vec<&'t str>> {
        let (first, others) = self.english.split_first()?;
        let mut rest = sentence.strip_prefix(first)?;
        let mut gaps = Vec::new();
        let mut before = first;
        for text in others {
            let end = match text.is_empty() {
                true => rest.len(),
                false => rest.find(text)?,
            };
            let gap = &rest[..end];
            // A gap is a name; a whole sentence stands only behind what leads to it.
            let may_be_sentence = [": ", "(", "'"].iter().any(|end| before.ends_with(end));
            if !may_be_sentence && JOINTS[..2].iter().any(|joint| gap.contains(joint)) {
                return None;
            }
            before = text;
            gaps.push(gap);
            rest = &rest[end + text.len()..];
        }
        rest.is_empty().then_some(gaps)
    }
}

static TABLE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let files = [
        include_str!("russian/page.txt"),
        include_str!("russian/prompts.txt"),
        include_str!("russian/database.txt"),
        include_str!("russian/check.txt"),
    ];
    let pairs = files.iter().flat_map(|file| file.split("\n\n"));
    let entries = pairs.filter_map(|pair| pair.trim().split_once('\n'));
    entries
        .map(|(english, russian)| Entry {
            english: english.split("{}").collect(),
            russian,
            letters: english.len(),
        })
        .collect()
});

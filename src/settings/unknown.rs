//! What is said about a name that no option has.

use crate::numbers::shown;

/// What to say about a name that none of the options has; each has a section and a name.
pub(super) fn unknown(
    section: &str,
    key: &str,
    options: &[(&'static str, &'static str)],
) -> String {
    let of_section = |of: &str| of.eq_ignore_ascii_case(section);
    let (section_shown, key_shown) = (shown(section), shown(key));
    if !options.iter().any(|(of, _)| of_section(of)) {
        let nearest = nearest(section, options.iter().map(|(of, _)| *of));
        return format!("[{section_shown}] is not a known section; did you mean [{nearest}]?");
    }
    if let Some((of, name)) = options
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(key))
    {
        return format!("{name} does not belong into [{section_shown}] but into [{of}]");
    }
    let names = options
        .iter()
        .filter(|(of, _)| of_section(of))
        .map(|(_, name)| *name);
    let nearest = nearest(key, names);
    format!("[{section_shown}] {key_shown} is not a known option; did you mean {nearest}?")
}

/// The name that the fewest edits lead to; the lists are never empty.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> &'a str {
    let wanted = wanted.to_ascii_lowercase();
    names
        .min_by_key(|name| edits(&wanted, name))
        .unwrap_or_default()
}

/// Levenshtein's distance: characters inserted, dropped or replaced on the way from one to the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

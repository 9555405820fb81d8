//! What people and programs put around and into a number or a name, and what of it may be shown.

/// A cell without what nobody meant to write at its edges: blanks of every kind, ends of lines, a
/// byte order mark, characters without width.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// What separates the groups of a number for the eye. No slash: `123-45-67/68` is two numbers.
pub(super) fn is_decoration(character: char) -> bool {
    let blank = character.is_whitespace() && !character.is_control();
    let dash = matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    blank || dash || is_invisible(character) || matches!(character, '(' | ')' | '.')
}

/// Without width: the soft hyphen, joiners, marks of direction (around numbers that were copied
/// out of an address book), the byte order mark.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// `74951234567.0`, `74951234567,0`, `7.4951E+10`: what a spreadsheet makes of a number. Taken as
/// decoration, its point would make another number of it.
pub(super) fn is_from_spreadsheet(text: &str) -> bool {
    let grouped = |part: &str| {
        let mut digits = part.chars().filter(|c| !c.is_whitespace()).peekable();
        digits.peek().is_some() && digits.all(|c| c.is_ascii_digit())
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    // A group of a number has more digits than one, and is not zeros alone behind a single point.
    // Behind a comma one digit is an extension; of zeros nobody can tell.
    let one_digit = |f: &str| f.len() == 1 && mantissa.contains('.');
    let no_group = fraction.is_some_and(|f| one_digit(f) || f.bytes().all(|b| b == b'0'));
    grouped(whole.trim_start_matches(['+', '-']))
        && fraction.is_none_or(digits)
        && exponent.map_or(no_group, |exponent| {
            digits(exponent.trim_start_matches(['+', '-']))
        })
}

/// A foreign text in a form that is safe to log: its first 32 characters, the
/// unprintable ones replaced by `?`.
pub(crate) fn shown(text: &str) -> String {
    const LIMIT: usize = 32;
    let printable = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
    let mut characters = text.chars();
    let mut shown: String = characters
        .by_ref()
        .take(LIMIT)
        .map(|c| if printable(c) { c } else { '?' })
        .collect();
    if characters.next().is_some() {
        shown.push_str("...");
    }
    shown
}

//! When a stored phone or code is the one that is looked for. The database compares in its own way,
//! and the snapshot must find the same rows and give them in the same order.

/// Stands in front of a number out of a numeric column of MySQL, which compares what a text begins
/// with: `007` and `7*` find 7.
const LOOSE: char = '\u{1}';

/// Stands in front of a number out of SQLite, to whose numeric columns a text is a number as a whole
/// or not at all.
const STRICT: char = '\u{2}';

/// A stored key as the snapshot keeps it.
pub(super) enum Stored {
    /// Text. `padded`: blanks behind it do not count.
    Text { padded: bool },
    /// Text of MySQL in whose collation neither blanks behind it count nor what it has outside of ASCII,
    /// where no number has anything: marks of direction, accents.
    Bare,
    /// A number of MySQL.
    Loose,
    /// A number of SQLite.
    Strict,
}

impl Stored {
    /// The key of a row.
    pub(super) fn key(&self, text: String) -> String {
        match self {
            Self::Text { padded: false } => text,
            Self::Text { padded: true } => text.trim_end_matches(' ').to_owned(),
            Self::Bare => bare(&text),
            Self::Loose => format!("{LOOSE}{}", plain(&text)),
            Self::Strict => format!("{STRICT}{}", plain(&text)),
        }
    }
}

/// Every key that the forms of a number, or a code, may be kept under, the best first.
pub(super) fn keys_of(forms: &[&str]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let of_form = |form: &str| {
        let strict = strict(form).map(|number| format!("{STRICT}{number}"));
        let loose = format!("{LOOSE}{}", loose(form));
        [Some(form.to_owned()), strict, Some(loose)]
    };
    for key in forms.iter().flat_map(|form| of_form(form)).flatten() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// What the keys of every kind of column begin with that begin so.
pub(super) fn kinds(begin: &str) -> [String; 3] {
    [
        begin.to_owned(),
        format!("{LOOSE}{begin}"),
        format!("{STRICT}{begin}"),
    ]
}

/// A key as it was stored, as far as it is known, and whether its column is one of numbers.
pub(super) fn plain_key(key: &str) -> (&str, bool) {
    let number = key.strip_prefix([LOOSE, STRICT]);
    (number.unwrap_or(key), number.is_some())
}

/// Which of the forms a row has that the database found: rows of an earlier form come first.
pub(super) fn rank(stored: Option<&str>, forms: &[&str]) -> usize {
    let stored = &*bare(stored.unwrap_or_default());
    let is = |form: &&str| *form == stored || loose(form) == plain(stored);
    forms.iter().position(is).unwrap_or(forms.len())
}

/// A text without blanks behind it and without what is no ASCII.
fn bare(text: &str) -> String {
    let mut ascii: String = text.chars().filter(char::is_ascii).collect();
    ascii.truncate(ascii.trim_end_matches(' ').len());
    ascii
}

/// `7.00` of a decimal column is 7.
fn plain(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, rest)) if rest.bytes().all(|b| b == b'0') => whole,
        _ => number,
    }
}

fn strict(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| loose(text))
}

/// What a text begins with, as a number without leading zeros.
fn loose(text: &str) -> &str {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit());
    let digits = &text[..end.unwrap_or(text.len())];
    match digits.trim_start_matches('0') {
        "" => "0",
        number => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(stored: Stored, text: &str, asked: &[&str]) -> bool {
        keys_of(asked).contains(&stored.key(text.to_owned()))
    }

    #[test]
    fn each_database_compares_in_its_own_way() {
        let text = |padded| Stored::Text { padded };
        assert!(finds(text(true), "7912  ", &["7912", "+7912"]));
        assert!(!finds(text(false), "7912  ", &["7912", "+7912"]));
        assert!(!finds(text(true), "7", &["007"]));
        let marked = "\u{202a}7912 \u{202c}";
        assert!(finds(Stored::Bare, marked, &["7912"]) && !finds(text(true), marked, &["7912"]));
        for asked in ["7", "007", "+7"] {
            assert!(finds(Stored::Loose, "7", &[asked]), "{asked}");
            assert!(finds(Stored::Loose, "7.00", &[asked]), "{asked}");
            assert!(finds(Stored::Strict, "7", &[asked]), "{asked}");
        }
        assert!(finds(Stored::Loose, "7", &["7*"]) && !finds(Stored::Strict, "7", &["7*"]));
        assert!(finds(Stored::Loose, "0", &["*7"]) && !finds(Stored::Strict, "0", &["*7"]));
        assert!(!finds(Stored::Loose, "70", &["7"]));
    }

    #[test]
    fn an_earlier_form_comes_first() {
        let forms = ["79120000001", "+79120000001", "89120000001", "9120000001"];
        let ranks = [
            ("79120000001 ", 0),
            ("\u{202a}+79120000001\u{202c}", 1),
            ("+79120000001", 1),
            ("9120000001", 3),
            ("9120000001.0", 3),
            ("else", 4),
        ];
        for (stored, right) in ranks {
            assert_eq!(rank(Some(stored), &forms), right, "{stored}");
        }
        assert_eq!(rank(None, &forms), 4);
    }
}

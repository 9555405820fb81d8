//! What a button is called, for the one whose telephone rings.

use crate::numbers::trimmed;
use crate::ports::MenuRow;

/// The name that a query of the operator's own gives, else the prompt's file name without folder and
/// extension; empty when there is neither. A stranger's text.
pub(super) fn words(row: &MenuRow) -> &str {
    let name = trimmed(row.name.as_deref().unwrap_or_default());
    let file = trimmed(row.msg_mp3.as_deref().unwrap_or_default());
    if name.is_empty() { stem(file) } else { name }
}

/// What stands behind the last point of `Торты 1.5 кг` is no extension.
fn stem(file: &str) -> &str {
    let file = file.rsplit('/').next().unwrap_or_default();
    let is_extension = |text: &str| {
        (2..=5).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
            && text.bytes().any(|b| b.is_ascii_alphabetic())
    };
    match file.rsplit_once('.') {
        Some((stem, extension)) if is_extension(extension) => stem.trim_end(),
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: Option<&str>, file: Option<&str>) -> String {
        let row = MenuRow {
            name: name.map(str::to_owned),
            msg_mp3: file.map(str::to_owned),
            ..MenuRow::default()
        };
        words(&row).to_owned()
    }

    #[test]
    fn a_file_is_called_without_folder_and_extension() {
        for (file, words) in [
            ("cakes.mp3", "cakes"),
            ("Торты на заказ.mp3", "Торты на заказ"),
            (" cakes.mp3\r\n", "cakes"),
            ("cakes", "cakes"),
            ("ru/cakes.opus", "cakes"),
            ("Торты 1.5 кг", "Торты 1.5 кг"),
            ("Торты 1.5", "Торты 1.5"),
            ("v1.2.wav", "v1.2"),
            (".mp3", ""),
            ("a/", ""),
            ("", ""),
        ] {
            assert_eq!(of(None, Some(file)), words, "{file:?}");
        }
        assert_eq!(of(None, None), "");
    }

    #[test]
    fn a_name_goes_before_the_file() {
        assert_eq!(of(Some(" Торты "), Some("cakes.mp3")), "Торты");
        assert_eq!(of(Some(" "), Some("cakes.mp3")), "cakes");
        assert_eq!(of(Some("Торты.mp3"), None), "Торты.mp3");
    }
}

//! Text whose letters were taken for others on its way into a table.

/// UTF-8 that was taken for Western letters and stored as such: `Ñ‚Ð¾Ñ€Ñ‚` for `торт`.
pub(super) fn is_misread(text: &str) -> bool {
    let mut bytes = Vec::new();
    for c in text.chars() {
        match western(c) {
            Some(byte) => bytes.push(byte),
            None => return false,
        }
    }
    // A text of ASCII alone is itself.
    !text.is_ascii() && String::from_utf8(bytes).is_ok()
}

/// A letter's byte in windows-1252, which MySQL means by latin1.
fn western(c: char) -> Option<u8> {
    const FROM_80: [u32; 32] = [
        0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
        0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
        0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
    ];
    let code = u32::from(c);
    match u8::try_from(code) {
        Ok(byte) if !(0x80..0xa0).contains(&byte) => Some(byte),
        _ => {
            let at = FROM_80.iter().position(|&special| special == code)?;
            u8::try_from(0x80 + at).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_misread;

    #[test]
    fn only_what_was_misread_is_told() {
        assert!(is_misread("Ñ‚Ð¾Ñ€Ñ‚.mp3") && is_misread("Ð\u{a0}Ñ\u{81}"));
        for good in ["торт.mp3", "café.mp3", "Straße", "why?.mp3", ""] {
            assert!(!is_misread(good), "{good}");
        }
    }
}

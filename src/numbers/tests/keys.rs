//! Extensions behind an auto-attendant.

use proptest::prelude::*;

use super::{patterns, plan};
use crate::numbers::{MAX_DIGITS, Number, NumberError, NumberPlan};

fn keys(raw: &str) -> String {
    let number = Number::parse(raw, &plan()).unwrap_or_else(|why| panic!("{raw}: {why}"));
    assert_eq!(number.as_str(), "74951234567", "{raw}");
    assert_eq!(number.to_string(), "74951234567", "{raw}");
    number.keys().to_string()
}

#[test]
fn an_extension_is_understood_in_its_usual_forms() {
    for raw in [
        "74951234567,123",
        "74951234567, 123",
        "84951234567 доб. 123",
        "8 (495) 123-45-67 доб 123",
        "8 (495) 123-45-67 (доб. 123)",
        "+7 495 123-45-67 ДОБ.123",
        "74951234567, доб. 123",
        "74951234567 добавочный: 123",
        "74951234567 ext. 123",
        "74951234567 Ext 123",
        "74951234567 EXT.123",
        "74951234567 extension 123",
        "74951234567x123",
        "74951234567 X 123",
        "74951234567х123", // Cyrillic
        "74951234567 Х123",
        "\u{feff}74951234567,123\r\n",
        "74951234567,123,",
        "74951234567,1-23",
    ] {
        assert_eq!(keys(raw), ",123", "{raw}");
    }
    for (raw, expected) in [
        ("74951234567,1", ",1"),
        ("74951234567,,123", ",,123"),
        ("74951234567, , 123", ",,123"),
        ("74951234567,,доб. 0", ",,0"),
        ("74951234567,,0", ",,0"),
        ("74951234567 ext. 00", ",00"),
        ("74951234567,1,,205#", ",1,,205#"),
        ("74951234567,*12#", ",*12#"),
        ("74951234567,,1234567890#,,,*1#", ",,1234567890#,,,*1#"),
        ("74951234567", ""),
    ] {
        assert_eq!(keys(raw), expected, "{raw}");
    }
}

#[test]
fn a_comma_is_a_pause_of_two_seconds_of_asterisks() {
    let number = Number::parse("74951234567,1,,#", &plan()).unwrap();
    assert_eq!(number.keys().dtmf(), "wwww1wwwwwwww#");
}

#[test]
fn what_is_no_extension_is_refused_with_a_sentence() {
    let many = format!("74951234567,{}", "1,".repeat(11));
    let long = format!("74951234567,{}", "*".repeat(33));
    for raw in [
        "74951234567,",
        "74951234567 доб.",
        "74951234567 доб. Иванов",
        "74951234567 доб. 12 или 13",
        "74951234567, 84957654321",
        "74951234567,4957654321",
        "74951234567,20,g",
        "74951234567,1)&Local/2",
        "74951234567,1:2",
        "74951234567,1w2",
        "74951234567,1\n2",
        "74951234567 xx1",
        many.as_str(),
        long.as_str(),
    ] {
        let error = Number::parse(raw, &plan()).unwrap_err();
        assert!(matches!(error, NumberError::Extension(_)), "{raw}: {error}");
        assert!(error.to_string().contains("write it as"), "{error}");
    }
    for raw in [
        "74,951,234,567",
        "101,5",
        "7495,1234567",
        "sip:74951234567,1",
        "x1234567,1",
    ] {
        let error = Number::parse(raw, &plan()).unwrap_err();
        assert!(
            matches!(error, NumberError::NotANumber(_)),
            "{raw}: {error}"
        );
    }
    let error = Number::parse("74951234567,00", &plan()).unwrap_err();
    assert!(error.to_string().ends_with("ext. 0"), "{error}");
}

#[test]
fn the_number_in_front_is_checked_as_ever() {
    let plan = NumberPlan {
        deny: patterns(&["_7809X."]),
        ..plan()
    };
    for raw in ["8 809 123-45-67 доб. 1", "78091234567,1", "8091234567x1"] {
        let error = Number::parse(raw, &plan).unwrap_err();
        assert!(
            matches!(error, NumberError::NotAllowed(_)),
            "{raw}: {error}"
        );
    }
}

proptest! {
    #[test]
    fn whatever_stands_behind_a_number_only_keys_are_sent(
        behind in "[,xдобext. 0-9*#()&:\\\\\"a-z-]{0,50}|\\PC{0,20}",
    ) {
        if let Ok(number) = Number::parse(&format!("+74951234567{behind}"), &plan()) {
            prop_assert!(number.as_str().len() <= MAX_DIGITS);
            let keys = number.keys().to_string();
            prop_assert!(keys.is_empty() || keys.starts_with(','));
            prop_assert!(keys.chars().all(|c| "0123456789*#,".contains(c)), "{}", keys);
            prop_assert!(keys.len() <= 42, "{}", keys);
            prop_assert_eq!(keys.is_empty(), !keys.contains(|c| c != ','));
            let dtmf = number.keys().dtmf();
            prop_assert!(dtmf.chars().all(|c| "0123456789*#w".contains(c)), "{}", dtmf);
            // As it is shown, it is the same again.
            let again = Number::parse(&format!("{number}{keys}"), &plan());
            let same = again.as_ref() == Ok(&number);
            prop_assert!(same || matches!(again, Err(NumberError::Spreadsheet(_))), "{:?}", again);
        }
    }
}

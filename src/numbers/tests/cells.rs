//! Numbers as they come out of web forms, spreadsheets, address books and files of other systems.

use super::plan;
use crate::numbers::{Extension, Number, NumberError, Phone, trimmed};

#[test]
fn what_stands_around_a_number_does_not_count() {
    for around in [
        " ",
        "\t",
        "\r",
        "\n",
        "\r\n",
        "\u{b}",
        "\u{c}",
        "\u{85}",
        "\u{a0}",
        "\u{1680}",
        "\u{2003}",
        "\u{2007}",
        "\u{2009}",
        "\u{2028}",
        "\u{202f}",
        "\u{3000}",
        "\u{feff}",
        "\u{200b}",
        "\u{200e}",
        "\u{202a}",
        "\u{202c}",
        "\u{2060}",
        "\u{2066}",
        "\u{2069}",
        "\u{ad}",
        " \u{feff}\r\n",
    ] {
        let cell = format!("{around}+7 495 123-45-67{around}");
        assert_eq!(
            Number::parse(&cell, &plan()).unwrap().as_str(),
            "74951234567",
            "{around:?}"
        );
        assert_eq!(
            Phone::parse(&cell, &plan()).unwrap().canonical(),
            "74951234567"
        );
        let extension = format!("{around}101{around}");
        assert_eq!(Extension::parse(&extension).unwrap().as_str(), "101");
        assert_eq!(Number::parse(around, &plan()), Err(NumberError::Empty));
        assert_eq!(trimmed(&extension), "101");
    }
}

#[test]
fn typographic_blanks_and_hyphens_are_decoration() {
    for between in [
        ' ', '-', '.', '(', ')', '\u{a0}', '\u{2007}', '\u{2009}', '\u{202f}', '\u{2003}',
        '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}',
        '\u{ad}', '\u{200b}', '\u{feff}',
    ] {
        let raw = format!("+7{between}495{between}123{between}45{between}67");
        assert_eq!(
            Number::parse(&raw, &plan()).unwrap().as_str(),
            "74951234567",
            "{between:?}"
        );
    }
}

#[test]
fn what_means_something_inside_a_number_refuses_it() {
    for between in [
        '\t', '\r', '\n', '\0', '\u{1b}', '\u{7f}', '\u{85}', '/', ',', ';', '*', '#', '~',
    ] {
        let raw = format!("7495{between}1234567");
        let error = Number::parse(&raw, &plan()).unwrap_err();
        assert!(
            matches!(error, NumberError::NotANumber(_)),
            "{between:?}: {error}"
        );
    }
    // Not a blank: an edge hides no such character.
    assert!(Number::parse("74951234567\0", &plan()).is_err());
}

#[test]
fn a_spreadsheets_number_is_refused_by_its_name() {
    for raw in [
        "74951234567.0",
        "74951234567,0",
        "74951234567.00",
        "74951234567.5",
        "+74951234567.0",
        "74 951 234 567,00",
        "74\u{a0}951\u{a0}234\u{a0}567,00",
        "74951234567.0\r\n",
        "7.4951E+10",
        "7,4951E+10",
        "7.4951234567e10",
        "7,49512E+010",
        "7E+10",
        "101.0",
    ] {
        let error = Number::parse(raw, &plan()).unwrap_err();
        assert!(
            matches!(error, NumberError::Spreadsheet(_)),
            "{raw}: {error}"
        );
        assert_eq!(Phone::parse(raw, &plan()), None, "{raw}");
    }
    assert_eq!(
        Number::parse("74951234567.0", &plan())
            .unwrap_err()
            .to_string(),
        "'74951234567.0' is what a spreadsheet makes of a number: format the column as text there \
         and write digits only, such as 74951234567; an extension of zeros is written 74951234567 \
         ext. 0"
    );
}

#[test]
fn points_between_groups_are_no_spreadsheets() {
    for raw in [
        "7.495.123.45.67",
        "8.495.123.45.00",
        "8 495 123.45.0 7",
        "7.4951234567",
        "495.1234567",
        "74951234567.",
        "8(495)1234567",
    ] {
        let number = Number::parse(raw, &plan());
        assert!(number.is_ok(), "{raw}: {number:?}");
    }
}

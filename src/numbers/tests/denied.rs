//! What a deny line forbids stays forbidden in every form in which a Russian trunk would still
//! read that line out of the digits that it is sent.

use proptest::prelude::*;

use super::{patterns, plan};
use crate::numbers::{Number, NumberError, NumberPlan};

fn without(deny: &[&str]) -> NumberPlan {
    NumberPlan {
        deny: patterns(deny),
        ..plan()
    }
}

/// A trunk's own reading of what it is sent, written apart from the module's.
fn reaches(sent: &str, line: &str) -> bool {
    let abroad = sent.strip_prefix("810").or(sent.strip_prefix("00"));
    let number = match abroad {
        Some(number) => number.to_owned(),
        None if sent.starts_with('8') => format!("7{}", &sent[1..]),
        None => sent.to_owned(),
    };
    let both = number.strip_prefix("78").filter(|_| number.len() != 11);
    number.starts_with(line) || both.is_some_and(|rest| format!("7{rest}").starts_with(line))
}

#[test]
fn no_way_to_write_it_passes_a_deny_line() {
    let plan = without(&["_7809X."]);
    for raw in [
        "+7 809 123 45 67",
        "7-809-123-45-67",
        "8 (809) 123-45-67",
        "8091234567",
        "+8 809 123 45 67",
        "8-10-7-809-123-45-67",
        "810 7809 1234567",
        "+810 7809 1234567",
        "00 7 809 123 45 67",
        "+00 7 809 123 45 67",
        "+7 8 809 123 45 67",
        "8-10-7-8-809-123-45-67",
        "8 8 809 123 45 67",
        // Too many digits: a switch connects when it has enough.
        "8 809 123 45 67 89",
        "7 809 123 45 67 89",
        "8 10 7 809 123 45 67 89",
        // Too few: the line may be a short one.
        "8 809 12",
        "8 809 12345",
        "7 809 12",
        "00 7809 12",
    ] {
        let refused = Number::parse(raw, &plan);
        assert!(refused.is_err(), "{raw}: {refused:?}");
    }
}

#[test]
fn the_refusal_says_what_the_digits_would_read_as() {
    let plan = without(&["_7809X."]);
    assert_eq!(
        Number::parse("8-10-7-809-123-45-67", &plan)
            .unwrap_err()
            .to_string(),
        "81078091234567 may not be dialled: it would read as 78091234567, and deny = _7809X. under \
         [numbers] forbids it"
    );
}

#[test]
fn a_deny_line_of_exact_length_holds_for_a_longer_number() {
    let plan = without(&["_7809XXXXXXX"]);
    for raw in ["7809123456789", "880912345678", "8107809123456789"] {
        assert!(Number::parse(raw, &plan).is_err(), "{raw}");
    }
}

#[test]
fn a_deny_line_forbids_no_other_line() {
    // In these digits a denied line begins only where nobody reads one.
    let plan = without(&["_7495X.", "_7809X."]);
    for raw in [
        "+7 849 512 34 56",
        "+7 880 912 34 56",
        "+49 511 1234567",
        "+44 7809 123456",
        "8-10-44-7809-123456",
        "809",
        "495",
    ] {
        assert!(Number::parse(raw, &plan).is_ok(), "{raw}");
    }
}

#[test]
fn a_foreign_number_that_would_ring_at_home_is_refused() {
    for (raw, digits) in [
        ("+81 3 1234 5678", "+81312345678"),
        ("+8 495 123 45 67", "+84951234567"),
        ("+372 512 3456", "+3725123456"),
        ("+495 123 45 67", "+4951234567"),
    ] {
        let refused = Number::parse(raw, &plan());
        assert_eq!(refused, Err(NumberError::NeedsPlus(digits.to_owned())));
    }
    assert_eq!(
        Number::parse("+81 3 1234 5678", &plan())
            .unwrap_err()
            .to_string(),
        "+81312345678 may not be dialled: the + is not dialled, and without it these digits are a \
         national number; write the prefix for calls abroad in its place, such as 00 or 810"
    );
}

#[test]
fn a_country_without_a_national_prefix_has_deny_lines_too() {
    let plan = NumberPlan {
        country_code: "372".to_owned(),
        national_prefix: String::new(),
        national_length: 7,
        ..without(&["_372900X."])
    };
    for raw in [
        "9001234",
        "+3729001234",
        "00 372 900 1234",
        "372 900 1234 5",
    ] {
        assert!(Number::parse(raw, &plan).is_err(), "{raw}");
    }
    assert!(Number::parse("+900 123 456 78", &plan).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16384))]

    #[test]
    fn what_is_dialled_reaches_no_denied_line(
        prefix in prop::sample::select(vec![
            "", "+", "7", "+7", "8", "+8", "78", "+78", "810", "8-10-7", "+8107", "007", "+007",
            "00", "81078", "0078", "+ 7", "8 10 7 8",
        ]),
        line in "(809|495|[0-9]{1,3})([-. ()]{0,2}[0-9]){0,12}",
    ) {
        let raw = format!("{prefix}{line}");
        if let Ok(number) = Number::parse(&raw, &without(&["_7809!"])) {
            prop_assert!(!reaches(number.as_str(), "7809"), "{raw} is dialled as {number}");
        }
    }

    #[test]
    fn the_plus_is_lost_on_no_number(digits in "[0-9]{1,15}") {
        let plan = plan();
        let abroad = Number::parse(&format!("+{digits}"), &plan);
        let home = Number::parse(&digits, &plan);
        if let (Ok(abroad), Ok(home)) = (abroad, home) {
            prop_assert_eq!(abroad, home);
        }
    }
}

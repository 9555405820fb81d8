//! Tables of numbers as operators and callers write them, and properties over any text.

mod cells;
mod denied;
mod keys;

use proptest::prelude::*;

use super::pattern::PatternError;
use super::*;
use crate::settings::Settings;

fn plan() -> NumberPlan {
    Settings::default().numbers
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts
        .iter()
        .map(|text| Pattern::parse(text).unwrap())
        .collect()
}

fn canonical(raw: &str) -> Option<String> {
    Phone::parse(raw, &plan()).map(|phone| phone.canonical().to_owned())
}

#[test]
fn every_way_to_write_a_national_number_is_one_phone() {
    let expected = Phone::parse("74951234567", &plan());
    assert!(expected.is_some());
    for raw in [
        "+74951234567",
        "84951234567",
        "4951234567",
        "+7 (495) 123-45-67",
        "8 (495) 123.45.67",
        "(495) 123-45-67",
        " 8-495-123-45-67 ",
    ] {
        assert_eq!(Phone::parse(raw, &plan()), expected, "{raw}");
    }
    assert_eq!(
        expected.unwrap().forms(),
        ["74951234567", "+74951234567", "84951234567", "4951234567"]
    );
}

#[test]
fn canonical_forms() {
    for (raw, expected) in [
        ("8-800-555-35-35", Some("78005553535")),
        ("8005553535", Some("78005553535")),
        ("101", Some("101")),
        ("+101", Some("101")),
        ("+442079460000", Some("442079460000")),
        ("442079460000", Some("442079460000")),
        ("749512345678", Some("749512345678")),
        ("12345678901234567890", Some("12345678901234567890")),
        ("123456789012345678901", None),
        ("", None),
        (" ", None),
        ("+", None),
        ("()", None),
        ("++74951234567", None),
        ("7+4951234567", None),
        ("anonymous", None),
        ("74951234567&PJSIP/evil", None),
        ("sip:74951234567", None),
        ("٧٤٩٥١٢٣٤٥٦٧", None),
    ] {
        assert_eq!(canonical(raw).as_deref(), expected, "{raw}");
    }
}

#[test]
fn a_foreign_number_is_never_a_national_one() {
    for raw in ["+81312345678", "+84951234567", "+3725123456"] {
        let phone = Phone::parse(raw, &plan()).unwrap();
        assert_eq!(
            phone.forms(),
            [raw; 4],
            "without + it would read as national"
        );
    }
    let phone = Phone::parse("+442079460000", &plan()).unwrap();
    assert_eq!(
        phone.forms(),
        [
            "442079460000",
            "+442079460000",
            "442079460000",
            "442079460000"
        ]
    );
}

#[test]
fn other_countries_have_other_plans() {
    let estonia = NumberPlan {
        country_code: "372".to_owned(),
        national_prefix: String::new(),
        national_length: 7,
        ..plan()
    };
    let phone = Phone::parse("6123456", &estonia).unwrap();
    assert_eq!(
        phone.forms(),
        ["3726123456", "+3726123456", "6123456", "6123456"]
    );
    assert_eq!(Phone::parse("+372 6123456", &estonia), Some(phone));
}

#[test]
fn a_number_is_dialled_in_its_canonical_form() {
    for (raw, expected) in [
        ("+7 (495) 123-45-67", "74951234567"),
        ("84951234567", "74951234567"),
        ("4951234567", "74951234567"),
        ("+442079460000", "442079460000"),
        ("00 81 3 1234 5678", "0081312345678"),
        ("8-10-81-3-1234-5678", "81081312345678"),
        ("101", "101"),
    ] {
        assert_eq!(
            Number::parse(raw, &plan()).unwrap().as_str(),
            expected,
            "{raw}"
        );
    }
}

#[test]
fn a_bad_number_is_refused_whole() {
    let long = "7".repeat(200);
    for raw in [
        "74951234567&PJSIP/evil",
        "x@y",
        "${SHELL(id)}",
        "",
        "   ",
        long.as_str(),
        "74951234567,20,g",
        "7495\n1234567",
        "74951234567\0",
        "*21#",
    ] {
        let error = Number::parse(raw, &plan()).unwrap_err().to_string();
        assert!(error.contains("write "), "{error}");
        assert!(error.len() < 120, "{error}");
    }
    assert_eq!(Number::parse(" ", &plan()), Err(NumberError::Empty));
    assert_eq!(
        Number::parse("x@\u{202e}y\n", &plan())
            .unwrap_err()
            .to_string(),
        "'x@?y?' is not a number: write digits only, such as 74951234567"
    );
    assert!(matches!(
        Number::parse(&long, &plan()),
        Err(NumberError::TooLong(_))
    ));
}

#[test]
fn deny_beats_allow_on_the_canonical_form() {
    let plan = NumberPlan {
        allow: patterns(&["_7XXXXXXXXXX", "101"]),
        deny: patterns(&["_7809X."]),
        ..plan()
    };
    assert!(Number::parse("84951234567", &plan).is_ok());
    assert!(Number::parse("101", &plan).is_ok());
    for raw in ["8 809 555-35-35", "8095553535", "+78095553535"] {
        let error = Number::parse(raw, &plan).unwrap_err().to_string();
        assert!(
            error.contains("78095553535") && error.contains("deny = _7809X."),
            "{error}"
        );
    }
    let error = Number::parse("102", &plan).unwrap_err().to_string();
    assert!(error.contains("no allow line"), "{error}");
    let nothing = NumberPlan {
        allow: Vec::new(),
        ..plan
    };
    assert!(Number::parse("101", &nothing).is_err());
}

#[test]
fn patterns_match_as_asterisk_does() {
    for (pattern, yes, no) in [
        ("_X.", &["10", "74951234567"][..], &["", "1"][..]),
        ("_X!", &["1", "12"], &[""]),
        ("_.", &["1", "12"], &[""]),
        ("_!", &["", "1"], &[]),
        (
            "_7809X.",
            &["780912", "78095553535"],
            &["7809", "78091", "7808123"],
        ),
        ("_NXX", &["200", "999"], &["100", "20", "2000"]),
        ("_Z", &["1", "9"], &["0", "10"]),
        ("_[1-5,7]0", &["10", "50", "70"], &["60", "80", "1"]),
        ("_[13-5]", &["1", "3", "4", "5"], &["2"]),
        ("_7-495-x", &["74951"], &["7495"]),
        ("_7 495 n", &["74952"], &["74951"]),
        ("101", &["101"], &["1011", "10", "201"]),
        ("1-01", &["101"], &["1-01"]),
    ] {
        let parsed = Pattern::parse(pattern).unwrap();
        for number in yes {
            assert!(parsed.matches(number), "{pattern} {number}");
        }
        for number in no {
            assert!(!parsed.matches(number), "{pattern} {number}");
        }
        assert_eq!(parsed.to_string(), pattern);
    }
}

#[test]
fn a_pattern_that_would_fail_in_silence_is_refused() {
    for (pattern, error) in [
        ("", PatternError::Empty),
        ("_", PatternError::Empty),
        ("_-", PatternError::Empty),
        ("7809X.", PatternError::NeedsUnderscore('X')),
        ("+7809", PatternError::NeedsUnderscore('+')),
        ("_+7809X.", PatternError::Character('+')),
        ("_7W.", PatternError::Character('W')),
        ("_7/8", PatternError::Character('/')),
        ("_[12", PatternError::Set),
        ("_[]", PatternError::Set),
        ("_[a-f]", PatternError::Set),
        ("_[5-1]", PatternError::Set),
        ("_[1-]", PatternError::Set),
        ("_7.5", PatternError::AfterTail),
        ("_7!.", PatternError::AfterTail),
    ] {
        assert_eq!(Pattern::parse(pattern), Err(error), "{pattern}");
    }
}

#[test]
fn templates_expand_three_names_and_nothing_else() {
    let number = Number::parse("74951234567", &plan()).unwrap();
    let template =
        Template::<Number>::parse("PJSIP/${NUMBER}@m&Local/${EXTEN}-${PHONE}@out").unwrap();
    assert_eq!(
        template.render(
            &number,
            Gaps {
                exten: "10,0&x",
                phone: "+7495@/${X}",
            }
        ),
        "PJSIP/74951234567@m&Local/100x-+7495X@out"
    );
    for (text, has_number, error) in [
        ("PJSIP/${NUMBER}@${TRUNK}", true, "'${TRUNK}'"),
        ("PJSIP/${NUMBER}$[1+1]", true, "'$[1+1]'"),
        ("PJSIP/${NUMBER", true, "'${NUMBER'"),
        ("PJSIP/${number}", true, "'${number}'"),
        ("PJSIP/${NUMBER},20,g", true, "','"),
        ("PJSIP/${NUMBER}\n", true, "'\\n'"),
        ("PJSIP/a(b", false, "'('"),
        ("", false, "PJSIP/bitrix24"),
        ("bitrix24", false, "PJSIP/bitrix24"),
        ("PJSIP/multifon", true, "${NUMBER} is missing"),
        ("PJSIP/${NUMBER}@b", false, "${NUMBER} has no value here"),
    ] {
        let refused = match has_number {
            true => Template::<Number>::parse(text).err(),
            false => Template::<Fixed>::parse(text).err(),
        };
        let message = refused.unwrap().to_string();
        assert!(message.contains(error), "{text}: {message}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_bounded_phone_or_none(raw in any::<String>()) {
        if let Some(phone) = Phone::parse(&raw, &plan()) {
            for form in phone.forms() {
                let digits = form.strip_prefix('+').unwrap_or(form);
                prop_assert!(!digits.is_empty() && digits.len() <= MAX_DIGITS);
                prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn every_form_is_the_same_phone(raw in "\\+?[0-9]{1,20}") {
        let phone = Phone::parse(&raw, &plan()).unwrap();
        for form in phone.forms() {
            let again = Phone::parse(form, &plan()).unwrap();
            prop_assert_eq!(again.canonical(), phone.canonical(), "{}", form);
        }
    }

    #[test]
    fn a_number_is_digits_or_an_error(raw in "\\PC{0,30}|[-+0-9 ().]{0,30}") {
        match Number::parse(&raw, &plan()) {
            Ok(number) => {
                prop_assert!((1..=MAX_DIGITS).contains(&number.as_str().len()));
                prop_assert!(number.as_str().bytes().all(|b| b.is_ascii_digit()));
                // Nothing that means something was dropped.
                let meaning = |c: char| c.is_alphanumeric() || c.is_control() || "&,/@*#$;:".contains(c);
                prop_assert!(number.keys().is_empty(), "an extension out of nothing: {}", raw);
                prop_assert!(!raw.trim().chars().any(|c| meaning(c) && !c.is_ascii_digit()));
            }
            Err(error) => prop_assert!(error.to_string().chars().all(|c| !c.is_control())),
        }
    }

    #[test]
    fn nothing_hostile_gets_through_a_template(
        exten in proptest::collection::vec(any::<u8>(), 0..64),
        phone in "[&,/@${}\\[\\]()a-z0-9\"\\\\\\n]{0,40}",
    ) {
        let template = Template::<Number>::parse("PJSIP/${NUMBER}${EXTEN}${PHONE}").unwrap();
        let number = Number::parse("74951234567", &plan()).unwrap();
        let exten = String::from_utf8_lossy(&exten);
        let rendered = template.render(&number, Gaps {
            exten: &exten,
            phone: &phone,
        });
        let filled = rendered.strip_prefix("PJSIP/74951234567").unwrap();
        prop_assert!(filled.bytes().all(|b| b.is_ascii_alphanumeric() || b"*#+_-".contains(&b)));
    }

    #[test]
    fn patterns_and_templates_never_panic(text in "[_XZN0-9\\[\\]\\-.!,$\\{\\}A-Z/ ]{0,30}|\\PC{0,30}") {
        if let Ok(pattern) = Pattern::parse(&text) {
            pattern.matches(&text);
        }
        let _ = Template::<Number>::parse(&text);
    }
}

#[test]
fn a_managers_number_is_no_matter_of_allow_and_deny() {
    let plan = NumberPlan {
        allow: patterns(&["_7XXXXXXXXXX"]),
        ..plan()
    };
    assert!(Number::parse("101", &plan).is_err());
    // A type of its own, for a template of its own: the compiler refuses it in `outbound`.
    let manager = Extension::parse(" 101 ").unwrap();
    let template = Template::<Extension>::parse("PJSIP/${NUMBER}@bitrix24").unwrap();
    assert_eq!(
        template.render(&manager, Gaps::default()),
        "PJSIP/101@bitrix24"
    );
    assert_eq!(template.unfilled(), "PJSIP/@bitrix24");
    for bad in [
        "",
        "10 1",
        "101@x",
        "101&102",
        "${X}",
        "+101",
        &"1".repeat(40),
    ] {
        assert!(Extension::parse(bad).is_err(), "{bad}");
    }
}

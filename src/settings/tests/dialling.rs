//! Who is dialled, how, and what is shown there.

use super::*;
use crate::numbers::Gaps;

fn dialled(settings: &Settings, to: &str) -> String {
    let number = Number::parse(to, &settings.numbers).expect(to);
    settings.general.destination(&number, Gaps::default())
}

#[test]
fn the_first_internal_line_that_matches_counts_and_then_outbound() {
    let settings = parse(
        "[general]\ninternal = 100 => Local/${NUMBER}@reception\n\
         internal = _1XX=>Local/${NUMBER}@people/n\ninternal = _XXX => Local/${NUMBER}@queues",
    )
    .unwrap();
    for (to, expected) in [
        ("100", "Local/100@reception"),
        ("101", "Local/101@people/n"),
        ("2-01", "Local/201@queues"),
        ("1010", "PJSIP/1010@multifon"),
        ("8 495 123-45-67", "PJSIP/74951234567@multifon"),
        ("8 495 123-45-67, 12", "PJSIP/74951234567@multifon"),
    ] {
        assert_eq!(dialled(&settings, to), expected, "{to}");
    }
    let number = Number::parse("84951234567 доб. 12", &settings.numbers).unwrap();
    assert_eq!(
        settings.general.foreseen(&number, Gaps::default()),
        "PJSIP/74951234567@multifon, and after the answer ,12 is sent (a comma: 2 s)"
    );
    assert_eq!(Settings::default().general.internal, []);
}

#[test]
fn allow_and_deny_decide_about_internal_numbers_too() {
    let text =
        "[general]\ninternal = _1XX => Local/${NUMBER}@people\n[numbers]\nallow = _7XXXXXXXXXX";
    let outside_only = parse(text).unwrap();
    assert!(Number::parse("101", &outside_only.numbers).is_err());
    let both = parse(&format!("{text}\nallow = _1XX\ndeny = 109")).unwrap();
    assert_eq!(dialled(&both, "101"), "Local/101@people");
    assert!(Number::parse("109", &both.numbers).is_err());
}

#[test]
fn a_wrong_internal_line_is_told_with_what_is_right() {
    for (value, right) in [
        (
            "Local/${NUMBER}@queues",
            "such as _[1-9]XX => Local/${NUMBER}@queues",
        ),
        ("", "such as _[1-9]XX => Local/${NUMBER}@queues"),
        ("1XX => Local/${NUMBER}@queues", "begins with _"),
        ("=> Local/${NUMBER}@queues", "the pattern is empty"),
        ("_1XX => Local/queue", "${NUMBER} is missing"),
        ("_1XX => ", "technology"),
        ("_1XX => Local/${NUMBER}@queues,20", "','"),
        ("_1XX => Local/${SHELL(id)}", "is not expanded"),
    ] {
        let problem = problem(&format!("[general]\ninternal = {value}"));
        assert!(
            problem.starts_with("line 2: [general] internal = ") && problem.contains(right),
            "{problem}"
        );
    }
    let home = problem("[general]\ninternal = _8809XXXXXXX => Local/${NUMBER}@paid");
    assert!(
        home.starts_with("[general] internal = _8809XXXXXXX can match no number"),
        "{home}"
    );
}

#[test]
fn announce_name_and_retry_reach_their_place() {
    let ivr = parse("[ivr]\nannounce_name = yes\nretry = 2").unwrap().ivr;
    assert_eq!((ivr.announce_name, ivr.retry), (true, 2));
    // Who read of it under [general] is understood.
    assert!(
        parse("[General]\nAnnounce_Name = yes")
            .unwrap()
            .ivr
            .announce_name
    );
    assert_eq!(
        problem("[general]\nannounce_name = 1"),
        "line 2: [ivr] announce_name = 1: write yes or no"
    );
    assert_eq!(
        problem("[general]\nretry = 1"),
        "line 2: retry does not belong into [general] but into [ivr]"
    );
}

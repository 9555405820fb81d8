//! The pure parts, driven from outside as a fuzzer or a bench drives them: no Asterisk, no headers.
//! `cargo test --no-default-features --test outside`

use res_rust_ivr::directory;
use res_rust_ivr::ivr::dry_run::{Dials, dry_run};
use res_rust_ivr::ivr::flow::{Action, Event, State, step};
use res_rust_ivr::ivr::menu::{self, Plan};
use res_rust_ivr::ivr::{Reason, Status};
use res_rust_ivr::numbers::{Gaps, Number, Phone, Template};
use res_rust_ivr::ports::{Directory, Line, MenuRow};
use res_rust_ivr::settings::Settings;

fn menu_of(keys: &[&str]) -> Plan {
    let row = |key: &&str| MenuRow {
        key_num: Some((*key).to_owned()),
        transfer_to: Some("74950000001".to_owned()),
        ..MenuRow::default()
    };
    let rows: Vec<MenuRow> = keys.iter().map(row).collect();
    menu::read(&rows, &Settings::default().numbers, 1, |_| ())
}

#[test]
fn a_flow_takes_events_and_gives_actions() {
    let plan = menu_of(&["1", "2"]);
    let (state, action) = step(&plan, State::LookingUp, Event::Found);
    assert_eq!(action, Action::Answer);
    let (_, action) = step(&plan, state, Event::Gone);
    assert_eq!(action, Action::Finish(Status::Hangup));
    let run = dry_run(&plan, Event::Found, "9");
    assert_eq!(run.dials, Dials::Fallback(Reason::BadDigit));
}

#[test]
fn a_configuration_is_text_in_and_settings_or_sentences_out() {
    let line = Line {
        section: "ivr".to_owned(),
        key: "ring_timeout".to_owned(),
        value: "long".to_owned(),
        line: 7,
        included: None,
    };
    let error = Settings::parse(&[line]).expect_err("no number");
    assert_eq!(error.problems().len(), 1);
}

#[test]
fn a_destination_has_named_gaps() {
    let numbers = Settings::default().numbers;
    let number = Number::parse("8 495 000-00-01", &numbers).expect("a number");
    let template = Template::parse("PJSIP/${NUMBER}@multifon").expect("a destination");
    let destination = template.render(&number, Gaps::default());
    assert_eq!(destination, "PJSIP/74950000001@multifon");
}

#[test]
fn a_directory_without_a_database_says_so() {
    let settings = Settings::default();
    let nowhere = std::path::Path::new("/nonexistent");
    let directory = directory::open(&settings.database, nowhere, nowhere);
    let phone = Phone::parse("+7 000 000-00-01", &settings.numbers).expect("a phone");
    assert!(directory.menu(&phone).is_err());
}

//! What `rustivr test` foresees is what a call does.

use super::*;

/// What a call does up to its first dial, as `dry_run` foresees it: its sounds (each once), the
/// wait that ran out last, whom it dials.
fn of_the_session(rows: &Rows, digits: &str, settings: &Settings) -> (Vec<String>, String, String) {
    // Sounds are listened to to their end; the keys come one behind the other, then nothing.
    struct Patient {
        leg: ScriptedLeg,
        keys: Vec<char>,
        waited: String,
    }
    impl CallLeg for Patient {
        fn name(&self) -> &str {
            self.leg.name()
        }
        fn answer(&mut self) -> Result<(), Gone> {
            self.leg.answer()
        }
        fn play(&mut self, sound: &Sound) -> Heard {
            self.leg.play(sound)
        }
        fn wait_digit(&mut self, within: Duration) -> Heard {
            self.waited.clear();
            match self.keys.pop() {
                Some(key) => Heard::Digit(key),
                None => {
                    self.waited = format!("{within:?}");
                    Heard::Nothing
                }
            }
        }
        fn dial(&mut self, dial: Dial<'_>) -> Dialled {
            self.leg.dial(dial)
        }
        fn variable(&self, name: &str) -> Option<String> {
            self.leg.variable(name)
        }
        fn set_variable(&mut self, name: &str, value: &str) {
            self.leg.set_variable(name, value);
        }
    }
    let prompts = Recorded::default();
    let tools = Tools {
        settings,
        directory: rows,
        prompts: &prompts,
        live: &|_| (),
        rings: &|_, _| (),
    };
    let caller = Caller {
        phone: "79161234567".into(),
        extension: String::new(),
        ..Caller::default()
    };
    let mut leg = Patient {
        leg: ScriptedLeg::new(&[], &[]),
        keys: digits.chars().rev().collect(),
        waited: String::new(),
    };
    let mut session = Session::new(&mut leg, tools, &caller);
    session.run_or_rescue();
    let story = session.story().clone();
    let dials = story
        .reason
        .map_or(story.target, |reason| reason.as_str().to_owned());
    let names = prompts.0.lock().clone();
    (names, leg.waited, dials)
}

/// Writes down which sounds are asked for, each once.
#[derive(Default)]
struct Recorded(parking_lot::Mutex<Vec<String>>);

impl Prompts for Recorded {
    fn sound(&self, name: &PromptName) -> Result<Sound, PromptError> {
        let mut names = self.0.lock();
        if !names.contains(&name.to_string()) {
            names.push(name.to_string());
        }
        Ok(Sound {
            samples: vec![0; 1].into(),
        })
    }

    fn prepare(&self, _: &[PromptName]) {}
}

fn of_the_dry_run(rows: &Rows, digits: &str, settings: &Settings) -> (Vec<String>, String, String) {
    use crate::ivr::dry_run::{Dials, Wait, dry_run};
    let ivr = &settings.ivr;
    let (plan, found) = match &rows.0 {
        Ok(rows) => (
            menu::read(rows, &settings.numbers, ivr.repeat, |_| ()).retrying(ivr.retry),
            Event::Found,
        ),
        Err(_) => (Plan::Nothing, Event::Failed),
    };
    let run = dry_run(&plan, found, digits);
    let waited = match run.waited {
        None => String::new(),
        Some(Wait::FirstKey) => format!("{:?}", ivr.digit_timeout),
        Some(Wait::RestOfKey) => format!("{:?}", ivr.interdigit_timeout),
    };
    let dials = match run.dials {
        Dials::Target(number) => number.to_string(),
        Dials::Fallback(reason) => reason.as_str().to_owned(),
        Dials::Nobody => "nobody".to_owned(),
    };
    (
        run.prompts.iter().map(ToString::to_string).collect(),
        waited,
        dials,
    )
}

#[test]
fn a_dry_run_foresees_what_a_call_does() {
    let mut random = Random(0x5eed);
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..100_000 {
        let mut settings = Settings::default();
        settings.ivr.retry = round % 3;
        let Rows(rows, _) = random_rows(&mut random);
        let rows = Rows(rows, Fault::None);
        let digits: String = (0..random.below(5))
            .map(|_| random.pick(&['1', '2', '9', '*', '#']))
            .collect();
        let session = of_the_session(&rows, &digits, &settings);
        assert_eq!(
            session,
            of_the_dry_run(&rows, &digits, &settings),
            "{:?} {digits:?}",
            rows.0
        );
        seen.insert(session.2);
    }
    for reason in ["BAD_DIGIT", "NO_DIGIT", "BAD_NUMBER", "DB_ERROR", "NO_ROWS"] {
        assert!(seen.contains(reason), "{reason} never came: {seen:?}");
    }
}

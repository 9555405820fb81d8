//! The operator's commands: `rustivr ...` on Asterisk's CLI.

use std::ffi::CStr;
use std::time::Instant;

use crate::asterisk::cli::{Command, Entry, command};
use crate::ivr::dry_run::{Dials, DryRun, Wait, dry_run};
use crate::ivr::flow::Event;
use crate::ivr::menu::{self, Plan};
use crate::numbers::{Fixed, Gaps, Number, Phone};
use crate::ports::MenuRow;
use crate::ports::PromptName;
use crate::ports::{Directory, Prompts, display_name, one_line};
use crate::service::{Service, current as service};
use crate::settings::Settings;

/// All commands, for registration.
pub fn commands() -> Vec<Entry> {
    vec![
        command::<ShowStatus>(),
        command::<ShowCalls>(),
        command::<ShowRooms>(),
        command::<RoomEnd>(),
        command::<TestCode>(),
        command::<Test>(),
    ]
}

struct ShowStatus;

impl Command for ShowStatus {
    const WORDS: &'static CStr = c"rustivr show status";
    const SUMMARY: &'static CStr = c"Show what RustIvr is doing and how calls ended";
    const USAGE: &'static CStr = c"Usage: rustivr show status\n       \
        Shows the version, the database, the calls inside and how earlier calls ended.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let service = arguments.is_empty().then(service)??;
        Some(format!(
            "res_rust_ivr {}\n{}\nRooms: {}\nCalls inside: {}\nCalls since load:\n{}",
            env!("CARGO_PKG_VERSION"),
            service.directory.state(),
            service.rooms.live().len(),
            service.calls.count(),
            service.calls,
        ))
    }
}

struct ShowCalls;

impl Command for ShowCalls {
    const WORDS: &'static CStr = c"rustivr show calls";
    const SUMMARY: &'static CStr = c"Show the calls inside RustIvr";
    const USAGE: &'static CStr = c"Usage: rustivr show calls\n       \
        One line for each call inside: channel, what it does, for how long.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let service = arguments.is_empty().then(service)??;
        Some(service.calls.list())
    }
}

struct ShowRooms;

impl Command for ShowRooms {
    const WORDS: &'static CStr = c"rustivr show rooms";
    const SUMMARY: &'static CStr = c"Show the rooms of RustConfAdd";
    const USAGE: &'static CStr = c"Usage: rustivr show rooms\n       \
        One line for each room: its id, the manager's state and since when, who is there.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let service = arguments.is_empty().then(service)??;
        let rooms = service.rooms.live();
        let lines: String = rooms.iter().map(|room| room.describe() + "\n").collect();
        Some(format!("{lines}{} room(s)\n", rooms.len()))
    }
}

struct RoomEnd;

impl Command for RoomEnd {
    const WORDS: &'static CStr = c"rustivr room end";
    const SUMMARY: &'static CStr = c"End a room of RustConfAdd";
    const USAGE: &'static CStr = c"Usage: rustivr room end ID\n       \
        Ends a room: everybody in it hangs up. 'rustivr show rooms' lists the ids.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let [id] = arguments else {
            return None;
        };
        let rooms = service()?.rooms.live();
        Some(match rooms.iter().find(|room| room.id == *id) {
            Some(room) => {
                room.end();
                format!("{id} ends\n")
            }
            None => format!("There is no room {id}\n"),
        })
    }
}

struct TestCode;

impl Command for TestCode {
    const WORDS: &'static CStr = c"rustivr test code";
    const SUMMARY: &'static CStr = c"Show the number that a code gives";
    const USAGE: &'static CStr = c"Usage: rustivr test code CODE\n       \
        Shows the number that a code gives and whether it may be dialled. No call is placed.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let [code] = arguments else {
            return None;
        };
        let mut report = Report::default();
        report.line(code_text(&*service()?, code));
        Some(report.0)
    }
}

fn code_text(service: &Service, code: &str) -> String {
    let answer = match service.directory.code(code) {
        Ok(answer) => answer,
        Err(why) => return format!("{code}: {why}"),
    };
    let Some(number) = answer.number else {
        return format!("{code}: no such code");
    };
    match Number::parse(&number, &service.settings.numbers) {
        Err(why) => format!("{code}: {why}"),
        Ok(number) => {
            let general = &service.settings.general;
            let dialled = general.foreseen(&number, Gaps::default());
            let source = answer.source.as_str();
            format!("{code}: {number}, {source}; would be dialled: {dialled}")
        }
    }
}

struct Test;

impl Command for Test {
    const WORDS: &'static CStr = c"rustivr test";
    const SUMMARY: &'static CStr = c"Show what a call would do, without placing it";
    const USAGE: &'static CStr = c"Usage: rustivr test PHONE [DIGITS]\n       \
        Shows the rows of a phone, whether their prompts can be played, and what would be\n       \
        dialled for the digits. No call is placed.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let (phone, digits) = match arguments {
            [phone] => (phone, ""),
            [phone, digits] => (phone, digits.as_str()),
            _ => return None,
        };
        Some(report(&*service()?, phone, digits))
    }
}

/// What a command prints, line by line: rows and names are strangers' text.
#[derive(Default)]
struct Report(String);

impl Report {
    fn line(&mut self, text: impl AsRef<str>) {
        self.0.push_str(&one_line(text.as_ref()));
        self.0.push('\n');
    }
}

fn report(service: &Service, phone: &str, digits: &str) -> String {
    let mut report = Report::default();
    let settings = &service.settings;
    let parsed = Phone::parse(phone, &settings.numbers);
    let asked = Instant::now();
    let (plan, found) = match parsed.as_ref().map(|phone| service.directory.menu(phone)) {
        None => {
            report.line(format!("{phone:?} is not a number: nobody is looked up"));
            (Plan::Nothing, Event::Found)
        }
        Some(Err(why)) => {
            report.line(format!("{phone}: {why}"));
            (Plan::Nothing, Event::Failed)
        }
        Some(Ok(answer)) => {
            report.line(format!(
                "{}: {} row(s), {}, {:.1} ms",
                parsed.as_ref().map_or(phone, Phone::canonical),
                answer.rows.len(),
                answer.source.as_str(),
                asked.elapsed().as_secs_f64() * 1000.0
            ));
            answer
                .rows
                .iter()
                .for_each(|row| report.line(row_text(row)));
            let repeat = settings.ivr.repeat;
            let plan = menu::read(&answer.rows, &settings.numbers, repeat, |complaint| {
                report.line(format!("  Wrong: {complaint}"));
            });
            (plan.retrying(settings.ivr.retry), Event::Found)
        }
    };
    let run = dry_run(&plan, found, digits);
    for prompt in &run.prompts {
        report.line(prompt_text(service, prompt));
    }
    let gaps = Gaps {
        phone: parsed.as_ref().map_or("", Phone::canonical),
        ..Gaps::default()
    };
    report.line(format!(
        "Would be dialled: {}",
        run_text(settings, &run, gaps)
    ));
    report.0
}

fn row_text(row: &MenuRow) -> String {
    let shown = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "NULL".to_owned());
    let name = row.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(", name {name}"));
    format!(
        "  scenario {}, scenarioMsg {}, keyNum {}, msgMp3 {}, transferTo {}{name}",
        shown(&row.scenario),
        shown(&row.scenario_msg),
        shown(&row.key_num),
        shown(&row.msg_mp3),
        shown(&row.transfer_to)
    )
}

fn prompt_text(service: &Service, name: &PromptName) -> String {
    match service.prompts.sound(name) {
        Ok(sound) => {
            let flaw = sound.samples.flaw();
            let flaw = flaw.map(|flaw| format!("; {flaw}")).unwrap_or_default();
            format!("  {name}: {}{flaw}", sound.length())
        }
        Err(why) => format!("  {name}: {why}"),
    }
}

fn run_text(settings: &Settings, run: &DryRun<'_>, gaps: Gaps<'_>) -> String {
    let after = match run.waited {
        None => "",
        Some(Wait::FirstKey) => "after no digit ",
        Some(Wait::RestOfKey) => "after interdigit_timeout ",
    };
    let after = match run.wrong {
        0 => after.to_owned(),
        wrong => format!("after {wrong} wrong key(s), {after}"),
    };
    let general = &settings.general;
    match run.dials {
        Dials::Target(number) => {
            let name = match display_name(run.words) {
                name if name.is_empty() || !settings.ivr.announce_name => String::new(),
                name => format!(", as {name:?}"),
            };
            format!("{after}{}{name}", general.foreseen(number, gaps))
        }
        Dials::Fallback(reason) => {
            let fallback = general.fallback.render(&Fixed, gaps);
            format!("{after}the fallback, {}: {fallback}", reason.as_str())
        }
        Dials::Nobody => "nobody".to_owned(),
    }
}

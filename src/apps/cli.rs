//! The operator's commands: `rustivr ...` on Asterisk's CLI.

use std::ffi::CStr;
use std::fmt::Write as _;
use std::time::Instant;

use crate::asterisk::cli::{Command, Entry, command};
use crate::ivr::Reason;
use crate::ivr::menu::{self, Button, Match, Menu, Plan};
use crate::ivr::{MenuRow, PromptName};
use crate::numbers::{Number, Phone};
use crate::ports::{Directory, Prompts};
use crate::service::{Service, current as service};

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
        let service = service()?;
        Some(match service.directory.code(code) {
            Err(why) => format!("{code}: {why}\n"),
            Ok(answer) => match answer.number {
                None => format!("{code}: no such code\n"),
                Some(number) => match Number::parse(&number, &service.settings.numbers) {
                    Ok(number) => {
                        let dialled =
                            service
                                .settings
                                .general
                                .outbound
                                .render(Some(&number), "", "");
                        format!(
                            "{code}: {number}, {}; would be dialled: {dialled}\n",
                            answer.source.as_str()
                        )
                    }
                    Err(why) => format!("{code}: {why}\n"),
                },
            },
        })
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

fn report(service: &Service, phone: &str, digits: &str) -> String {
    let Some(phone) = Phone::parse(phone, &service.settings.numbers) else {
        return format!("{phone:?} is not a number: its caller goes to the fallback.\n");
    };
    let asked = Instant::now();
    let answer = match service.directory.menu(&phone) {
        Ok(answer) => answer,
        Err(why) => {
            return format!(
                "{}: {why}\nThe caller goes to the fallback.\n",
                phone.canonical()
            );
        }
    };
    let mut text = format!(
        "{}: {} row(s), {}, {:.1} ms\n",
        phone.canonical(),
        answer.rows.len(),
        answer.source.as_str(),
        asked.elapsed().as_secs_f64() * 1000.0
    );
    answer
        .rows
        .iter()
        .for_each(|row| text.push_str(&row_text(row)));
    let plan = menu::read(&answer.rows, &service.settings.numbers, 1, |complaint| {
        let _ = writeln!(text, "  Wrong: {complaint}");
    });
    let end = match &plan {
        Plan::Nothing => format!("the fallback, {}", Reason::NoRows.as_str()),
        Plan::Direct(button) => destination(service, button, &phone),
        Plan::Menu(menu) => {
            menu.prompts
                .iter()
                .for_each(|name| text.push_str(&prompt_text(service, name)));
            menu_end(service, menu, digits, &phone)
        }
    };
    let _ = writeln!(text, "Would be dialled: {end}");
    text
}

fn row_text(row: &MenuRow) -> String {
    let shown = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "NULL".to_owned());
    format!(
        "  scenario {}, scenarioMsg {}, keyNum {}, msgMp3 {}, transferTo {}\n",
        shown(&row.scenario),
        shown(&row.scenario_msg),
        shown(&row.key_num),
        shown(&row.msg_mp3),
        shown(&row.transfer_to)
    )
}

fn prompt_text(service: &Service, name: &PromptName) -> String {
    match service.prompts.sound(name) {
        Ok(sound) => format!("  {name}: {:.1} s\n", sound.duration().as_secs_f64()),
        Err(why) => format!("  {name}: {why}\n"),
    }
}

fn menu_end(service: &Service, menu: &Menu, digits: &str, phone: &Phone) -> String {
    if digits.is_empty() {
        return format!("after no digit the fallback, {}", Reason::NoDigit.as_str());
    }
    match menu.matching(digits) {
        Match::Button(button) => destination(service, button, phone),
        Match::Ambiguous => menu.button(digits).map_or_else(String::new, |button| {
            format!(
                "after interdigit_timeout {}",
                destination(service, button, phone)
            )
        }),
        Match::Prefix | Match::Nothing => format!("the fallback, {}", Reason::BadDigit.as_str()),
    }
}

fn destination(service: &Service, button: &Button, phone: &Phone) -> String {
    match &button.target {
        Ok(number) => service
            .settings
            .general
            .outbound
            .render(Some(number), "", phone.canonical()),
        Err(_) => format!("the fallback, {}", Reason::BadNumber.as_str()),
    }
}

//! The operator's commands: `rustivr ...` on Asterisk's CLI.

mod check;
mod menu;
#[cfg(feature = "panics")]
mod panics;
mod stats;
mod text;

use std::ffi::CStr;

use super::dry;
use check::Check;
use menu::ShowMenu;
use text::Report;

use crate::asterisk::cli::{Command, Entry, MOST, command};
use crate::directory::inspect::Stem;
use crate::service::{Service, current as service};

/// All commands, for registration.
pub fn commands() -> Vec<Entry> {
    vec![
        command::<ShowStatus>(),
        command::<ShowCalls>(),
        command::<ShowRooms>(),
        command::<ShowMenu>(),
        command::<Check>(),
        command::<RoomEnd>(),
        command::<TestCode>(),
        command::<Test>(),
    ]
    .into_iter()
    .chain(stats::commands())
    .chain(of_tests())
    .collect()
}

/// In a build for tests only.
fn of_tests() -> Vec<Entry> {
    #[cfg(feature = "panics")]
    return vec![command::<panics::Panic>()];
    #[cfg(not(feature = "panics"))]
    Vec::new()
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
        let mut report = Report::default();
        for room in &rooms {
            let room = room.snapshot().to_string();
            // Behind id, state and since stands who is there; more than a line's worth goes below.
            let people = room.find(" s  ").map_or(room.len(), |at| at + " s  ".len());
            let (head, people) = room.split_at(people);
            report.wrapped(head, people);
        }
        report.line(format!("{} room(s)", rooms.len()));
        Some(report.0)
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

    fn complete(arguments: &[String], _: &str) -> Vec<String> {
        let rooms = service().map(|service| service.rooms.live());
        match arguments {
            [] => rooms
                .into_iter()
                .flatten()
                .map(|room| room.id.clone())
                .collect(),
            _ => Vec::new(),
        }
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
        Some(Report::of(&dry::code(&*service()?, code)))
    }

    fn complete(arguments: &[String], begin: &str) -> Vec<String> {
        let codes = |service: std::sync::Arc<Service>| {
            service.directory.beginning_with(Stem::Code(begin), MOST)
        };
        match arguments {
            [] => service().map(codes).unwrap_or_default(),
            _ => Vec::new(),
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
        Some(Report::of(&dry::menu(&*service()?, phone, digits)))
    }

    fn complete(arguments: &[String], begin: &str) -> Vec<String> {
        match arguments {
            [] => phones(begin),
            _ => Vec::new(),
        }
    }
}

/// Stored phones that begin so, for completion.
fn phones(begin: &str) -> Vec<String> {
    let phones = |service: std::sync::Arc<Service>| {
        service.directory.beginning_with(Stem::Phone(begin), MOST)
    };
    service().map(phones).unwrap_or_default()
}

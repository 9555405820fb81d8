//! `rustivr show menu`: a phone's menu as a tree.

use std::ffi::CStr;

use super::phones;
use super::text::Report;
use crate::apps::dry;
use crate::asterisk::cli::Command;
use crate::ivr::menu::{self, Button, Menu, Plan};
use crate::numbers::{Fixed, Gaps, Phone, trimmed};
use crate::ports::{Directory, MenuRow, PromptFolder, PromptName};
use crate::service::{Service, current as service};
use crate::settings::Settings;

/// The command.
pub struct ShowMenu;

impl Command for ShowMenu {
    const WORDS: &'static CStr = c"rustivr show menu";
    const SUMMARY: &'static CStr = c"Show a phone's menu as a tree";
    const USAGE: &'static CStr = c"Usage: rustivr show menu PHONE\n       \
        Shows what a caller with this number hears, in its order: the introduction, the keys and\n       \
        their words, with what is wrong with the recordings; and what each key rings. No call is\n       \
        placed.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let [phone] = arguments else {
            return None;
        };
        Some(show(&*service()?, phone))
    }

    fn complete(arguments: &[String], begin: &str) -> Vec<String> {
        match arguments {
            [] => phones(begin),
            _ => Vec::new(),
        }
    }
}

fn show(service: &Service, phone: &str) -> String {
    let settings = &service.settings;
    let mut report = Report::default();
    let Some(parsed) = Phone::parse(phone, &settings.numbers) else {
        report.line(format!("{phone:?} is not a number: nobody is looked up"));
        return report.0;
    };
    let answer = match service.directory.menu(&parsed) {
        Ok(answer) => answer,
        Err(why) => {
            report.wrapped("", &format!("{}: {why}", parsed.canonical()));
            return report.0;
        }
    };
    let rows = &answer.rows;
    let scenario = rows.iter().find_map(|row| row.scenario.as_deref());
    let scenario = scenario.map(|name| format!(", {name}")).unwrap_or_default();
    let source = answer.source.as_str();
    report.wrapped("", &format!("{}{scenario} ({source})", parsed.canonical()));
    let mut complaints = Vec::new();
    let plan = menu::read(rows, &settings.numbers, 1, |why| complaints.push(why));
    let tree = Tree {
        settings,
        gaps: Gaps {
            phone: parsed.canonical(),
            ..Gaps::default()
        },
        prompt: &|name| {
            let (Ok(text) | Err(text)) = dry::prompt(service, name);
            format!("{name}: {text}")
        },
    };
    tree.draw(&plan, rows, &mut report);
    for why in complaints {
        report.wrapped("Wrong: ", &why);
    }
    report.0
}

struct Tree<'t> {
    settings: &'t Settings,
    gaps: Gaps<'t>,
    /// A prompt's name, and its length or what is wrong with it.
    prompt: &'t dyn Fn(&PromptName) -> String,
}

impl Tree<'_> {
    fn draw(&self, plan: &Plan, rows: &[MenuRow], report: &mut Report) {
        match plan {
            Plan::Nothing => report.wrapped("`-- no button: ", &self.fallback()),
            Plan::Direct(button) => {
                report.wrapped("`-- one button, rung at once: ", &self.rings(button));
            }
            Plan::Menu(menu) => self.menu(menu, rows, report),
        }
    }

    fn menu(&self, menu: &Menu, rows: &[MenuRow], report: &mut Report) {
        let is_intro = |name: &&PromptName| name.folder == PromptFolder::Scenario;
        for intro in menu.prompts.iter().filter(is_intro) {
            report.wrapped("|-- ", &(self.prompt)(intro));
        }
        for (key, button) in &menu.buttons {
            let spoken = (self.prompt)(&PromptName {
                folder: PromptFolder::KeyNum,
                file: key.clone(),
            });
            report.wrapped(&format!("|-- [{key}] "), &spoken);
            if let Some(words) = words_of(key, rows) {
                report.wrapped("|   |-- ", &(self.prompt)(&words));
            }
            report.wrapped("|   `-- rings ", &self.rings(button));
        }
        let seconds = self.settings.ivr.digit_timeout.as_secs();
        let other = format!("`-- no key within {seconds} s, or any other: ");
        report.wrapped(&other, &self.fallback());
    }

    fn rings(&self, button: &Button) -> String {
        match &button.target {
            Ok(number) => self.settings.general.foreseen(number, self.gaps),
            Err(why) => format!("{}, because {why}", self.fallback()),
        }
    }

    fn fallback(&self) -> String {
        let fallback = &self.settings.general.fallback;
        format!("the fallback, {}", fallback.render(&Fixed, self.gaps))
    }
}

/// The words of a key's row, which is the first that has the key.
fn words_of(key: &str, rows: &[MenuRow]) -> Option<PromptName> {
    let of_key = |row: &&MenuRow| row.key_num.as_deref().map(trimmed) == Some(key);
    let file = trimmed(rows.iter().find(of_key)?.msg_mp3.as_deref()?);
    (!file.is_empty()).then(|| PromptName {
        folder: PromptFolder::MsgMp3,
        file: file.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, to: &str) -> MenuRow {
        MenuRow {
            scenario: Some("orders".into()),
            scenario_msg: Some("hello.mp3".into()),
            key_num: Some(key.into()),
            msg_mp3: Some("cakes.mp3".into()),
            transfer_to: Some(to.into()),
            name: None,
        }
    }

    fn drawn(rows: &[MenuRow]) -> String {
        let settings = Settings::default();
        let plan = menu::read(rows, &settings.numbers, 1, |_| ());
        let tree = Tree {
            settings: &settings,
            gaps: Gaps::default(),
            prompt: &|name| format!("{name}: 1.0 s"),
        };
        let mut report = Report::default();
        tree.draw(&plan, rows, &mut report);
        report.0
    }

    #[test]
    fn a_menu_is_a_tree_of_what_is_heard_and_rung() {
        let right = "|-- scenario/hello.mp3: 1.0 s\n\
             |-- [1] keyNum/1: 1.0 s\n\
             |   |-- msgMp3/cakes.mp3: 1.0 s\n\
             |   `-- rings PJSIP/74950000001@multifon\n\
             |-- [2] keyNum/2: 1.0 s\n\
             |   |-- msgMp3/cakes.mp3: 1.0 s\n\
             |   `-- rings the fallback, PJSIP/bitrix24, because 'evil' is not a number:\n";
        let tree = drawn(&[row("1", "74950000001"), row("2", "evil")]);
        assert!(tree.starts_with(right), "{tree}");
        let end = "`-- no key within 7 s, or any other: the fallback, PJSIP/bitrix24\n";
        assert!(tree.ends_with(end), "{tree}");
        assert!(tree.lines().all(|line| line.len() <= 80), "{tree}");
    }

    #[test]
    fn fewer_buttons_are_no_menu() {
        assert_eq!(drawn(&[]), "`-- no button: the fallback, PJSIP/bitrix24\n");
        let one = "`-- one button, rung at once: PJSIP/74950000001@multifon\n";
        assert_eq!(drawn(&[row("1", "74950000001")]), one);
    }
}

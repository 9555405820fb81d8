//! A caller's menu: the rows, what they come to, and which recordings are missing.

use std::time::Instant;

use serde_json::{Value, json};

use super::gate::Refused;
use super::russian::Language;
use crate::ivr::menu::{self, Button, Menu, Plan};
use crate::numbers::{Fixed, Gaps, Phone, trimmed};
use crate::ports::Directory;
use crate::ports::{MenuAnswer, MenuRow, PromptFolder, PromptName, Sound};
use crate::service::Service;
use crate::settings::Settings;

/// What a call from this phone would find. No call is placed.
pub(super) fn menu(service: &Service, phone: &str, language: Language) -> Result<Value, Refused> {
    let settings = &service.settings;
    let phone = Phone::parse(phone, &settings.numbers)
        .ok_or_else(|| Refused::new(400, "this is no phone number"))?;
    let asked = Instant::now();
    let answer = service.directory.menu(&phone);
    let took = asked.elapsed();
    let answer = answer.map_err(|why| Refused::new(503, &why.to_string()))?;
    let hear = |name: &PromptName| {
        let sound = service.prompts.examine(name);
        sound
            .map(|sound| heard(&sound))
            .map_err(|why| why.to_string())
    };
    let mut tree = tree(&phone, &answer, settings, language, hear);
    tree["ms"] = json!(took.as_secs_f64() * 1000.0);
    Ok(tree)
}

/// Its length in seconds and what is wrong with it.
fn heard(sound: &Sound) -> (f64, Option<String>) {
    let flaw = sound.samples.flaw();
    (sound.duration().as_secs_f64(), flaw)
}

/// What a recording is, or why it cannot be played.
type Heard = Result<(f64, Option<String>), String>;

fn tree(
    phone: &Phone,
    answer: &MenuAnswer,
    settings: &Settings,
    language: Language,
    hear: impl Fn(&PromptName) -> Heard,
) -> Value {
    let mut complaints = Vec::new();
    let plan = menu::read(&answer.rows, &settings.numbers, 1, |why| {
        complaints.push(language.say(&why));
    });
    let tree = Tree {
        rows: &answer.rows,
        settings,
        gaps: Gaps {
            phone: phone.canonical(),
            ..Gaps::default()
        },
        hear: &hear,
        language,
    };
    let (kind, intro, buttons) = match &plan {
        Plan::Nothing => ("nothing", None, Vec::new()),
        Plan::Direct(only) => ("direct", None, vec![tree.only_button(only)]),
        Plan::Menu(menu) => ("menu", tree.intro(menu), tree.buttons(menu)),
    };
    json!({
        "phone": phone.canonical(),
        "source": answer.source.as_str(),
        "scenario": answer.rows.iter().find_map(|row| row.scenario.clone()),
        "kind": kind,
        "intro": intro,
        "buttons": buttons,
        "fallback": settings.general.fallback.render(&Fixed, tree.gaps),
        "complaints": complaints,
        "rows": answer.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// What the parts of a tree are made from.
struct Tree<'t> {
    rows: &'t [MenuRow],
    settings: &'t Settings,
    gaps: Gaps<'t>,
    hear: &'t dyn Fn(&PromptName) -> Heard,
    language: Language,
}

impl Tree<'_> {
    fn intro(&self, menu: &Menu) -> Option<Value> {
        let first = menu.prompts.first()?;
        (first.folder == PromptFolder::Scenario).then(|| self.prompt(first))
    }

    fn buttons(&self, menu: &Menu) -> Vec<Value> {
        let buttons = menu.buttons.iter();
        buttons
            .map(|(key, of)| {
                let mut rows = self.rows.iter();
                let row = rows.find(|row| key_of(row) == Some(key));
                let words = row.and_then(|row| row.msg_mp3.as_deref());
                let key_prompt = self.said(PromptFolder::KeyNum, Some(key));
                self.button(key, of, key_prompt, self.said(PromptFolder::MsgMp3, words))
            })
            .collect()
    }

    /// Nobody is asked to choose, so nothing is said.
    fn only_button(&self, only: &Button) -> Value {
        let key = self.rows.iter().find_map(key_of);
        self.button(key.unwrap_or_default(), only, None, None)
    }

    fn button(
        &self,
        key: &str,
        of: &Button,
        key_prompt: Option<Value>,
        words: Option<Value>,
    ) -> Value {
        let (number, dials, refused) = match &of.target {
            Ok(number) => {
                let dials = self.settings.general.foreseen(number, self.gaps);
                (Some(number.to_string()), Some(dials), None)
            }
            Err(why) => (None, None, Some(self.language.say(&why.to_string()))),
        };
        json!({
            "key": key,
            "key_prompt": key_prompt,
            "words": words,
            "number": number,
            "dials": dials,
            "refused": refused,
        })
    }

    fn said(&self, folder: PromptFolder, file: Option<&str>) -> Option<Value> {
        let file = file.map(trimmed).filter(|file| !file.is_empty())?;
        Some(self.prompt(&PromptName {
            folder,
            file: file.to_owned(),
        }))
    }

    fn prompt(&self, name: &PromptName) -> Value {
        let (seconds, flaw) = match (self.hear)(name) {
            Ok((seconds, flaw)) => (Some(seconds), flaw),
            Err(why) => (None, Some(why)),
        };
        json!({
            "folder": name.folder.as_str(),
            "file": name.file,
            "seconds": seconds,
            "flaw": flaw.map(|flaw| self.language.say(&flaw)),
        })
    }
}

fn key_of(row: &MenuRow) -> Option<&str> {
    row.key_num.as_deref().map(trimmed)
}

fn row(row: &MenuRow) -> Value {
    json!([
        row.scenario,
        row.scenario_msg,
        row.key_num,
        row.msg_mp3,
        row.transfer_to,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Source;

    fn tree_of(rows: &[[&str; 5]]) -> Value {
        tree_in(Language::English, rows)
    }

    fn tree_in(language: Language, rows: &[[&str; 5]]) -> Value {
        let cell = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let rows = rows
            .iter()
            .map(|[scenario, intro, key, words, to]| MenuRow {
                scenario: cell(scenario),
                scenario_msg: cell(intro),
                key_num: cell(key),
                msg_mp3: cell(words),
                transfer_to: cell(to),
                name: None,
            });
        let answer = MenuAnswer {
            rows: rows.collect(),
            source: Source::Live,
        };
        let settings = Settings::default();
        let phone = Phone::parse("84951234567", &settings.numbers).unwrap();
        tree(&phone, &answer, &settings, language, |name| {
            match name.file.as_str() {
                "gone.mp3" => Err("no such file".to_owned()),
                _ => Ok((1.5, None)),
            }
        })
    }

    #[test]
    fn a_menu_is_a_tree_of_what_is_heard_and_dialled() {
        let tree = tree_of(&[
            ["orders", "hello.mp3", "1", "cakes.mp3", "84950000001"],
            ["orders", "hello.mp3", "2", "gone.mp3", "evil&PJSIP"],
            ["orders", "hello.mp3", "2", "twice.mp3", "84950000003"],
        ]);
        assert_eq!(tree["phone"], "74951234567");
        assert_eq!(
            (&tree["kind"], &tree["scenario"]),
            (&json!("menu"), &json!("orders"))
        );
        assert_eq!(tree["intro"]["file"], "hello.mp3");
        let [first, second] = [0, 1].map(|at| &tree["buttons"][at]);
        assert_eq!(first["key_prompt"]["folder"], "keyNum");
        assert_eq!(first["words"]["seconds"], 1.5);
        assert_eq!(first["dials"], "PJSIP/74950000001@multifon");
        assert_eq!(second["words"]["flaw"], "no such file");
        assert_eq!(
            second["words"]["file"], "gone.mp3",
            "the first row of a key counts"
        );
        assert!(second["refused"].is_string() && second["dials"].is_null());
        assert_eq!(tree["buttons"].as_array().unwrap().len(), 2);
        assert_eq!(tree["complaints"].as_array().unwrap().len(), 2);
        assert_eq!(tree["rows"][2][3], "twice.mp3");
    }

    #[test]
    fn what_is_wrong_is_said_in_russian_too() {
        let tree = tree_in(
            Language::Russian,
            &[
                ["orders", "gone.mp3", "1", "a.mp3", "84950000001"],
                ["orders", "gone.mp3", "1", "b.mp3", "84950000002"],
                ["orders", "gone.mp3", "2", "c.mp3", ""],
            ],
        );
        assert_eq!(
            tree["complaints"],
            json!([
                "keyNum 1 стоит в двух строках: действует первая",
                "transferTo не принят: номер пуст: запишите его, например 74951234567"
            ])
        );
        assert_eq!(
            tree["buttons"][1]["refused"],
            "номер пуст: запишите его, например 74951234567"
        );
        assert_eq!(tree["buttons"][0]["dials"], "PJSIP/74950000001@multifon");
    }

    #[test]
    fn one_button_says_nothing_and_no_rows_ring_the_fallback() {
        let direct = tree_of(&[["s", "hello.mp3", "1", "a.mp3", "84950000001"]]);
        assert_eq!(
            (&direct["kind"], &direct["intro"]),
            (&json!("direct"), &Value::Null)
        );
        assert_eq!(direct["buttons"][0]["number"], "74950000001");
        assert_eq!(direct["buttons"][0]["words"], Value::Null);
        let nothing = tree_of(&[]);
        assert_eq!(
            (&nothing["kind"], &nothing["buttons"]),
            (&json!("nothing"), &json!([]))
        );
        assert_eq!(nothing["fallback"], "PJSIP/bitrix24");
    }
}

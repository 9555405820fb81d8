//! What a call would do, without placing it: for `rustivr test` as text, for programs as data.

use std::fmt;
use std::time::{Duration, Instant};

use crate::ivr::dry_run::{Dials, DryRun, Wait, dry_run};
use crate::ivr::flow::Event;
use crate::ivr::menu::{self, Plan};
use crate::numbers::{Fixed, Gaps, Number, Phone};
use crate::ports::{Directory, MenuRow, PromptName, Source, display_name, one_line};
use crate::service::Service;
use crate::settings::Settings;

/// What a caller would meet.
pub struct MenuTest {
    /// The canonical phone, or what was given where that is no number.
    pub phone: String,
    /// The rows, or why there are none.
    pub rows: Result<Rows, String>,
    /// What is wrong with them, a sentence each.
    pub wrong: Vec<String>,
    /// What would be read out before the dial: a prompt's name, and its length and flaws or why it
    /// cannot be played.
    pub prompts: Vec<(String, Result<String, String>)>,
    /// Who would be dialled, and after which wait.
    pub dialled: Dialled,
}

/// Rows of one look-up.
pub struct Rows {
    /// As stored.
    pub rows: Vec<MenuRow>,
    /// Where they came from.
    pub source: Source,
    /// How long that took.
    pub took: Duration,
}

/// Who would be dialled.
pub struct Dialled {
    /// The `Dial()` destination; `None`: nobody.
    pub destination: Option<String>,
    /// Why it is not the target, a word of `RUSTIVR_REASON`; `None`: it is.
    pub reason: Option<&'static str>,
    /// The option whose wait ran out before, if no key led there.
    pub after: Option<&'static str>,
    /// After how many wrong keys, each of which began the menu again.
    pub wrong: u32,
    /// What the person who answers is shown in place of the caller's name; empty: nothing.
    pub name: String,
}

/// What a code gives.
pub struct CodeTest {
    /// The code.
    pub code: String,
    /// Its number and what would be dialled, or why nothing would be.
    pub found: Result<CodeFound, String>,
}

/// A code's number, which may be dialled.
pub struct CodeFound {
    /// The number as it is dialled.
    pub number: String,
    /// Where it was read.
    pub source: Source,
    /// The `Dial()` destination.
    pub destination: String,
}

/// What a caller would meet who presses `digits`.
pub fn menu(service: &Service, phone: &str, digits: &str) -> MenuTest {
    let settings = &service.settings;
    let parsed = Phone::parse(phone, &settings.numbers);
    let asked = Instant::now();
    let (mut wrong, mut plan, mut found) = (Vec::new(), Plan::Nothing, Event::Found);
    let rows = match parsed.as_ref().map(|phone| service.directory.menu(phone)) {
        None => Err(format!("{phone:?} is not a number: nobody is looked up")),
        Some(Err(why)) => {
            found = Event::Failed;
            Err(format!("{phone}: {why}"))
        }
        Some(Ok(answer)) => {
            let took = asked.elapsed();
            let repeat = settings.ivr.repeat;
            plan = menu::read(&answer.rows, &settings.numbers, repeat, |complaint| {
                wrong.push(complaint.to_string());
            });
            plan = plan.retrying(settings.ivr.retry);
            Ok(Rows {
                rows: answer.rows,
                source: answer.source,
                took,
            })
        }
    };
    let run = dry_run(&plan, found, digits);
    let canonical = parsed.as_ref().map_or("", Phone::canonical);
    let gaps = Gaps {
        phone: canonical,
        ..Gaps::default()
    };
    let shown = |name: &PromptName| (name.to_string(), prompt(service, name));
    MenuTest {
        phone: [canonical, phone][usize::from(canonical.is_empty())].to_owned(),
        rows,
        wrong,
        prompts: run.prompts.iter().map(|name| shown(name)).collect(),
        dialled: dialled(settings, &run, gaps),
    }
}

/// What a manager would reach who types a code.
pub fn code(service: &Service, code: &str) -> CodeTest {
    let found = match service.directory.code(code) {
        Err(why) => Err(why.to_string()),
        Ok(answer) => match answer.number {
            None => Err("no such code".to_owned()),
            Some(number) => match Number::parse(&number, &service.settings.numbers) {
                Err(why) => Err(why.to_string()),
                Ok(number) => {
                    let general = &service.settings.general;
                    Ok(CodeFound {
                        destination: general.foreseen(&number, Gaps::default()),
                        source: answer.source,
                        number: number.to_string(),
                    })
                }
            },
        },
    };
    CodeTest {
        code: code.to_owned(),
        found,
    }
}

/// A prompt's length and flaws, or why it cannot be played.
pub fn prompt(service: &Service, name: &PromptName) -> Result<String, String> {
    let sound = service.prompts.examine(name);
    let sound = sound.map_err(|why| why.to_string())?;
    let flaw = sound.samples.flaw();
    let flaw = flaw.map(|flaw| format!("; {flaw}")).unwrap_or_default();
    Ok(format!("{}{flaw}", sound.length()))
}

fn dialled(settings: &Settings, run: &DryRun<'_>, gaps: Gaps<'_>) -> Dialled {
    let general = &settings.general;
    let mut name = String::new();
    let (destination, reason) = match run.dials {
        Dials::Target(number) => {
            if settings.ivr.announce_name {
                name = display_name(run.words);
            }
            (Some(general.foreseen(number, gaps)), None)
        }
        Dials::Fallback(reason) => {
            let fallback = general.fallback.render(&Fixed, gaps);
            (Some(fallback), Some(reason.as_str()))
        }
        Dials::Nobody => (None, None),
    };
    Dialled {
        destination,
        reason,
        after: run.waited.map(|wait| match wait {
            Wait::FirstKey => "digit_timeout",
            Wait::RestOfKey => "interdigit_timeout",
        }),
        wrong: run.wrong,
        name,
    }
}

/// The text of `rustivr test`. Rows and names are strangers' text, so each line is filtered.
impl fmt::Display for MenuTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |text: String| writeln!(f, "{}", one_line(&text));
        match &self.rows {
            Err(why) => line(why.clone())?,
            Ok(found) => {
                line(format!(
                    "{}: {} row(s), {}, {:.1} ms",
                    self.phone,
                    found.rows.len(),
                    found.source.as_str(),
                    found.took.as_secs_f64() * 1000.0
                ))?;
                for row in &found.rows {
                    line(row_text(row))?;
                }
            }
        }
        for complaint in &self.wrong {
            line(format!("  Wrong: {complaint}"))?;
        }
        for (name, prompt) in &self.prompts {
            let (Ok(text) | Err(text)) = prompt;
            line(format!("  {name}: {text}"))?;
        }
        line(format!("Would be dialled: {}", self.dialled))
    }
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

impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = match self.after {
            None => "",
            Some("digit_timeout") => "after no digit ",
            Some(_) => "after interdigit_timeout ",
        };
        let after = match self.wrong {
            0 => after.to_owned(),
            wrong => format!("after {wrong} wrong key(s), {after}"),
        };
        match (&self.destination, self.reason) {
            (None, _) => write!(f, "nobody"),
            (Some(target), None) if self.name.is_empty() => write!(f, "{after}{target}"),
            (Some(target), None) => write!(f, "{after}{target}, as {:?}", self.name),
            (Some(fallback), Some(reason)) => {
                write!(f, "{after}the fallback, {reason}: {fallback}")
            }
        }
    }
}

/// The text of `rustivr test code`, filtered.
impl fmt::Display for CodeTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.found {
            Err(why) => why.clone(),
            Ok(found) => format!(
                "{}, {}; would be dialled: {}",
                found.number,
                found.source.as_str(),
                found.destination
            ),
        };
        writeln!(f, "{}", one_line(&format!("{}: {text}", self.code)))
    }
}

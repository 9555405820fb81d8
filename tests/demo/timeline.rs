//! The reports as text: a timeline per call, and a verdict per call at the end.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;

use super::heard::{Sound, played, said};
use super::report::{self, Report};
use super::room;
use rust_ivr_testing::machine::repository;

/// A moment as it is shown.
pub struct Shown<'r> {
    /// Seconds since the caller's INVITE.
    pub after: f64,
    /// Who.
    pub who: &'static str,
    /// What.
    pub what: &'r str,
    /// What the prompt of the moment says, in quotation marks; or nothing.
    pub words: String,
}

/// The moments of a call.
pub fn shown(report: &Report) -> impl Iterator<Item = Shown<'_>> {
    let spoken = spoken();
    report.moments.iter().map(move |moment| {
        let name = played(&moment.what).map(|(name, _)| name);
        let words = name
            .or(said(&moment.what))
            .and_then(|name| spoken.get(name));
        Shown {
            after: moment
                .at
                .saturating_duration_since(report.began)
                .as_secs_f64(),
            who: moment.who,
            what: &moment.what,
            words: words.map_or(String::new(), |words| format!("«{words}»")),
        }
    })
}

/// The timelines of all calls, one after another.
pub fn text(reports: &[Report]) -> String {
    let mut text = String::new();
    for (at, report) in reports.iter().enumerate() {
        let story = report.story;
        let _ = writeln!(
            text,
            "\nCall {}: {} calls: {}\n        expected: {}\n",
            at + 1,
            story.phone,
            story.title,
            story.expected
        );
        for Shown {
            after,
            who,
            what,
            words,
        } in shown(report)
        {
            let line = format!("  {after:7.3} s  {who:<9} {what}  {words}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        let _ = writeln!(text, "\n  at the end {}", variables(&report.words));
    }
    text
}

/// One line per call.
pub fn verdicts(reports: &[Report]) -> String {
    let mut text = String::new();
    for (at, report) in reports.iter().enumerate() {
        let story = report.story;
        let verdict = verdict(report);
        let _ = writeln!(
            text,
            "  {}  {}, {}: {}\n     {verdict}",
            at + 1,
            story.phone,
            story.title,
            story.expected,
        );
    }
    text
}

/// Whether a call went as it was meant to, and what happened.
pub fn verdict(report: &Report) -> String {
    match &report.complaint {
        None => format!("as expected: {}", happened(report)),
        Some(why) => format!("WRONG: {why}"),
    }
}

/// What happened, in a line.
fn happened(report: &Report) -> String {
    let (head, _) = split(&report.words);
    if !report.spans.is_empty() {
        return format!("{}; {}", head.trim_end(), room::summary(&report.spans));
    }
    let caller = &report.lanes[0];
    let prompts = match report::prompts(&report.lanes).count() {
        0 => String::new(),
        count => format!("{count} prompt(s) heard; "),
    };
    let voice = caller.bars.iter().find_map(|bar| match bar.sound {
        Sound::Voice(voice) => Some((bar.time.start - report.began, voice)),
        _ => None,
    });
    let talk = voice.map_or(String::new(), |(after, voice)| {
        let (who, after) = (voice.as_str(), after.as_secs_f64());
        format!("the caller and {who} heard each other, from {after:.1} s on")
    });
    format!("{}; {prompts}{talk}", head.trim_end())
}

/// The log line's words with the names of the variables that they come from.
pub fn variables(words: &str) -> String {
    let (head, rest) = split(words);
    let (status, reason) = head.split_once(' ').unwrap_or((head, ""));
    let rest = [
        ("digit", "DIGIT"),
        ("target", "TARGET"),
        ("scenario", "SCENARIO"),
    ]
    .into_iter()
    .fold(rest.to_owned(), |rest, (word, name)| {
        rest.replacen(&format!(" {word}="), &format!(" RUSTIVR_{name}="), 1)
    });
    format!("RUSTIVR_STATUS={status} RUSTIVR_REASON={reason} RUSTIVR_SOURCE={rest}")
}

/// Status and reason, and what stands behind `rows=`.
fn split(words: &str) -> (&str, &str) {
    words.split_once(" rows=").unwrap_or((words, ""))
}

/// What each prompt and notice says, by the name that the module has for it.
fn spoken() -> HashMap<String, String> {
    let text = ["prompts.ru.txt", "notices.ru.txt"].map(|name| {
        let file = repository().join("sounds").join(name);
        fs::read_to_string(file).expect("the recordings' text")
    });
    let text = text.concat();
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines
        .map(|(name, words)| {
            // A key's file and a notice's are named without their ending.
            let name = name.strip_suffix(".wav").unwrap_or(name);
            (name.to_owned(), words.to_owned())
        })
        .collect()
}

//! The demo as one page to open in a browser: verdicts, pictures, timelines, and what each party heard
//! to play. The pictures are in it; the recordings lie beside it.

use std::fmt::Write;

use super::report::{Lane, Report};
use super::timeline::{self, Shown};
use super::{picture, room_picture};

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>res_rust_ivr: six calls</title>
<style>
  :root { color-scheme: light; --ink: #1d2733; --soft: #5b6876; --line: #dde3ea; --good: #17703c; --bad: #b3261e; }
  body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #f6f8fa; margin: 0; }
  main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
  h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
  h2 { font-size: 1.15rem; margin: 0; }
  p { margin: .25rem 0; }
  .soft { color: var(--soft); }
  section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; margin: 1rem 0; }
  .picture { overflow-x: auto; }
  .picture svg { max-width: 100%; height: auto; }
  .good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
  .heard { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .5rem 1.25rem; margin: .75rem 0; }
  .heard audio { width: 100%; height: 2.25rem; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; font-size: .875rem; width: 100%; }
  td { padding: .1rem .75rem .1rem 0; vertical-align: top; border-top: 1px solid #eef1f4; }
  td:first-child { text-align: right; white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; }
  td:nth-child(2) { white-space: nowrap; font-weight: 600; }
  summary { cursor: pointer; color: var(--soft); }
  code { font-size: .85em; overflow-wrap: anywhere; }
</style>
<main>
<h1>res_rust_ivr: six calls to a real Asterisk</h1>
"#;

/// The whole page. `legend`: what times and words are.
pub fn html(reports: &[Report], legend: &str) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(page, "<p class=soft>{}</p>", escaped(legend));
    section(
        &mut page,
        &format!("<div class=picture>{}</div>", picture::draw(reports)),
    );
    for (at, report) in reports.iter().enumerate() {
        section(&mut page, &call(at, report));
    }
    page.push_str("</main>\n</html>\n");
    page
}

fn section(page: &mut String, body: &str) {
    let _ = writeln!(page, "<section>\n{body}</section>");
}

fn call(at: usize, report: &Report) -> String {
    let story = report.story;
    let class = if report.complaint.is_some() {
        "bad"
    } else {
        "good"
    };
    let mut body = format!(
        "<h2>{}. {}: {}</h2>\n<p class=soft>expected: {}</p>\n<p class={class}>{}</p>\n",
        at + 1,
        story.phone,
        escaped(story.title),
        escaped(story.expected),
        escaped(&timeline::verdict(report)),
    );
    if !report.spans.is_empty() {
        let _ = writeln!(
            body,
            "<div class=picture>{}</div>",
            room_picture::draw(report)
        );
    }
    body.push_str("<div class=heard>\n");
    for lane in report.lanes.iter().filter(|lane| lane.recording.is_some()) {
        let _ = writeln!(
            body,
            "<div>{} hears<audio controls preload=none src=\"{}\"></audio></div>",
            escaped(lane.who),
            recording(at, report, lane)
        );
    }
    body.push_str("</div>\n<details open><summary>Timeline, seconds since the INVITE</summary>\n<div class=scroll><table>\n");
    for Shown {
        after,
        who,
        what,
        words,
    } in timeline::shown(report)
    {
        let (what, words) = (escaped(what), escaped(&words));
        let _ = writeln!(
            body,
            "<tr><td>{after:.3}<td>{}<td>{what} <span class=soft>{words}</span>",
            escaped(who)
        );
    }
    let _ = writeln!(
        body,
        "</table></div></details>\n<p class=soft>at the end <code>{}</code></p>",
        escaped(&timeline::variables(&report.words))
    );
    body
}

/// Where what a party heard lies, beside the page.
pub fn recording(at: usize, report: &Report, lane: &Lane) -> String {
    let who = lane.who.to_lowercase();
    format!("{}-{}/{who}.wav", at + 1, report.story.phone)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

//! The conference's picture: who heard whom in which phase. A lane per party, and in it a row per
//! voice or sound, because several are heard at once.

use std::time::Instant;

use super::heard::{Bar, Sound, Voice};
use super::picture::{GREY, HATCHED, INK, Labels, PLAIN, RIGHT, SMALL, TITLE, WIDTH, font, look};
use super::report::{Lane, Report};
use super::room::Span;
use super::svg::{Anchor, Font, Svg};

const LEFT: f64 = 300.0;
/// Labels of SIP messages and keys.
const ABOVE: f64 = 24.0;
const ROW: f64 = 24.0;
const BAR: f64 = 18.0;
const BELOW: f64 = 18.0;
/// The phases' names and words.
const HEADINGS: f64 = 52.0;

const SHADE: &str = "#f3f6f9";
const BORDER: &str = "#8b98a5";

/// Draws a call that went through a room; gives the SVG file's text.
pub fn draw(report: &Report) -> String {
    let seconds = (report.ended - report.began).as_secs_f64().ceil();
    let picture = Picture {
        report,
        scale: (WIDTH - LEFT - RIGHT) / seconds,
    };
    let mut svg = Svg::new(WIDTH);
    picture.title(&mut svg);
    let top = 96.0;
    let bottom = top + HEADINGS + report.lanes.iter().map(height).sum::<f64>();
    picture.phases(&mut svg, top, bottom);
    let mut y = top + HEADINGS;
    for lane in &report.lanes {
        picture.lane(&mut svg, lane, y);
        y += height(lane);
    }
    picture.seconds(&mut svg, bottom, seconds as u32);
    svg.finish(bottom + 34.0, HATCHED)
}

fn height(lane: &Lane) -> f64 {
    ABOVE + rows(lane).len() as f64 * ROW + BELOW
}

struct Picture<'r> {
    report: &'r Report,
    /// Pixels a second.
    scale: f64,
}

impl Picture<'_> {
    fn title(&self, svg: &mut Svg) {
        let story = self.report.story;
        let title = "RustConfAdd: who heard whom";
        svg.text(30.0, 44.0, TITLE, title);
        let about = format!(
            "{} calls: {}. Everybody speaks all the time, each on a tone; the music is one, too.",
            story.phone, story.title
        );
        svg.text(30.0 + TITLE.width(title) + 16.0, 44.0, PLAIN, &about);
        let about = "A lane is a party's telephone, a row in it is one voice or sound that was heard; above it SIP messages and keys. Seconds since the client's INVITE.";
        svg.text(30.0, 72.0, PLAIN, about);
        let (verdict, colour) = match self.report.complaint {
            None => ("as expected", "#2e7d32"),
            Some(_) => ("WRONG", "#c62828"),
        };
        let bold = Font {
            anchor: Anchor::End,
            ..font(14.0, colour, true)
        };
        svg.text(WIDTH - 30.0, 44.0, bold, verdict);
    }

    fn phases(&self, svg: &mut Svg, top: f64, bottom: f64) {
        for (at, span) in self.report.spans.iter().enumerate() {
            let (from, to) = (self.x(span.time.start), self.x(span.time.end));
            if at % 2 == 1 {
                svg.rect(from, top, to - from, bottom - top, SHADE);
            }
            svg.line(&[(from, top), (from, bottom)], BORDER, 1.0);
            if to > from {
                heading(svg, span, (from, to), top);
            }
        }
    }

    fn lane(&self, svg: &mut Svg, lane: &Lane, top: f64) {
        let rows = rows(lane);
        let first = top + ABOVE;
        let bottom = first + rows.len() as f64 * ROW;
        svg.text(30.0, first + 14.0, font(15.0, INK, true), lane.who);
        svg.text(30.0, first + 31.0, SMALL, lane.number);
        for (at, row) in rows.iter().enumerate() {
            let y = first + at as f64 * ROW;
            let label = Font {
                anchor: Anchor::End,
                ..SMALL
            };
            svg.text(
                LEFT - 14.0,
                y + 13.5,
                label,
                &format!("hears {}", row.as_str()),
            );
            let middle = y + BAR / 2.0;
            let track = [(LEFT, middle), (WIDTH - RIGHT, middle)];
            svg.line(&track, "#dfe4e9", 1.0);
            let same = |bar: &&Bar| is_same(&bar.sound, row);
            for bar in lane.bars.iter().filter(same) {
                self.bar(svg, bar, y, BAR);
            }
        }
        for bar in lane.bars.iter().filter(|bar| bar.sound == Sound::Ringing) {
            self.bar(svg, bar, first, bottom - first - (ROW - BAR));
        }
        let mut marks = Labels::new(first - 3.0, first - 8.0);
        for signal in &lane.signals {
            if let Some(label) = &signal.label {
                marks.put(svg, self.x(signal.at), label);
            }
        }
    }

    fn bar(&self, svg: &mut Svg, bar: &Bar, y: f64, height: f64) {
        let (from, to) = (self.x(bar.time.start), self.x(bar.time.end));
        let (name, colour, ink) = look(&bar.sound);
        svg.rect(from, y, (to - from).max(2.0), height, colour);
        let label = Font {
            anchor: Anchor::Middle,
            ..font(12.0, ink, false)
        };
        let (middle, baseline) = ((from + to) / 2.0, y + height / 2.0 + 4.0);
        let width = label.width(&name) + 8.0;
        if width > to - from {
            let beside = Font {
                anchor: Anchor::Start,
                ..SMALL
            };
            // What is too short for a label beside it as well is a voice between two keys.
            if to - from > BAR {
                svg.text(to + 5.0, baseline, beside, &name);
            }
            return;
        }
        if bar.sound == Sound::Ringing {
            svg.rect(
                middle - width / 2.0,
                baseline - 13.0,
                width,
                18.0,
                "#ffffff",
            );
        }
        svg.text(middle, baseline, label, &name);
    }

    fn seconds(&self, svg: &mut Svg, bottom: f64, seconds: u32) {
        let small = Font {
            anchor: Anchor::Middle,
            ..SMALL
        };
        for second in 0..=seconds {
            let x = LEFT + f64::from(second) * self.scale;
            svg.line(&[(x, bottom), (x, bottom + 5.0)], BORDER, 1.0);
            let unit = if second == 0 { " s" } else { "" };
            svg.text(x, bottom + 19.0, small, &format!("{second}{unit}"));
        }
    }

    fn x(&self, at: Instant) -> f64 {
        let after = at.saturating_duration_since(self.report.began);
        LEFT + after.as_secs_f64() * self.scale
    }
}

/// The state, and the words in as many lines as they need.
fn heading(svg: &mut Svg, span: &Span, (from, to): (f64, f64), top: f64) {
    let middle = |font| Font {
        anchor: Anchor::Middle,
        ..font
    };
    let x = (from + to) / 2.0;
    let state = match span.phase.state {
        "" => "no room yet",
        state => state,
    };
    svg.text(x, top + 16.0, middle(font(14.0, INK, true)), state);
    let words = middle(font(12.0, GREY, false));
    let mut lines = vec![String::new()];
    for word in span.phase.words.split(' ') {
        let line = lines.last_mut().expect("one line at least");
        if words.width(line) + words.width(word) > to - from && !line.is_empty() {
            lines.push(word.to_owned());
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    for (at, line) in lines.iter().enumerate() {
        svg.text(x, top + 32.0 + 14.0 * at as f64, words, line.trim());
    }
}

/// A party's rows: the two other voices in any case, and whatever else was heard.
fn rows(lane: &Lane) -> Vec<Sound> {
    let voices = [Voice::Client, Voice::Manager, Voice::Third].map(Sound::Voice);
    let own = match lane.who {
        "client" => 0,
        "manager" => 1,
        _ => 2,
    };
    let others = voices.iter().enumerate().filter(|(at, _)| *at != own);
    let mut rows: Vec<Sound> = others.map(|(_, voice)| voice.clone()).collect();
    for bar in &lane.bars {
        let shown = matches!(bar.sound, Sound::Ringing | Sound::Silence);
        if !shown && !rows.iter().any(|row| is_same(row, &bar.sound)) {
            rows.push(bar.sound.clone());
        }
    }
    rows
}

/// Whether two sounds share a row: all notices do.
fn is_same(one: &Sound, other: &Sound) -> bool {
    one == other || matches!((one, other), (Sound::Notice(_), Sound::Notice(_)))
}

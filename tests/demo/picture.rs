//! The picture: who heard what when. A panel per call, a lane per party, all on one scale of time.
//! The conference has a picture of its own, `room_picture`.

use std::time::Instant;

use super::heard::{Bar, Sound, Voice};
use super::report::{Lane, Report};
use super::svg::{Anchor, Font, Svg};

pub const WIDTH: f64 = 1800.0;
const LEFT: f64 = 190.0;
pub const RIGHT: f64 = 40.0;
/// A lane: labels of SIP messages, the bar, labels of bars that are too short for theirs.
const ABOVE: f64 = 20.0;
const BAR: f64 = 26.0;
const BELOW: f64 = 20.0;

pub const INK: &str = "#1f2933";
pub const GREY: &str = "#667380";
const GRID: &str = "#e4e8ec";
pub const HATCHED: &str = "#b9c2cb";

pub const TITLE: Font = font(24.0, INK, true);
const HEADING: Font = font(16.0, INK, true);
pub const PLAIN: Font = font(13.5, GREY, false);
pub const SMALL: Font = font(12.0, GREY, false);
const MARK: Font = font(12.0, INK, false);

pub const fn font(size: f64, colour: &'static str, bold: bool) -> Font {
    let anchor = Anchor::Start;
    Font {
        size,
        colour,
        bold,
        anchor,
    }
}

/// Heard in the conference's picture only, which needs no legend.
const MUSIC: &str = "#4a8fb5";

/// What the legend shows, and the colours.
const LEGEND: [(&str, &str); 9] = [
    ("telephone rings (SIP 180, no sound yet)", "url(#hatched)"),
    ("ringback tone, 425 Hz", "#e9b52e"),
    ("greeting", "#3f6fa8"),
    ("key's name", "#3d9a9a"),
    ("button's words", "#5a9e4b"),
    ("target's voice", "#d1605e"),
    ("Bitrix24 manager's voice", "#8e6bb0"),
    ("caller's voice", "#a0765b"),
    ("silence", "#dfe4e9"),
];

/// Draws all calls but the conference; gives the SVG file's text.
pub fn draw(reports: &[Report]) -> String {
    let mut svg = Svg::new(WIDTH);
    let calls = || reports.iter().filter(|r| !r.story.is_conference());
    let spans = calls().map(|r| (r.ended - r.began).as_secs_f64());
    let seconds = spans.fold(1.0_f64, f64::max).ceil();
    let scale = (WIDTH - LEFT - RIGHT) / seconds;
    let title = "RustIvr: who heard what when";
    svg.text(30.0, 44.0, TITLE, title);
    let about = "A lane is a party's telephone: coloured what it heard, marked its SIP messages. Seconds since the caller's INVITE.";
    svg.text(30.0 + TITLE.width(title) + 16.0, 44.0, PLAIN, about);
    legend(&mut svg, 74.0);
    let mut y = 104.0;
    for (at, report) in calls().enumerate() {
        let panel = Panel {
            report,
            scale,
            seconds: (report.ended - report.began).as_secs_f64().ceil() as u32,
        };
        y = panel.draw(&mut svg, at + 1, y);
    }
    svg.finish(y, HATCHED)
}

fn legend(svg: &mut Svg, y: f64) {
    let mut x = 30.0;
    for (words, colour) in LEGEND {
        svg.rect(x, y - 11.0, 22.0, 14.0, colour);
        svg.text(x + 29.0, y, SMALL, words);
        x += 29.0 + SMALL.width(words) + 14.0;
    }
}

struct Panel<'r> {
    report: &'r Report,
    /// Pixels a second.
    scale: f64,
    seconds: u32,
}

impl Panel<'_> {
    /// Gives where the next panel begins.
    fn draw(&self, svg: &mut Svg, number: usize, top: f64) -> f64 {
        let story = self.report.story;
        let height = self.report.lanes.len() as f64 * (ABOVE + BAR + BELOW);
        svg.line(&[(30.0, top), (WIDTH - 30.0, top)], HATCHED, 1.0);
        let heading = format!("{number}.  {} calls: {}", story.phone, story.title);
        svg.text(30.0, top + 26.0, HEADING, &heading);
        let x = 30.0 + HEADING.width(&heading) + 16.0;
        svg.text(
            x,
            top + 26.0,
            PLAIN,
            &format!("expected: {}", story.expected),
        );
        let (verdict, colour) = match self.report.complaint {
            None => ("as expected", "#2e7d32"),
            Some(_) => ("WRONG", "#c62828"),
        };
        let font = Font {
            anchor: Anchor::End,
            ..font(14.0, colour, true)
        };
        let words = self.report.words.split(" rows=").next().unwrap_or_default();
        svg.text(
            WIDTH - 30.0,
            top + 26.0,
            font,
            &format!("{verdict}: {words}"),
        );
        let lanes = top + 38.0;
        self.grid(svg, lanes, lanes + height);
        for (at, lane) in self.report.lanes.iter().enumerate() {
            self.lane(svg, lane, lanes + at as f64 * (ABOVE + BAR + BELOW));
        }
        lanes + height + 34.0
    }

    fn grid(&self, svg: &mut Svg, top: f64, bottom: f64) {
        let small = Font {
            anchor: Anchor::Middle,
            ..SMALL
        };
        for second in 0..=self.seconds {
            let x = LEFT + f64::from(second) * self.scale;
            svg.line(&[(x, top + 4.0), (x, bottom)], GRID, 1.0);
            let unit = if second == 0 { " s" } else { "" };
            svg.text(x, bottom + 15.0, small, &format!("{second}{unit}"));
        }
    }

    fn lane(&self, svg: &mut Svg, lane: &Lane, top: f64) {
        let bar_top = top + ABOVE;
        svg.text(30.0, bar_top + 12.0, font(14.0, INK, true), lane.who);
        svg.text(30.0, bar_top + 27.0, SMALL, lane.number);
        let mut short = Labels::new(bar_top + BAR, bar_top + BAR + 14.0);
        for bar in &lane.bars {
            self.bar(svg, bar, bar_top, &mut short);
        }
        let mut marks = Labels::new(bar_top + BAR, top + 14.0);
        for signal in &lane.signals {
            if let Some(label) = &signal.label {
                marks.put(svg, self.x(signal.at), label);
            }
        }
    }

    fn bar(&self, svg: &mut Svg, bar: &Bar, top: f64, short: &mut Labels) {
        let (from, to) = (self.x(bar.time.start), self.x(bar.time.end));
        let (name, colour, ink) = look(&bar.sound);
        let quiet = bar.sound == Sound::Silence;
        let (inset, height) = if quiet { (8.0, BAR - 16.0) } else { (0.0, BAR) };
        svg.rect(from, top + inset, (to - from).max(2.0), height, colour);
        let label = Font {
            anchor: Anchor::Middle,
            ..font(12.0, ink, false)
        };
        let fits = label.width(&name) + 4.0 < to - from;
        match (&bar.sound, fits) {
            (Sound::Ringing, true) => {
                let (middle, width) = ((from + to) / 2.0, label.width(&name) + 8.0);
                svg.rect(
                    middle - width / 2.0,
                    top + 5.0,
                    width,
                    BAR - 10.0,
                    "#ffffff",
                );
                svg.text(middle, top + 17.5, label, &name);
            }
            (_, true) => svg.text((from + to) / 2.0, top + 17.5, label, &name),
            (Sound::Silence | Sound::Ringing, false) => {}
            (_, false) => short.put(svg, (from + to) / 2.0, &name),
        }
    }

    fn x(&self, at: Instant) -> f64 {
        let after = at.saturating_duration_since(self.report.began);
        LEFT + after.as_secs_f64() * self.scale
    }
}

/// Label, colour, colour of the label.
pub fn look(sound: &Sound) -> (String, &'static str, &'static str) {
    let (label, place, ink) = match sound {
        Sound::Ringing => ("rings".into(), 0, INK),
        Sound::Ringback => ("ringback".into(), 1, INK),
        Sound::Prompt { name, cut } => {
            let (folder, file) = name.split_once('/').unwrap_or(("", name));
            let file = file.split('.').next().unwrap_or(file);
            let cut = if *cut { ", cut" } else { "" };
            match folder {
                "scenario" => (format!("greeting{cut}"), 2, "#ffffff"),
                "keyNum" => (format!("“{file}”{cut}"), 3, "#ffffff"),
                _ => (format!("{file}{cut}"), 4, "#ffffff"),
            }
        }
        Sound::Music => return ("music".into(), MUSIC, "#ffffff"),
        Sound::Notice(name) => (name.clone(), 2, "#ffffff"),
        Sound::Voice(Voice::Target) => ("target".into(), 5, "#ffffff"),
        Sound::Voice(Voice::Manager) => ("manager".into(), 6, "#ffffff"),
        Sound::Voice(Voice::Client) => ("client".into(), 7, "#ffffff"),
        Sound::Voice(Voice::Third) => ("third".into(), 5, "#ffffff"),
        Sound::Voice(Voice::Caller) => ("caller".into(), 7, "#ffffff"),
        Sound::Silence => ("silence".into(), 8, GREY),
    };
    (label, LEGEND[place].1, ink)
}

/// A row of labels that point at moments and never cover each other: one that has no room moves to
/// the right of its neighbour.
pub struct Labels {
    /// Where the moments are.
    edge: f64,
    baseline: f64,
    free_from: f64,
}

impl Labels {
    pub fn new(edge: f64, baseline: f64) -> Self {
        Self {
            edge,
            baseline,
            free_from: 0.0,
        }
    }

    pub fn put(&mut self, svg: &mut Svg, at: f64, label: &str) {
        let above = self.baseline < self.edge;
        let width = MARK.width(label);
        // Above, a label stands beside its line; below, under its bar.
        let wished = if above { at + 3.0 } else { at - width / 2.0 };
        let x = wished.max(self.free_from);
        self.free_from = x + width + 5.0;
        svg.text(x, self.baseline, MARK, label);
        if above {
            svg.line(&[(at, self.baseline - 9.0), (at, self.edge)], INK, 1.2);
        }
    }
}

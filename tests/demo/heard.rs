//! Who heard what when, measured in the recordings: the ringback tone and the parties' voices by
//! their frequencies; a spoken prompt or notice by its line in the log and by sound where neither
//! silence nor a tone was.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::log::Line;
use rust_ivr_testing::office::{BITRIX24_TONE, CALLER_TONE, MUSIC, RINGBACK, TARGET_TONE};
use rust_ivr_testing::sound::{Ear, Recording, level};

/// The voices in the conference, other than those of the calls that come in beside it.
pub const CLIENT_TONE: f64 = 1100.0;
/// The third person's.
pub const THIRD_TONE: f64 = 1500.0;

/// From a line in the log to the ear: the packet that is being filled.
const ON_ITS_WAY: Duration = Duration::from_millis(30);
/// The log gives lengths in tenths of a second.
const ROUNDING: Duration = Duration::from_millis(100);
/// Step of the search for sound.
const STEP: Duration = Duration::from_millis(20);
/// Share of a step's power that tones have; speech that is as pure does not last.
const PURE: f64 = 0.7;
/// A shorter pause is no silence.
const PAUSE: Duration = Duration::from_millis(250);

/// What can be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// No packets yet: the telephone itself, or its network, rings.
    Ringing,
    /// The ringback tone out of Asterisk.
    Ringback,
    /// A prompt, as the module names it: `keyNum/1`.
    Prompt {
        /// Folder and file.
        name: String,
        /// A key ended it before its end.
        cut: bool,
    },
    /// A notice to the manager, as the module names it: `enter-code`.
    Notice(String),
    /// A party's voice.
    Voice(Voice),
    /// Music on hold.
    Music,
    /// Packets without sound.
    Silence,
}

impl Sound {
    /// In a sentence, where which prompt or notice it is does not matter.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Ringback => "the ringback tone",
            Self::Prompt { .. } => "a prompt",
            Self::Notice(_) => "a notice",
            Self::Voice(voice) => voice.as_str(),
            Self::Music => "music",
            Self::Silence => "silence",
        }
    }
}

/// Whose voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The caller's.
    Caller,
    /// A button's target's.
    Target,
    /// Bitrix24's manager's.
    Manager,
    /// The client's of the conference.
    Client,
    /// The third person's of the conference.
    Third,
}

impl Voice {
    /// All with their frequencies.
    const ALL: [(Self, f64); 5] = [
        (Self::Caller, CALLER_TONE),
        (Self::Target, TARGET_TONE),
        (Self::Manager, BITRIX24_TONE),
        (Self::Client, CLIENT_TONE),
        (Self::Third, THIRD_TONE),
    ];

    /// In a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "the caller",
            Self::Target => "the target",
            Self::Manager => "Bitrix24's manager",
            Self::Client => "the client",
            Self::Third => "the third person",
        }
    }
}

/// A sound in a stretch of time.
#[derive(Clone, Debug)]
pub struct Bar {
    /// From when to when.
    pub time: Range<Instant>,
    /// What.
    pub sound: Sound,
}

/// Everything that is a tone in the demo.
pub fn tones() -> impl Iterator<Item = (Sound, f64)> {
    let voices = Voice::ALL.map(|(voice, hz)| (Sound::Voice(voice), hz));
    let others = [(Sound::Ringback, RINGBACK), (Sound::Music, MUSIC)];
    voices.into_iter().chain(others)
}

/// What a recording holds, in order, up to `end`; `session` has the lines about what was played and
/// is empty for a party that nothing is played to.
pub fn in_recording(recording: &Recording, session: &[Line], end: Instant) -> Vec<Bar> {
    let end = end.min(recording.ended());
    let all = recording.started..end;
    let mut bars = prompts(recording, session);
    // Speech has every frequency in it; tones are looked for after a menu and around notices.
    let mut from = bars.last().map_or(all.start, |bar| bar.time.end);
    for notice in notices(recording, session) {
        bars.extend(tones_in(recording, from..notice.time.start));
        from = notice.time.end;
        bars.push(notice);
    }
    bars.extend(tones_in(recording, from..end));
    bars.sort_by_key(|bar| bar.time.start);
    with_silence(bars, all)
}

fn tones_in(recording: &Recording, range: Range<Instant>) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (sound, hz) in tones() {
        let bursts = recording.bursts(hz, range.clone()).into_iter();
        bars.extend(bursts.map(|time| Bar {
            time,
            sound: sound.clone(),
        }));
    }
    bars
}

/// A notice is the longest speech between its line in the log and the session's next line.
fn notices(recording: &Recording, session: &[Line]) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (at, line) in session.iter().enumerate() {
        let Some(name) = said(&line.text) else {
            continue;
        };
        let until = session
            .get(at + 1)
            .map_or(recording.ended(), |next| next.at);
        let mut runs: Vec<Range<Instant>> = Vec::new();
        for step in steps(line.at + ON_ITS_WAY..until) {
            if !is_speech(&recording.slice(step..step + STEP)) {
                continue;
            }
            match runs.last_mut() {
                Some(run) if step - run.end <= PAUSE => run.end = step + STEP,
                _ => runs.push(step..step + STEP),
            }
        }
        let longest = runs.into_iter().max_by_key(|run| run.end - run.start);
        let spoken = longest.filter(|time| time.end - time.start > PAUSE);
        bars.extend(spoken.map(|time| Bar {
            time,
            sound: Sound::Notice(name.to_owned()),
        }));
    }
    bars
}

/// The notice's name out of `TALK: key *: hold, say enter-code -> CODE`.
pub fn said(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("say ")?;
    Some(rest.split_once(" ->")?.0)
}

/// Neither silence nor tones.
fn is_speech(samples: &[i16]) -> bool {
    let pure: f64 = tones().map(|(_, hz)| level(samples, hz).share).sum();
    !Ear::default().silent(samples) && pure < PURE
}

/// A prompt is what sounds from its line in the log to the session's next line.
fn prompts(recording: &Recording, session: &[Line]) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (at, line) in session.iter().enumerate() {
        let Some((name, length)) = played(&line.text) else {
            continue;
        };
        let next = session.get(at + 1);
        let cut = next.is_some_and(|next| next.text.starts_with("digit"));
        let full = line.at + length + ROUNDING;
        let until = next.map_or(full, |next| next.at.min(full));
        let until = if cut { until } else { until + ON_ITS_WAY };
        let time = sounding(recording, line.at + ON_ITS_WAY..until);
        // A click is no prompt: it has to sound through half of its time at least.
        let time = time.filter(|time| 2 * (time.end - time.start) >= until - line.at);
        bars.extend(time.map(|time| Bar {
            time,
            sound: Sound::Prompt {
                name: name.to_owned(),
                cut,
            },
        }));
    }
    bars
}

/// Name and length out of `plays scenario/hello.mp3, 6.0 s`.
pub fn played(text: &str) -> Option<(&str, Duration)> {
    let (name, length) = text.strip_prefix("plays ")?.rsplit_once(", ")?;
    let seconds = length.strip_suffix(" s")?.parse().ok()?;
    Some((name, Duration::from_secs_f64(seconds)))
}

/// From the first sound to the last.
fn sounding(recording: &Recording, window: Range<Instant>) -> Option<Range<Instant>> {
    let ear = Ear::default();
    let mut loud = steps(window).filter(|at| !ear.silent(&recording.slice(*at..*at + STEP)));
    let first = loud.next()?;
    let last = loud.last().unwrap_or(first);
    Some(first..last + STEP)
}

fn steps(window: Range<Instant>) -> impl Iterator<Item = Instant> {
    let steps = std::iter::successors(Some(window.start), |at| Some(*at + STEP));
    steps.take_while(move |at| *at < window.end)
}

fn with_silence(bars: Vec<Bar>, all: Range<Instant>) -> Vec<Bar> {
    let mut reached = all.start;
    let mut whole = Vec::with_capacity(2 * bars.len() + 1);
    let silence = |time: Range<Instant>| {
        let long = time.end.saturating_duration_since(time.start) > PAUSE;
        let sound = Sound::Silence;
        long.then_some(Bar { time, sound })
    };
    for bar in bars {
        whole.extend(silence(reached..bar.time.start));
        reached = reached.max(bar.time.end);
        whole.push(bar);
    }
    whole.extend(silence(reached..all.end));
    whole
}

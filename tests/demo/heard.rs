//! Who heard what when, measured in the recordings: the ringback tone and the parties' voices by
//! their frequencies; a spoken prompt by its line in the log and by sound where silence was not.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::log::Line;
use crate::support::office::{BITRIX24_TONE, CALLER_TONE, RINGBACK, TARGET_TONE};
use crate::support::sound::{Ear, Recording};

/// From a line in the log to the ear: the packet that is being filled.
const ON_ITS_WAY: Duration = Duration::from_millis(30);
/// The log gives lengths in tenths of a second.
const ROUNDING: Duration = Duration::from_millis(100);
/// Step of the search for sound.
const STEP: Duration = Duration::from_millis(20);
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
    /// A party's voice.
    Voice(Voice),
    /// Packets without sound.
    Silence,
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
}

impl Voice {
    /// All with their frequencies.
    const ALL: [(Self, f64); 3] = [
        (Self::Caller, CALLER_TONE),
        (Self::Target, TARGET_TONE),
        (Self::Manager, BITRIX24_TONE),
    ];

    /// In a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "the caller",
            Self::Target => "the target",
            Self::Manager => "Bitrix24's manager",
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

/// What a recording holds, in order, up to `end`; `session` has the prompts' lines and is empty for
/// a party that none is played to.
pub fn in_recording(recording: &Recording, session: &[Line], end: Instant) -> Vec<Bar> {
    let end = end.min(recording.ended());
    let all = recording.started..end;
    let mut bars = prompts(recording, session);
    // Speech has every frequency in it; tones are looked for after it.
    let tones_from = bars.last().map_or(all.start, |bar| bar.time.end);
    let voices = Voice::ALL.map(|(voice, hz)| (Sound::Voice(voice), hz));
    for (sound, hz) in voices.into_iter().chain([(Sound::Ringback, RINGBACK)]) {
        let bursts = recording.bursts(hz, tones_from..end).into_iter();
        bars.extend(bursts.map(|time| Bar {
            time,
            sound: sound.clone(),
        }));
    }
    bars.sort_by_key(|bar| bar.time.start);
    with_silence(bars, all)
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
    let steps = std::iter::successors(Some(window.start), |at| Some(*at + STEP));
    let mut loud = steps
        .take_while(|at| *at < window.end)
        .filter(|at| !ear.silent(&recording.slice(*at..*at + STEP)));
    let first = loud.next()?;
    let last = loud.last().unwrap_or(first);
    Some(first..last + STEP)
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
        reached = bar.time.end;
        whole.push(bar);
    }
    whole.extend(silence(reached..all.end));
    whole
}

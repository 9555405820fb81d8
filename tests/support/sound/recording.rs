//! A leg's sound on the clock, and the questions that tests ask of it; tones are given in Hz. Outside
//! of what was recorded there is silence.

use super::{Ear, RATE, Tone, level};
use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

/// Window that decides whether a tone is there.
const SURE: Duration = Duration::from_millis(100);
/// Window that finds the edge of a tone.
const EDGE: Duration = Duration::from_millis(20);
/// Step of a search.
const STEP: Duration = Duration::from_millis(10);

/// What one leg heard.
#[derive(Clone)]
pub struct Recording {
    /// Moment of the first sample.
    pub started: Instant,
    /// 8 kHz, mono.
    pub samples: Vec<i16>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording of {:?}", self.ended() - self.started)
    }
}

/// What was heard in a stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Begin.
    pub from: Instant,
    /// End.
    pub to: Instant,
    /// Names of the tones; empty when none of them sounded.
    pub names: Vec<String>,
}

impl Recording {
    /// Moment after the last sample.
    pub fn ended(&self) -> Instant {
        self.started + Duration::from_secs_f64(self.samples.len() as f64 / RATE)
    }

    /// Samples of a stretch of time, silence where nothing was recorded.
    pub fn slice(&self, range: Range<Instant>) -> Vec<i16> {
        let (from, to) = (self.position(range.start), self.position(range.end));
        (from..to)
            .map(|at| usize::try_from(at).ok().and_then(|at| self.samples.get(at)))
            .map(|sample| sample.copied().unwrap_or_default())
            .collect()
    }

    fn position(&self, at: Instant) -> i64 {
        let after = at.saturating_duration_since(self.started).as_secs_f64();
        let before = self.started.saturating_duration_since(at).as_secs_f64();
        ((after - before) * RATE).round() as i64
    }

    /// Which of `tones` sound in each `window`; neighbours with the same names are one entry.
    pub fn heard(&self, tones: &[Tone], window: Duration) -> Vec<Window> {
        let ear = Ear::default();
        let mut windows: Vec<Window> = Vec::new();
        for from in steps(self.started..self.ended(), window) {
            let to = (from + window).min(self.ended());
            let samples = self.slice(from..to);
            let heard = tones.iter().filter(|tone| ear.hears(&samples, tone.freq));
            let names: Vec<String> = heard.map(|tone| tone.name.clone()).collect();
            match windows.last_mut() {
                Some(last) if last.names == names => last.to = to,
                _ => windows.push(Window { from, to, names }),
            }
        }
        windows
    }

    /// When a tone begins, at or after `after`, to about 20 ms.
    pub fn first_heard(&self, freq: f64, after: Instant) -> Option<Instant> {
        self.switched_at(freq, after..self.ended())
    }

    /// When a tone begins within a stretch of time, to about 20 ms; its start when it sounds already.
    fn switched_at(&self, freq: f64, range: Range<Instant>) -> Option<Instant> {
        self.bursts(freq, range).first().map(|burst| burst.start)
    }

    /// When a tone ends for the last time within a stretch of time, to about 20 ms; its end when it
    /// sounds on.
    pub fn last_heard(&self, freq: f64, range: Range<Instant>) -> Option<Instant> {
        self.bursts(freq, range).last().map(|burst| burst.end)
    }

    /// Every stretch during which a tone sounds, for cadences such as 1 s on, 4 s off. Bursts and
    /// pauses shorter than 40 ms do not count.
    pub fn bursts(&self, freq: f64, range: Range<Instant>) -> Vec<Range<Instant>> {
        let range = range.start.max(self.started)..range.end.min(self.ended());
        let Some(threshold) = self.threshold(freq, range.clone()) else {
            return Vec::new();
        };
        let mut bursts: Vec<Range<Instant>> = Vec::new();
        for middle in steps(range.clone(), STEP) {
            let from = middle.checked_sub(EDGE / 2).unwrap_or(middle);
            let near = self.slice(from..middle + EDGE / 2);
            if level(&near, freq).amplitude < threshold {
                continue;
            }
            let end = (middle + STEP).min(range.end);
            match bursts.last_mut() {
                Some(last) if middle.duration_since(last.end) < 2 * EDGE => last.end = end,
                _ => bursts.push(middle..end),
            }
        }
        bursts.retain(|burst| burst.end - burst.start >= 2 * EDGE);
        bursts
    }

    /// Half of the loudest that a tone is where it is there for sure.
    fn threshold(&self, freq: f64, range: Range<Instant>) -> Option<f64> {
        let ear = Ear::default();
        let mut loudest: f64 = 0.0;
        for from in steps(range.clone(), SURE / 2) {
            let samples = self.slice(from..(from + SURE).min(range.end));
            if ear.hears(&samples, freq) {
                loudest = loudest.max(level(&samples, freq).amplitude);
            }
        }
        (loudest > 0.0).then_some(loudest / 2.0)
    }

    /// Whether there is nothing to hear in a stretch of time, in every 20 ms of it.
    pub fn is_silent(&self, range: Range<Instant>) -> bool {
        let ear = Ear::default();
        let ends = range.end;
        steps(range, EDGE).all(|from| ear.silent(&self.slice(from..(from + EDGE).min(ends))))
    }

    /// Whether a tone sounds through a whole stretch of time, without a pause of 100 ms.
    pub fn continuous(&self, freq: f64, range: Range<Instant>) -> bool {
        let mut reached = range.start;
        for burst in self.bursts(freq, range.clone()) {
            if burst.start - reached >= SURE {
                return false;
            }
            reached = burst.end;
        }
        reached > range.start && range.end.saturating_duration_since(reached) < SURE
    }

    /// Writes a 16-bit mono WAV file.
    ///
    /// # Errors
    /// As writing a file fails.
    pub fn save_wav(&self, path: &Path) -> io::Result<()> {
        let data = self.samples.len() as u32 * 2;
        let rate = RATE as u32;
        let mut bytes = Vec::with_capacity(44 + data as usize);
        bytes.extend(b"RIFF");
        bytes.extend((36 + data).to_le_bytes());
        bytes.extend(b"WAVEfmt ");
        bytes.extend(16u32.to_le_bytes());
        // PCM, one channel.
        bytes.extend([1, 0, 1, 0]);
        bytes.extend(rate.to_le_bytes());
        bytes.extend((rate * 2).to_le_bytes());
        // Two bytes per frame, 16 bits per sample.
        bytes.extend([2, 0, 16, 0]);
        bytes.extend(b"data");
        bytes.extend(data.to_le_bytes());
        bytes.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        fs::write(path, bytes)
    }
}

fn steps(range: Range<Instant>, step: Duration) -> impl Iterator<Item = Instant> {
    let end = range.end;
    std::iter::successors(Some(range.start), move |at| Some(*at + step))
        .take_while(move |at| *at < end)
}

#[cfg(test)]
mod tests;

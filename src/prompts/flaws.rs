//! What is wrong with a recording though it plays, in words for who made it.

use std::time::Duration;

/// Softer than this (-54 dB) at its loudest, a recording is silence with some hum.
const SILENT: f32 = 0.002;

/// Full scale, as 16 bits have it.
const FULL: f32 = 32_767.0 / 32_768.0;

/// A recording with more than this share of its samples at full scale is clipped. A tone that just
/// reaches it has less, and speech far less.
const CLIPPED: f64 = 0.01;

/// What is noticed while a recording is read.
#[derive(Default)]
pub(super) struct Flaws {
    /// Packets that could not be decoded.
    pub bad: u64,
    /// Why reading ended before the file did.
    pub broken: Option<String>,
    /// The file goes on after this.
    pub cut_at: Option<Duration>,
    samples: u64,
    full: u64,
    peak: f32,
}

impl Flaws {
    /// Looks at sound as the file has it, all channels.
    pub fn look_at(&mut self, sound: &[f32]) {
        self.samples += sound.len() as u64;
        let full = sound.iter().filter(|sample| sample.abs() >= FULL);
        self.full += full.count() as u64;
    }

    /// Looks at sound as it is heard.
    pub fn hear(&mut self, mono: &[f32]) {
        self.peak = mono
            .iter()
            .fold(self.peak, |peak, sample| peak.max(sample.abs()));
    }

    /// All of it, of a recording that plays for `seconds` and promised to be longer by `lost`.
    pub fn told(&self, seconds: f64, lost: f64) -> Option<String> {
        let damage = if let Some(why) = &self.broken {
            Some(format!(
                "breaks off after {seconds:.1} s ({why}); store it again"
            ))
        } else if let Some(end) = self.cut_at {
            let minutes = end.as_secs() / 60;
            Some(format!(
                "is longer than {minutes} minutes, the rest is not heard; shorten it"
            ))
        } else if lost > 0.1 || self.bad > 0 {
            Some(format!(
                "damaged: only {seconds:.1} s of it can be played; store it again"
            ))
        } else {
            None
        };
        let level = if self.peak < SILENT {
            Some("is silent: nothing can be heard of it; record it again")
        } else if self.full as f64 > CLIPPED * self.samples as f64 {
            Some("is clipped: too loud when it was recorded; record it again with less level")
        } else {
            None
        };
        let all: Vec<String> = damage.into_iter().chain(level.map(str::to_owned)).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

//! Who is heard when: each prompt and each party of a test has a tone of its own, and these functions
//! find the tones in what a leg received. Tones of one test should lie 100 Hz apart or more.

mod recording;

pub use recording::{Recording, Window};

use std::f64::consts::TAU;

const RATE: f64 = 8000.0;

/// A named frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    /// Who or what sounds like this.
    pub name: String,
    /// Hertz.
    pub freq: f64,
}

impl Tone {
    /// A named frequency.
    pub fn new(name: &str, freq: f64) -> Self {
        Self {
            name: name.into(),
            freq,
        }
    }
}

/// What counts as heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ear {
    /// Least share of a window's power that a tone has: 1 is a tone alone, 0.33 one of three equals.
    pub share: f64,
    /// Least peak amplitude of the tone, 0..=32767.
    pub amplitude: f64,
    /// Largest root mean square that is silence. A-law's own silence has 8.
    pub silence: f64,
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            share: 0.08,
            amplitude: 150.0,
            silence: 60.0,
        }
    }
}

impl Ear {
    /// Whether a tone of `freq` Hz is in `samples`, which come at 8 kHz.
    pub fn hears(&self, samples: &[i16], freq: f64) -> bool {
        let level = level(samples, freq);
        level.amplitude >= self.amplitude && level.share >= self.share
    }

    /// Whether there is nothing.
    pub fn silent(&self, samples: &[i16]) -> bool {
        rms(samples) <= self.silence
    }
}

/// How strong a frequency is in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Peak amplitude of the sine.
    pub amplitude: f64,
    /// Its share of the window's power, 0..=1.
    pub share: f64,
}

/// How strong `freq` Hz is in `samples`, which come at 8 kHz: Goertzel's filter under a Hann window,
/// which keeps loud neighbours out. Two frequencies are apart when their distance is at least two
/// over the window's length (100 Hz in 20 ms).
pub fn level(samples: &[i16], freq: f64) -> Level {
    let length = samples.len() as f64;
    let factor = 2.0 * (TAU * freq / RATE).cos();
    let (mut last, mut before, mut weights, mut power) = (0.0, 0.0, 0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let weight = 0.5 - 0.5 * (TAU * (at as f64 + 0.5) / length).cos();
        let value = f64::from(*sample);
        let next = weight * value + factor * last - before;
        (before, last) = (last, next);
        weights += weight;
        power += weight * value * value;
    }
    if power == 0.0 {
        return Level::default();
    }
    let square = last * last + before * before - factor * last * before;
    let amplitude = 2.0 * square.max(0.0).sqrt() / weights;
    let share = (amplitude * amplitude / 2.0) / (power / weights);
    Level {
        amplitude,
        share: share.min(1.0),
    }
}

/// Root mean square, 0..=32768; 0 for nothing.
pub fn rms(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let squares = samples.iter().map(|sample| f64::from(*sample).powi(2));
    (squares.sum::<f64>() / samples.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tones(parts: &[(f64, f64)], length: usize) -> Vec<i16> {
        let sine = |freq: f64, at: usize| (TAU * freq * at as f64 / RATE).sin();
        let sum = |at| {
            parts
                .iter()
                .map(|(freq, peak)| peak * sine(*freq, at))
                .sum::<f64>()
        };
        (0..length).map(|at| sum(at) as i16).collect()
    }

    #[test]
    fn a_tone_alone_has_its_amplitude_and_all_the_power() {
        for freq in [200.0, 425.0, 1003.0, 3400.0] {
            for length in [160, 800, 4000] {
                let level = level(&tones(&[(freq, 5000.0)], length), freq);
                assert!(
                    (level.amplitude - 5000.0).abs() < 150.0,
                    "{freq} {length} {level:?}"
                );
                assert!(level.share > 0.95, "{freq} {length} {level:?}");
            }
        }
    }

    #[test]
    fn neighbours_100_hz_away_stay_out_even_in_20_ms() {
        for (other, length) in [(500.0, 160), (700.0, 160), (500.0, 800), (500.0, 4000)] {
            let level = level(&tones(&[(other, 8000.0)], length), 600.0);
            assert!(level.amplitude < 150.0, "{other} {length} {level:?}");
        }
    }

    #[test]
    fn each_of_four_mixed_parties_is_heard_and_nobody_else() {
        let parties = [500.0, 700.0, 1100.0, 1500.0];
        let mix = tones(&parties.map(|freq| (freq, 3000.0)), 4000);
        let ear = Ear::default();
        for freq in (300..2000).step_by(100).map(f64::from) {
            assert_eq!(ear.hears(&mix, freq), parties.contains(&freq), "{freq}");
        }
    }

    #[test]
    fn noise_and_nothing_are_not_tones() {
        let mut seed = 1u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as i16 / 8
        };
        let noise: Vec<i16> = (0..4000).map(|_| noise()).collect();
        let ear = Ear::default();
        for freq in [425.0, 600.0, 1000.0] {
            assert!(!ear.hears(&noise, freq));
            assert!(!ear.hears(&[], freq));
            assert!(!ear.hears(&[8; 800], freq));
        }
        assert!(ear.silent(&[]) && ear.silent(&[8; 800]) && !ear.silent(&noise));
    }
}

//! Mono sound of any sample rate, arriving in pieces, becomes the telephone's 8 kHz.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction, calculate_cutoff,
};

use crate::ports::Sound;

/// Frames the filter takes at once.
const CHUNK: usize = 1024;

/// Filter length in 8 kHz samples: flat to 3.5 kHz, which is more than G.711 lines pass.
const TAPS: usize = 128;

/// Takes sound at one rate and gives it at [`Sound::RATE`].
pub(super) struct RateConverter {
    /// None when the sound has the telephone's rate already.
    filter: Option<Filter>,
    /// Frames pushed so far.
    frames: u64,
    rate: u32,
}

impl RateConverter {
    /// For sound of `rate` samples per second.
    ///
    /// # Errors
    /// In words, when no filter can be made for that rate.
    pub fn new(rate: u32) -> Result<Self, String> {
        let filter = if rate == Sound::RATE {
            None
        } else {
            Some(Filter::new(rate)?)
        };
        Ok(Self {
            filter,
            frames: 0,
            rate,
        })
    }

    /// The rate it was made for.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes more sound and adds to `samples` what is ready; full scale is -1.0..1.0, louder
    /// is clipped.
    ///
    /// # Errors
    /// In words, when the filter fails.
    pub fn push(&mut self, sound: &[f32], samples: &mut Vec<i16>) -> Result<(), String> {
        self.frames += sound.len() as u64;
        match &mut self.filter {
            None => samples.extend(sound.iter().map(to_i16)),
            Some(filter) => filter.push(sound, samples)?,
        }
        Ok(())
    }

    /// Adds the rest: all of it is as long as what was pushed, and in step with it.
    ///
    /// # Errors
    /// In words, when the filter fails.
    pub fn finish(self, samples: &mut Vec<i16>) -> Result<(), String> {
        if let Some(filter) = self.filter {
            let wanted = (self.frames * u64::from(Sound::RATE)).div_ceil(u64::from(self.rate));
            filter.finish(wanted as usize, samples)?;
        }
        Ok(())
    }
}

/// The anti-aliasing filter and what waits for its next chunk.
struct Filter {
    sinc: Async<f32>,
    waiting: Vec<f32>,
    output: Vec<f32>,
    /// How much of its output is still its own delay, and no sound.
    delay: usize,
    /// Samples given so far.
    given: usize,
}

impl Filter {
    fn new(rate: u32) -> Result<Self, String> {
        let ratio = f64::from(Sound::RATE) / f64::from(rate);
        let window = WindowFunction::BlackmanHarris;
        // rubato counts taps at the source's rate, so the same filter is longer there.
        // The interpolation between its taps is far below G.711's noise even when linear.
        let taps = TAPS * rate.div_ceil(Sound::RATE) as usize;
        let parameters = SincInterpolationParameters::new(taps, window)
            .f_cutoff(calculate_cutoff(TAPS, window))
            .interpolation(SincInterpolationType::Linear);
        let sinc = Async::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
            .map_err(|e| format!("cannot resample from {rate} Hz: {e}"))?;
        let output = vec![0.0; sinc.output_frames_max()];
        let delay = sinc.output_delay();
        Ok(Self {
            sinc,
            waiting: Vec::with_capacity(2 * CHUNK),
            output,
            delay,
            given: 0,
        })
    }

    fn push(&mut self, sound: &[f32], samples: &mut Vec<i16>) -> Result<(), String> {
        self.waiting.extend_from_slice(sound);
        let mut taken = 0;
        while self.waiting.len() - taken >= CHUNK {
            self.filter(taken, CHUNK, samples)?;
            taken += CHUNK;
        }
        self.waiting.drain(..taken);
        Ok(())
    }

    /// Filters what waits, then silence until the last sound is through.
    fn finish(mut self, wanted: usize, samples: &mut Vec<i16>) -> Result<(), String> {
        let rest = self.waiting.len();
        self.filter(0, rest, samples)?;
        while self.given < wanted {
            self.filter(0, 0, samples)?;
        }
        samples.truncate(samples.len().saturating_sub(self.given - wanted));
        Ok(())
    }

    /// One chunk; what lacks to a full one is silence.
    fn filter(&mut self, from: usize, len: usize, samples: &mut Vec<i16>) -> Result<(), String> {
        let room = self.output.len();
        let failed = |e: &dyn std::fmt::Display| format!("cannot resample: {e}");
        let input = InterleavedSlice::new(&self.waiting[from..from + len], 1, len)
            .map_err(|e| failed(&e))?;
        let mut output =
            InterleavedSlice::new_mut(&mut self.output, 1, room).map_err(|e| failed(&e))?;
        let indexing = Indexing::new().partial_len(len);
        let (_, written) = self
            .sinc
            .process_into_buffer(&input, &mut output, Some(&indexing))
            .map_err(|e| failed(&e))?;
        let delay = self.delay.min(written);
        self.delay -= delay;
        self.given += written - delay;
        samples.extend(self.output[delay..written].iter().map(to_i16));
        Ok(())
    }
}

/// `as` clips what is too loud and turns NaN to silence.
fn to_i16(sample: &f32) -> i16 {
    (sample * 32768.0).round() as i16
}

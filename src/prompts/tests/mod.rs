//! What callers hear of files of every kind, good, broken and hostile.

mod broken;
mod formats;
mod library;

use std::fs::File;

use super::decode::{Decoded, decode};
use super::testing::Sounds;

/// Half of full scale, in dB.
const HALF: f32 = -6.02;

fn decoded(content: &[u8]) -> Result<Decoded, String> {
    let sounds = Sounds::new();
    decode(File::open(sounds.write("scenario/x", content)).unwrap())
}

#[track_caller]
fn assert_lasts(samples: &[i16], seconds: f32) {
    let lasts = samples.len() as f32 / 8000.0;
    assert!((lasts - seconds).abs() < 0.02, "{lasts} s");
}

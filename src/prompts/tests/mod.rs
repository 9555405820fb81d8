//! What callers hear of files of every kind, good, broken and hostile.

mod ahead;
mod broken;
mod channels;
mod formats;
mod joined;
mod library;
mod notices;
mod raw;
mod wav;

use std::fs::File;
use std::path::Path;

use super::decode;
use super::testing::{Sounds, loudness};

/// Half of full scale, in dB.
const HALF: f32 = -6.02;

/// What was heard of a file, to its end.
#[derive(Debug)]
struct Decoded {
    samples: Vec<i16>,
    flaw: Option<String>,
}

fn decode(file: File) -> Result<Decoded, String> {
    decode_as(file, "")
}

fn decode_as(file: File, extension: &str) -> Result<Decoded, String> {
    let mut samples = Vec::new();
    let flaw = decode::decode(file, extension, &mut |more| {
        samples.extend_from_slice(more);
        true
    })?;
    Ok(Decoded { samples, flaw })
}

fn decoded(content: &[u8]) -> Result<Decoded, String> {
    let sounds = Sounds::new();
    decode(File::open(sounds.write("scenario/x", content)).unwrap())
}

#[track_caller]
fn assert_lasts(samples: &[i16], seconds: f32) {
    let lasts = samples.len() as f32 / 8000.0;
    assert!((lasts - seconds).abs() < 0.02, "{lasts} s");
}

/// A recording is whole, loud enough and about as long as its words.
fn speaks(file: &Path, words: &str) {
    let shown = file.display();
    let Decoded { samples, flaw } = decode(File::open(file).unwrap()).unwrap();
    assert_eq!(flaw, None, "{shown}");
    let per_letter = samples.len() as f32 / 8000.0 / words.chars().count() as f32;
    assert!(
        (0.04..0.2).contains(&per_letter),
        "{shown}: {per_letter} s per letter"
    );
    let loudness = loudness(&samples);
    assert!(loudness > -30.0, "{shown}: {loudness} dB");
}

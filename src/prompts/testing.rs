//! For the tests of this directory: sounds directories, WAV files, and ears.

use std::f32::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::ports::PromptFolder;
use crate::ports::PromptName;

/// A sounds directory that is removed when the test ends.
pub struct Sounds(pub PathBuf);

impl Sounds {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rustivr-prompts-{}-{count}", std::process::id());
        let root = std::env::temp_dir().join(name);
        for folder in ["scenario", "keyNum", "msgMp3"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        Self(root)
    }

    pub fn write(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Sounds {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

pub fn scenario(file: &str) -> PromptName {
    PromptName {
        folder: PromptFolder::Scenario,
        file: file.into(),
    }
}

pub fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prompts");
    fs::read(folder.join(name)).unwrap()
}

/// A sine of `hz` at `level` (1.0: full scale).
pub fn tone(hz: f32, level: f32, rate: u32, seconds: f32) -> Vec<f32> {
    let frames = (seconds * rate as f32) as usize;
    let step = f64::from(hz) / f64::from(rate);
    (0..frames)
        .map(|n| level * ((n as f64 * step).fract() as f32 * TAU).sin())
        .collect()
}

/// How the samples of a WAV file are written.
#[derive(Clone, Copy, Debug)]
pub struct Wav {
    pub rate: u32,
    pub channels: u16,
    /// 1: PCM, 3: float, 6: A-law, 7: mu-law.
    pub encoding: u16,
    pub bits: u16,
    /// With the longer header.
    pub extensible: bool,
}

impl Wav {
    pub const PLAIN: Wav = Wav {
        rate: 8000,
        channels: 1,
        encoding: 1,
        bits: 16,
        extensible: false,
    };

    /// The file of a mono sound, the same in each channel.
    pub fn file(self, sound: &[f32]) -> Vec<u8> {
        let data: Vec<u8> = sound
            .iter()
            .flat_map(|sample| self.sample(*sample).repeat(usize::from(self.channels)))
            .collect();
        self.around(&data)
    }

    fn sample(self, sample: f32) -> Vec<u8> {
        let scaled = |top: f64| (f64::from(sample) * top).round() as i64;
        match (self.encoding, self.bits) {
            (1, 8) => vec![(scaled(127.0) + 128) as u8],
            (1, bits) => {
                let value = scaled((1i64 << (bits - 1)) as f64 - 1.0);
                value.to_le_bytes()[..usize::from(bits / 8)].to_vec()
            }
            (3, 32) => sample.to_le_bytes().to_vec(),
            (3, _) => f64::from(sample).to_le_bytes().to_vec(),
            _ => panic!("encoded by the test itself"),
        }
    }

    /// The file of data that is encoded already.
    pub fn around(self, data: &[u8]) -> Vec<u8> {
        let block = self.channels * (self.bits / 8);
        let mut format = Vec::new();
        let tag = if self.extensible {
            0xfffe
        } else {
            self.encoding
        };
        format.extend(tag.to_le_bytes());
        format.extend(self.channels.to_le_bytes());
        format.extend(self.rate.to_le_bytes());
        format.extend(self.rate.wrapping_mul(u32::from(block)).to_le_bytes());
        format.extend(block.to_le_bytes());
        format.extend(self.bits.to_le_bytes());
        if self.extensible {
            format.extend(22u16.to_le_bytes());
            format.extend(self.bits.to_le_bytes());
            format.extend(((1u32 << self.channels) - 1).to_le_bytes());
            format.extend(self.encoding.to_le_bytes());
            format.extend(*b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
        } else if self.encoding != 1 {
            format.extend(0u16.to_le_bytes());
        }
        let mut file = b"RIFF".to_vec();
        file.extend((20 + format.len() as u32 + data.len() as u32).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend((format.len() as u32).to_le_bytes());
        file.extend(format);
        file.extend(b"data");
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        file
    }
}

/// Level of one frequency in 8 kHz sound, in dB below full scale (Goertzel).
pub fn level(samples: &[i16], hz: f32) -> f32 {
    let turn = TAU * hz / 8000.0;
    let (mut s1, mut s2) = (0.0f64, 0.0f64);
    for sample in samples {
        let s0 = f64::from(*sample) / 32768.0 + 2.0 * f64::from(turn).cos() * s1 - s2;
        (s1, s2) = (s0, s1);
    }
    let power = s1 * s1 + s2 * s2 - 2.0 * f64::from(turn).cos() * s1 * s2;
    20.0 * (2.0 * power.max(1e-12).sqrt() / samples.len() as f64).log10() as f32
}

/// Level of everything, so that a pure full-scale tone has 0 dB.
pub fn loudness(samples: &[i16]) -> f32 {
    let squares: f64 = samples
        .iter()
        .map(|s| (f64::from(*s) / 32768.0).powi(2))
        .sum();
    10.0 * (2.0 * squares.max(1e-12) / samples.len() as f64).log10() as f32
}

/// Panics unless the middle of the sound is this tone within 1 dB, and nothing else.
#[track_caller]
pub fn assert_tone(samples: &[i16], hz: f32, db: f32) {
    let middle = &samples[samples.len() / 10..samples.len() * 9 / 10];
    let heard = level(middle, hz);
    assert!((heard - db).abs() < 1.0, "{hz} Hz at {heard} dB");
    let all = loudness(middle);
    assert!(
        (all - heard).abs() < 0.2,
        "{all} dB in all, {heard} dB at {hz} Hz"
    );
}

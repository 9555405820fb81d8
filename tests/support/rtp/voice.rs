//! What a stand-in says: its own sound, with dialling tones mixed in while a key is down in band.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

/// Samples per second of everything here.
pub const RATE: u32 = 8000;
/// Samples in one packet.
pub const FRAME: usize = 160;
/// Length of one packet.
pub const FRAME_TIME: Duration = Duration::from_millis(20);
/// Amplitude of each of the two dialling tones, about -15 dBm0.
const KEY_AMPLITUDE: f64 = 5800.0;

/// Sound that a party sends.
#[derive(Clone, Debug)]
pub enum Source {
    /// Packets of silence.
    Silence,
    /// No packets at all.
    Nothing,
    /// A steady sine.
    Tone {
        /// Hertz.
        freq_hz: f64,
        /// Peak, 0..=32767.
        amplitude: i16,
    },
    /// 8 kHz samples, played once, then silence.
    Samples(Arc<[i16]>),
}

impl Source {
    /// A tone at a speaking level.
    pub fn tone(freq_hz: f64) -> Self {
        Source::Tone {
            freq_hz,
            amplitude: 8000,
        }
    }

    fn at(&self, position: u64) -> f64 {
        match self {
            Source::Silence | Source::Nothing => 0.0,
            Source::Tone { freq_hz, amplitude } => f64::from(*amplitude) * sine(*freq_hz, position),
            Source::Samples(samples) => {
                let at = usize::try_from(position).ok();
                let sample = at.and_then(|at| samples.get(at));
                sample.copied().unwrap_or_default().into()
            }
        }
    }
}

fn sine(freq_hz: f64, position: u64) -> f64 {
    (TAU * freq_hz * position as f64 / f64::from(RATE)).sin()
}

/// The two frequencies of a key (ITU-T Q.23). None: no such key.
pub fn key_tones(key: char) -> Option<(f64, f64)> {
    const ROWS: [(f64, &str); 4] = [
        (697.0, "123A"),
        (770.0, "456B"),
        (852.0, "789C"),
        (941.0, "*0#D"),
    ];
    const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    let key = key.to_ascii_uppercase();
    ROWS.iter()
        .find_map(|(low, keys)| keys.find(key).map(|column| (*low, COLUMNS[column])))
}

/// A source and where in it we are.
#[derive(Debug)]
pub struct Voice {
    source: Source,
    position: u64,
}

impl Voice {
    /// Starts `source` from its beginning.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            position: 0,
        }
    }

    /// Whether packets are to be sent.
    pub fn is_sent(&self) -> bool {
        !matches!(self.source, Source::Nothing)
    }

    /// The next 20 ms, with the tones of `key` mixed in.
    pub fn next_frame(&mut self, key: Option<(f64, f64)>) -> [i16; FRAME] {
        std::array::from_fn(|_| {
            let mut value = self.source.at(self.position);
            if let Some((low, high)) = key {
                let (low, high) = (sine(low, self.position), sine(high, self.position));
                value += KEY_AMPLITUDE * (low + high);
            }
            self.position += 1;
            value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
        })
    }
}

//! Sound files that only the host can read.

use std::path::Path;

/// Reads a file to its end and gives its sound at 8 kHz, until the listener says that nobody is
/// there; or says what the host lacks.
pub type FileReader = fn(&Path, FileKind, &mut dyn FnMut(&[i16]) -> bool) -> Result<(), String>;

/// A kind of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// GSM full rate.
    Gsm,
    /// G.722.
    G722,
    /// GSM in WAV.
    Wav49,
}

impl FileKind {
    /// The host's word.
    pub const fn format(self) -> &'static str {
        match self {
            Self::Gsm => "gsm",
            Self::G722 => "g722",
            Self::Wav49 => "wav49",
        }
    }

    /// The one that the host asks for (main/file.c: build_filename).
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav49 => "WAV",
            other => other.format(),
        }
    }

    /// What the host reads it with.
    pub const fn modules(self) -> &'static str {
        match self {
            Self::Gsm => "format_gsm.so and codec_gsm.so",
            Self::G722 => "format_pcm.so, codec_g722.so and codec_resample.so",
            Self::Wav49 => "format_wav_gsm.so and codec_gsm.so",
        }
    }
}

//! A sound file becomes samples: WAV (PCM, float, A-law, mu-law) and MP3, any rate.
//! Files come from outside and may be broken or hostile; everything here has a bound.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, ReadOnlySource};

use super::resample::RateConverter;
use super::wav::Wav;

/// The largest file that is decoded, in bytes.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// The longest recording that is decoded.
const MAX_DURATION: Duration = Duration::from_secs(600);

/// Sample rates that recordings have, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// More channels than any recording of a voice has.
const MAX_CHANNELS: usize = 8;

const CONVERT: &str = "convert it to WAV (PCM) or MP3";

/// What could be made of a file.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Mono at `Sound::RATE`, never empty.
    pub samples: Vec<i16>,
    /// What was wrong with the file, though part of it plays.
    pub flaw: Option<String>,
}

/// Decodes a regular file from its beginning, stereo mixed to mono.
///
/// # Errors
/// What is wrong and what to change, in words, when nothing of it can be played.
pub(super) fn decode(mut file: File) -> Result<Decoded, String> {
    let bytes = file.metadata().map_err(|e| e.to_string())?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(format!(
            "the file has {} MB, more than {} MB; shorten it or store it as MP3",
            bytes >> 20,
            MAX_FILE_BYTES >> 20
        ));
    }
    let start = skip_id3v2(&mut file).map_err(|e| e.to_string())?;
    let sound: Box<dyn Read + Send + Sync> = match Wav::find(&file, start) {
        Some(wav) => wav.open(file).map_err(|e| e.to_string())?,
        None => Box::new(file),
    };
    // Not seekable: else the length of an MP3 without a header is guessed from its
    // first frame, and sound beyond the guess is cut off.
    let source = ReadOnlySource::new(sound.take(MAX_FILE_BYTES));
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let format = symphonia::default::get_probe()
        .probe(
            &Default::default(),
            stream,
            Default::default(),
            Default::default(),
        )
        .map_err(|e| format!("neither WAV nor MP3 ({e}); {CONVERT}"))?;
    let track = format
        .default_track(TrackType::Audio)
        .ok_or_else(|| format!("holds no sound; {CONVERT}"))?;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| format!("holds no sound; {CONVERT}"))?;
    let decoder = decoder(parameters)?;
    let promised = track.num_frames;
    let mut reading = Reading::default();
    reading.run(format, decoder)?;
    reading.finish(promised)
}

/// Steps over ID3v2 tags (a cover picture may be larger than what the prober searches).
/// Only their length is read: nobody hears a tag, and parsing them has had its own bugs.
/// Gives the place behind them.
fn skip_id3v2(file: &mut File) -> io::Result<u64> {
    let mut start = 0;
    loop {
        file.seek(SeekFrom::Start(start))?;
        let mut head = [0; 10];
        let whole = file.read_exact(&mut head).is_ok();
        if !whole || !head.starts_with(b"ID3") || head[6..].iter().any(|byte| *byte > 0x7f) {
            return file.seek(SeekFrom::Start(start));
        }
        let size = head[6..]
            .iter()
            .fold(0, |size, byte| size << 7 | u64::from(*byte));
        let footer = if head[5] & 0x10 == 0 { 0 } else { 10 };
        start += 10 + size + footer;
    }
}

fn decoder(parameters: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, String> {
    let channels = parameters
        .channels
        .as_ref()
        .map_or(1, |channels| channels.count());
    if channels > MAX_CHANNELS {
        return Err(format!(
            "has {channels} channels, more than {MAX_CHANNELS}; mix it to mono"
        ));
    }
    symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|e| format!("its encoding is not known ({e}); {CONVERT}"))
}

/// What has been read of a file so far.
#[derive(Default)]
struct Reading {
    /// Made when the first sound tells its rate.
    converter: Option<RateConverter>,
    /// Packets that could not be decoded.
    bad: u64,
    /// Why reading ended before the file did.
    broken: Option<String>,
    interleaved: Vec<f32>,
}

impl Reading {
    /// Reads to the end, or as far as it goes.
    fn run(
        &mut self,
        mut format: Box<dyn FormatReader + '_>,
        mut decoder: Box<dyn AudioDecoder>,
    ) -> Result<(), String> {
        while self.broken.is_none() {
            let packet = match format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                // Whether sound is missing, the header tells; one written to a pipe cannot.
                Err(Error::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(e) => {
                    self.broken = Some(e.to_string());
                    break;
                }
            };
            match decoder.decode(&packet) {
                Ok(buffer) => self.push(&buffer)?,
                Err(Error::DecodeError(_) | Error::IoError(_)) => self.bad += 1,
                Err(e) => self.broken = Some(e.to_string()),
            }
        }
        Ok(())
    }

    /// Mixes one packet's channels to mono and passes it on.
    fn push(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), String> {
        let channels = buffer.spec().channels().count();
        if buffer.frames() == 0 || channels == 0 {
            return Ok(());
        }
        let rate = buffer.spec().rate();
        if !RATES.contains(&rate) {
            return Err(format!(
                "has {rate} samples per second; convert it to 44100"
            ));
        }
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => none.insert(RateConverter::new(rate)?),
        };
        if converter.rate() != rate {
            self.broken = Some(format!("the rate changes to {rate} Hz"));
            return Ok(());
        }
        buffer.copy_to_vec_interleaved(&mut self.interleaved);
        let mono = &mut self.interleaved;
        if channels > 1 {
            let frames = mono.len() / channels;
            for frame in 0..frames {
                let sum: f32 = mono[frame * channels..][..channels].iter().sum();
                mono[frame] = sum / channels as f32;
            }
            mono.truncate(frames);
        }
        converter.push(mono)?;
        if converter.frames() > MAX_DURATION.as_secs() * u64::from(rate) {
            let minutes = MAX_DURATION.as_secs() / 60;
            return Err(format!("is longer than {minutes} minutes; shorten it"));
        }
        Ok(())
    }

    /// The sound, and what was wrong with it. `promised` are the frames of the file's header.
    fn finish(self, promised: Option<u64>) -> Result<Decoded, String> {
        let broken = self
            .broken
            .map(|why| format!(" ({why})"))
            .unwrap_or_default();
        let Some(converter) = self.converter else {
            return Err(format!(
                "holds no sound that can be decoded{broken}; {CONVERT}"
            ));
        };
        let (frames, rate) = (converter.frames(), converter.rate());
        let seconds = |frames: u64| frames as f64 / f64::from(rate);
        let lost = seconds(promised.unwrap_or(0).saturating_sub(frames));
        let flaw = if !broken.is_empty() {
            Some(format!(
                "breaks off after {:.1} s{broken}; store it again",
                seconds(frames)
            ))
        } else if lost > 0.1 || self.bad > 0 {
            Some(format!(
                "damaged: only {:.1} s of it can be played; store it again",
                seconds(frames)
            ))
        } else {
            None
        };
        let samples = converter.finish()?;
        Ok(Decoded { samples, flaw })
    }
}

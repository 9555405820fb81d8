//! A sound file becomes samples: WAV (PCM, float, A-law, mu-law) and MP3, any rate.
//! Files come from outside and may be broken or hostile; everything here has a bound.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::time::Duration;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::TrackType;
use symphonia::core::io::{MediaSourceStream, ReadOnlySource};

use super::flaws::Flaws;
use super::mix::Mixer;
use super::output::Output;
use super::packets::Packets;
use super::resample::RateConverter;
use super::tags;
use super::wav::Wav;

/// The largest file that is decoded, in bytes.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// How much of a recording is heard.
pub(super) const MAX_DURATION: Duration = Duration::from_secs(600);

/// Sample rates that recordings have, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// More channels than any recording of a voice has.
const MAX_CHANNELS: usize = 8;

const CONVERT: &str = "convert it to WAV (PCM) or MP3";

/// Decodes a regular file from its beginning, its channels mixed to one, at `Sound::RATE`. Only of
/// what has no header the `extension` counts. `hear`
/// gets it piece by piece; when it says that nobody listens, the rest is left out. Gives what was
/// wrong with the file, though part of it plays.
///
/// # Errors
/// What is wrong and what to change, in words, when nothing of it can be played.
pub(super) fn decode(
    mut file: File,
    extension: &str,
    hear: &mut dyn FnMut(&[i16]) -> bool,
) -> Result<Option<String>, String> {
    let bytes = file.metadata().map_err(|e| e.to_string())?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(format!(
            "the file has {} MB, more than {} MB; shorten it or store it as MP3",
            bytes >> 20,
            MAX_FILE_BYTES >> 20
        ));
    }
    let start = tags::skip(&mut file).map_err(|e| e.to_string())?;
    let sound: Box<dyn Read + Send + Sync> =
        match Wav::find(&file, start).or_else(|| Wav::raw(&file, extension)) {
            Some(wav) => wav.open(file).map_err(|e| e.to_string())?,
            None => {
                let file = file.take(MAX_FILE_BYTES);
                let bytes = tags::without(file).map_err(|e| e.to_string())?;
                Box::new(Cursor::new(bytes))
            }
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
        .map_err(|e| format!("neither WAV, MP3 nor Ogg ({e}); {CONVERT}"))?;
    let track = format
        .default_track(TrackType::Audio)
        .ok_or_else(|| format!("holds no sound; {CONVERT}"))?;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| format!("holds no sound; {CONVERT}"))?
        .clone();
    let promised = track.num_frames.zip(parameters.sample_rate);
    let track = track.clone();
    let packets = Packets::new(format, &track);
    let mut reading = Reading::new(hear);
    reading.run(packets, &parameters)?;
    reading.finish(promised.map_or(0.0, |(frames, rate)| frames as f64 / f64::from(rate)))
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
struct Reading<'h> {
    /// Made when the first sound tells its rate; a part of another rate gets another one.
    converter: Option<RateConverter>,
    output: Output<'h>,
    /// How long it plays.
    seconds: f64,
    flaws: Flaws,
    mixer: Mixer,
    interleaved: Vec<f32>,
}

impl<'h> Reading<'h> {
    fn new(hear: &'h mut dyn FnMut(&[i16]) -> bool) -> Self {
        Self {
            converter: None,
            output: Output::new(hear),
            seconds: 0.0,
            flaws: Flaws::default(),
            mixer: Mixer::default(),
            interleaved: Vec::new(),
        }
    }

    /// Reads to the end, or as far as it goes.
    fn run(
        &mut self,
        mut packets: Packets<'_>,
        parameters: &AudioCodecParameters,
    ) -> Result<(), String> {
        let mut decoder = decoder(parameters)?;
        while self.flaws.broken.is_none() && self.flaws.cut_at.is_none() && self.output.is_heard() {
            let (packet, is_new_part) = match packets.next() {
                Ok(Some(next)) => next,
                Ok(None) => break,
                // Whether sound is missing, the header tells; one written to a pipe cannot.
                Err(Error::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(e) => {
                    self.flaws.broken = Some(e.to_string());
                    break;
                }
            };
            if is_new_part {
                decoder = self::decoder(parameters)?;
            }
            match decoder.decode(&packet) {
                Ok(buffer) => self.push(&buffer)?,
                Err(Error::DecodeError(_) | Error::IoError(_)) => self.flaws.bad += 1,
                Err(e) => self.flaws.broken = Some(e.to_string()),
            }
        }
        Ok(())
    }

    /// Mixes one packet's channels to mono and passes it on.
    fn push(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), String> {
        let channels = buffer.spec().channels();
        if buffer.frames() == 0 || channels.count() == 0 {
            return Ok(());
        }
        buffer.copy_to_vec_interleaved(&mut self.interleaved);
        self.flaws.look_at(&self.interleaved);
        let rate = buffer.spec().rate();
        if !RATES.contains(&rate) {
            return Err(format!(
                "has {rate} samples per second; convert it to 44100"
            ));
        }
        // A rate of its own has a part of a joined file.
        if let Some(earlier) = self.converter.take_if(|earlier| earlier.rate() != rate) {
            earlier.finish(self.output.samples())?;
        }
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => none.insert(RateConverter::new(rate)?),
        };
        let mono = self.mixer.mix(&self.interleaved, channels);
        let room = (MAX_DURATION.as_secs_f64() - self.seconds) * f64::from(rate);
        let heard = &mono[..mono.len().min(room.round() as usize)];
        if heard.len() < mono.len() {
            self.flaws.cut_at = Some(MAX_DURATION);
        }
        self.flaws.hear(heard);
        self.seconds += heard.len() as f64 / f64::from(rate);
        converter.push(heard, self.output.samples())?;
        self.output.give();
        Ok(())
    }

    /// The end, and what was wrong. `promised` are the seconds of the file's header.
    fn finish(mut self, promised: f64) -> Result<Option<String>, String> {
        let Some(converter) = self.converter else {
            let broken = self.flaws.broken.map(|why| format!(" ({why})"));
            let broken = broken.unwrap_or_default();
            return Err(format!(
                "holds no sound that can be decoded{broken}; {CONVERT}"
            ));
        };
        converter.finish(self.output.samples())?;
        self.output.finish();
        Ok(self.flaws.told(self.seconds, promised - self.seconds))
    }
}

//! Reads files on threads of its own, so that a caller hears the first word of a long recording
//! while the rest of it is still being decoded.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use super::cache::Failure;
use super::decode::{MAX_DURATION, decode};
use super::flaws::Flaws;
use super::output::Output;
use super::wav::Wav;
use crate::ports::{FileKind, FileReader, PromptError, Samples, Sound, foreign};

/// Decoding needs more stack than Asterisk's channel threads have, which is 496 KiB.
pub(super) const STACK_BYTES: usize = 2 << 20;

/// How long a caller waits for the whole of a recording, once it has begun: most are whole by then,
/// and the log can tell their length. A minute of MP3 takes about so long.
const PATIENCE: Duration = Duration::from_millis(100);

/// The threads that read. Dropped, it waits for them: with the last holder of a sound its thread
/// ends too.
#[derive(Default)]
pub(super) struct Loader {
    /// Reads what our decoder does not know.
    host: Option<FileReader>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Loader {
    /// With the host's help.
    pub fn with_host(host: FileReader) -> Self {
        Self {
            host: Some(host),
            threads: Mutex::default(),
        }
    }

    /// The sound of a file, as soon as its begin is there. What is wrong with it goes to the log.
    pub fn load(&self, path: &Path) -> Result<Sound, Failure> {
        let file = open(path).map_err(|e| passing(path, &e))?;
        let name = path.display().to_string();
        let extension = path.extension().unwrap_or_default();
        let extension = extension.to_string_lossy().into_owned();
        let kind = kind(&file, &extension);
        let started = match (self.host, kind) {
            (Some(read), Some(kind)) => {
                let path = path.to_owned();
                self.start(name, move |hear| by_host(read, &path, kind, hear))
            }
            _ => self.start(name, move |hear| decode(file, &extension, hear)),
        };
        let samples = started.map_err(|e| passing(path, &e))?;
        match samples.begin(PATIENCE) {
            Ok(()) => Ok(Sound { samples }),
            // What the host lacks may be loaded before the next call.
            Err(why) if kind.is_some() => Err(Failure::Passing(undecodable(path, &why))),
            Err(why) => Err(Failure::Lasting(undecodable(path, &why))),
        }
    }

    /// Runs a decoder on a thread of its own. A panic in it, which a hostile file may cause, ends
    /// there and is the file's fault.
    pub fn start(
        &self,
        name: String,
        decoder: impl FnOnce(&mut dyn FnMut(&[i16]) -> bool) -> Result<Option<String>, String>
        + Send
        + 'static,
    ) -> io::Result<Samples> {
        let (samples, growing) = Samples::growing();
        let reading = move || {
            let mut has_begun = false;
            let mut hear = |samples: &[i16]| {
                has_begun = true;
                growing.add(samples)
            };
            let flaw = decoder(&mut hear).unwrap_or_else(Some);
            // Without any sound it is the caller's to tell.
            if let Some(flaw) = flaw.as_ref().filter(|_| has_begun) {
                log::warn!("{name}: {flaw}");
            }
            growing.end(flaw);
        };
        let thread = thread::Builder::new()
            .name("rustivr-prompt".into())
            .stack_size(STACK_BYTES)
            .spawn(reading)?;
        let mut threads = self.threads.lock();
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
        Ok(samples)
    }
}

impl Loader {
    /// Who reads what our decoder does not know.
    pub fn host(&self) -> Option<FileReader> {
        self.host
    }

    /// Waits until everything that was begun is read to its end, or heard by nobody.
    pub fn settle(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            // One that panicked has told so.
            let _ = thread.join();
        }
    }
}

/// Whether the begin of a file can be decoded; an error says what is wrong. Nothing is logged.
pub(super) fn probe(host: Option<FileReader>, path: &Path) -> Result<(), String> {
    let told = |why: String| format!("{}: {why}", path.display());
    let file = open(path).map_err(|e| told(format!("cannot be read: {e}")))?;
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let mut has_begun = false;
    let mut hear = |_: &[i16]| {
        has_begun = true;
        false
    };
    // A hostile file may make the decoder panic.
    let decoded = foreign(|| match (host, kind(&file, &extension)) {
        (Some(read), Some(kind)) => by_host(read, path, kind, &mut hear),
        _ => decode(file, &extension, &mut hear),
    });
    match decoded {
        _ if has_begun => Ok(()),
        Some(Ok(_)) => Ok(()),
        Some(Err(why)) => Err(told(why)),
        None => Err(told(
            "cannot be decoded; convert it to WAV (PCM)".to_owned(),
        )),
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.settle();
    }
}

/// Whether it is a file for the host.
fn kind(file: &File, extension: &str) -> Option<FileKind> {
    match Wav::find(file, 0) {
        Some(wav) => wav.is_gsm().then_some(FileKind::Wav49),
        None if extension.eq_ignore_ascii_case("gsm") => Some(FileKind::Gsm),
        None if extension.eq_ignore_ascii_case("g722") => Some(FileKind::G722),
        None => None,
    }
}

/// Lets the host read, with the bounds and the words of our own decoder.
fn by_host(
    read: FileReader,
    path: &Path,
    kind: FileKind,
    hear: &mut dyn FnMut(&[i16]) -> bool,
) -> Result<Option<String>, String> {
    let mut left = MAX_DURATION.as_secs() as usize * Sound::RATE as usize;
    let mut flaws = Flaws::default();
    let mut output = Output::new(hear);
    let mut length = 0;
    read(path, kind, &mut |samples| {
        let heard = &samples[..samples.len().min(left)];
        left -= heard.len();
        length += heard.len();
        if heard.len() < samples.len() {
            flaws.cut_at = Some(MAX_DURATION);
        }
        let sound: Vec<f32> = heard.iter().map(|s| f32::from(*s) / 32768.0).collect();
        flaws.look_at(&sound);
        flaws.hear(&sound);
        output.samples().extend_from_slice(heard);
        output.give();
        output.is_heard() && flaws.cut_at.is_none()
    })?;
    if length == 0 {
        return Err("holds no sound that Asterisk can read; convert it to WAV".into());
    }
    output.finish();
    Ok(flaws.told(length as f64 / f64::from(Sound::RATE), 0.0))
}

/// Without blocking: the file may have become a fifo since it was looked at.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other("not a regular file"))
}

/// A failure that has nothing to do with the file's content.
fn passing(path: &Path, error: &io::Error) -> Failure {
    Failure::Passing(undecodable(path, &format!("cannot be read: {error}")))
}

/// Told to the log here, where it happens once, and not at each call that asks.
fn undecodable(path: &Path, why: &str) -> PromptError {
    let text = format!("{}: {why}", path.display());
    log::warn!("{text}");
    PromptError::Undecodable(text)
}

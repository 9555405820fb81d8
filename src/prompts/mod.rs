//! Recordings on disk become sound ready to play: find, decode, resample, cache.
//!
//! Every request looks at the file once (`stat`), so that a recording replaced on disk
//! is heard at the next call without a reload.

mod alike;
mod cache;
mod decode;
mod find;
mod flaws;
mod mix;
pub mod notices;
mod packets;
mod resample;
mod tags;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wav;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use crate::ports::PromptName;
use crate::ports::{PromptError, Prompts, Sound};

use cache::{Cache, Failure, identify};
use decode::{Decoded, decode};
use find::{confined, find};

/// Decoding needs more stack than Asterisk's channel threads have, which is 496 KiB.
const STACK_BYTES: usize = 2 << 20;

/// The prompts under one sounds directory.
///
/// A name means, in this order: the exact file, the name with `.wav` or `.mp3` appended,
/// the name with its extension replaced by `.wav` or `.mp3`; then the same whatever the case of
/// its letters and their Unicode form. Files are WAV (PCM of 8 to
/// 32 bits, float, A-law, mu-law) or MP3, told by their content, of 4 to 192 kHz, up to
/// 8 channels and 32 MB; the first 10 minutes are heard. About 64 MB of decoded sound are kept.
///
/// Every [`PromptError::Undecodable`] has been logged, once per content of the file;
/// `Missing` and `Forbidden` are for the caller to log.
pub struct PromptLibrary {
    root: PathBuf,
    cache: Cache,
}

impl PromptLibrary {
    /// `root` holds the folders `scenario/`, `keyNum/` and `msgMp3/`; it is not read before
    /// the first request.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            cache: Cache::new(cache::CAPACITY),
        }
    }
}

impl Prompts for PromptLibrary {
    fn sound(&self, name: &PromptName) -> Result<Sound, PromptError> {
        let found = find(&self.root, name)?;
        let (id, stamp) = identify(Some(name.folder), &found.metadata);
        self.cache.get(id, stamp, || {
            load(&confined(&self.root, name, &found.path).map_err(Failure::Passing)?)
        })
    }
}

/// Decodes a file. What is wrong with it goes to the log.
fn load(path: &Path) -> Result<Sound, Failure> {
    let file = open(path).map_err(|e| passing(path, &e))?;
    match on_own_thread(move || decode(file)).map_err(|e| passing(path, &e))? {
        Ok(Decoded { samples, flaw }) => {
            if let Some(flaw) = flaw {
                log::warn!("{}: {flaw}", path.display());
            }
            let samples = samples.into();
            Ok(Sound { samples })
        }
        Err(why) => Err(Failure::Lasting(undecodable(path, &why))),
    }
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

/// Runs a decoder on a thread of its own and waits. A panic in it, which a hostile file
/// may cause, ends there and is the file's fault.
fn on_own_thread(
    decoder: impl FnOnce() -> Result<Decoded, String> + Send + 'static,
) -> io::Result<Result<Decoded, String>> {
    let thread = thread::Builder::new()
        .name("rustivr-prompt".into())
        .stack_size(STACK_BYTES)
        .spawn(decoder)?;
    Ok(thread
        .join()
        .unwrap_or_else(|_| Err("breaks the decoder; convert it to WAV (PCM)".into())))
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

//! Recordings on disk become sound ready to play: find, decode, resample, cache.
//!
//! Every request looks at the file once (`stat`), so that a recording replaced on disk
//! is heard at the next call without a reload.

mod ahead;
mod alike;
mod cache;
mod decode;
mod find;
mod flaws;
mod load;
pub mod look;
mod missing;
mod mix;
pub mod notices;
mod output;
mod packets;
mod resample;
mod tags;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wav;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::ports::PromptName;
use crate::ports::panics::point;
use crate::ports::{FileReader, PromptError, Prompts, Sound};

use ahead::{Ahead, Shelf};
use cache::{Cache, Failure, identify};
use find::{Found, confined, find};
use load::Loader;
use missing::Missing;

/// The prompts under one sounds directory.
///
/// A name means, in this order: the exact file, the name with `.wav`, `.mp3` or another known
/// extension appended, the name with its extension replaced by one of them; then the same whatever
/// the case of its letters and their Unicode form. Files are WAV (PCM of 8 to 32 bits, float, A-law,
/// mu-law, ADPCM), MP3 or Ogg Vorbis, told by their content, of 4 to 192 kHz, up to 8 channels and
/// 32 MB; the first 10 minutes are heard. Asterisk's `.ulaw`, `.alaw` and `.sln` to `.sln192` have no
/// header and are told by their extension. About 64 MB of decoded sound are kept.
///
/// Every [`PromptError::Undecodable`] has been logged, once per content of the file;
/// `Missing` and `Forbidden` are for the caller to log.
pub struct PromptLibrary {
    files: Arc<Files>,
    /// From the first menu on; `None`: the system gives no thread.
    ahead: OnceLock<Option<Ahead<Files>>>,
}

/// The recordings, as callers and the thread that works ahead of them share them.
struct Files {
    root: PathBuf,
    missing: Missing,
    cache: Cache,
    // Behind the cache: it is dropped after it.
    loader: Loader,
}

impl PromptLibrary {
    /// `root` holds the folders `scenario/`, `keyNum/` and `msgMp3/`; it is not read before
    /// the first request.
    pub fn new(root: PathBuf) -> Self {
        Self::open(root, Loader::default())
    }

    /// The same, with a reader for the kinds of files that only the host knows.
    pub fn with_host(self, reader: FileReader) -> Self {
        Self::open(self.files.root.clone(), Loader::with_host(reader))
    }

    fn open(root: PathBuf, loader: Loader) -> Self {
        let cache = Cache::new(cache::CAPACITY);
        let files = Files {
            root,
            missing: Missing::default(),
            cache,
            loader,
        };
        Self {
            files: Arc::new(files),
            ahead: OnceLock::new(),
        }
    }

    /// The sound of a prompt for who only looks at a menu: when it is not there, no caller has missed it,
    /// and [`Health::missing`] does not count it.
    ///
    /// # Errors
    /// As [`Prompts::sound`] has them.
    pub fn examine(&self, name: &PromptName) -> Result<Sound, PromptError> {
        self.files.load(name, find(&self.files.root, name)?)
    }

    /// How the prompts that calls asked for are, for the metrics.
    pub fn health(&self) -> Health {
        let (cached, broken) = self.files.cache.counts();
        Health {
            cached,
            broken,
            missing: self.files.missing.count(),
            decodes: self.files.cache.decodes(),
        }
    }
}

/// The prompts of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Decoded and in memory.
    pub cached: usize,
    /// Files with no sound in them.
    pub broken: usize,
    /// Names without a file when a call last asked for them; 1024 are remembered.
    pub missing: usize,
    /// Files that were read to be decoded, ever.
    pub decodes: u64,
}

impl Files {
    fn sound(&self, name: &PromptName) -> Result<Sound, PromptError> {
        let found = self.missing.note(name, find(&self.root, name))?;
        self.load(name, found)
    }

    fn load(&self, name: &PromptName, found: Found) -> Result<Sound, PromptError> {
        let (id, stamp) = identify(Some(name.folder), &found.metadata);
        self.cache.get(id, stamp, || {
            let file = confined(&self.root, name, &found.path).map_err(Failure::Passing)?;
            self.loader.load(&file)
        })
    }
}

impl Prompts for PromptLibrary {
    fn sound(&self, name: &PromptName) -> Result<Sound, PromptError> {
        point("Prompts::sound");
        self.files.sound(name)
    }

    /// Decoded in the background, one after the other.
    fn prepare(&self, names: &[PromptName]) {
        point("Prompts::prepare");
        let start = || Ahead::start(&self.files).ok();
        if let Some(ahead) = self.ahead.get_or_init(start) {
            ahead.prepare(names);
        }
    }
}

impl Shelf for Files {
    fn fetch(&self, name: &PromptName) {
        // Whoever asks for it tells why it is not there.
        let _ = self.sound(name);
    }

    fn settle(&self) {
        self.loader.settle();
    }

    fn clear(&self) {
        self.cache.clear();
    }
}

//! What a manager is told, as recordings in the channel's language.

use std::fs;
use std::path::PathBuf;

use super::cache::{self, Cache, identify};
use super::find::{Found, find_in};
use super::load::Loader;
use crate::ports::Notice;
use crate::ports::{FileReader, PromptError, Sound};

/// What is spoken when the channel's language is not there.
const DEFAULT_LANGUAGE: &str = "en";

/// Longest language tag in bytes; also the longest that Asterisk keeps.
const MAX_LANGUAGE_BYTES: usize = 39;

/// The notices under one directory: a folder for each language, and in it a file for each
/// [`Notice`], of any kind that [`super::PromptLibrary`] knows.
///
/// Every [`PromptError::Undecodable`] has been logged, once per content of the file;
/// the others are for the caller to log.
pub struct NoticeLibrary {
    root: PathBuf,
    cache: Cache,
    // Behind the cache: it is dropped after it.
    pub(super) loader: Loader,
}

impl NoticeLibrary {
    /// `root` holds the languages' folders; it is not read before the first request.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            cache: Cache::new(cache::CAPACITY),
            loader: Loader::default(),
        }
    }

    /// The same, with a reader for the kinds of files that only the host knows.
    pub fn with_host(mut self, reader: FileReader) -> Self {
        self.loader = Loader::with_host(reader);
        self
    }

    /// The sound of a notice: in `language` (such as `ru_RU`), else in that language without
    /// its region, else in English, else in whichever language comes first by name.
    /// A `language` that is no plain tag is not looked for.
    ///
    /// # Errors
    /// `Missing` when no language has the notice; `Undecodable` when the best one is broken.
    pub fn sound(&self, notice: Notice, language: &str) -> Result<Sound, PromptError> {
        let found = self.find(notice, language)?;
        // Neither the tag nor the name can lead out of `root`: where links go is the operator's.
        let (id, stamp) = identify(None, &found.metadata);
        self.cache.get(id, stamp, || self.loader.load(&found.path))
    }

    pub(super) fn find(&self, notice: Notice, language: &str) -> Result<Found, PromptError> {
        let in_folder = |folder: PathBuf| {
            let shown = || format!("notice {}", notice.file());
            find_in(&folder, notice.file(), shown).ok()
        };
        tags(language)
            .find_map(|tag| in_folder(self.root.join(tag)))
            .or_else(|| self.folders().into_iter().find_map(in_folder))
            .ok_or_else(|| {
                PromptError::Missing(format!(
                    "notice {}: {} has it in no language; put it there as {DEFAULT_LANGUAGE}/{}.wav",
                    notice.file(),
                    self.root.display(),
                    notice.file()
                ))
            })
    }

    /// Every language's folder, by name.
    fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.root).into_iter().flatten();
        let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        folders.sort();
        folders
    }
}

/// The languages to look for, best first. The channel's comes from outside and becomes part of
/// a path, so it is a plain tag or nothing.
fn tags(language: &str) -> impl Iterator<Item = &str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let is_tag = language.len() <= MAX_LANGUAGE_BYTES && language.bytes().all(plain);
    let language = if is_tag { language } else { "" };
    let without_region = language.split(['_', '-']).next().unwrap_or_default();
    [language, without_region, DEFAULT_LANGUAGE]
        .into_iter()
        .filter(|tag| !tag.is_empty())
}

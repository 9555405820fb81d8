//! A look at many recordings, without keeping their sound: `rustivr check`.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::PromptLibrary;
use super::find::{confined, find};
use super::load::{STACK_BYTES, probe};
use super::notices::NoticeLibrary;
use crate::ports::{Notice, PromptFolder, PromptName};

/// Files of one folder that are listed at most.
const MAX_FILES: usize = 10_000;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What is wrong, a sentence each.
    pub flaws: Vec<String>,
    /// Files of words and introductions that none of the names means, below the sounds directory.
    pub unused: Vec<String>,
    /// Names that there was no time for.
    pub left_out: usize,
}

impl PromptLibrary {
    /// Whether the prompts that are played can be, as far as their begin tells, and which files none
    /// of the `named` ones means. Takes no longer than `within` and a file.
    pub fn look(
        &self,
        played: &BTreeSet<PromptName>,
        named: &BTreeSet<PromptName>,
        within: Duration,
    ) -> Look {
        let until = Instant::now() + within;
        let reader = self.files.loader.host();
        // A decoder needs more stack than the caller may have.
        let look = || {
            let mut look = Look::default();
            for (at, name) in played.iter().enumerate() {
                if Instant::now() >= until {
                    look.left_out = played.len() - at;
                    break;
                }
                let found = find(&self.files.root, name);
                let found = found.and_then(|found| confined(&self.files.root, name, &found.path));
                let flaw = match found {
                    Ok(path) => probe(reader, &path).err(),
                    Err(why) => Some(why.to_string()),
                };
                look.flaws.extend(flaw);
            }
            // Without all names nothing can be said of the files.
            let paths = named.iter().map_while(|name| {
                let in_time = Instant::now() < until;
                in_time.then(|| {
                    find(&self.files.root, name)
                        .ok()
                        .map(|found| found.metadata)
                })
            });
            let known: Vec<_> = paths.collect();
            if known.len() == named.len() {
                let known = known
                    .into_iter()
                    .flatten()
                    .map(|meta| (meta.dev(), meta.ino()));
                look.unused = unused(&self.files.root, &known.collect());
            }
            look
        };
        with_stack(look)
    }
}

impl NoticeLibrary {
    /// What is wrong with the notices as they are spoken in a language, a sentence each.
    pub fn look(&self, language: &str) -> Vec<String> {
        let reader = self.loader.host();
        let flaw = |notice: &Notice| match self.find(*notice, language) {
            Ok(found) => probe(reader, &found.path).err(),
            Err(why) => Some(why.to_string()),
        };
        with_stack(|| Notice::ALL.iter().filter_map(flaw).collect())
    }
}

fn with_stack<T: Default + Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES);
        let thread = thread.name("rustivr-check".to_owned());
        // Without a thread nothing is known; one that panics has told so.
        let started = thread.spawn_scoped(scope, work);
        started
            .ok()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    })
}

/// The keys' folder is left out: it holds them all, whatever keys the menus have.
fn unused(root: &Path, known: &HashSet<(u64, u64)>) -> Vec<String> {
    let mut unused = Vec::new();
    for folder in [PromptFolder::Scenario, PromptFolder::MsgMp3] {
        let mut folders = vec![root.join(folder.as_str())];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries.take(MAX_FILES) {
                let path = entry.path();
                // Links lead elsewhere, and round in circles.
                let Ok(meta) = entry.metadata() else { continue };
                if meta.is_dir() {
                    folders.push(path);
                } else if meta.is_file() && !known.contains(&(meta.dev(), meta.ino())) {
                    unused.push(below(root, &path));
                }
                files += 1;
            }
            if files > MAX_FILES {
                break;
            }
        }
    }
    unused.sort();
    unused
}

fn below(root: &Path, path: &Path) -> String {
    let path: PathBuf = path.strip_prefix(root).unwrap_or(path).into();
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Sounds;
    use super::*;

    fn name(folder: PromptFolder, file: &str) -> PromptName {
        let file = file.to_owned();
        PromptName { folder, file }
    }

    /// A WAV of 8 kHz, 16 bits, 100 samples.
    fn wav() -> Vec<u8> {
        let mut file = b"RIFF\xec\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xc8\0\0\0".to_vec();
        file.extend([1, 2].repeat(100));
        file
    }

    #[test]
    fn missing_broken_and_unused_recordings_are_told() {
        let sounds = Sounds::new();
        sounds.write("scenario/hello.wav", &wav());
        sounds.write("scenario/deep/old.wav", &wav());
        sounds.write("msgMp3/broken.mp3", b"no sound");
        sounds.write("keyNum/7.wav", &wav());
        let library = PromptLibrary::new(sounds.0.clone());
        let played = BTreeSet::from([
            name(PromptFolder::Scenario, "hello.mp3"),
            name(PromptFolder::MsgMp3, "broken.mp3"),
            name(PromptFolder::MsgMp3, "gone.mp3"),
            name(PromptFolder::MsgMp3, "../x"),
        ]);
        let second = Duration::from_secs(10);
        let look = library.look(&played, &played, second);
        let words = ["`..`", "neither WAV", "no such file"];
        assert_eq!(look.flaws.len(), words.len(), "{:#?}", look.flaws);
        for (flaw, words) in look.flaws.iter().zip(words) {
            assert!(flaw.contains(words), "{flaw}");
        }
        assert_eq!(look.unused, ["scenario/deep/old.wav"]);
        let late = library.look(&played, &played, Duration::ZERO);
        assert_eq!((late.left_out, late.unused), (4, vec![]));
    }

    #[test]
    fn notices_that_no_language_has_are_told() {
        let sounds = Sounds::new();
        for notice in &Notice::ALL[1..] {
            sounds.write(&format!("en/{}.wav", notice.file()), &wav());
        }
        sounds.write("en/busy.wav", b"no sound");
        let flaws = NoticeLibrary::new(sounds.0.clone()).look("ru");
        assert_eq!(flaws.len(), 2, "{flaws:#?}");
        assert!(flaws[0].contains("enter-code") && flaws[1].contains("busy.wav"));
    }
}

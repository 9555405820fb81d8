//! Decoded sounds, shared by all calls: each file is decoded once, also when many calls
//! ask at once, and again when it changes on disk. A file that cannot be decoded is
//! remembered too. A sound is known from its begin on, and may still grow.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::ports::PromptFolder;
use crate::ports::{PromptError, Sound};

/// How much is kept, in bytes: more than an hour of prompts.
pub(super) const CAPACITY: usize = 64 << 20;

/// What an entry costs besides its samples. Keeps remembered failures bounded as well.
const ENTRY_BYTES: usize = 1024;

/// Which file. Names that mean the same file share its entry. The folder is part of it,
/// because a file was proven to lie in one folder, not in all; `None`: nothing was to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileId {
    folder: Option<PromptFolder>,
    device: u64,
    inode: u64,
}

/// Which content of the file. The change time sees what keeps length and mtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: (i64, i64),
    changed: (i64, i64),
    bytes: u64,
}

/// The identity of a file in a folder, from one `stat`.
pub(super) fn identify(folder: Option<PromptFolder>, metadata: &Metadata) -> (FileId, Stamp) {
    let id = FileId {
        folder,
        device: metadata.dev(),
        inode: metadata.ino(),
    };
    let stamp = Stamp {
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        bytes: metadata.len(),
    };
    (id, stamp)
}

/// Why there is no sound.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The file is at fault: true until it changes.
    Lasting(PromptError),
    /// The moment is at fault: the next call tries again.
    Passing(PromptError),
}

type Outcome = Result<Sound, Failure>;

/// The sounds, least recently used dropped first.
pub(super) struct Cache {
    capacity: usize,
    decodes: AtomicU64,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_file: HashMap<FileId, Entry>,
    /// Counts requests: the clock of "recently".
    now: u64,
}

struct Entry {
    stamp: Stamp,
    outcome: Arc<OnceLock<Outcome>>,
    used: u64,
}

impl Entry {
    /// What it holds so far; `None`: nothing is known of it yet, and somebody waits.
    fn bytes(&self) -> Option<usize> {
        self.outcome.get().map(|outcome| match outcome {
            Ok(sound) => ENTRY_BYTES + sound.samples.len() * size_of::<i16>(),
            Err(_) => ENTRY_BYTES,
        })
    }
}

impl Cache {
    /// Holds at most `capacity` bytes of sound besides what calls are playing. What grows is
    /// counted when the next file comes.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            decodes: AtomicU64::new(0),
            entries: Mutex::default(),
        }
    }

    /// The sound of a file, by `decode` unless it is known. Who asks for a file that is
    /// being decoded waits for it; nobody waits for another file.
    ///
    /// # Errors
    /// What `decode` failed with, now or when it last saw this content.
    pub fn get(
        &self,
        id: FileId,
        stamp: Stamp,
        decode: impl FnOnce() -> Outcome,
    ) -> Result<Sound, PromptError> {
        let cell = self.entries.lock().cell(id, stamp);
        let mut fresh = false;
        let outcome = cell.get_or_init(|| {
            fresh = true;
            self.decodes.fetch_add(1, Ordering::Relaxed);
            decode()
        });
        if fresh {
            self.entries
                .lock()
                .settle(id, &cell, outcome, self.capacity);
        }
        match outcome {
            Ok(sound) => Ok(sound.clone()),
            Err(Failure::Lasting(e) | Failure::Passing(e)) => Err(e.clone()),
        }
    }

    /// How many files were read to be decoded, with or without success.
    pub fn decodes(&self) -> u64 {
        self.decodes.load(Ordering::Relaxed)
    }

    /// How many sounds it holds, and how many files that are none.
    pub fn counts(&self) -> (usize, usize) {
        let entries = self.entries.lock();
        let outcomes = || {
            let all = entries.by_file.values();
            all.filter_map(|entry| entry.outcome.get())
        };
        let sounds = outcomes().filter(|outcome| outcome.is_ok()).count();
        (sounds, outcomes().count() - sounds)
    }
}

impl Cache {
    /// Forgets everything.
    pub fn clear(&self) {
        let forgotten = std::mem::take(&mut self.entries.lock().by_file);
        // Outside the lock: it may be the last that holds long recordings.
        drop(forgotten);
    }
}

impl Entries {
    /// Where the outcome for this content is, or is to be put.
    fn cell(&mut self, id: FileId, stamp: Stamp) -> Arc<OnceLock<Outcome>> {
        self.now += 1;
        if let Some(entry) = self.by_file.get_mut(&id)
            && entry.stamp == stamp
        {
            entry.used = self.now;
            return Arc::clone(&entry.outcome);
        }
        self.by_file.remove(&id);
        let outcome = Arc::default();
        let entry = Entry {
            stamp,
            outcome: Arc::clone(&outcome),
            used: self.now,
        };
        self.by_file.insert(id, entry);
        outcome
    }

    /// Forgets a passing failure, makes room.
    fn settle(
        &mut self,
        id: FileId,
        cell: &Arc<OnceLock<Outcome>>,
        outcome: &Outcome,
        capacity: usize,
    ) {
        // The file may have changed meanwhile: then the entry is a newer content's.
        let entry = self.by_file.get(&id);
        let is_ours = entry.is_some_and(|entry| Arc::ptr_eq(&entry.outcome, cell));
        if is_ours && matches!(outcome, Err(Failure::Passing(_))) {
            self.by_file.remove(&id);
        }
        while self.bytes() > capacity
            && let Some(oldest) = self.least_recently_used()
        {
            self.by_file.remove(&oldest);
        }
    }

    /// Among the finished ones: somebody waits for the others.
    fn least_recently_used(&self) -> Option<FileId> {
        self.by_file
            .iter()
            .filter(|(_, entry)| entry.bytes().is_some())
            .min_by_key(|(_, entry)| entry.used)
            .map(|(id, _)| *id)
    }

    fn bytes(&self) -> usize {
        self.by_file.values().filter_map(Entry::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Barrier, mpsc};
    use std::thread;

    use super::*;

    const STAMP: Stamp = Stamp {
        modified: (1, 0),
        changed: (1, 0),
        bytes: 1,
    };

    fn file(inode: u64) -> FileId {
        FileId {
            folder: Some(PromptFolder::KeyNum),
            device: 1,
            inode,
        }
    }

    fn sound(samples: usize) -> Outcome {
        Ok(Sound {
            samples: vec![0; samples].into(),
        })
    }

    fn broken() -> PromptError {
        PromptError::Undecodable("broken".into())
    }

    fn not_again() -> Outcome {
        panic!("is known already")
    }

    #[test]
    fn a_known_sound_is_shared() {
        let cache = Cache::new(CAPACITY);
        let first = cache.get(file(1), STAMP, || sound(10)).unwrap();
        let second = cache.get(file(1), STAMP, not_again).unwrap();
        assert!(first.samples.is_same(&second.samples));
    }

    #[test]
    fn new_content_is_decoded_anew() {
        let changes = [
            Stamp {
                modified: (1, 1),
                ..STAMP
            },
            Stamp {
                changed: (2, 0),
                ..STAMP
            },
            Stamp { bytes: 2, ..STAMP },
        ];
        for changed in changes {
            let cache = Cache::new(CAPACITY);
            cache.get(file(1), STAMP, || sound(10)).unwrap();
            let new = cache.get(file(1), changed, || sound(20)).unwrap();
            assert_eq!(new.samples.len(), 20);
            let bytes = cache.entries.lock().bytes();
            assert_eq!(bytes, ENTRY_BYTES + 40);
        }
    }

    #[test]
    fn a_broken_file_is_tried_once_and_a_bad_moment_again() {
        let cache = Cache::new(CAPACITY);
        let failed = cache.get(file(1), STAMP, || Err(Failure::Lasting(broken())));
        assert_eq!(failed, Err(broken()));
        assert_eq!(cache.get(file(1), STAMP, not_again), Err(broken()));
        assert_eq!((cache.counts(), cache.decodes()), ((0, 1), 1));

        let failed = cache.get(file(2), STAMP, || Err(Failure::Passing(broken())));
        assert_eq!(failed, Err(broken()));
        assert!(cache.get(file(2), STAMP, || sound(1)).is_ok());
        assert_eq!((cache.counts(), cache.decodes()), ((1, 1), 3));
    }

    #[test]
    fn the_least_recently_used_make_room() {
        let cache = Cache::new(3 * (ENTRY_BYTES + 2000));
        for inode in 1..=3 {
            cache.get(file(inode), STAMP, || sound(1000)).unwrap();
        }
        cache.get(file(1), STAMP, not_again).unwrap();
        cache.get(file(4), STAMP, || sound(1000)).unwrap();
        for kept in [1, 3, 4] {
            cache.get(file(kept), STAMP, not_again).unwrap();
        }
        assert!(
            cache
                .get(file(2), STAMP, || Err(Failure::Lasting(broken())))
                .is_err()
        );
        assert!(cache.entries.lock().bytes() <= cache.capacity);
    }

    #[test]
    fn what_is_larger_than_the_cache_still_plays() {
        let cache = Cache::new(100);
        assert_eq!(
            cache
                .get(file(1), STAMP, || sound(1000))
                .unwrap()
                .samples
                .len(),
            1000
        );
        assert_eq!(cache.entries.lock().bytes(), 0);
    }

    #[test]
    fn many_who_ask_at_once_get_one_decode() {
        let cache = Cache::new(CAPACITY);
        let decodes = AtomicU32::new(0);
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    let decode = || {
                        decodes.fetch_add(1, Ordering::Relaxed);
                        sound(10)
                    };
                    assert!(cache.get(file(1), STAMP, decode).is_ok());
                });
            }
        });
        assert_eq!(decodes.into_inner(), 1);
    }

    #[test]
    fn nobody_waits_for_another_file() {
        let cache = Cache::new(CAPACITY);
        cache.get(file(2), STAMP, || sound(2)).unwrap();
        let (started, start) = mpsc::channel();
        let (finish, finished) = mpsc::channel();
        thread::scope(|scope| {
            let cache = &cache;
            let slow = scope.spawn(move || {
                cache.get(file(1), STAMP, || {
                    started.send(()).unwrap();
                    finished.recv().unwrap();
                    sound(1)
                })
            });
            start.recv().unwrap();
            assert!(cache.get(file(2), STAMP, not_again).is_ok());
            assert!(cache.get(file(3), STAMP, || sound(3)).is_ok());
            // The slow file changes on disk while it is decoded: its new content stays.
            let newer = Stamp { bytes: 9, ..STAMP };
            assert!(cache.get(file(1), newer, || sound(9)).is_ok());
            finish.send(()).unwrap();
            assert_eq!(slow.join().unwrap().unwrap().samples.len(), 1);
            assert!(cache.get(file(1), newer, not_again).is_ok());
        });
    }
}

//! Recordings of a menu are decoded while its first ones are heard: beside the call, one after the
//! other, so that however many callers there are they cost one processor at most.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::ports::PromptName;

/// Menus that wait. One more is not prepared: its recordings are decoded when their turn comes.
const WAITING: usize = 16;

/// Looking a file up needs little.
const STACK_BYTES: usize = 256 << 10;

/// What is filled.
pub(super) trait Shelf: Send + Sync + 'static {
    /// Makes a recording ready, without waiting for its end.
    fn fetch(&self, name: &PromptName);
    /// Waits until nothing is being decoded.
    fn settle(&self);
    /// Gives everything up: what is being decoded for nobody but the shelf ends.
    fn clear(&self);
}

/// The thread that fills a shelf. Dropped, it clears the shelf and waits for the thread.
pub(super) struct Ahead<S: Shelf> {
    shelf: Arc<S>,
    menus: Option<SyncSender<Vec<PromptName>>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Shelf> Ahead<S> {
    /// Starts the thread; `Err` when the system gives none.
    pub fn start(shelf: &Arc<S>) -> io::Result<Self> {
        let (menus, waiting) = sync_channel(WAITING);
        let ending = Arc::<AtomicBool>::default();
        let thread = thread::Builder::new()
            .name("rustivr-ahead".into())
            .stack_size(STACK_BYTES)
            .spawn({
                let (shelf, ending) = (Arc::clone(shelf), Arc::clone(&ending));
                move || fill(&*shelf, &waiting, &ending)
            })?;
        Ok(Self {
            shelf: Arc::clone(shelf),
            menus: Some(menus),
            ending,
            thread: Some(thread),
        })
    }

    /// A menu's recordings, in order.
    pub fn prepare(&self, names: &[PromptName]) {
        let mut once: Vec<PromptName> = Vec::with_capacity(names.len());
        for name in names {
            if !once.contains(name) {
                once.push(name.clone());
            }
        }
        if let Some(menus) = &self.menus {
            // Full: see `WAITING`.
            let _ = menus.try_send(once);
        }
    }
}

impl<S: Shelf> Drop for Ahead<S> {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        self.menus = None;
        // Behind the flag: what is put there later, the thread itself takes away.
        self.shelf.clear();
        if let Some(thread) = self.thread.take() {
            // One that panicked has told so.
            let _ = thread.join();
        }
    }
}

/// The thread's work.
fn fill(shelf: &impl Shelf, menus: &Receiver<Vec<PromptName>>, ending: &AtomicBool) {
    for name in menus.iter().flatten() {
        if ending.load(Ordering::SeqCst) {
            return;
        }
        shelf.fetch(&name);
        if ending.load(Ordering::SeqCst) {
            shelf.clear();
        }
        shelf.settle();
    }
}

//! A thread of the directory's own that must be gone soon after it was told to go.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// A running thread. Its end shows as the other end of `ended` going away.
pub(super) struct Worker {
    thread: JoinHandle<()>,
    ended: Receiver<()>,
}

impl Worker {
    /// Starts a thread; `Err` when the system gives none.
    pub(super) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (alive, ended) = mpsc::channel();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .stack_size(512 * 1024)
            .spawn(move || {
                let _alive = alive;
                work();
            })?;
        Ok(Self { thread, ended })
    }

    /// Joins the thread, which has been told to end.
    pub(super) fn stop(self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.ended.recv_timeout(left) {
            // The crate gives no hold on a login under way. The thread ends by itself when
            // the server or the resolver lets go; it holds nothing of Asterisk's.
            Err(RecvTimeoutError::Timeout) => {
                log::warn!("a connection attempt to the database hangs and is left behind");
            }
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                // An Err would be its panic, which was reported when it happened.
                let _ = self.thread.join();
            }
        }
    }
}

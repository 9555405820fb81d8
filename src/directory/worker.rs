//! A thread of the directory's own that must be gone soon after it was told to go.

use std::io;
use std::sync::Arc;
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

/// How many pieces of work of one kind are left behind at most.
const MAX_LEFT_BEHIND: usize = 3;

/// Work of one kind that nothing can end early, such as asking for the address of a name.
#[derive(Clone, Default)]
pub(super) struct Unruly(Arc<()>);

impl Unruly {
    /// Does the work in a thread of its own and waits for it. `None`: it is late and left behind, or
    /// too much was left behind before.
    pub(super) fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let running = Arc::clone(&self.0);
        // We and this one are none of the others.
        if Arc::strong_count(&running) > MAX_LEFT_BEHIND + 1 {
            return None;
        }
        let (sender, done) = mpsc::channel();
        let thread = thread::Builder::new().name("rustivr-login".to_owned());
        let started = thread.stack_size(512 * 1024).spawn(move || {
            let made = work();
            drop(running);
            // What comes too late goes with the message.
            let _ = sender.send(made);
        });
        started.ok()?;
        let left = deadline.saturating_duration_since(Instant::now());
        done.recv_timeout(left).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_hangs_is_left_behind_and_not_done_again_without_end() {
        let unruly = Unruly::default();
        let soon = || Instant::now() + Duration::from_millis(10);
        let (hold, held) = mpsc::channel::<()>();
        let held = Arc::new(parking_lot::Mutex::new(held));
        for _ in 1..MAX_LEFT_BEHIND {
            let held = Arc::clone(&held);
            let hang = move || held.lock().recv();
            assert!(unruly.run(soon(), hang).is_none());
        }
        let long = Instant::now() + Duration::from_secs(10);
        assert_eq!(unruly.run(long, || 1), Some(1));
        let again = Arc::clone(&held);
        assert!(unruly.run(soon(), move || again.lock().recv()).is_none());
        assert_eq!(unruly.run(long, || 1), None, "too many hang");
        drop(hold);
        while unruly.run(long, || 1).is_none() {
            thread::yield_now();
        }
    }
}

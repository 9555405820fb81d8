//! Samples that may still be coming: who plays them need not wait for a long file to be read.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Signed 16-bit mono samples, shared by all who play them. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Samples(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    samples: Vec<i16>,
    end: Option<End>,
}

/// That no more will come, and what is wrong with those that came.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    flaw: Option<String>,
}

/// Adds samples. When it is dropped without an `end`, they end with that flaw.
#[derive(Debug)]
pub struct Growing(Samples);

impl Samples {
    /// None yet.
    pub fn growing() -> (Self, Growing) {
        let samples = Self(Arc::default());
        (samples.clone(), Growing(samples))
    }

    /// How many are there so far.
    pub fn len(&self) -> usize {
        self.0.state.lock().samples.len()
    }

    /// Whether there is none so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no more will come.
    pub fn is_whole(&self) -> bool {
        self.0.state.lock().end.is_some()
    }

    /// Replaces `block` by those from `start` on, `most` at most; none may be there yet. False:
    /// none are there, and none will come.
    pub fn read(&self, start: usize, most: usize, block: &mut Vec<i16>) -> bool {
        let state = self.0.state.lock();
        let rest = state.samples.get(start..).unwrap_or_default();
        block.clear();
        block.extend_from_slice(&rest[..rest.len().min(most)]);
        !rest.is_empty() || state.end.is_none()
    }

    /// Waits for all of them, but after `patience` only for the first ones.
    ///
    /// # Errors
    /// What is wrong, when they ended before any came.
    pub fn begin(&self, patience: Duration) -> Result<(), String> {
        let mut state = self.0.state.lock();
        let is_growing = |state: &mut State| state.end.is_none();
        self.0
            .changed
            .wait_while_for(&mut state, is_growing, patience);
        let is_open = |state: &mut State| state.samples.is_empty() && state.end.is_none();
        self.0.changed.wait_while(&mut state, is_open);
        match &state.end {
            Some(End { flaw: Some(why) }) if state.samples.is_empty() => Err(why.clone()),
            _ => Ok(()),
        }
    }

    /// Waits for the end: all of them.
    pub fn whole(&self) -> Vec<i16> {
        self.wait_for_end(|state| state.samples.clone())
    }

    /// Waits for the end: what is wrong with them.
    pub fn flaw(&self) -> Option<String> {
        self.wait_for_end(|state| state.end.clone().and_then(|end| end.flaw))
    }

    fn wait_for_end<T>(&self, wanted: impl FnOnce(&State) -> T) -> T {
        let mut state = self.0.state.lock();
        let is_open = |state: &mut State| state.end.is_none();
        self.0.changed.wait_while(&mut state, is_open);
        wanted(&state)
    }

    /// Whether these are the same ones, and not only equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Growing {
    /// Adds some. False: nobody is there any more who could play them.
    pub fn add(&self, samples: &[i16]) -> bool {
        self.0.0.state.lock().samples.extend_from_slice(samples);
        self.0.0.changed.notify_all();
        Arc::strong_count(&self.0.0) > 1
    }

    /// Those were all.
    pub fn end(self, flaw: Option<String>) {
        self.finish(flaw);
    }

    fn finish(&self, flaw: Option<String>) {
        let mut state = self.0.0.state.lock();
        if state.end.is_none() {
            state.samples.shrink_to_fit();
            state.end = Some(End { flaw });
            self.0.0.changed.notify_all();
        }
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.finish(Some("breaks the decoder; convert it to WAV (PCM)".into()));
    }
}

impl From<Vec<i16>> for Samples {
    fn from(samples: Vec<i16>) -> Self {
        let end = Some(End { flaw: None });
        let state = Mutex::new(State { samples, end });
        Self(Arc::new(Shared {
            state,
            changed: Condvar::new(),
        }))
    }
}

/// By what is there so far.
impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || {
            let mine = self.0.state.lock().samples.clone();
            mine == other.0.state.lock().samples
        }
    }
}

impl Eq for Samples {}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn they_can_be_read_while_they_come() {
        let (samples, growing) = Samples::growing();
        let mut block = vec![9];
        assert!(samples.read(0, 2, &mut block) && block.is_empty());
        assert!(growing.add(&[1, 2, 3]));
        assert_eq!(samples.begin(Duration::ZERO), Ok(()));
        assert!(samples.read(0, 2, &mut block));
        assert_eq!(block, [1, 2]);
        assert!(samples.read(2, 2, &mut block));
        assert_eq!(block, [3]);
        assert!(samples.read(3, 2, &mut block) && block.is_empty());
        growing.end(Some("flaw".into()));
        assert!(!samples.read(3, 2, &mut block));
        assert!(!samples.read(4, 2, &mut block));
        assert_eq!(samples.whole(), [1, 2, 3]);
        assert_eq!(samples.begin(Duration::MAX), Ok(()));
        assert_eq!(samples.flaw().as_deref(), Some("flaw"));
    }

    #[test]
    fn who_waits_is_told_of_an_end_without_any() {
        let (samples, growing) = Samples::growing();
        let waiting = thread::spawn({
            let samples = samples.clone();
            move || samples.begin(Duration::ZERO)
        });
        drop(growing);
        assert!(waiting.join().unwrap().unwrap_err().contains("decoder"));
        assert!(samples.is_whole());
    }

    #[test]
    fn who_adds_learns_that_nobody_listens() {
        let (samples, growing) = Samples::growing();
        let other = samples.clone();
        drop(samples);
        assert!(growing.add(&[1]));
        drop(other);
        assert!(!growing.add(&[1]));
    }
}

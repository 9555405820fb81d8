//! When a dial of ours was answered, and by whom. `ANSWEREDTIME` does not tell: it counts from the
//! caller's own answer, which a menu gave long before (apps/app_dial.c: end_bridge_callback).

use std::os::raw::c_char;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::guard::entry;
use super::{copied, sys};

/// The callers who are dialling, by unique id, and when they were answered.
static DIALLING: Mutex<Vec<(String, Option<Instant>)>> = Mutex::new(Vec::new());

/// Who is told of answers.
pub trait AnswerHandler {
    /// This leg, by its name, has just answered a dial of ours. Told on a thread of the host's pool, no
    /// lock held; whoever dialled goes on meanwhile.
    fn answered(leg: &str);
}

/// While it lives, answers are noticed.
pub struct Answers(NonNull<sys::stasis_subscription>);

// SAFETY: a reference counted object of the host (main/stasis.c); only `drop` uses it.
unsafe impl Send for Answers {}
// SAFETY: as above.
unsafe impl Sync for Answers {}

impl Answers {
    /// One at a time. `None`: no memory.
    pub fn subscribe<H: AnswerHandler>() -> Option<Self> {
        // SAFETY: a static callback of a library that is never unmapped (shim_events.c).
        NonNull::new(unsafe { sys::rust_ivr_answers_subscribe(answered::<H>) }).map(Self)
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // SAFETY: ours; waits for a callback under way, which takes no lock of the loader
        // (main/stasis.c: stasis_unsubscribe_and_join).
        unsafe { sys::rust_ivr_unsubscribe(self.0.as_ptr()) };
    }
}

/// One dial of a caller, until it is dropped.
pub(super) struct Dialling<'c>(&'c str);

impl<'c> Dialling<'c> {
    pub(super) fn begin(unique_id: &'c str) -> Self {
        DIALLING.lock().push((unique_id.to_owned(), None));
        Self(unique_id)
    }

    /// How long ago it was answered; zero: not yet, or only just.
    pub(super) fn talked(&self) -> Duration {
        let dialling = DIALLING.lock();
        let found = dialling.iter().find(|(unique_id, _)| unique_id == self.0);
        let answered = found.and_then(|(_, answered)| *answered);
        answered.map_or(Duration::ZERO, |answered| answered.elapsed())
    }
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        let mut dialling = DIALLING.lock();
        if let Some(at) = dialling
            .iter()
            .position(|(unique_id, _)| unique_id == self.0)
        {
            dialling.swap_remove(at);
        }
    }
}

/// Whether the dial is ours.
fn note(caller: &str, at: Option<Instant>) -> bool {
    let mut dialling = DIALLING.lock();
    let found = dialling.iter_mut().find(|(id, _)| id == caller);
    found
        .map(|(_, answered)| *answered = answered.or(at))
        .is_some()
}

entry! {
    /// shim_events.c: this leg answered a dial of this caller so many milliseconds ago.
    fn answered[H: AnswerHandler](caller: *const c_char, leg: *const c_char, ms: i64), or (); {
        let ago = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        // SAFETY: strings of the message, which lives during the call (main/stasis.c).
        let (caller, leg) = unsafe { (copied(caller), copied(leg)) };
        if note(&caller, Instant::now().checked_sub(ago)) {
            H::answered(&leg);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_talk_counts_from_the_answer_of_its_own_dial() {
        let (one, other) = (Dialling::begin("one"), Dialling::begin("other"));
        let ago = |ms| Instant::now().checked_sub(Duration::from_millis(ms));
        assert!(note("one", ago(500)));
        note("one", ago(100));
        assert!(!note("nobody", ago(500)), "not a dial of ours");
        assert!(one.talked() >= Duration::from_millis(500));
        assert_eq!(other.talked(), Duration::ZERO);
        drop(one);
        let again = Dialling::begin("one");
        assert_eq!(again.talked(), Duration::ZERO);
    }
}

//! Code of others that panics where it should give an error, such as at a malformed packet.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Runs such code; `None`: it panicked. That is no bug of ours, so the log does not say so. What the
/// code worked on must not be used again then.
pub fn foreign<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = RUNNING.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    RUNNING.set(before);
    done.ok()
}

/// Whether this thread runs code of others that may panic.
pub fn is_foreign() -> bool {
    RUNNING.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_panics_inside_is_foreign() {
        let seen = foreign(|| {
            assert!(foreign(|| panic!("theirs")).is_none());
            is_foreign()
        });
        assert_eq!((seen, is_foreign()), (Some(true), false));
    }
}

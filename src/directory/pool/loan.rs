//! A place for the snapshot's connection, where the server or the account has none to spare.

use super::{LookupError, Shared};

/// How often the place is tried: the server may count the connection that had it a moment longer.
const TRIES: usize = 3;

/// The place of a connection that was closed for it. Dropping it gives the place back.
pub(super) struct Loan<'p>(&'p Shared);

impl Shared {
    /// The place of an idle connection; `None`: there is none, or a caller waits for it.
    pub(super) fn borrow_place(&self) -> Option<Loan<'_>> {
        let mut state = self.state.lock();
        if state.waiting > 0 {
            return None;
        }
        let link = state.idle.pop()?;
        state.lent += 1;
        drop(state);
        link.close();
        Some(Loan(self))
    }
}

impl Loan<'_> {
    /// What is read in this place. Asking says, too, whether there was no place all the same.
    pub(super) fn read<T>(
        self,
        mut ask: impl FnMut() -> (Result<T, LookupError>, bool),
    ) -> Result<T, LookupError> {
        for _ in 1..TRIES {
            match ask() {
                (Err(_), true) => {}
                (read, _) => return read,
            }
        }
        ask().0
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.0.state.lock().lent -= 1;
        self.0.work.notify_one();
    }
}

//! What breaks a call at a chosen moment.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Panics in the so-many-th use of anything; half of them after the thing was done.
#[derive(Default)]
pub struct Fuse {
    left: AtomicU32,
    burnt: AtomicBool,
}

impl Fuse {
    pub fn of(uses: u32) -> Self {
        Self {
            left: uses.into(),
            ..Self::default()
        }
    }

    pub fn burn(&self) {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 1 {
            self.blow();
        }
    }

    pub fn blow(&self) {
        self.left.store(0, Ordering::Relaxed);
        self.burnt.store(true, Ordering::Relaxed);
        panic!("scripted panic");
    }

    pub fn is_burnt(&self) -> bool {
        self.burnt.load(Ordering::Relaxed)
    }
}

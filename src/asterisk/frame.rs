//! A frame that a channel gave: sound, a key, or control.

use std::os::raw::c_int;
use std::ptr::NonNull;
use std::time::Duration;

use super::sys;

/// A frame that was read; freed on drop.
#[derive(Debug)]
pub struct Frame {
    raw: NonNull<sys::ast_frame>,
    kind: sys::ast_frame_type,
    value: c_int,
    held: Duration,
}

impl Frame {
    /// Reads from a live, unlocked channel that nobody else reads now; `None` is a hangup.
    pub(super) fn read(channel: *mut sys::ast_channel) -> Option<Self> {
        // SAFETY: `wait` reads its own channel and a leg that only it uses (main/channel.c:
        // ast_read); the frame is ours to free.
        unsafe {
            let raw = NonNull::new(sys::ast_read(channel))?;
            Some(Self {
                raw,
                kind: sys::rust_ivr_frame_type(raw.as_ptr())
                    .try_into()
                    .unwrap_or(0),
                value: sys::rust_ivr_frame_value(raw.as_ptr()),
                held: Duration::from_millis(sys::rust_ivr_frame_length(raw.as_ptr()).into()),
            })
        }
    }

    pub(super) fn kind(&self) -> sys::ast_frame_type {
        self.kind
    }

    pub(super) fn value(&self) -> c_int {
        self.value
    }

    /// Of a key that was released: how long it was down.
    pub(super) fn held(&self) -> Duration {
        self.held
    }

    pub(super) fn is_control(&self, what: sys::ast_control_frame_type) -> bool {
        u32::try_from(self.value()) == Ok(what)
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_frame {
        self.raw.as_ptr()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: ours, once (main/frame.c: ast_frfree).
        unsafe { sys::rust_ivr_frame_free(self.raw.as_ptr()) };
    }
}

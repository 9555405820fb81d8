//! A side that is on hold before it has answered (183 with "sendonly") is not on hold: it sends
//! sound, and `Dial` would play music over its ringback (apps/app_dial.c: wait_for_answer).

use std::os::raw::c_int;

use super::reference::ChannelRef;
use super::sys;

/// While it lives, the channel is not put on hold by anybody who has not answered it.
pub(super) struct NoEarlyHold {
    channel: ChannelRef,
    hook: c_int,
}

impl NoEarlyHold {
    pub(super) fn on(channel: ChannelRef) -> Self {
        // SAFETY: the reference keeps the channel, which is unlocked; without memory there is no
        // hook, and its number negative (main/framehook.c: ast_framehook_attach).
        let hook = unsafe { sys::rust_ivr_no_early_hold(channel.as_ptr()) };
        Self { channel, hook }
    }
}

impl Drop for NoEarlyHold {
    fn drop(&mut self) {
        // SAFETY: the reference keeps the channel, which is unlocked; a hook that a masquerade has
        // taken off is an error result (main/framehook.c: ast_framehook_detach).
        unsafe { sys::rust_ivr_early_hold_again(self.channel.as_ptr(), self.hook) };
    }
}

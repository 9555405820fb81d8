//! A sound that one party of a bridge hears over what it hears there.

use std::marker::PhantomData;
use std::os::raw::c_int;
use std::ptr::NonNull;

use super::channel::Channel;
use super::reference::ChannelRef;
use super::sys;
use crate::ports::Sound;

/// A sound on its way; dropping it ends it. Like the channel it stays on the channel's own thread,
/// which is the one that plays it.
pub struct Whisper {
    hook: NonNull<sys::ast_audiohook>,
    channel: ChannelRef,
    only_its_own_thread: PhantomData<*const ()>,
}

impl Channel {
    /// Lets the channel alone hear a sound, over what it hears in a bridge; its bridge and its own
    /// words go on. It is heard while sound is written to the channel. `None`: no memory.
    pub fn whisper(&mut self, sound: &Sound) -> Option<Whisper> {
        let mut samples = sound.samples.whole();
        let count = c_int::try_from(samples.len()).ok()?;
        // SAFETY: own thread, unlocked; the samples are copied (main/slinfactory.c:
        // ast_slinfactory_feed).
        let hook = unsafe { sys::rust_ivr_whisper(self.as_ptr(), samples.as_mut_ptr(), count) };
        NonNull::new(hook).map(|hook| Whisper {
            hook,
            channel: self.reference(),
            only_its_own_thread: PhantomData,
        })
    }
}

impl Drop for Whisper {
    fn drop(&mut self) {
        // SAFETY: ours, taken off the channel on its own thread, so that nobody plays it now, and
        // freed once (main/audiohook.c: ast_audiohook_remove).
        unsafe { sys::rust_ivr_whisper_end(self.channel.as_ptr(), self.hook.as_ptr()) };
    }
}

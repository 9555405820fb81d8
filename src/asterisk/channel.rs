//! The caller's leg: `CallLeg` on an Asterisk channel.

use std::marker::PhantomData;
use std::os::fd::RawFd;
use std::os::raw::{c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use super::{c_string, copied, playback, sys, transfer};
use crate::ports::{CallLeg, Dialled, Gone, Heard, Sound};

/// A channel inside an application. It cannot leave its thread: only that one may use it.
pub struct Channel {
    raw: NonNull<sys::ast_channel>,
    name: String,
    only_its_own_thread: PhantomData<*const ()>,
}

impl Channel {
    /// # Safety
    /// `raw` is the live channel that Asterisk passed to an application's `exec`, on that
    /// channel's own thread, and the value is dropped before `exec` returns.
    pub(super) unsafe fn inside_application(raw: NonNull<sys::ast_channel>) -> Self {
        let mut channel = Self {
            raw,
            name: String::new(),
            only_its_own_thread: PhantomData,
        };
        // SAFETY: the name is a string of the locked channel.
        channel.name = channel.locked(|raw| unsafe { copied(sys::ast_channel_name(raw)) });
        channel
    }

    /// The caller's number (`CALLERID(num)`), empty when withheld or unknown.
    pub fn caller_number(&self) -> String {
        // SAFETY: a string of the locked channel, or a static empty one.
        self.locked(|raw| unsafe { copied(sys::rust_ivr_caller_number(raw)) })
    }

    /// The extension that was dialled (`EXTEN`).
    pub fn extension(&self) -> String {
        // SAFETY: a string of the locked channel.
        self.locked(|raw| unsafe { copied(sys::ast_channel_exten(raw)) })
    }

    /// Reads from the locked channel.
    fn locked<T>(&self, read: impl FnOnce(*mut sys::ast_channel) -> T) -> T {
        let lock = Lock::take(self.raw);
        read(lock.0.as_ptr())
    }

    /// The caller hung up, or Asterisk wants the channel for something else.
    pub fn is_gone(&self) -> bool {
        // SAFETY: takes the channel's lock itself.
        unsafe { sys::ast_check_hangup(self.raw.as_ptr()) != 0 }
    }

    /// The language of the prompts for this channel, such as `ru`.
    pub fn language(&self) -> String {
        // SAFETY: a string of the locked channel.
        self.locked(|raw| unsafe { copied(sys::ast_channel_language(raw)) })
    }

    /// The channel itself, for the other files of the border.
    pub(super) fn raw(&self) -> NonNull<sys::ast_channel> {
        self.raw
    }

    /// A reference that outlives the application.
    pub(crate) fn reference(&self) -> ChannelRef {
        // SAFETY: a live channel.
        unsafe { ChannelRef::to(self.raw) }
    }

    /// Runs Asterisk's own `Dial` with these arguments, which are taken as they are: `pbx_exec`
    /// expands no `${}`, unlike `ast_pbx_exec_application`. Returns what `Dial` returned.
    fn run_dial(&mut self, arguments: &str) -> Option<c_int> {
        let arguments = c_string(arguments);
        // SAFETY: own thread, channel unlocked; the application is looked up each time because
        // app_dial may be reloaded, and pbx_exec holds its module while it runs.
        unsafe {
            let dial = sys::pbx_findapp(c"Dial".as_ptr());
            (!dial.is_null()).then(|| sys::pbx_exec(self.raw.as_ptr(), dial, arguments.as_ptr()))
        }
    }
}

/// A counted reference to a channel. The channel may hang up meanwhile; the object stays.
pub(crate) struct ChannelRef(NonNull<sys::ast_channel>);

// SAFETY: the count is atomic (astobj2); what is called on the channel through it says for each
// function which threads may.
unsafe impl Send for ChannelRef {}
// SAFETY: as above.
unsafe impl Sync for ChannelRef {}

impl ChannelRef {
    /// # Safety
    /// `channel` is alive: somebody holds a reference during the call.
    pub(super) unsafe fn to(channel: NonNull<sys::ast_channel>) -> Self {
        // SAFETY: the caller's promise.
        unsafe { sys::rust_ivr_ref(channel.as_ptr().cast()) };
        Self(channel)
    }

    /// # Safety
    /// `channel` is a reference that the caller gives away, or NULL.
    pub(super) unsafe fn given(channel: *mut sys::ast_channel) -> Option<Self> {
        NonNull::new(channel).map(Self)
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.0.as_ptr()
    }

    pub(super) fn as_non_null(&self) -> NonNull<sys::ast_channel> {
        self.0
    }

    /// The number of whoever is at the other end of this channel; empty when unknown.
    pub(super) fn caller_number(&self) -> String {
        let lock = Lock::take(self.0);
        // SAFETY: a string of the locked channel, or a static empty one.
        unsafe { copied(sys::rust_ivr_caller_number(lock.as_ptr())) }
    }

    /// Ends the channel's stay in its bridge, if it has one; its thread goes on.
    pub(super) fn take_out_of_bridge(&self) {
        // SAFETY: the reference keeps the channel; no lock is held.
        unsafe { sys::rust_ivr_take_out_of_bridge(self.as_ptr()) };
    }

    /// The name, for the log.
    pub(crate) fn name(&self) -> String {
        let lock = Lock::take(self.0);
        // SAFETY: a string of the locked channel.
        unsafe { copied(sys::ast_channel_name(lock.as_ptr())) }
    }
}

impl Clone for ChannelRef {
    fn clone(&self) -> Self {
        // SAFETY: self holds a reference.
        unsafe { Self::to(self.0) }
    }
}

impl Drop for ChannelRef {
    fn drop(&mut self) {
        // SAFETY: our own reference.
        unsafe { sys::rust_ivr_unref(self.0.as_ptr().cast()) };
    }
}

/// A channel's lock, for reading its strings; released on drop.
pub(super) struct Lock(NonNull<sys::ast_channel>);

impl Lock {
    pub(super) fn take(channel: NonNull<sys::ast_channel>) -> Self {
        // SAFETY: taken by those who hold the channel longer than the lock.
        unsafe { sys::rust_ivr_channel_lock(channel.as_ptr()) };
        Self(channel)
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.0.as_ptr()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: locked by this thread in `take`.
        unsafe { sys::rust_ivr_channel_unlock(self.0.as_ptr()) };
    }
}

impl CallLeg for Channel {
    fn name(&self) -> &str {
        &self.name
    }

    fn answer(&mut self) -> Result<(), Gone> {
        // SAFETY: own thread, channel unlocked; answering an answered channel does nothing.
        match unsafe { sys::ast_answer(self.raw.as_ptr()) } {
            0 if !self.is_gone() => Ok(()),
            _ => Err(Gone),
        }
    }

    fn play(&mut self, sound: &Sound) -> Heard {
        // SAFETY: own thread of a live channel, unlocked.
        unsafe { playback::play(self.raw, sound, NO_BELL) }.into()
    }

    fn wait_digit(&mut self, within: Duration) -> Heard {
        // SAFETY: own thread of a live channel, unlocked.
        unsafe { wait_key(self.raw, within, NO_BELL) }.into()
    }

    fn dial(&mut self, destination: &str, ring: Option<Duration>) -> Dialled {
        let seconds = ring.map(|r| r.as_secs().to_string()).unwrap_or_default();
        self.set_variable("DIALSTATUS", "");
        // R: ringback until the other side sends sound of its own, so nobody waits in silence
        // and a carrier's announcement still comes through.
        let kept = if transfer::is_kept(destination) {
            transfer::DIAL_OPTION
        } else {
            ""
        };
        let result = self.run_dial(&format!("{destination},{seconds},R{kept}"));
        let Some(result) = result else {
            log::error!("{}: Dial does not exist: load app_dial.so", self.name);
            return Dialled::Unavailable;
        };
        let status = self.variable("DIALSTATUS").unwrap_or_default();
        dial_end(&status, result != 0 || self.is_gone())
    }

    fn variable(&self, name: &str) -> Option<String> {
        let name = c_string(name);
        let value = self.locked(|raw| {
            // SAFETY: the value is a string of the locked channel, or NULL.
            unsafe { copied(sys::pbx_builtin_getvar_helper(raw, name.as_ptr())) }
        });
        (!value.is_empty()).then_some(value)
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        // A line break out of a row must not become a header of a manager event.
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        let (name, value) = (c_string(name), c_string(&value));
        // SAFETY: locks the channel itself and copies both strings.
        unsafe {
            sys::pbx_builtin_setvar_helper(self.raw.as_ptr(), name.as_ptr(), value.as_ptr());
        }
    }
}

/// What `DIALSTATUS` means to us. Without option `g`, `Dial` returns from an answered call only
/// when it is over, and the channel goes on only if it was redirected meanwhile.
fn dial_end(status: &str, over: bool) -> Dialled {
    match status {
        "ANSWER" => Dialled::Answered,
        _ if over => Dialled::Gone,
        "CANCEL" => Dialled::Gone,
        "NOANSWER" => Dialled::NoAnswer,
        "BUSY" => Dialled::Busy,
        _ => Dialled::Unavailable,
    }
}

/// What ended a wait on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// A key was released.
    Key(char),
    /// The time ran out.
    Nothing,
    /// The descriptor that was watched besides became readable.
    Bell,
    /// The channel is to end.
    Gone,
}

impl From<Waited> for Heard {
    fn from(waited: Waited) -> Self {
        match waited {
            Waited::Key(key) => Self::Digit(key),
            Waited::Nothing | Waited::Bell => Self::Nothing,
            Waited::Gone => Self::Gone,
        }
    }
}

/// No descriptor to watch.
pub(super) const NO_BELL: RawFd = -1;

/// Waits for one key, or until `bell` is readable.
///
/// # Safety
/// As for [`Channel::inside_application`]; the channel is not locked.
pub(super) unsafe fn wait_key(
    channel: NonNull<sys::ast_channel>,
    within: Duration,
    bell: RawFd,
) -> Waited {
    let ms = c_int::try_from(within.as_millis()).unwrap_or(c_int::MAX);
    // SAFETY: the caller's promise. Returns a DTMF character when its key is released, 0 after
    // the time, 1 when the last descriptor is readable, -1 when the channel is to end
    // (asterisk/channel.h).
    let result = unsafe { sys::ast_waitfordigit_full(channel.as_ptr(), ms, ptr::null(), -1, bell) };
    match result {
        0 => Waited::Nothing,
        1 => Waited::Bell,
        key @ 2..=0x7f => Waited::Key(char::from(key as u8)),
        _ => Waited::Gone,
    }
}

/// The arguments of an application.
///
/// # Safety
/// `data` is NULL or a NUL-terminated string.
pub(super) unsafe fn arguments(data: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { copied(data) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answered_dial_is_answered_however_it_returned() {
        assert_eq!(dial_end("ANSWER", true), Dialled::Answered);
        assert_eq!(dial_end("ANSWER", false), Dialled::Answered);
    }

    #[test]
    fn a_caller_who_left_is_gone_whatever_the_target_did() {
        for status in ["CANCEL", "NOANSWER", "BUSY", "CHANUNAVAIL", ""] {
            assert_eq!(dial_end(status, true), Dialled::Gone);
        }
    }

    #[test]
    fn failures_are_told_apart() {
        assert_eq!(dial_end("NOANSWER", false), Dialled::NoAnswer);
        assert_eq!(dial_end("BUSY", false), Dialled::Busy);
        for status in ["CONGESTION", "CHANUNAVAIL", "INVALIDARGS", "DONTCALL", ""] {
            assert_eq!(dial_end(status, false), Dialled::Unavailable);
        }
    }
}

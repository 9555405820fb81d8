//! Channels: one's own inside an application, references to others, and legs that we made.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::raw::{c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use super::context::Place;
use super::{c_string, copied, sys};
use crate::ports::{Dialled, Gone};

/// A channel inside an application. It cannot leave its thread, and only that one may use it: who
/// has it mutably is on its own thread, with the channel unlocked.
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
        let name = channel.lock().text(sys::ast_channel_name);
        channel.name = name;
        channel
    }

    /// The channel's name, as the CLI shows it: when the application began.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The caller's number (`CALLERID(num)`), empty when withheld or unknown.
    pub fn caller_number(&self) -> String {
        self.lock().text(sys::rust_ivr_caller_number)
    }

    /// The extension that was dialled (`EXTEN`).
    pub fn extension(&self) -> String {
        self.lock().text(sys::ast_channel_exten)
    }

    /// The language of the recordings for this channel, such as `ru`.
    pub fn language(&self) -> String {
        self.lock().text(sys::ast_channel_language)
    }

    /// The caller hung up, or Asterisk wants the channel for something else. Right on the own
    /// thread only: another one may set it at any time (main/channel.c: ast_check_hangup takes no
    /// lock).
    pub fn is_gone(&self) -> bool {
        // SAFETY: own thread of a live channel (main/channel.c: ast_check_hangup).
        unsafe { sys::ast_check_hangup(self.raw.as_ptr()) != 0 }
    }

    /// Whether the application runs inside a bridge, from a feature code.
    pub fn is_bridged(&self) -> bool {
        self.lock().read(sys::ast_channel_is_bridged) != 0
    }

    /// A channel variable; `None` when it is unset or empty.
    pub fn variable(&self, name: &CStr) -> Option<String> {
        let value = self.lock().variable(name);
        (!value.is_empty()).then_some(value)
    }

    /// Sets a channel variable. The value is taken as it is, nothing in it is expanded; control
    /// characters are left out: a line break must not become a header of a manager event.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        let (name, value) = (c_string(name), c_string(&value));
        // SAFETY: locks the channel itself and copies both strings (main/pbx_variables.c:
        // pbx_builtin_setvar_helper); the names are constants of ours.
        unsafe {
            sys::pbx_builtin_setvar_helper(self.raw.as_ptr(), name.as_ptr(), value.as_ptr());
        }
    }

    /// Answers the channel unless it is up already.
    pub fn answer(&mut self) -> Result<(), Gone> {
        // SAFETY: own thread, unlocked; answering an answered channel does nothing
        // (main/channel.c: ast_raw_answer).
        match unsafe { sys::ast_answer(self.raw.as_ptr()) } {
            0 if !self.is_gone() => Ok(()),
            _ => Err(Gone),
        }
    }

    /// Rings a `Dial()` destination with Asterisk's own `Dial` and, when answered, stays until the
    /// talk is over. `ring`: whole seconds; `None` rings without limit. `options` are Dial's own
    /// letters. All of it is taken as it is: `pbx_exec` expands no `${}`, unlike
    /// `ast_pbx_exec_application`.
    pub fn dial(&mut self, destination: &str, ring: Option<Duration>, options: &str) -> Dialled {
        let seconds = ring.map(|r| r.as_secs().to_string()).unwrap_or_default();
        self.set_variable("DIALSTATUS", "");
        let arguments = c_string(&format!("{destination},{seconds},{options}"));
        // SAFETY: own thread, unlocked; the application is looked up each time because app_dial
        // may be reloaded, and main/pbx_app.c: pbx_exec holds its module while it runs.
        let result = unsafe {
            let dial = sys::pbx_findapp(c"Dial".as_ptr());
            (!dial.is_null()).then(|| sys::pbx_exec(self.raw.as_ptr(), dial, arguments.as_ptr()))
        };
        let Some(result) = result else {
            log::error!("{}: Dial does not exist: load app_dial.so", self.name);
            return Dialled::Unavailable;
        };
        let status = self.variable(c"DIALSTATUS").unwrap_or_default();
        dial_end(&status, result != 0 || self.is_gone())
    }

    /// Plays music on hold, a class of `musiconhold.conf`; `None` ends it.
    pub fn hold_music(&mut self, class: Option<&str>) {
        let class = class.map(c_string);
        // SAFETY: own thread; locks the channel and copies the class (main/channel.c:
        // ast_moh_start, ast_moh_stop).
        unsafe {
            match class {
                Some(class) => {
                    sys::ast_moh_start(self.as_ptr(), class.as_ptr(), ptr::null());
                }
                None => sys::ast_moh_stop(self.as_ptr()),
            }
        }
    }

    /// A reference that outlives the application.
    pub fn reference(&self) -> ChannelRef {
        ChannelRef::to(&self.raw)
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.raw.as_ptr()
    }

    pub(super) fn lock(&self) -> Lock<'_> {
        Lock::take(&self.raw)
    }
}

/// A counted reference to a channel. The channel may hang up meanwhile; the object stays. The last
/// reference frees the channel and what it carries: never drop one under a lock of ours.
pub struct ChannelRef(NonNull<sys::ast_channel>);

// SAFETY: the count is atomic (main/astobj2.c); each method below calls what any thread may call.
unsafe impl Send for ChannelRef {}
// SAFETY: as above.
unsafe impl Sync for ChannelRef {}

impl ChannelRef {
    /// The pointer stands in a value that keeps the channel alive during the call.
    fn to(channel: &NonNull<sys::ast_channel>) -> Self {
        // SAFETY: alive, see above (main/astobj2.c: the count is atomic).
        unsafe { sys::rust_ivr_ref(channel.as_ptr().cast()) };
        Self(*channel)
    }

    /// # Safety
    /// `channel` is a reference that the caller gives away, or NULL.
    pub(super) unsafe fn given(channel: *mut sys::ast_channel) -> Option<Self> {
        NonNull::new(channel).map(Self)
    }

    /// The channel of this name, if there is one.
    pub fn by_name(name: &str) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let name = c_string(name);
        // SAFETY: a reference for us, or NULL (main/channel.c: ast_channel_get_by_name).
        unsafe { Self::given(sys::ast_channel_get_by_name(name.as_ptr())) }
    }

    /// All channels of this Asterisk at this moment.
    pub fn all() -> Vec<Self> {
        let mut channels = Vec::new();
        // SAFETY: the iterator is ours; each channel that it returns is a reference for us
        // (main/channel.c: ast_channel_iterator_next).
        unsafe {
            let iterator = sys::ast_channel_iterator_all_new();
            if iterator.is_null() {
                return channels;
            }
            while let Some(channel) = Self::given(sys::ast_channel_iterator_next(iterator)) {
                channels.push(channel);
            }
            sys::ast_channel_iterator_destroy(iterator);
        }
        channels
    }

    /// The name now.
    pub fn name(&self) -> String {
        self.lock().text(sys::ast_channel_name)
    }

    /// The number of whoever is at the other end of this channel; empty when unknown.
    pub fn caller_number(&self) -> String {
        self.lock().text(sys::rust_ivr_caller_number)
    }

    /// Where a transfer of this channel looks extensions up: `TRANSFER_CONTEXT`, else the
    /// channel's own context, as the core does (main/bridge.c: ast_bridge_transfer_blind's users).
    pub fn transfer_context(&self) -> String {
        let lock = self.lock();
        match lock.variable(c"TRANSFER_CONTEXT") {
            unset if unset.is_empty() => lock.text(sys::ast_channel_context),
            wanted => wanted,
        }
    }

    /// The other side of a bridge of two.
    pub fn bridge_peer(&self) -> Option<Self> {
        // SAFETY: takes the locks itself and returns a reference for us, or NULL (main/channel.c:
        // ast_channel_bridge_peer).
        unsafe { Self::given(sys::ast_channel_bridge_peer(self.as_ptr())) }
    }

    /// Whether the other side holds this channel: it was told so by AST_CONTROL_HOLD, which
    /// main/channel.c: ast_indicate_data keeps.
    pub fn is_held(&self) -> bool {
        self.lock().read(sys::ast_channel_hold_state) == sys::AST_CONTROL_HOLD as c_int
    }

    /// Whether both are one channel.
    pub fn is(&self, own: &Channel) -> bool {
        self.0 == own.raw
    }

    /// Ends the channel's stay in its bridge, if it has one; its thread goes on.
    pub fn take_out_of_bridge(&self) {
        // SAFETY: the reference keeps the channel; no lock is held (main/bridge_channel.c:
        // ast_bridge_channel_leave_bridge).
        unsafe { sys::rust_ivr_take_out_of_bridge(self.as_ptr()) };
    }

    /// Sends two channels of one bridge to a place of the dialplan at once: neither is hung up
    /// because the other left. False: Asterisk would not send one of them.
    pub fn send_both(both: [&Self; 2], to: Place) -> bool {
        let _stay = both.map(StaysInBridge::hold);
        both.map(|channel| channel.send(to))
            .iter()
            .all(|sent| *sent)
    }

    fn send(&self, to: Place) -> bool {
        let (context, extension) = (to.context.as_ptr(), to.extension.as_ptr());
        // SAFETY: a live channel, no lock held, strings are copied (main/bridge_after.c;
        // main/pbx.c: ast_async_goto).
        unsafe {
            sys::ast_bridge_discard_after_goto(self.as_ptr());
            sys::ast_async_goto(self.as_ptr(), context, extension, 1) == 0
        }
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.0.as_ptr()
    }

    pub(super) fn lock(&self) -> Lock<'_> {
        Lock::take(&self.0)
    }
}

impl Clone for ChannelRef {
    fn clone(&self) -> Self {
        Self::to(&self.0)
    }
}

impl Drop for ChannelRef {
    fn drop(&mut self) {
        // SAFETY: our own reference (main/astobj2.c).
        unsafe { sys::rust_ivr_unref(self.0.as_ptr().cast()) };
    }
}

/// While it lives, the channel does not leave its bridge because the other side left, as for AMI's
/// Redirect with ExtraChannel (main/manager.c: action_redirect). The bridge's thread spins
/// meanwhile (main/bridge_channel.c: bridge_channel_internal_join), so it must not live long.
pub(super) struct StaysInBridge<'c>(&'c ChannelRef);

impl<'c> StaysInBridge<'c> {
    pub(super) fn hold(channel: &'c ChannelRef) -> Self {
        let stays = Self(channel);
        stays.set(true);
        stays
    }

    fn set(&self, on: bool) {
        // SAFETY: locks the channel itself (main/channel.c: ast_channel_set_flag).
        unsafe { sys::rust_ivr_dual_redirect_wait(self.0.as_ptr(), c_int::from(on)) };
    }
}

impl Drop for StaysInBridge<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// A leg that we made and that no thread uses yet. Dropping it hangs up.
pub struct Outgoing(NonNull<sys::ast_channel>);

impl Outgoing {
    /// # Safety
    /// `channel` is a channel without a thread, PBX or bridge, and the caller's own, or NULL.
    pub(super) unsafe fn given(channel: *mut sys::ast_channel) -> Option<Self> {
        NonNull::new(channel).map(Self)
    }

    /// A reference that outlives this value.
    pub fn reference(&self) -> ChannelRef {
        ChannelRef::to(&self.0)
    }

    /// Runs the dialplan from a place on, on a thread of its own that hangs up in the end. False:
    /// no thread, and the leg has been hung up.
    pub fn run_dialplan(self, from: Place) -> bool {
        // SAFETY: ours and not in use; strings are copied under the lock. main/pbx.c:
        // ast_pbx_start takes the channel when it succeeds.
        unsafe {
            let lock = self.lock();
            sys::ast_channel_context_set(lock.as_ptr(), from.context.as_ptr());
            sys::ast_channel_exten_set(lock.as_ptr(), from.extension.as_ptr());
            sys::ast_channel_priority_set(lock.as_ptr(), 1);
            drop(lock);
            let started = sys::ast_pbx_start(self.as_ptr()) == sys::AST_PBX_SUCCESS;
            if started {
                self.give();
            }
            started
        }
    }

    /// Gives the channel away.
    pub(super) fn give(self) -> *mut sys::ast_channel {
        let raw = self.as_ptr();
        std::mem::forget(self);
        raw
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.0.as_ptr()
    }

    pub(super) fn lock(&self) -> Lock<'_> {
        Lock::take(&self.0)
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        // SAFETY: ours, in use by nobody, and not used after this (main/channel.c: ast_hangup).
        unsafe { sys::ast_hangup(self.0.as_ptr()) };
    }
}

/// One of the host's readers, which only looks at the channel.
type Reader<T> = unsafe extern "C" fn(*const sys::ast_channel) -> T;

/// A channel's lock, for reading its strings; released on drop.
pub(super) struct Lock<'c>(NonNull<sys::ast_channel>, PhantomData<&'c ()>);

impl<'c> Lock<'c> {
    /// The pointer stands in a value that keeps the channel alive, and the lock borrows it.
    fn take(channel: &'c NonNull<sys::ast_channel>) -> Self {
        // SAFETY: alive, see above; an ao2 lock is recursive (main/astobj2.c).
        unsafe { sys::rust_ivr_channel_lock(channel.as_ptr()) };
        Self(*channel, PhantomData)
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.0.as_ptr()
    }

    /// What one of the host's readers says.
    pub(super) fn read<T>(&self, read: Reader<T>) -> T {
        // SAFETY: an accessor of the host (main/channel_internal_api.c, main/channel.c) on a live
        // and locked channel.
        unsafe { read(self.as_ptr()) }
    }

    /// A copy of one of the channel's strings.
    pub(super) fn text(&self, read: Reader<*const c_char>) -> String {
        // SAFETY: the string of a channel stays until it is unlocked (asterisk/channel.h).
        unsafe { copied(self.read(read)) }
    }

    /// A copy of a variable, the dialplan's or a global one; empty when unset.
    pub(super) fn variable(&self, name: &CStr) -> String {
        // SAFETY: the value is a string of the locked channel, or NULL (main/pbx_variables.c:
        // pbx_builtin_getvar_helper).
        unsafe { copied(sys::pbx_builtin_getvar_helper(self.as_ptr(), name.as_ptr())) }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // SAFETY: locked by this thread in `take` (main/astobj2.c).
        unsafe { sys::rust_ivr_channel_unlock(self.0.as_ptr()) };
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

//! Channels: one's own inside an application, and legs that we made.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::time::Duration;

use super::answers::Dialling;
use super::context::{Place, Position};
use super::early_hold::NoEarlyHold;
use super::host::tell_if_shutting_down;
use super::lock::Lock;
use super::reference::ChannelRef;
use super::tones::Tones;
use super::{c_string, sys};
use crate::ports::{Dialled, Gone};

/// A channel inside an application. It cannot leave its thread, and only that one may use it: who
/// has it mutably is on its own thread, with the channel unlocked.
pub struct Channel {
    raw: NonNull<sys::ast_channel>,
    name: String,
    pub(super) tones: Option<Tones>,
    talked: Duration,
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
            tones: None,
            talked: Duration::ZERO,
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

    /// Whether the caller's number is not to be shown.
    pub fn is_withheld(&self) -> bool {
        self.lock().read(sys::rust_ivr_caller_is_withheld) != 0
    }

    /// The channel's unique id, as in CDR.
    pub fn unique_id(&self) -> String {
        self.lock().text(sys::ast_channel_uniqueid)
    }

    /// The context of the dialplan that it is in.
    pub fn context(&self) -> String {
        self.lock().text(sys::ast_channel_context)
    }

    /// The extension that was dialled (`EXTEN`).
    pub fn extension(&self) -> String {
        self.lock().text(sys::ast_channel_exten)
    }

    /// The number that was dialled when the call came in (`CALLERID(dnid)`); empty on legs that we
    /// or `Dial` called.
    pub fn dialled_number(&self) -> String {
        self.lock().text(sys::rust_ivr_dialled_number)
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
    /// `ast_pbx_exec_application`. `DIALSTATUS` and `ANSWEREDTIME` are of this dial: the application
    /// empties them first of all (apps/app_dial.c: dial_exec_full).
    pub fn dial(&mut self, destination: &str, ring: Option<Duration>, options: &str) -> Dialled {
        let seconds = ring.map(|r| r.as_secs().to_string()).unwrap_or_default();
        let arguments = c_string(&format!("{destination},{seconds},{options}"));
        let _no_early_hold = NoEarlyHold::on(self.reference());
        let unique_id = self.unique_id();
        let dialling = Dialling::begin(&unique_id);
        // SAFETY: own thread, unlocked; the application is looked up each time because app_dial
        // may be reloaded, and main/pbx_app.c: pbx_exec holds its module while it runs.
        let dialled = unsafe {
            let dial = sys::pbx_findapp(c"Dial".as_ptr());
            (!dial.is_null()).then(|| sys::pbx_exec(self.raw.as_ptr(), dial, arguments.as_ptr()))
        };
        self.talked = dialling.talked();
        if dialled.is_none() {
            log::error!("{}: Dial does not exist: load app_dial.so", self.name);
            return Dialled::Unavailable;
        }
        let status = self.variable(c"DIALSTATUS").unwrap_or_default();
        let talked = self.variable(c"ANSWEREDTIME").is_some();
        let end = dial_end(&status, talked, self.is_gone());
        if end == Dialled::Unavailable {
            tell_if_shutting_down();
        }
        end
    }

    /// How long the talk of the last dial was, zero if there was none.
    pub fn talked(&self) -> Duration {
        self.talked
    }

    /// Goes back to a position of the dialplan: when the application returns, the priority after
    /// that one is next, as if its own application had returned.
    pub fn go_back_to(&mut self, position: &Position) {
        let lock = self.lock();
        // SAFETY: own thread, locked; strings are copied (main/pbx.c: __ast_pbx_run adds one to the
        // priority after an application).
        unsafe {
            sys::ast_channel_context_set(lock.as_ptr(), position.context.as_ptr());
            sys::ast_channel_exten_set(lock.as_ptr(), position.extension.as_ptr());
            sys::ast_channel_priority_set(lock.as_ptr(), position.priority);
        }
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

    /// Whether digits in the caller's sound (in band) count from now on, in every wait.
    pub fn hear_tones(&mut self, on: bool) {
        self.tones = on.then(Tones::new).flatten();
    }

    /// A reference that outlives the application.
    pub fn reference(&self) -> ChannelRef {
        ChannelRef::to(&self.raw)
    }

    /// Whether the reference is to this channel.
    pub fn is(&self, other: &ChannelRef) -> bool {
        self.as_ptr() == other.as_ptr()
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.raw.as_ptr()
    }

    pub(super) fn lock(&self) -> Lock<'_> {
        Lock::take(&self.raw)
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
            let started = sys::rust_ivr_start_pbx(self.as_ptr()) == 0;
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

/// What `DIALSTATUS` means to us. What `Dial` returns does not count: -1 also comes with the caller
/// still there, when a codec cannot be translated, forwards are exhausted or the destination is
/// empty (apps/app_dial.c: wait_for_answer, dial_exec_full). It says ANSWER before it makes the two
/// legs compatible; that they talked is known by `ANSWEREDTIME`, which the bridge's end sets.
fn dial_end(status: &str, talked: bool, gone: bool) -> Dialled {
    match status {
        "ANSWER" if talked || gone => Dialled::Answered,
        _ if gone => Dialled::Gone,
        "CANCEL" => Dialled::Gone,
        "NOANSWER" => Dialled::NoAnswer,
        "BUSY" => Dialled::Busy,
        _ => Dialled::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: bool = false;
    const GONE: bool = true;

    #[test]
    fn a_talk_is_a_talk_whoever_ended_it() {
        assert_eq!(dial_end("ANSWER", true, GONE), Dialled::Answered);
        assert_eq!(dial_end("ANSWER", true, THERE), Dialled::Answered);
        assert_eq!(dial_end("ANSWER", false, GONE), Dialled::Answered);
    }

    #[test]
    fn an_answer_without_a_talk_is_none() {
        assert_eq!(dial_end("ANSWER", false, THERE), Dialled::Unavailable);
    }

    #[test]
    fn a_caller_who_left_is_gone_whatever_the_target_did() {
        for status in ["CANCEL", "NOANSWER", "BUSY", "CHANUNAVAIL", ""] {
            assert_eq!(dial_end(status, false, GONE), Dialled::Gone);
        }
        assert_eq!(dial_end("CANCEL", false, THERE), Dialled::Gone);
    }

    #[test]
    fn failures_are_told_apart_while_the_caller_is_there() {
        assert_eq!(dial_end("NOANSWER", false, THERE), Dialled::NoAnswer);
        assert_eq!(dial_end("BUSY", false, THERE), Dialled::Busy);
        for status in ["CONGESTION", "CHANUNAVAIL", "INVALIDARGS", "DONTCALL", ""] {
            assert_eq!(dial_end(status, false, THERE), Dialled::Unavailable);
        }
    }
}

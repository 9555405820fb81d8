//! One attempt to reach somebody by telephone while a channel waits. `Dial` would bridge the two;
//! here the caller decides where the one who answers goes.

use std::ffi::{CStr, CString};
use std::os::fd::BorrowedFd;
use std::os::raw::c_int;
use std::ptr;
use std::time::{Duration, Instant};

use super::channel::{Channel, Outgoing};
use super::frame::Frame;
use super::host::tell_if_shutting_down;
use super::wait::{LegEvent, Woken};
use super::{c_string, sys};
use crate::ports::Dialled;

/// A telephone that rings. Dropping it hangs up.
pub struct DialAttempt {
    leg: Outgoing,
    /// What was dialled, for the dial's own events.
    address: CString,
    until: Instant,
    /// Whether the one who waits may hear the other side before it answers.
    early_media: bool,
    /// Whether the one who waits hears our ringback.
    ringback: bool,
    waiting: Waiting,
}

/// What the one who waits hears meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// How it rings, or the carrier's announcement.
    Ringback,
    /// Music, which somebody else plays.
    Music,
}

/// What happened while it rang.
pub enum Ring {
    /// The one who waits pressed a key; it rings on.
    Key(char, DialAttempt),
    /// The watched descriptor is readable; it rings on.
    Alert(DialAttempt),
    /// The one who waits is gone; it rings on.
    WaiterGone(DialAttempt),
    /// Somebody answered.
    Answered(Outgoing),
    /// It ended otherwise.
    Failed(Dialled),
}

impl DialAttempt {
    /// Dials `destination` (`TECH/address`) on behalf of `waiter`, for `ring` at most. `number` is
    /// the caller id of the new leg, for those whom it calls later; empty: none.
    pub fn begin(
        waiter: &mut Channel,
        destination: &str,
        number: &str,
        ring: Duration,
        waiting: Waiting,
    ) -> Result<Self, Dialled> {
        let (tech, address) = destination.split_once('/').ok_or(Dialled::Unavailable)?;
        let (tech, address, number) = (c_string(tech), c_string(address), c_string(number));
        let from = waiter.as_ptr();
        let mut cause: c_int = 0;
        // SAFETY: own thread of a live channel, unlocked; strings are copied; the new channel is
        // ours, or NULL with the cause (main/channel.c: ast_request).
        let leg = unsafe {
            Outgoing::given(sys::rust_ivr_request(
                tech.as_ptr(),
                address.as_ptr(),
                from,
                &raw mut cause,
            ))
        }
        .ok_or_else(|| {
            tell_if_shutting_down();
            end_of(cause)
        })?;
        // SAFETY: both are alive and unlocked; the new one is not in use yet; strings are copied
        // (shim.c; main/channel.c: ast_call).
        let called = unsafe {
            let to = leg.as_ptr();
            sys::rust_ivr_prepare_leg(to, from, number.as_ptr()) == 0
                && sys::ast_call(to, address.as_ptr(), 0) == 0
        };
        if !called {
            return Err(Dialled::Unavailable);
        }
        let attempt = Self {
            leg,
            address,
            until: Instant::now() + ring,
            early_media: false,
            ringback: waiting == Waiting::Ringback,
            waiting,
        };
        attempt.publish(waiter, None);
        attempt.ring_on(waiter);
        Ok(attempt)
    }

    /// Services both channels until anything happens.
    pub fn listen(mut self, waiter: &mut Channel, alert: Option<BorrowedFd<'_>>) -> Ring {
        loop {
            match waiter.wait(self.until, alert, Some(&self.leg)) {
                Woken::Key(key) => return Ring::Key(key, self),
                Woken::Alert => return Ring::Alert(self),
                Woken::Gone => return Ring::WaiterGone(self),
                Woken::Elapsed => return self.fail(waiter, Dialled::NoAnswer),
                Woken::Leg(LegEvent::Gone) => {
                    let cause = self.leg.lock().read(sys::ast_channel_hangupcause);
                    return self.fail(waiter, end_of(cause));
                }
                Woken::Leg(LegEvent::Frame(frame)) => match self.said(waiter, &frame) {
                    None => {}
                    Some(Dialled::Answered) => {
                        self.finish(waiter, Dialled::Answered);
                        return Ring::Answered(self.leg);
                    }
                    Some(end) => return self.fail(waiter, end),
                },
            }
        }
    }

    /// Lets the one who waits hear ringback, again after a sound of its own: that ended it.
    pub fn ring_on(&self, waiter: &mut Channel) {
        if self.ringback {
            indicate(waiter, sys::AST_CONTROL_RINGING as c_int);
        }
    }

    /// Gives up while it rings.
    pub fn cancel(mut self, waiter: &mut Channel) {
        self.finish(waiter, Dialled::Gone);
    }

    /// How the dial ends by what the telephone says, if it does.
    fn said(&mut self, waiter: &mut Channel, frame: &Frame) -> Option<Dialled> {
        if !self
            .leg
            .lock()
            .text(sys::ast_channel_call_forward)
            .is_empty()
        {
            log::warn!(
                "{}: the telephone asks to be forwarded (302), which is refused",
                waiter.name()
            );
            return Some(Dialled::Unavailable);
        }
        if frame.kind() == sys::AST_FRAME_VOICE && self.early_media {
            self.end_ringback(waiter);
            // SAFETY: own thread of the waiter, unlocked; the frame stays ours (main/channel.c:
            // ast_write).
            unsafe { sys::ast_write(waiter.as_ptr(), frame.as_ptr()) };
        }
        if frame.kind() != sys::AST_FRAME_CONTROL {
            return None;
        }
        match u32::try_from(frame.value()).unwrap_or(0) {
            sys::AST_CONTROL_ANSWER => Some(Dialled::Answered),
            sys::AST_CONTROL_BUSY => Some(Dialled::Busy),
            sys::AST_CONTROL_CONGESTION => Some(Dialled::Unavailable),
            sys::AST_CONTROL_PROGRESS => {
                self.let_hear(waiter);
                None
            }
            _ => None,
        }
    }

    /// The first sound of the other side will replace our ringback: some say 183 and send none.
    fn let_hear(&mut self, waiter: &mut Channel) {
        if self.waiting == Waiting::Ringback && !self.early_media {
            // SAFETY: own thread of the waiter; both unlocked (main/channel.c:
            // ast_channel_make_compatible).
            self.early_media = unsafe {
                sys::ast_channel_make_compatible(waiter.as_ptr(), self.leg.as_ptr()) == 0
            };
        }
    }

    fn fail(mut self, waiter: &mut Channel, end: Dialled) -> Ring {
        self.finish(waiter, end);
        Ring::Failed(end)
    }

    /// The dial is over: our ringback stops, and CDR, CEL and AMI hear how.
    fn finish(&mut self, waiter: &mut Channel, end: Dialled) {
        self.publish(waiter, Some(status_of(end)));
        self.end_ringback(waiter);
    }

    fn end_ringback(&mut self, waiter: &mut Channel) {
        if self.ringback {
            indicate(waiter, -1);
            self.ringback = false;
        }
    }

    fn publish(&self, waiter: &Channel, status: Option<&CStr>) {
        // SAFETY: both are alive; locks are taken inside (main/stasis_channels.c:
        // ast_channel_publish_dial).
        unsafe {
            sys::ast_channel_publish_dial(
                waiter.as_ptr(),
                self.leg.as_ptr(),
                self.address.as_ptr(),
                status.map_or(ptr::null(), CStr::as_ptr),
            );
        }
    }
}

/// What the channel's phone is to sound like; -1 is nothing.
fn indicate(channel: &mut Channel, what: c_int) {
    // SAFETY: own thread, unlocked (main/channel.c: ast_indicate).
    unsafe { sys::ast_indicate(channel.as_ptr(), what) };
}

/// What a hangup cause (Q.850) means to somebody who dialled.
fn end_of(cause: c_int) -> Dialled {
    match u32::try_from(cause).unwrap_or(0) {
        sys::AST_CAUSE_BUSY => Dialled::Busy,
        sys::AST_CAUSE_NO_ANSWER | sys::AST_CAUSE_NO_USER_RESPONSE => Dialled::NoAnswer,
        _ => Dialled::Unavailable,
    }
}

/// `DIALSTATUS`'s word for the dial's events.
const fn status_of(end: Dialled) -> &'static CStr {
    match end {
        Dialled::Answered => c"ANSWER",
        Dialled::NoAnswer => c"NOANSWER",
        Dialled::Busy => c"BUSY",
        Dialled::Unavailable => c"CHANUNAVAIL",
        Dialled::Gone => c"CANCEL",
    }
}

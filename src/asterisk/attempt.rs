//! One attempt to reach somebody by telephone while somebody else waits: the third person of a
//! conference, or a manager who is called back. `Dial` would bridge the two; a room wants to
//! decide itself where the one who answers goes.

use std::os::fd::RawFd;
use std::os::raw::{c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use super::channel::{Channel, Lock};
use super::{c_string, copied, sys};
use crate::ports::{CallLeg, Dialled};

/// A telephone that rings. Dropping it hangs up.
pub(super) struct Attempt {
    channel: Option<NonNull<sys::ast_channel>>,
    /// What was dialled, for the dial's own events.
    address: std::ffi::CString,
    until: Instant,
    /// Whether the one who waits hears the other side's sound.
    early_sound: bool,
    waiting: Waiting,
}

/// What the one who waits hears meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// How it rings, or the carrier's announcement.
    Ringback,
    /// Music, which somebody else plays.
    Music,
}

/// What happened while it rang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ring {
    /// The one who waits pressed a key.
    Key(char),
    /// The bell rang.
    Bell,
    /// The one who waits is gone.
    WaiterGone,
    /// Somebody answered: [`Attempt::answered`] hands the channel over.
    Answered,
    /// It ended otherwise.
    Failed(Dialled),
}

impl Attempt {
    /// Dials `destination` (`TECH/address`) on behalf of `waiter`.
    pub(super) fn begin(
        waiter: &Channel,
        destination: &str,
        ring: Duration,
        waiting: Waiting,
    ) -> Result<Self, Dialled> {
        let (tech, address) = destination.split_once('/').ok_or(Dialled::Unavailable)?;
        let (tech, address) = (c_string(tech), c_string(address));
        let mut cause: c_int = 0;
        let from = waiter.raw().as_ptr();
        // SAFETY: own thread of a live channel, unlocked; strings are copied.
        let channel =
            unsafe { sys::rust_ivr_request(tech.as_ptr(), address.as_ptr(), from, &raw mut cause) };
        let channel = NonNull::new(channel).ok_or_else(|| end_of(cause))?;
        let attempt = Self {
            channel: Some(channel),
            address,
            until: Instant::now() + ring,
            early_sound: false,
            waiting,
        };
        // SAFETY: both are alive; the new one is not in use yet. Locked as a pair, as the host's
        // lock order wants (asterisk/channel.h: ast_channel_lock_both).
        unsafe {
            sys::rust_ivr_lock_both(channel.as_ptr(), from);
            sys::ast_channel_inherit_variables(from, channel.as_ptr());
            sys::rust_ivr_connect_caller(channel.as_ptr(), from);
            sys::ast_channel_language_set(channel.as_ptr(), sys::ast_channel_language(from));
            sys::ast_channel_req_accountcodes(
                channel.as_ptr(),
                from,
                sys::AST_CHANNEL_REQUESTOR_BRIDGE_PEER,
            );
            sys::rust_ivr_channel_unlock(from);
            sys::rust_ivr_channel_unlock(channel.as_ptr());
            if sys::ast_call(channel.as_ptr(), attempt.address.as_ptr(), 0) != 0 {
                return Err(Dialled::Unavailable);
            }
            sys::ast_channel_publish_dial(
                from,
                channel.as_ptr(),
                attempt.address.as_ptr(),
                ptr::null(),
            );
            if waiting == Waiting::Ringback {
                sys::ast_indicate(from, sys::AST_CONTROL_RINGING as c_int);
            }
        }
        Ok(attempt)
    }

    /// Services both channels until anything happens.
    pub(super) fn listen(&mut self, waiter: &Channel, bell: RawFd) -> Ring {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            let Some(channel) = self.channel.filter(|_| !left.is_zero()) else {
                return self.failed(waiter, Dialled::NoAnswer);
            };
            let mut both = [waiter.raw().as_ptr(), channel.as_ptr()];
            let mut fds = [bell];
            let mut ready: c_int = -1;
            let mut ms = c_int::try_from(left.as_millis()).unwrap_or(c_int::MAX);
            let watched = c_int::from(bell >= 0);
            // SAFETY: own thread of the waiter, and nobody else uses the new channel; unlocked.
            let winner = unsafe {
                sys::ast_waitfor_nandfds(
                    both.as_mut_ptr(),
                    2,
                    fds.as_mut_ptr(),
                    watched,
                    ptr::null_mut(),
                    &raw mut ready,
                    &raw mut ms,
                )
            };
            let happened = if winner == waiter.raw().as_ptr() {
                self.waiter_says(waiter)
            } else if winner == channel.as_ptr() {
                self.telephone_says(waiter, channel)
            } else if ready >= 0 {
                Some(Ring::Bell)
            } else {
                None
            };
            if let Some(happened) = happened {
                return happened;
            }
        }
    }

    /// Of the one who waits, keys and hanging up count.
    fn waiter_says(&self, waiter: &Channel) -> Option<Ring> {
        // SAFETY: own thread, unlocked; the frame is ours to free.
        let frame = unsafe { Frame::read(waiter.raw()) };
        match frame {
            None => Some(Ring::WaiterGone),
            Some(frame) if frame.kind() == sys::AST_FRAME_DTMF_END => u8::try_from(frame.value())
                .ok()
                .map(|key| Ring::Key(char::from(key))),
            Some(_) => None,
        }
    }

    fn telephone_says(
        &mut self,
        waiter: &Channel,
        channel: NonNull<sys::ast_channel>,
    ) -> Option<Ring> {
        // SAFETY: nobody else uses the new channel.
        let Some(frame) = (unsafe { Frame::read(channel) }) else {
            // SAFETY: the channel is alive until `hang_up`.
            let cause = unsafe { sys::ast_channel_hangupcause(channel.as_ptr()) };
            return Some(self.failed(waiter, end_of(cause)));
        };
        if self.is_forwarded(channel) {
            log::warn!(
                "{}: the telephone asks to be forwarded (302), which is refused",
                waiter.name()
            );
            return Some(self.failed(waiter, Dialled::Unavailable));
        }
        if frame.kind() == sys::AST_FRAME_VOICE && self.early_sound {
            // SAFETY: own thread of the waiter, unlocked; the frame stays ours.
            unsafe { sys::ast_write(waiter.raw().as_ptr(), frame.0.as_ptr()) };
        }
        if frame.kind() != sys::AST_FRAME_CONTROL {
            return None;
        }
        match u32::try_from(frame.value()).unwrap_or(0) {
            sys::AST_CONTROL_ANSWER => Some(self.answer(waiter)),
            sys::AST_CONTROL_BUSY => Some(self.failed(waiter, Dialled::Busy)),
            sys::AST_CONTROL_CONGESTION => Some(self.failed(waiter, Dialled::Unavailable)),
            sys::AST_CONTROL_PROGRESS => {
                self.let_hear(waiter, channel);
                None
            }
            _ => None,
        }
    }

    /// From now on the other side's own sound replaces our ringback.
    fn let_hear(&mut self, waiter: &Channel, channel: NonNull<sys::ast_channel>) {
        if self.waiting == Waiting::Ringback && !self.early_sound {
            // SAFETY: own thread of the waiter; both unlocked.
            unsafe {
                sys::ast_indicate(waiter.raw().as_ptr(), -1);
                self.early_sound =
                    sys::ast_channel_make_compatible(waiter.raw().as_ptr(), channel.as_ptr()) == 0;
            }
        }
    }

    fn is_forwarded(&self, channel: NonNull<sys::ast_channel>) -> bool {
        let _lock = Lock::take(channel);
        // SAFETY: a string of the locked channel.
        unsafe { !copied(sys::ast_channel_call_forward(channel.as_ptr())).is_empty() }
    }

    fn answer(&mut self, waiter: &Channel) -> Ring {
        self.tell(waiter, c"ANSWER".as_ptr());
        Ring::Answered
    }

    fn failed(&mut self, waiter: &Channel, end: Dialled) -> Ring {
        self.tell(waiter, status_of(end));
        self.hang_up();
        Ring::Failed(end)
    }

    /// The dial is over: our ringback stops, and CDR, CEL and AMI hear how.
    fn tell(&self, waiter: &Channel, status: *const c_char) {
        if let Some(channel) = self.channel {
            // SAFETY: both are alive; locks are taken inside.
            unsafe {
                sys::ast_channel_publish_dial(
                    waiter.raw().as_ptr(),
                    channel.as_ptr(),
                    self.address.as_ptr(),
                    status,
                );
                if self.waiting == Waiting::Ringback {
                    sys::ast_indicate(waiter.raw().as_ptr(), -1);
                }
            }
        }
    }

    /// Gives up while it rings.
    pub(super) fn cancel(mut self, waiter: &Channel) {
        self.tell(waiter, c"CANCEL".as_ptr());
        self.hang_up();
    }

    /// The channel that answered; it is the caller's to end.
    pub(super) fn answered(mut self) -> Option<NonNull<sys::ast_channel>> {
        self.channel.take()
    }

    fn hang_up(&mut self) {
        if let Some(channel) = self.channel.take() {
            // SAFETY: ours, and not used after this.
            unsafe { sys::ast_hangup(channel.as_ptr()) };
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// A frame that was read; freed on drop.
struct Frame(NonNull<sys::ast_frame>);

impl Frame {
    /// # Safety
    /// Nobody else reads `channel` now, and it is not locked.
    unsafe fn read(channel: NonNull<sys::ast_channel>) -> Option<Self> {
        // SAFETY: the caller's promise; NULL is a hangup.
        NonNull::new(unsafe { sys::ast_read(channel.as_ptr()) }).map(Self)
    }

    fn kind(&self) -> sys::ast_frame_type {
        // SAFETY: a frame of ours.
        sys::ast_frame_type::try_from(unsafe { sys::rust_ivr_frame_type(self.0.as_ptr()) })
            .unwrap_or(0)
    }

    fn value(&self) -> c_int {
        // SAFETY: a frame of ours.
        unsafe { sys::rust_ivr_frame_value(self.0.as_ptr()) }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { sys::rust_ivr_frame_free(self.0.as_ptr()) };
    }
}

/// What a hangup cause (Q.850) means to somebody who dialled.
fn end_of(cause: c_int) -> Dialled {
    match u32::try_from(cause).unwrap_or(0) {
        sys::AST_CAUSE_BUSY => Dialled::Busy,
        sys::AST_CAUSE_NO_ANSWER | sys::AST_CAUSE_NO_USER_RESPONSE => Dialled::NoAnswer,
        _ => Dialled::Unavailable,
    }
}

fn status_of(end: Dialled) -> *const c_char {
    match end {
        Dialled::Answered => c"ANSWER",
        Dialled::NoAnswer => c"NOANSWER",
        Dialled::Busy => c"BUSY",
        Dialled::Unavailable => c"CHANUNAVAIL",
        Dialled::Gone => c"CANCEL",
    }
    .as_ptr()
}

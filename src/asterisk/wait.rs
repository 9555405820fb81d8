//! The one wait of the module: on one's own channel, perhaps on a leg that rings, and on a
//! descriptor, until a moment of the monotonic clock.
//!
//! In place of `ast_waitfordigit_full`, which counts in wall-clock time, warns at every event of
//! the descriptor, and hands AMI's ControlPlayback out as if it were the end (main/channel.c).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::raw::c_int;
use std::ptr;
use std::time::Instant;

use nix::errno::Errno;

use super::channel::{Channel, Outgoing};
use super::frame::Frame;
use super::sys;

/// What ended a wait.
#[derive(Debug)]
pub enum Woken {
    /// A key of the own channel was released: `0-9`, `*`, `#`, `A-D`. In band, too, after
    /// [`Channel::hear_tones`].
    Key(char),
    /// The other leg said something.
    Leg(LegEvent),
    /// The descriptor became readable.
    Alert,
    /// The time ran out.
    Elapsed,
    /// The own channel hung up, or Asterisk wants it for something else.
    Gone,
}

/// What a leg that rings says.
#[derive(Debug)]
pub enum LegEvent {
    /// A frame of sound or of control.
    Frame(Frame),
    /// It hung up.
    Gone,
}

impl Channel {
    /// Waits for a key of this channel, an event of `leg`, or `alert` to be readable, until
    /// `until`. Everything that arrives is read meanwhile, so generators go on; other frames of
    /// this channel are dropped.
    pub fn wait(
        &mut self,
        until: Instant,
        alert: Option<BorrowedFd<'_>>,
        leg: Option<&Outgoing>,
    ) -> Woken {
        if self.is_gone() {
            return Woken::Gone;
        }
        let _keys = KeysWhenReleased::on(self.as_ptr());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Woken::Elapsed;
            }
            // A wait of less than a millisecond would not wait at all.
            let ms = c_int::try_from(left.as_millis())
                .unwrap_or(c_int::MAX)
                .max(1);
            let woken = match poll(self, leg, alert, ms) {
                Ready::Own => self.read_own(),
                Ready::Leg(leg) => Some(Woken::Leg(match Frame::read(leg.as_ptr()) {
                    Some(frame) => LegEvent::Frame(frame),
                    None => LegEvent::Gone,
                })),
                Ready::Alert => Some(Woken::Alert),
                Ready::Nothing => None,
                Ready::Failed(error) => {
                    log::warn!(
                        "{}: Asterisk cannot wait for this channel: {error}",
                        self.name()
                    );
                    Some(Woken::Gone)
                }
            };
            if let Some(woken) = woken {
                return woken;
            }
        }
    }

    fn read_own(&mut self) -> Option<Woken> {
        let Some(frame) = Frame::read(self.as_ptr()) else {
            return Some(Woken::Gone);
        };
        match frame.kind() {
            sys::AST_FRAME_DTMF_END => {
                let key = char::from(u8::try_from(frame.value()).ok()?);
                let tones = self.tones.as_mut();
                let counts = tones.is_none_or(|tones| tones.is_new(key, frame.held()));
                counts.then_some(Woken::Key(key))
            }
            sys::AST_FRAME_VOICE => {
                let key = self.tones.as_mut()?.in_sound(&frame)?;
                log::info!("{}: key {key} came in band", self.name());
                Some(Woken::Key(key))
            }
            sys::AST_FRAME_CONTROL if frame.is_control(sys::AST_CONTROL_HANGUP) => {
                Some(Woken::Gone)
            }
            _ => None,
        }
    }
}

/// Of a channel's keys only the release is told while it lives, as main/channel.c:
/// ast_waitfordigit_full has it.
struct KeysWhenReleased(*mut sys::ast_channel);

impl KeysWhenReleased {
    fn on(channel: *mut sys::ast_channel) -> Self {
        let keys = Self(channel);
        keys.set(true);
        keys
    }

    fn set(&self, on: bool) {
        // SAFETY: a live channel, which outlives the wait; the flag is set under its lock
        // (asterisk/channel.h: ast_channel_set_flag).
        unsafe { sys::rust_ivr_end_dtmf_only(self.0, c_int::from(on)) };
    }
}

impl Drop for KeysWhenReleased {
    fn drop(&mut self) {
        self.set(false);
    }
}

enum Ready<'l> {
    Own,
    Leg(&'l Outgoing),
    Alert,
    Nothing,
    Failed(io::Error),
}

fn poll<'l>(
    own: &Channel,
    leg: Option<&'l Outgoing>,
    alert: Option<BorrowedFd<'_>>,
    mut ms: c_int,
) -> Ready<'l> {
    let mut channels = [own.as_ptr(), leg.map_or(ptr::null_mut(), Outgoing::as_ptr)];
    let mut fds = [alert.map_or(-1, |alert| alert.as_raw_fd())];
    let mut ready: c_int = -1;
    Errno::clear();
    // SAFETY: own thread of the one channel, and nobody else uses the other; unlocked. The arrays
    // have the lengths that are given (main/channel.c: ast_waitfor_nandfds).
    let winner = unsafe {
        sys::ast_waitfor_nandfds(
            channels.as_mut_ptr(),
            1 + c_int::from(leg.is_some()),
            fds.as_mut_ptr(),
            c_int::from(alert.is_some()),
            ptr::null_mut(),
            &raw mut ready,
            &raw mut ms,
        )
    };
    match leg {
        _ if winner == own.as_ptr() => Ready::Own,
        Some(leg) if winner == leg.as_ptr() => Ready::Leg(leg),
        _ if ready >= 0 => Ready::Alert,
        // Time left and no winner: interrupted, or broken; a broken one must not spin.
        _ if ms != 0 && !matches!(Errno::last_raw(), 0 | libc::EINTR) => {
            Ready::Failed(io::Error::last_os_error())
        }
        _ => Ready::Nothing,
    }
}

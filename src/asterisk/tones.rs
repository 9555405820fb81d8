//! Digits that come as tones in the caller's sound (in-band DTMF): Asterisk's own detector
//! (main/dsp.c), for as long as no digit of the leg has come another way. A trunk may agree on
//! RFC 4733 and send tones all the same, and then nobody else listens for them.

use std::os::raw::c_int;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use super::frame::Frame;
use super::sys;

/// How long after the tone's end the same key may still come another way, and is one press then.
/// A SIP INFO takes the signalling's way and may be some hundred milliseconds late.
const LATE: Duration = Duration::from_secs(1);

/// A leg's in-band digits, from one wait to the next: a tone may begin in one prompt and end in
/// another.
pub(super) struct Tones {
    /// `None` for good as soon as a digit came another way.
    detector: Option<Detector>,
    presses: Presses,
}

impl Tones {
    /// `None`: no memory.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            detector: Some(Detector::new()?),
            presses: Presses::default(),
        })
    }

    /// The key whose tones end in this frame of sound. Two frames may pass until that is sure.
    pub(super) fn in_sound(&mut self, sound: &Frame) -> Option<char> {
        let key = self.detector.as_mut()?.hear(sound)?;
        self.presses.as_tones(key, Instant::now());
        Some(key)
    }

    /// Whether a key that came another way, held so long, is a press of its own.
    pub(super) fn is_new(&mut self, key: char, held: Duration) -> bool {
        self.detector = None;
        self.presses.is_new(key, held, Instant::now())
    }
}

/// Keys that counted as tones, and when their tones ended: what comes another way must not count
/// again.
#[derive(Default)]
struct Presses(Vec<(char, Instant)>);

impl Presses {
    fn as_tones(&mut self, key: char, now: Instant) {
        self.0.retain(|(_, ended)| *ended + LATE >= now);
        self.0.push((key, now));
    }

    /// The earliest press of that key which this can be is taken for it.
    fn is_new(&mut self, key: char, held: Duration, now: Instant) -> bool {
        // Of a key held long, the trunk may have let the first moments through as a short tone.
        let same = |(heard, ended): &(char, Instant)| *heard == key && *ended + held + LATE >= now;
        let known = self.0.iter().position(same);
        if let Some(at) = known {
            self.0.remove(at);
        }
        known.is_none()
    }
}

/// Asterisk's detector.
struct Detector(NonNull<sys::ast_dsp>);

impl Detector {
    /// `None`: no memory.
    fn new() -> Option<Self> {
        // SAFETY: only allocates (main/dsp.c: ast_dsp_new, by shim_sound.c).
        NonNull::new(unsafe { sys::rust_ivr_tones_new() }).map(Self)
    }

    fn hear(&mut self, sound: &Frame) -> Option<char> {
        // SAFETY: the detector is ours and used by one thread; shim_sound.c: rust_ivr_tones_hear leaves
        // the frame ours (main/dsp.c: ast_dsp_process).
        let key: c_int = unsafe { sys::rust_ivr_tones_hear(self.0.as_ptr(), sound.as_ptr()) };
        let key = u8::try_from(key).ok().filter(|key| *key != 0)?;
        Some(char::from(key))
    }
}

impl Drop for Detector {
    fn drop(&mut self) {
        // SAFETY: ours, once (main/dsp.c: ast_dsp_free).
        unsafe { sys::rust_ivr_tones_free(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_key_that_comes_as_tones_and_then_another_way_is_one_press() {
        let (start, mut presses) = (Instant::now(), Presses::default());
        presses.as_tones('1', start);
        assert!(!presses.is_new('1', ms(100), start + ms(300)));
        assert!(presses.is_new('1', ms(100), start + ms(600)), "another");
    }

    #[test]
    fn another_key_or_much_later_is_another_press() {
        let (start, mut presses) = (Instant::now(), Presses::default());
        presses.as_tones('1', start);
        assert!(presses.is_new('2', ms(100), start + ms(10)));
        assert!(presses.is_new('1', ms(100), start + ms(1200)));
    }

    #[test]
    fn several_keys_may_come_late_one_after_the_other() {
        let (start, mut presses) = (Instant::now(), Presses::default());
        for (key, at) in [('1', 0), ('1', 200), ('2', 400)] {
            presses.as_tones(key, start + ms(at));
        }
        for (key, at) in [('1', 500), ('1', 700), ('2', 900)] {
            assert!(!presses.is_new(key, ms(100), start + ms(at)), "{key} {at}");
        }
    }

    #[test]
    fn the_first_moments_of_a_key_that_is_held_long_are_no_press_of_their_own() {
        let (start, mut presses) = (Instant::now(), Presses::default());
        presses.as_tones('5', start);
        assert!(!presses.is_new('5', ms(3000), start + ms(3050)));
    }
}

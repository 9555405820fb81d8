//! The caller's leg: `CallLeg` on an Asterisk channel.

use std::ffi::CString;
use std::time::{Duration, Instant};

use super::transfers;
use crate::asterisk::channel::Channel;
use crate::asterisk::wait::Woken;
use crate::ports::{CallLeg, Dialled, Gone, Heard, Sound};

impl CallLeg for Channel {
    fn name(&self) -> &str {
        Self::name(self)
    }

    fn answer(&mut self) -> Result<(), Gone> {
        Self::answer(self)
    }

    fn play(&mut self, sound: &Sound) -> Heard {
        heard(Self::play(self, sound, None))
    }

    fn wait_digit(&mut self, within: Duration) -> Heard {
        heard(self.wait(Instant::now() + within, None, None))
    }

    fn dial(&mut self, destination: &str, ring: Option<Duration>) -> Dialled {
        // R: ringback until the other side sends sound of its own, so nobody waits in silence
        // and a carrier's announcement still comes through. i: who wants to be forwarded (302) is
        // not: the number would pass by `allow` and `deny`, through the dialplan.
        let options = format!("Ri{}", transfers::dial_option(destination));
        Self::dial(self, destination, ring, &options)
    }

    fn variable(&self, name: &str) -> Option<String> {
        Self::variable(self, &CString::new(name).ok()?)
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        Self::set_variable(self, name, value);
    }
}

fn heard(woken: Woken) -> Heard {
    match woken {
        Woken::Key(key) => Heard::Digit(key),
        Woken::Elapsed | Woken::Alert | Woken::Leg(_) => Heard::Nothing,
        Woken::Gone => Heard::Gone,
    }
}

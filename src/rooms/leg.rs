//! The caller's leg: `CallLeg` on an Asterisk channel.

use std::ffi::CString;
use std::time::{Duration, Instant};

use super::context::ROOM;
use crate::asterisk::channel::Channel;
use crate::asterisk::wait::Woken;
use crate::ports::panics::point;
use crate::ports::{CallLeg, Callee, Dial, Dialled, Gone, Heard, Sound, display_name};

const TARGET: &str = "target";
const FALLBACK: &str = "fallback";

/// Whether the channel is itself a call that `RustIvr()` dialled, or one that such a call led to.
pub fn dialled_as(leg: &Channel) -> Option<Callee> {
    let caller = leg.variable(c"RUSTIVR_CALLER")?;
    let (what, unique_id) = caller.split_once(' ')?;
    (unique_id != leg.unique_id()).then_some(match what {
        FALLBACK => Callee::Fallback,
        _ => Callee::Target,
    })
}

impl CallLeg for Channel {
    fn name(&self) -> &str {
        point("CallLeg::name");
        Self::name(self)
    }

    fn talked(&self) -> Duration {
        point("CallLeg::talked");
        Self::talked(self)
    }

    fn answer(&mut self) -> Result<(), Gone> {
        point("CallLeg::answer");
        Self::answer(self)
    }

    fn play(&mut self, sound: &Sound) -> Heard {
        point("CallLeg::play");
        heard(Self::play(self, sound, None))
    }

    fn wait_digit(&mut self, within: Duration) -> Heard {
        point("CallLeg::wait_digit");
        heard(self.wait(Instant::now() + within, None, None))
    }

    fn dial(&mut self, dial: Dial<'_>) -> Dialled {
        point("CallLeg::dial");
        let Dial {
            destination,
            ring,
            callee,
            ..
        } = dial;
        // R: ringback until the other side sends sound of its own, so nobody waits in silence
        // and a carrier's announcement still comes through. i: who wants to be forwarded (302) is
        // not.
        let (what, forwards) = match callee {
            Callee::Target => (TARGET, "i"),
            Callee::ForwardingTarget => (TARGET, ""),
            Callee::Fallback => (FALLBACK, "i"),
        };
        let mut options = format!("R{forwards}");
        options += &shown_as(self, dial.name);
        // D: to the one who answers, before the two are bridged; the caller hears ringback on.
        if !dial.keys.is_empty() {
            options += &format!("D({})", dial.keys.dtmf());
        }
        // Two underscores: the new legs have it, too, and those that they lead to.
        let caller = format!("{what} {}", self.unique_id());
        Self::set_variable(self, "__RUSTIVR_CALLER", &caller);
        let end = if callee == Callee::ForwardingTarget {
            dial_with_forwards(self, destination, ring, &options)
        } else {
            Self::dial(self, destination, ring, &options)
        };
        Self::set_variable(self, "__RUSTIVR_CALLER", "");
        end
    }

    fn variable(&self, name: &str) -> Option<String> {
        point("CallLeg::variable");
        Self::variable(self, &CString::new(name).ok()?)
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        point("CallLeg::set_variable");
        Self::set_variable(self, name, value);
    }
}

/// f: whom the new legs show as the caller, instead of the caller's channel; that keeps its own name,
/// for CDR and whoever is dialled next. Nothing where there is no number to show with the name, and
/// where the caller withholds it: f would give it away (apps/app_dial.c: dial_exec_full).
fn shown_as(leg: &Channel, name: &str) -> String {
    let (name, number) = (display_name(name), leg.caller_number());
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+*#._-".contains(&b);
    if name.is_empty() || number.is_empty() || !number.bytes().all(plain) || leg.is_withheld() {
        return String::new();
    }
    format!("f({name} <{number}>)")
}

/// `Dial` looks the number up in our context that a target is forwarded to (apps/app_dial.c:
/// do_forward).
fn dial_with_forwards(
    leg: &mut Channel,
    destination: &str,
    ring: Option<Duration>,
    options: &str,
) -> Dialled {
    let before = leg.variable(c"FORWARD_CONTEXT").unwrap_or_default();
    leg.set_variable("__FORWARD_CONTEXT", &ROOM.context.to_string_lossy());
    let end = leg.dial(destination, ring, options);
    leg.set_variable("FORWARD_CONTEXT", &before);
    end
}

fn heard(woken: Woken) -> Heard {
    match woken {
        Woken::Key(key) => Heard::Digit(key),
        Woken::Elapsed | Woken::Alert | Woken::Leg(_) => Heard::Nothing,
        Woken::Gone => Heard::Gone,
    }
}

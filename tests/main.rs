//! Everything that is tested with real parts: Asterisk with the module, databases, SIP callers that
//! send RTP. One program, so that calls which wait for sound have others beside them to the end.
//! `cargo test --test all conference::` runs a part.

mod harness;

mod actions;
mod ami;
mod answers;
mod calls;
mod check;
mod circles;
mod events;
mod hostile;
mod lifecycle;
mod packages;
mod page;
mod panics;
mod prompts;
mod samples;
mod tones;

mod alive;
mod databases;
mod servers;
mod tls;

mod conference;
mod departures;
mod held;
mod places;
mod refer;
mod ringback;
mod transfer;
mod transferred;
mod ways;

//! What the call tests of `res_rust_ivr` are made of, and `make demo` and `make bench` too. Asterisk
//! is driven as a black box; nothing here imports the module's own code.
//!
//! From the whole to its parts:
//! - [`conference`]: a client and a manager in a room, and who hears whom;
//! - [`office`]: Asterisk as the samples configure it, with Multifon, Bitrix24 and a database;
//! - [`machine`]: Asterisk and MariaDB in containers, their configuration, logs and addresses;
//! - [`sip`]: user agents that can misbehave; [`rtp`]: their sound and their keys;
//! - [`sound`]: which tones are in what was recorded.
//!
//! A test has nothing better to do with a failure than to fail: what cannot be done or does not
//! happen in time panics, and says what was expected. Only where a caller goes on in another way
//! does a function return an error. Every wait is on an event; its bound is a limit, not a pause.
//!
//! Containers need `docker` and the image of `tests/set-up`; an Asterisk with the module needs
//! `RUST_IVR_MODULE`, the full path of what was built (with TLS: `RUST_IVR_MODULE_WITH_TLS`). With
//! `RUST_IVR_KEEP` set, a run that went well leaves its files too.

pub mod conference;
pub mod machine;
pub mod office;
pub mod rtp;
pub mod sip;
pub mod sound;

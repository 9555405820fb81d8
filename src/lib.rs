//! `res_rust_ivr.so`: Asterisk applications whose menus and third parties come out of a database.
//!
//! Arrows only point down:
//!
//! ```text
//!            asterisk/entry.rs          Asterisk calls us here
//!                    |
//!                module.rs              load, reload, unload; knows everybody
//!            /       |       \
//!     console.rs  ivr/session.rs  \     the operator's commands; the story of a call
//!            \    /     |     \    \
//!          calls.rs  ivr/flow.rs  ports.rs      the state machine, pure; what sessions need
//!                       |            ^
//!        numbers.rs settings.rs      |  implemented by
//!                 pure               |
//!              asterisk/      directory/      prompts/
//!              channels, CLI  rows            sounds
//! ```
//!
//! All unsafe code lives under `asterisk/`.

#[allow(unsafe_code)] // The C border; the lint denies it everywhere else.
mod asterisk;
mod calls;
mod conference;
mod conference_call;
mod console;
mod directory;
mod ivr;
mod module;
mod numbers;
mod ports;
mod prompts;
mod settings;

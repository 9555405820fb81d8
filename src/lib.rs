//! `res_rust_ivr.so`: Asterisk applications whose menus and third parties come out of a database.
//!
//! Arrows only point down:
//!
//! ```text
//!                     asterisk/entry.rs                 Asterisk calls us here
//!                             |
//!                         module.rs                     load, reload, unload; knows everybody
//!            /            |              \
//!      console.rs         |        conference_call.rs   the CLI; RustConfAdd(): ways in and out
//!            \    /               \      |
//!      ivr/session.rs        conference/session.rs      the story of a caller, of a manager
//!            |                       |
//!       ivr/flow.rs          conference/flow.rs         what happens next: pure tables
//!            \                       /
//!         numbers.rs  settings.rs  ports.rs             pure; what sessions need of the world,
//!                                    ^                  implemented by
//!            asterisk/          directory/          prompts/
//!            channels, rooms    rows, codes         sounds
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

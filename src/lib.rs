//! `res_rust_ivr.so`: Asterisk applications whose menus and third parties come out of a database.
//!
//! The map. Each line is a file or folder, and what it may use; arrows only point down, inside a
//! folder as well, and a unit test (`map.rs`) reads this table and holds the code against it.
//!
//! ```text
//! module      -> apps check service rooms settings ports asterisk      load, reload, unload
//! apps        -> service check rooms calls stats ivr conference directory prompts settings numbers ports asterisk  RustIvr(), RustConfAdd(), CLI
//! service     -> calls stats rooms conference directory prompts settings numbers asterisk  what all of them work with
//! rooms       -> conference settings numbers ports asterisk            who is in a room, and ways in
//! check       -> ivr directory settings numbers ports                  what is wrong with an installation, judged
//! calls       -> stats ivr ports                                       the calls inside RustIvr()
//! stats       -> ivr conference ports                                  counters, and their text for Prometheus
//! ivr         -> settings numbers ports                                a caller: flow (pure), session
//! conference  -> settings numbers ports                                a manager: flow (pure), session
//! directory   -> settings numbers ports                                rows and codes out of databases
//! prompts     -> ports                                                 recordings ready to play
//! settings    -> numbers ports                                         the operator's choices, judged
//! asterisk    -> ports                                                 the C border: all unsafe code
//! ports       -> numbers                                               what sessions need of the world
//! numbers     ->                                                       phones, patterns, destinations
//! ```
//!
//! Without the feature `module` what knows Asterisk is left out; the rest is a library that fuzzers,
//! benches and Miri can drive.

#[cfg(feature = "module")]
mod apps;
#[cfg(feature = "module")]
#[allow(unsafe_code)] // The C border; the lint denies it everywhere else.
mod asterisk;
pub mod calls;
pub mod check;
pub mod conference;
pub mod directory;
pub mod ivr;
#[cfg(test)]
mod map;
#[cfg(feature = "module")]
mod module;
pub mod numbers;
pub mod ports;
pub mod prompts;
pub mod rooms;
#[cfg(feature = "module")]
mod service;
pub mod settings;
pub mod stats;

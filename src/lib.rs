//! `res_rust_ivr.so`: Asterisk applications whose menus and third parties come out of a database.

mod apps;
#[allow(unsafe_code)] // The C border; the lint denies it everywhere else.
mod asterisk;
mod calls;
mod conference;
mod directory;
mod ivr;
mod module;
mod numbers;
mod ports;
mod prompts;
mod rooms;
mod service;
mod settings;

//! The C border: a safe wrapper of Asterisk, and the only unsafe code of the module. It knows
//! nothing of menus and rooms; what it needs from the module it gets by traits ([`module::Module`],
//! [`application::Application`], [`cli::Command`], [`http::Site`], [`manager::Action`],
//! [`transfer::TransferHandler`], [`datastore::Datastore`]), and the words it shares are those of `ports`.
//!
//! What we believe about the host (Asterisk 16 to 22), once, for every SAFETY comment below:
//!
//! - **Threads.** An application's `exec` runs on the channel's own PBX thread, and only that
//!   thread may read, write, answer or dial on the channel. The channel outlives `exec`
//!   (main/pbx.c holds a reference around the call).
//! - **Stacks.** Those threads have 496 KiB (`AST_STACKSIZE`, asterisk/utils.h): no big arrays
//!   and no recursion in anything that a call reaches.
//! - **Strings.** What `ast_channel_*` and `pbx_builtin_getvar_helper` return may be freed as soon
//!   as the channel is unlocked: it is copied while the lock is held. Host text may be any bytes.
//! - **Unwinding.** A panic that leaves an `extern "C"` function aborts Asterisk: each is written
//!   with [`guard::entry`].
//! - **Life.** The library is never unmapped (`-z nodelete`, build.rs), so function pointers and
//!   statics stay valid; `load` may run again in the same image after `unload`. load, reload and
//!   unload run under the loader's lock, one at a time (main/loader.c).
//! - **Lock order.** No lock of ours is held while a host function is called that takes a
//!   channel's lock.

pub mod answers;
pub mod application;
pub mod bridge;
pub mod channel;
pub mod cli;
pub mod config;
pub mod context;
pub mod datastore;
pub mod dial;
mod early_hold;
pub mod events;
pub mod frame;
pub mod generator;
pub mod guard;
pub mod host;
pub mod http;
mod lock;
pub mod log;
pub mod manager;
pub mod metrics;
pub mod module;
pub mod reference;
pub mod sound_file;
pub mod survey;
mod sys;
mod tones;
pub mod transfer;
pub mod wait;
pub mod whisper;

use std::ffi::{CStr, CString};
use std::os::raw::c_char;

/// Copies a host string; NULL is empty, bytes that are not UTF-8 are replaced.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that nobody frees or changes during the call.
unsafe fn copied(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not NULL; the rest is the caller's promise, see "Strings" above.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// Text for the host. A NUL would cut it short there, so it ends at the first one here.
fn c_string(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

//! Where Asterisk enters: load, unload, reload and the applications. One guard each, no logic;
//! the only file of the border that knows `module.rs`.

use std::os::raw::{c_char, c_int};
use std::ptr::NonNull;

use super::channel::{self, Channel};
use super::guard::guard;
use super::{copied, sys, transfer};
use crate::conference_call::After;
use crate::module;

/// Never `AST_MODULE_LOAD_FAILURE`: that one stops Asterisk itself.
const DECLINED: c_int = sys::AST_MODULE_LOAD_DECLINE as c_int;
const SUCCESS: c_int = sys::AST_MODULE_LOAD_SUCCESS as c_int;

/// shim.c: `ast_module_info.load`.
#[unsafe(no_mangle)]
extern "C" fn rust_ivr_load() -> c_int {
    guard(DECLINED, || if module::load() { SUCCESS } else { DECLINED })
}

/// shim.c: `ast_module_info.reload`.
#[unsafe(no_mangle)]
extern "C" fn rust_ivr_reload() -> c_int {
    guard(
        DECLINED,
        || if module::reload() { SUCCESS } else { DECLINED },
    )
}

/// shim.c: `ast_module_info.unload`. The host refuses by itself while a call is inside.
#[unsafe(no_mangle)]
extern "C" fn rust_ivr_unload() -> c_int {
    guard(-1, || {
        module::unload();
        0
    })
}

/// `RustIvr()`.
pub(super) unsafe extern "C" fn rust_ivr(
    chan: *mut sys::ast_channel,
    data: *const c_char,
) -> c_int {
    // SAFETY: what Asterisk passed to the application.
    unsafe {
        run(chan, data, |leg, text| {
            module::rust_ivr(leg, text).ends_call()
        })
    }
}

/// `RustConfAdd()`.
pub(super) unsafe extern "C" fn rust_conf_add(
    chan: *mut sys::ast_channel,
    data: *const c_char,
) -> c_int {
    // SAFETY: what Asterisk passed to the application.
    unsafe {
        run(chan, data, |leg, text| {
            module::rust_conf_add(leg, text) == After::Over
        })
    }
}

/// shim.c: somebody's phone asks for a transfer (transfer.rs).
#[unsafe(no_mangle)]
unsafe extern "C" fn rust_ivr_transfer_requested(
    transferer: *const c_char,
    exten: *const c_char,
    target: *const c_char,
) {
    guard((), || {
        // SAFETY: strings of the message, which outlives the callback, or NULL.
        let (transferer, exten, target) =
            unsafe { (copied(transferer), copied(exten), copied(target)) };
        transfer::requested(&transferer, &exten, &target, module::transferred_to_room);
    });
}

/// Runs an application that says whether the call is over: 0 goes to the next priority, -1 ends
/// the call.
///
/// # Safety
/// `chan` and `data` are what Asterisk passed to the application, on the channel's own thread.
unsafe fn run(
    chan: *mut sys::ast_channel,
    data: *const c_char,
    application: fn(&mut Channel, &str) -> bool,
) -> c_int {
    // After a panic that even the fallback did not survive, the dialplan may still help.
    guard(0, || {
        let Some(chan) = NonNull::new(chan) else {
            return 0;
        };
        // SAFETY: the caller's promise; the value ends with this closure.
        let (mut leg, arguments) =
            unsafe { (Channel::inside_application(chan), channel::arguments(data)) };
        if application(&mut leg, &arguments) {
            -1
        } else {
            0
        }
    })
}

//! Asterisk's own names: bindgen's output and the shim's functions. Nothing else.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals
)]

use std::os::raw::{c_char, c_int};

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));

// src/asterisk/shim.c
unsafe extern "C" {
    pub fn rust_ivr_self() -> *mut ast_module;
    pub fn rust_ivr_debug_enabled(level: c_int) -> c_int;
    pub fn rust_ivr_channel_lock(chan: *mut ast_channel);
    pub fn rust_ivr_channel_unlock(chan: *mut ast_channel);
    pub fn rust_ivr_caller_number(chan: *mut ast_channel) -> *const c_char;
    pub fn rust_ivr_format_ref(format: *mut ast_format);
    pub fn rust_ivr_format_unref(format: *mut ast_format);
    pub fn rust_ivr_config_is_missing(config: *const ast_config) -> c_int;
    pub fn rust_ivr_config_is_invalid(config: *const ast_config) -> c_int;
    pub fn rust_ivr_write_slin(chan: *mut ast_channel, samples: *const i16, count: c_int) -> c_int;
}

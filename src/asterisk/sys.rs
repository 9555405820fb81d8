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

use std::os::raw::{c_char, c_int, c_uint, c_void};

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));

/// src/asterisk/shim.c
#[repr(C)]
pub struct rust_ivr_file {
    _opaque: [u8; 0],
}

// src/asterisk/shim.c
unsafe extern "C" {
    pub safe fn rust_ivr_self() -> *mut ast_module;
    pub fn rust_ivr_copy(text: *const c_char) -> *mut c_char;
    pub fn rust_ivr_global(name: *const c_char, value: *mut c_char, room: c_int);
    pub fn rust_ivr_dialplan_mentions(text: *const c_char) -> c_int;
    pub safe fn rust_ivr_debug_enabled(level: c_int) -> c_int;
    pub fn rust_ivr_channel_lock(chan: *mut ast_channel);
    pub fn rust_ivr_channel_unlock(chan: *mut ast_channel);
    pub fn rust_ivr_caller_number(chan: *const ast_channel) -> *const c_char;
    pub fn rust_ivr_caller_is_withheld(chan: *const ast_channel) -> c_int;
    pub fn rust_ivr_connected_number(chan: *const ast_channel) -> *const c_char;
    pub fn rust_ivr_dialled_number(chan: *const ast_channel) -> *const c_char;
    pub fn rust_ivr_ref(object: *mut c_void);
    pub fn rust_ivr_unref(object: *mut c_void);
    // They only compare the pointer with constants.
    pub safe fn rust_ivr_config_is_missing(config: *const ast_config) -> c_int;
    pub safe fn rust_ivr_config_is_invalid(config: *const ast_config) -> c_int;
    pub fn rust_ivr_room_features(pass: c_int) -> *mut ast_bridge_features;
    pub fn rust_ivr_take_out_of_bridge(chan: *mut ast_channel);
    pub fn rust_ivr_stop_music_in_bridge(chan: *mut ast_channel);
    pub fn rust_ivr_leave_bridge(bridge_channel: *mut ast_bridge_channel);
    pub fn rust_ivr_datastore_alloc(
        info: *const ast_datastore_info,
        uid: *const c_char,
    ) -> *mut ast_datastore;
    pub fn rust_ivr_end_dtmf_only(chan: *mut ast_channel, on: c_int);
    pub fn rust_ivr_datastore_set(datastore: *mut ast_datastore, data: *mut c_void);
    pub fn rust_ivr_datastore_take(datastore: *mut ast_datastore) -> *mut c_void;
    pub fn rust_ivr_request(
        tech: *const c_char,
        address: *const c_char,
        requestor: *mut ast_channel,
        cause: *mut c_int,
    ) -> *mut ast_channel;
    pub fn rust_ivr_prepare_leg(
        leg: *mut ast_channel,
        requestor: *mut ast_channel,
        number: *const c_char,
    ) -> c_int;
    pub fn rust_ivr_start_pbx(leg: *mut ast_channel) -> c_int;
    pub fn rust_ivr_frame_type(frame: *const ast_frame) -> c_int;
    pub fn rust_ivr_frame_value(frame: *const ast_frame) -> c_int;
    pub fn rust_ivr_frame_length(frame: *const ast_frame) -> c_uint;
    pub fn rust_ivr_tones_new() -> *mut ast_dsp;
    pub fn rust_ivr_tones_hear(detector: *mut ast_dsp, frame: *const ast_frame) -> c_int;
    pub fn rust_ivr_tones_free(detector: *mut ast_dsp);
    pub fn rust_ivr_frame_free(frame: *mut ast_frame);
    pub fn rust_ivr_wait_for_signalling(chan: *mut ast_channel);
    pub fn rust_ivr_dual_redirect_wait(chan: *mut ast_channel, on: c_int);
    pub fn rust_ivr_transfers_subscribe(
        requested: unsafe extern "C" fn(*const c_char, *const c_char, *const c_char, *const c_char),
    ) -> *mut stasis_subscription;
    pub fn rust_ivr_refused_transfers_subscribe(
        refused: unsafe extern "C" fn(*const c_char, *const c_char),
    ) -> *mut stasis_subscription;
    pub fn rust_ivr_transfers_unsubscribe(subscription: *mut stasis_subscription);
    pub fn rust_ivr_transfer_reply(chan: *mut ast_channel, done: c_int);
    pub fn rust_ivr_extension_runs(
        context: *const c_char,
        exten: *const c_char,
        application: *const c_char,
    ) -> c_int;
    pub fn rust_ivr_no_early_hold(chan: *mut ast_channel) -> c_int;
    pub fn rust_ivr_early_hold_again(chan: *mut ast_channel, hook: c_int);
    pub fn rust_ivr_whisper(
        chan: *mut ast_channel,
        samples: *mut i16,
        count: c_int,
    ) -> *mut ast_audiohook;
    pub fn rust_ivr_whisper_end(chan: *mut ast_channel, hook: *mut ast_audiohook);
    pub fn rust_ivr_write_slin(chan: *mut ast_channel, samples: *mut i16, count: c_int) -> c_int;
    pub fn rust_ivr_file_open(stem: *const c_char, format: *const c_char) -> *mut rust_ivr_file;
    pub fn rust_ivr_file_read(file: *mut rust_ivr_file, samples: *mut i16, room: c_int) -> c_int;
    pub fn rust_ivr_file_close(file: *mut rust_ivr_file);
    pub fn rust_ivr_events_register(
        to_ami: unsafe extern "C" fn(*const c_void) -> *mut ast_manager_event_blob,
        to_cdr: unsafe extern "C" fn(*const c_void),
        drop: unsafe extern "C" fn(*mut c_void),
    ) -> c_int;
    pub fn rust_ivr_events_unregister();
    pub fn rust_ivr_event_publish(chan: *mut ast_channel, event: *mut c_void);
    pub fn rust_ivr_cel_publish(chan: *mut ast_channel, event: *const c_char, extra: *mut ast_json);
    pub fn rust_ivr_answers_subscribe(
        answered: unsafe extern "C" fn(*const c_char, *const c_char, i64),
    ) -> *mut stasis_subscription;
    pub fn rust_ivr_str_append(text: *mut *mut ast_str, more: *const c_char);
    pub fn rust_ivr_metrics_want(write: Option<unsafe extern "C" fn(*mut *mut ast_str)>);
    pub fn rust_ivr_metrics_subscribe() -> *mut stasis_subscription;
    pub fn rust_ivr_metrics_unsubscribe(subscription: *mut stasis_subscription);
    pub fn rust_ivr_unsubscribe(subscription: *mut stasis_subscription);
    pub fn rust_ivr_http_peer(connection: *const ast_tcptls_session_instance) -> *const c_char;
    pub fn rust_ivr_module_hold();
    pub fn rust_ivr_module_release();
    pub fn rust_ivr_http_send(
        connection: *mut ast_tcptls_session_instance,
        method: ast_http_method,
        status: c_int,
        title: *const c_char,
        headers: *const c_char,
        text: *const c_char,
        file: c_int,
    );
}

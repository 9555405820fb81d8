//! What `rustivr check` asks the host: which endpoints, contexts and drivers there are, and who built
//! it. Nothing here changes anything.

use std::ffi::CStr;

use super::{c_string, copied, sys};

/// Room for a list of codecs.
const ROOM: usize = 1024;

/// The version, as `core show version` has it.
pub fn version() -> String {
    // SAFETY: a static string (asterisk/ast_version.h).
    unsafe { copied(sys::ast_get_version()) }
}

/// When this Asterisk was built, as it says itself.
pub fn built() -> String {
    // SAFETY: a static string that nobody changes (main/buildinfo.c).
    unsafe { copied(sys::ast_build_date) }
}

/// The same of the Asterisk whose headers the module was built with; empty when they do not say.
pub fn headers_built() -> String {
    let date = CStr::from_bytes_until_nul(sys::BUILD_DATE).unwrap_or_default();
    date.to_string_lossy().into_owned()
}

/// Whether a channel driver of that name is loaded.
pub fn has_technology(name: &str) -> bool {
    let name = c_string(name);
    // SAFETY: a NUL-terminated name; only compared with NULL (main/channel.c: ast_get_channel_tech).
    unsafe { !sys::ast_get_channel_tech(name.as_ptr()).is_null() }
}

/// Whether the dialplan has a context of that name.
pub fn has_context(name: &str) -> bool {
    let name = c_string(name);
    // SAFETY: a NUL-terminated name; only compared with NULL (main/pbx.c: ast_context_find).
    unsafe { !sys::ast_context_find(name.as_ptr()).is_null() }
}

/// Whether an endpoint is there, and its codecs as `allow` has them. `None`: the technology does not
/// tell.
pub fn endpoint(technology: &str, name: &str) -> Option<(bool, Option<String>)> {
    if technology != "PJSIP" {
        return None;
    }
    // A name that would be more than one argument is none.
    if name.contains([',', ')', '"']) {
        return Some((false, None));
    }
    let is_there = || {
        let id = c_string(&format!("PJSIP/{name}"));
        // SAFETY: a NUL-terminated id; gives a reference or NULL (main/endpoints.c:
        // ast_endpoint_find_by_id), which unref takes back.
        unsafe {
            let endpoint = sys::ast_endpoint_find_by_id(id.as_ptr());
            sys::rust_ivr_unref(endpoint.cast());
            !endpoint.is_null()
        }
    };
    // SAFETY: a static name; only compared with NULL (main/pbx_functions.c: ast_custom_function_find).
    let has_function =
        unsafe { !sys::ast_custom_function_find(c"PJSIP_ENDPOINT".as_ptr()).is_null() };
    if !has_function {
        return Some((is_there(), None));
    }
    let question = c_string(&format!("PJSIP_ENDPOINT({name},allow)"));
    let mut answer = [0_u8; ROOM];
    // SAFETY: writes a NUL-terminated text into the room that it is told of; without a channel, as
    // main/manager.c: action_getvar calls it (main/pbx_functions.c: ast_func_read).
    let failed = unsafe {
        sys::ast_func_read(
            std::ptr::null_mut(),
            question.as_ptr(),
            answer.as_mut_ptr().cast(),
            ROOM,
        ) != 0
    };
    let codecs = CStr::from_bytes_until_nul(&answer).unwrap_or_default();
    let codecs = codecs.to_string_lossy().into_owned();
    Some((!failed, (!failed && !codecs.is_empty()).then_some(codecs)))
}

/// A global variable of the dialplan; empty when it is not set.
pub fn global(name: &CStr) -> String {
    let mut value = [0_u8; ROOM];
    // SAFETY: copies a NUL-terminated text into the room that it is told of, under the lock of the
    // globals (shim_survey.c).
    unsafe { sys::rust_ivr_global(name.as_ptr(), value.as_mut_ptr().cast(), ROOM as i32) };
    let value = CStr::from_bytes_until_nul(&value).unwrap_or_default();
    value.to_string_lossy().into_owned()
}

/// Whether some priority of the dialplan has this text in its arguments.
pub fn dialplan_mentions(text: &CStr) -> bool {
    // SAFETY: a static text; the shim holds the dialplan's locks while it looks (shim_survey.c).
    unsafe { sys::rust_ivr_dialplan_mentions(text.as_ptr()) != 0 }
}

/// Whether a table of the database stands in for a configuration file.
pub fn is_realtime(family: &CStr) -> bool {
    // SAFETY: a static name (main/config.c: ast_check_realtime).
    unsafe { sys::ast_check_realtime(family.as_ptr()) != 0 }
}

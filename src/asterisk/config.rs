//! Reads a configuration file with Asterisk's own parser (templates, `#include`, `;` comments
//! and all), into plain lines that the module judges.

use std::ffi::CStr;
use std::ptr;

use super::{copied, sys};
use crate::ports::Line;

/// The lines of `res_rust_ivr.conf`, in order.
///
/// A missing file is no lines: every option has a default. A file that Asterisk cannot parse is
/// an error; its own log lines name the place.
pub fn read(file: &'static CStr) -> Result<Vec<Line>, String> {
    let name = file.to_string_lossy();
    let flags = sys::ast_flags { flags: 0 };
    // SAFETY: static names; the returned pointer is ours until destroyed below (main/config.c:
    // ast_config_load2).
    let config = unsafe { sys::ast_config_load2(file.as_ptr(), c"res_rust_ivr".as_ptr(), flags) };
    if config.is_null() || sys::rust_ivr_config_is_missing(config) != 0 {
        log::warn!(
            "{name} is missing: every option has its default; copy the sample to change one"
        );
        return Ok(Vec::new());
    }
    if sys::rust_ivr_config_is_invalid(config) != 0 {
        return Err(format!(
            "{name} cannot be read: mend the line that Asterisk names above"
        ));
    }
    // SAFETY: a valid configuration, not used after this (main/config.c: ast_config_destroy).
    unsafe {
        let lines = collect(config);
        sys::ast_config_destroy(config);
        Ok(lines)
    }
}

/// # Safety
/// `config` came from `ast_config_load2` and is no status constant.
unsafe fn collect(config: *mut sys::ast_config) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut section = ptr::null_mut();
    // SAFETY: nobody else has this configuration; names are its strings, variables a
    // NULL-terminated list (main/config.c: ast_category_browse, ast_variable_browse).
    unsafe {
        loop {
            section = sys::ast_category_browse(config, section);
            if section.is_null() {
                return lines;
            }
            let mut variable = sys::ast_variable_browse(config, section);
            while let Some(v) = variable.as_ref() {
                lines.push(Line {
                    section: copied(section),
                    key: copied(v.name),
                    value: copied(v.value),
                    line: u32::try_from(v.lineno).unwrap_or(0),
                });
                variable = v.next;
            }
        }
    }
}

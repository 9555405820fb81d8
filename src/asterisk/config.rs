//! Reads a configuration file with Asterisk's own parser (templates, `#include`, `;` comments
//! and all), into plain lines that the module judges.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::ptr;

use super::{copied, host, sys};
use crate::ports::Line;

/// The lines of a file in Asterisk's configuration directory, in order; `None`: there is no such
/// file.
///
/// # Errors
/// A file that Asterisk cannot open or parse: a sentence that says what to change. Of the latter
/// its own log lines name the place.
pub fn read(file: &'static CStr) -> Result<Option<Vec<Line>>, String> {
    let name = file.to_string_lossy();
    let flags = sys::ast_flags { flags: 0 };
    // SAFETY: static names; the returned pointer is ours until destroyed below (main/config.c:
    // ast_config_load2).
    let config = unsafe { sys::ast_config_load2(file.as_ptr(), c"res_rust_ivr".as_ptr(), flags) };
    if config.is_null() || sys::rust_ivr_config_is_missing(config) != 0 {
        return not_opened(&host::directories().config.join(name.as_ref())).map(|()| None);
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
        Ok(Some(lines))
    }
}

/// Asterisk says "missing" of every file that it cannot open (main/config.c:
/// config_text_file_load); only one that is not there is missing.
fn not_opened(path: &Path) -> Result<(), String> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!(
            "{} cannot be opened ({error}): let Asterisk's user read it (chown, chmod)",
            path.display()
        )),
        Ok(_) => Err(format!("{} could not be read; try again", path.display())),
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
                    included: included(&copied(v.file)),
                });
                variable = v.next;
            }
        }
    }
}

/// Asterisk names the file of a line only where it is included (main/config.c: process_text_line),
/// and the second time with `~~1` behind it (ast_include_new).
fn included(file: &str) -> Option<PathBuf> {
    let numbered = |(_, number): &(&str, &str)| number.bytes().all(|b| b.is_ascii_digit());
    let file = file
        .rsplit_once("~~")
        .filter(numbered)
        .map_or(file, |(file, _)| file);
    (!file.is_empty()).then(|| host::directories().config.join(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_is_not_there_is_missing() {
        assert_eq!(
            not_opened(Path::new("/nonexistent/res_rust_ivr.conf")),
            Ok(())
        );
        for path in ["/dev/null", "/dev/null/res_rust_ivr.conf"] {
            let why = not_opened(Path::new(path)).unwrap_err();
            assert!(why.starts_with(path), "{why}");
        }
    }
}

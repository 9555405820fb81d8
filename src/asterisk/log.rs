//! The `log` crate's records, and panics, as lines of Asterisk's own log.
//!
//! | record | Asterisk |
//! |---|---|
//! | error, warn | ERROR, WARNING |
//! | info | verbose level 3, as `Dial` reports its steps |
//! | debug, trace | DEBUG at level 1 and 3 |
//!
//! Asterisk adds the call id (`[C-0000000x]`) on channel threads by itself.

use std::ffi::CString;
use std::os::raw::c_int;
use std::panic;

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::{c_string, sys};
use crate::ports::{is_foreign, one_line};

const VERBOSE_LEVEL: c_int = 3;

struct HostLog;

impl Log for HostLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Libraries below us speak of bytes and packets; what matters of it we say ourselves.
        if !metadata.target().starts_with(env!("CARGO_CRATE_NAME")) {
            return false;
        }
        // SAFETY: reads a plain int that only the CLI changes, and asks the host; both at any time (main/logger.c).
        unsafe {
            match metadata.level() {
                Level::Error | Level::Warn => true,
                Level::Info => sys::ast_verb_sys_level >= VERBOSE_LEVEL,
                Level::Debug => sys::rust_ivr_debug_enabled(1) != 0,
                Level::Trace => sys::rust_ivr_debug_enabled(3) != 0,
            }
        }
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            write(
                record.level(),
                record.file().unwrap_or(""),
                record.line().unwrap_or(0),
                &record.args().to_string(),
            );
        }
    }

    fn flush(&self) {}
}

/// Writes one line: text of a caller or a row must not be able to forge another one.
fn write(level: Level, file: &str, line: u32, text: &str) {
    let message: CString = c_string(&one_line(text));
    let file = c_string(file);
    let line = c_int::try_from(line).unwrap_or(0);
    let function = c"res_rust_ivr".as_ptr();
    let format = c"%s\n".as_ptr();
    // SAFETY: all pointers are NUL-terminated and outlive the calls, which copy; the
    // message is an argument, never the format (main/logger.c: ast_log, __ast_verbose).
    unsafe {
        match level {
            Level::Info => sys::__ast_verbose(
                file.as_ptr(),
                line,
                function,
                VERBOSE_LEVEL,
                format,
                message.as_ptr(),
            ),
            other => sys::ast_log(
                host_level(other),
                file.as_ptr(),
                line,
                function,
                format,
                message.as_ptr(),
            ),
        }
    }
}

fn host_level(level: Level) -> c_int {
    let host = match level {
        Level::Error => sys::__LOG_ERROR,
        Level::Warn => sys::__LOG_WARNING,
        Level::Info => sys::__LOG_VERBOSE,
        Level::Debug | Level::Trace => sys::__LOG_DEBUG,
    };
    c_int::try_from(host).unwrap_or(0)
}

type Hook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Sync + Send + 'static>;

/// While it lives, log records and panics of this library go to Asterisk's log.
pub struct HostLogging(Option<Hook>);

/// Starts logging. May be called again in the same image after the guard was dropped.
pub fn install() -> HostLogging {
    // Fails when an earlier load in this image has set it: then it is set already.
    let _ = log::set_logger(&HostLog);
    log::set_max_level(LevelFilter::Trace);
    let earlier = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
        let what = info.payload_as_str().unwrap_or("no text");
        if is_foreign() {
            let what = format!("{file}:{line}: {what}");
            return write(Level::Debug, file, line, &what);
        }
        write(
            Level::Error,
            file,
            line,
            &format!(
                "a bug in res_rust_ivr ended one task, please report it: {file}:{line}: {what}"
            ),
        );
    }));
    HostLogging(Some(earlier))
}

impl Drop for HostLogging {
    fn drop(&mut self) {
        log::set_max_level(LevelFilter::Off);
        if let Some(earlier) = self.0.take() {
            panic::set_hook(earlier);
        }
    }
}

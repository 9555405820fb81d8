//! CLI commands: plain functions that return text, registered as a guard.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int};
use std::{mem, ptr, slice};

use super::guard::entry;
use super::{c_string, copied, sys};
use crate::ports::one_line;

/// One command of the CLI.
pub trait Command {
    /// The fixed words, as typed.
    const WORDS: &'static CStr;
    /// What `help` lists beside the words.
    const SUMMARY: &'static CStr;
    /// What `help WORDS` shows: a line `Usage: ...`, then sentences.
    const USAGE: &'static CStr;
    /// The text to print for the words after the fixed ones, or `None` to show the usage.
    /// Runs on the console's thread.
    fn run(arguments: &[String]) -> Option<String>;
}

/// Registered commands; dropping takes them off the CLI.
pub struct Commands(Box<[sys::ast_cli_entry]>);

// SAFETY: the entries are the host's to use, under its own lock (main/cli.c), until they are unregistered;
// this value only keeps them in place.
unsafe impl Send for Commands {}
// SAFETY: as above; nothing can be reached through a shared reference.
unsafe impl Sync for Commands {}

/// The entry of one command, for [`Commands::register`].
pub struct Entry(sys::ast_cli_entry);

/// Makes the entry of a command.
pub fn command<C: Command>() -> Entry {
    Entry(sys::ast_cli_entry {
        handler: Some(handle::<C>),
        summary: C::SUMMARY.as_ptr(),
        ..Default::default()
    })
}

impl Commands {
    /// Registers commands. A command whose words are taken is left out; Asterisk logs which.
    pub fn register(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut entries: Box<[_]> = entries.into_iter().map(|e| e.0).collect();
        let count = c_int::try_from(entries.len()).unwrap_or(0);
        // SAFETY: the host links the entries into its list, so they must not move: they are
        // boxed, and freed only after drop has unregistered them (main/cli.c: __ast_cli_register).
        unsafe {
            sys::__ast_cli_register_multiple(entries.as_mut_ptr(), count, sys::rust_ivr_self());
        }
        Self(entries)
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        let count = c_int::try_from(self.0.len()).unwrap_or(0);
        // SAFETY: registered in `register`, not moved since. main/cli.c: ast_cli_unregister leaves
        // an entry in its list while the command runs, and then keeps its words.
        unsafe { sys::ast_cli_unregister_multiple(self.0.as_mut_ptr(), count) };
        if self.0.iter().any(|entry| !entry.command.is_null()) {
            // The host still looks at them, for ever.
            Box::leak(mem::take(&mut self.0));
        }
    }
}

/// What a handler returns: small numbers in a pointer's clothes (asterisk/cli.h).
const SUCCESS: *mut c_char = ptr::without_provenance_mut(0);
const SHOW_USAGE: *mut c_char = ptr::without_provenance_mut(1);
const FAILURE: *mut c_char = ptr::without_provenance_mut(2);

entry! {
    /// What Asterisk calls for a command: once to learn its words, then for each use.
    fn handle[C: Command](
        entry: *mut sys::ast_cli_entry,
        what: c_int,
        args: *mut sys::ast_cli_args,
    ) -> *mut c_char, or FAILURE; {
        if what == sys::CLI_INIT {
            // SAFETY: the entry that main/cli.c: __ast_cli_register registers; both texts are static.
            unsafe {
                (*entry).command = C::WORDS.as_ptr().cast_mut();
                (*entry).usage = C::USAGE.as_ptr();
            }
            return SUCCESS;
        }
        if what == sys::CLI_GENERATE {
            return SUCCESS;
        }
        // SAFETY: the host's arguments, valid during this call; argv has argc strings
        // (main/cli.c: ast_cli_command_full).
        let (fd, words) = unsafe {
            let count = usize::try_from((*args).argc).unwrap_or(0);
            let words = slice::from_raw_parts((*args).argv, count).iter();
            ((*args).fd, words.map(|&word| copied(word)).collect::<Vec<_>>())
        };
        let fixed = C::WORDS.to_string_lossy().split(' ').count();
        let Some(text) = C::run(words.get(fixed..).unwrap_or(&[])) else {
            return SHOW_USAGE;
        };
        // A database's words may be in it.
        let text: String = text.lines().map(|line| one_line(line) + "\n").collect();
        let text = c_string(&text);
        // SAFETY: the text is an argument, never the format (main/cli.c: ast_cli).
        unsafe { sys::ast_cli(fd, c"%s".as_ptr(), text.as_ptr()) };
        SUCCESS
    }
}

//! CLI commands: plain functions that return text, registered as a guard.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int};
use std::{mem, ptr, slice};

use super::guard::{entry, guard};
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
    /// What the next word may be, `arguments` being those before it and `begin` what is typed of it;
    /// what does not begin so is left out, and of the rest the first [`MOST`] are offered. Runs under
    /// the CLI's lock: no waiting.
    fn complete(arguments: &[String], begin: &str) -> Vec<String> {
        let _ = (arguments, begin);
        Vec::new()
    }
}

/// Words that are offered at most for completion: the host asks for one after the other, and each
/// time all are made.
pub const MOST: usize = 50;

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
            // SAFETY: as below; line and word are NUL-terminated (main/cli.c: __ast_cli_generator).
            return guard("Command::complete", ptr::null_mut(), || unsafe { generate::<C>(&*args) });
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

/// One of the words that may come next, for the host to free; NULL: there are no more.
///
/// # Safety
/// `args` are the host's for `CLI_GENERATE`, valid during the call.
unsafe fn generate<C: Command>(args: &sys::ast_cli_args) -> *mut c_char {
    // SAFETY: NUL-terminated strings of the host; before `pos` there are so many in argv
    // (main/cli.c: __ast_cli_generator).
    let (before, word) = unsafe {
        let count = usize::try_from(args.pos.min(args.argc)).unwrap_or(0);
        let words = slice::from_raw_parts(args.argv, count).iter();
        let words: Vec<String> = words.map(|&word| copied(word)).collect();
        (words, copied(args.word))
    };
    let fixed = C::WORDS.to_string_lossy().split(' ').count();
    let Some(arguments) = before.get(fixed..) else {
        return ptr::null_mut();
    };
    let mut words = C::complete(arguments, &word);
    words.retain(|next| next.starts_with(&word) && is_word(next));
    words.truncate(MOST);
    let Some(next) = usize::try_from(args.n).ok().and_then(|at| words.get(at)) else {
        return ptr::null_mut();
    };
    let next = c_string(next);
    // SAFETY: a NUL-terminated text; the copy comes from the host's allocator (shim_survey.c).
    unsafe { sys::rust_ivr_copy(next.as_ptr()) }
}

/// What a database holds may be no word of a command, and move the cursor.
fn is_word(text: &str) -> bool {
    !text.is_empty() && one_line(text) == text && !text.contains([' ', '"', '\\'])
}

#[cfg(test)]
mod tests {
    use super::is_word;

    #[test]
    fn only_words_are_offered() {
        for no in ["", "a b", "a\"", "a\\", "a\u{1b}[2J", "7\r"] {
            assert!(!is_word(no), "{no:?}");
        }
        assert!(is_word("79120000001") && is_word("*7#"));
    }
}

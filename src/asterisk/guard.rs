//! The panic boundary. A function that C calls is written as an [`entry!`], which puts a guard
//! around its body; a unit test refuses any other `extern "C" fn` in the tree.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ports::panics::point;

/// Runs `body`; after a panic returns `failed` instead. The panic's text and place are logged by
/// the hook of [`super::log`]. A panic that left an `extern "C"` function would abort Asterisk.
/// `name` is the entry's, as tests call it.
pub(crate) fn guard<T>(name: &str, failed: T, body: impl FnOnce() -> T) -> T {
    let body = || {
        point(name);
        body()
    };
    // What a panic left half done belongs to one call or one command, and ends with it.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(failed)
}

/// Writes functions that C calls: each is one guard around its body, and says after `or` what C
/// gets after a panic. One type parameter may be given: C reaches our traits through it.
macro_rules! entry {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident $([$param:ident: $bound:path])? (
            $($arg:ident: $type:ty),* $(,)?
        ) $(-> $result:ty)?, or $failed:expr; $body:block
    )+) => {$(
        $(#[$meta])*
        $vis unsafe extern "C" fn $name $(<$param: $bound>)? ($($arg: $type),*) $(-> $result)? {
            let name = concat!(module_path!(), "::", stringify!($name));
            $crate::asterisk::guard::guard(name, $failed, || $body)
        }
    )+};
}
pub(crate) use entry;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::guard;
    use crate::map::files;

    /// A function that C calls begins so; a type (`unsafe extern "C" fn(`) has no name.
    fn defines_an_entry(line: &str) -> bool {
        line.split_once("extern \"C\" fn ")
            .is_some_and(|(_, name)| !name.starts_with('('))
    }

    #[test]
    fn a_panic_gives_what_the_entry_says() {
        assert_eq!(guard("", 7, || panic!("on purpose")), 7);
        assert_eq!(guard("", 7, || 8), 8);
    }

    #[test]
    fn every_function_that_c_calls_is_an_entry() {
        let unguarded: Vec<String> = files()
            .into_iter()
            .filter(|path| !path.ends_with("asterisk/guard.rs"))
            .flat_map(|path| {
                let text = fs::read_to_string(&path).expect("UTF-8");
                let name = path.display().to_string();
                text.lines()
                    .filter(|line| defines_an_entry(line))
                    .map(|line| format!("{name}: {}", line.trim()))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert!(unguarded.is_empty(), "write them as entry!: {unguarded:#?}");
        assert!(defines_an_entry(
            "pub unsafe extern \"C\" fn load() -> c_int {"
        ));
        assert!(!defines_an_entry(
            "Option<unsafe extern \"C\" fn(*mut c_void)>"
        ));
    }

    /// The host's source by its folders, our own part of it, or another comment.
    const SOURCES: [&str; 14] = [
        "main/",
        "apps/",
        "channels/",
        "res/",
        "asterisk/",
        "shim.c",
        "shim_events.c",
        "shim_http.c",
        "shim_sound.c",
        "shim_survey.c",
        "shim_transfer.c",
        "as above",
        "As above",
        "as in",
    ];

    #[test]
    fn every_safety_comment_names_what_it_relies_on() {
        let mut vague = Vec::new();
        for path in files() {
            let text = fs::read_to_string(&path).expect("UTF-8");
            let mut lines = text.lines().map(str::trim).peekable();
            while let Some(line) = lines.next() {
                let Some(comment) = line.strip_prefix("// SAFETY:") else {
                    continue;
                };
                let mut comment = comment.to_owned();
                while let Some(more) = lines.next_if(|line| line.starts_with("//")) {
                    comment += more;
                }
                let own = comment.contains("caller's promise") || comment.contains("the box of");
                if !own && !SOURCES.iter().any(|source| comment.contains(source)) {
                    vague.push(format!("{}: {comment}", path.display()));
                }
            }
        }
        assert!(vague.is_empty(), "name the host's file: {vague:#?}");
    }
}

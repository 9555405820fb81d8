//! From a name in a database row to a file: what a name may be, which file it means,
//! and the proof that the file lies in its own folder.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::alike::alike;
use crate::ports::PromptError;
use crate::ports::PromptName;

/// Longest name in bytes; also the longest file name of Linux file systems.
const MAX_NAME_BYTES: usize = 255;

/// `:` and `&` mean URLs and lists to Asterisk, `\` is a directory elsewhere.
const REFUSED: [char; 3] = [':', '&', '\\'];

/// What "the extension does not matter" tries, in this order: the files that tell what they are,
/// then Asterisk's own, the best first.
const EXTENSIONS: [&str; 16] = [
    "wav", "mp3", "ogg", "sln192", "sln96", "sln48", "sln44", "sln32", "sln24", "sln16", "sln12",
    "sln", "ulaw", "alaw", "g722", "gsm",
];

/// A regular file that a name means.
#[derive(Debug)]
pub(super) struct Found {
    /// Under the sounds directory, symbolic links not yet followed.
    pub path: PathBuf,
    /// Of the file behind the links.
    pub metadata: Metadata,
}

/// Finds the first regular file among: the exact name; the name with each of [`EXTENSIONS`]
/// appended; the name with its extension replaced by each of them; and then, in the same
/// order, among the files whose names are [`alike`]. Does not open the file and does not follow
/// where links lead: [`confined`] does.
///
/// # Errors
/// `Forbidden` for a name that is no relative file name, or a file that is not regular;
/// `Missing` when there is no such file.
pub(super) fn find(root: &Path, name: &PromptName) -> Result<Found, PromptError> {
    if let Err(why) = check(&name.file) {
        return Err(PromptError::Forbidden(format!("{}: {why}", shown(name))));
    }
    let folder = root.join(name.folder.as_str());
    find_in(&folder, &name.file, || shown(name))
}

/// As [`find`], for a file name that is known to be one; `shown` tells it in errors.
pub(super) fn find_in(
    folder: &Path,
    file: &str,
    shown: impl Fn() -> String,
) -> Result<Found, PromptError> {
    let names = candidates(file);
    let exact = names.iter().map(|name| folder.join(name));
    // Folders are read only when no name is there as it is written.
    let alike = names.iter().flat_map(|name| alike(folder, name));
    let mut irregular = false;
    for path in exact.chain(alike) {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => return Ok(Found { path, metadata }),
            Ok(_) => irregular = true,
            Err(e) if is_absent(e.kind()) => {}
            Err(e) => {
                let path = path.display();
                let text = format!("{}: cannot look at {path}: {e}", shown());
                return Err(PromptError::Missing(text));
            }
        }
    }
    if irregular {
        let text = format!("{}: is not a regular file", shown());
        return Err(PromptError::Forbidden(text));
    }
    Err(PromptError::Missing(format!(
        "{}: no such file in {}, nor with another extension",
        shown(),
        folder.display()
    )))
}

/// The file behind all links, if it still lies in its folder. The sounds directory and
/// the three folders may themselves be links: those are the operator's.
///
/// # Errors
/// `Forbidden` when a link leads out of the folder; `Missing` when the file went away.
pub(super) fn confined(
    root: &Path,
    name: &PromptName,
    path: &Path,
) -> Result<PathBuf, PromptError> {
    let real = |path: &Path| {
        fs::canonicalize(path).map_err(|e| {
            let path = path.display();
            PromptError::Missing(format!("{}: cannot resolve {path}: {e}", shown(name)))
        })
    };
    let folder = real(&root.join(name.folder.as_str()))?;
    let file = real(path)?;
    if file.starts_with(&folder) {
        return Ok(file);
    }
    Err(PromptError::Forbidden(format!(
        "{}: a symbolic link leads out of {}; copy the recording into it",
        shown(name),
        folder.display()
    )))
}

/// A name as it may stand in a log: hostile characters escaped, length bounded.
fn shown(name: &PromptName) -> String {
    let start: String = name.file.chars().take(80).collect();
    let more = if start.len() < name.file.len() {
        "..."
    } else {
        ""
    };
    format!("prompt {}/{start:?}{more}", name.folder.as_str())
}

/// Says what is wrong with a name, if anything.
fn check(file: &str) -> Result<(), String> {
    if file.is_empty() {
        return Err("the name is empty".into());
    }
    if file.len() > MAX_NAME_BYTES {
        return Err(format!(
            "the name is longer than {MAX_NAME_BYTES} bytes ({})",
            file.len()
        ));
    }
    if let Some(c) = file.chars().find(|c| c.is_control() || REFUSED.contains(c)) {
        return Err(format!("the name may not contain {c:?}"));
    }
    if file.starts_with('/') {
        return Err("the name may not be an absolute path".into());
    }
    if file.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("the path may not contain `..`, `.` or empty parts".into());
    }
    Ok(())
}

/// The names that a checked name may mean, best first.
fn candidates(file: &str) -> Vec<String> {
    let appended = EXTENSIONS.map(|e| format!("{file}.{e}"));
    let replaced = EXTENSIONS.map(|e| {
        let path = Path::new(file).with_extension(e);
        path.to_string_lossy().into_owned()
    });
    let exact = [file.to_owned()];
    exact.into_iter().chain(appended).chain(replaced).collect()
}

/// No file of that name: also when a directory of it is a file, or `.wav` made it too long.
fn is_absent(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use proptest::prelude::*;

    use super::super::testing::{Sounds, scenario};
    use super::*;

    fn found(sounds: &Sounds, file: &str) -> Result<String, PromptError> {
        let path = find(&sounds.0, &scenario(file))?.path;
        let path = path.strip_prefix(sounds.0.join("scenario")).unwrap();
        Ok(path.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_extension_does_not_matter() {
        let sounds = Sounds::new();
        let table = [
            (&["a.mp3"][..], "a.mp3", "a.mp3"),
            (&["a.mp3"], "a", "a.mp3"),
            (&["a.mp3"], "a.wav", "a.mp3"),
            (&["a.wav", "a.mp3"], "a", "a.wav"),
            (&["a.wav", "a.mp3"], "a.mp3", "a.mp3"),
            (&["a.wav", "a.mp3"], "a.gsm", "a.wav"),
            (&["a", "a.wav"], "a", "a"),
            (&["*.wav"], "*", "*.wav"),
            (&["#.wav"], "#", "#.wav"),
            (&["deep/er/a.mp3"], "deep/er/a", "deep/er/a.mp3"),
            (
                &["Order No.5.mp3", "Order No.mp3"],
                "Order No.5",
                "Order No.5.mp3",
            ),
            (&["тортики.mp3"], "тортики.mp3", "тортики.mp3"),
            (&["1/x.wav", "1.wav"], "1", "1.wav"),
        ];
        for (files, name, meant) in table {
            for file in files {
                sounds.write(&format!("scenario/{file}"), b"");
            }
            assert_eq!(found(&sounds, name).as_deref(), Ok(meant));
            std::fs::remove_dir_all(sounds.0.join("scenario")).unwrap();
        }
    }

    #[test]
    fn case_and_unicode_form_do_not_matter_but_the_exact_name_wins() {
        let sounds = Sounds::new();
        let (composed, in_parts) = ("\u{451}\u{439}", "\u{435}\u{308}\u{438}\u{306}");
        let table = [
            (&["cakes.MP3"][..], "cakes", "cakes.MP3"),
            (&["cakes.Mp3"], "cakes.mp3", "cakes.Mp3"),
            (&["CAKES.WAV"], "cakes", "CAKES.WAV"),
            (&["CAKES.WAV"], "cakes.mp3", "CAKES.WAV"),
            (&["cakes.wav"], "CAKES.MP3", "cakes.wav"),
            (&["ТОРТЫ.wav"], "Торты", "ТОРТЫ.wav"),
            (&["Straße.wav"], "STRASSE", "Straße.wav"),
            (&["Menu/Deep/A.WAV"], "menu/deep/a", "Menu/Deep/A.WAV"),
            // The folder that is there as it is written does not hold the file.
            (&["menu/b.wav", "Menu/a.wav"], "menu/a", "Menu/a.wav"),
            (
                &[&format!("{in_parts}.wav")],
                composed,
                &format!("{in_parts}.wav"),
            ),
            (
                &[&format!("{composed}.wav")],
                in_parts,
                &format!("{composed}.wav"),
            ),
            (&["CAFE\u{301}.MP3"], "caf\u{e9}.wav", "CAFE\u{301}.MP3"),
            (&["A.wav", "a.wav"], "a.wav", "a.wav"),
            (&["A.wav", "a.wav"], "A", "A.wav"),
            // What is there as it is written comes first, also under another extension.
            (&["a.wav", "A.mp3"], "A", "A.mp3"),
            (&["A", "a.mp3"], "a", "a.mp3"),
            // Nothing is: the extension decides, then the case, then capitals.
            (&["A.mp3", "a.WAV"], "a", "a.WAV"),
            (&["AB.wav", "aB.wav", "Ab.wav"], "ab", "AB.wav"),
            (
                &[&format!("{in_parts}.wav"), "\u{401}\u{419}.wav"],
                composed,
                &format!("{in_parts}.wav"),
            ),
        ];
        for (files, name, meant) in table {
            for file in files {
                sounds.write(&format!("scenario/{file}"), b"");
            }
            assert_eq!(found(&sounds, name).as_deref(), Ok(meant), "{name}");
            std::fs::remove_dir_all(sounds.0.join("scenario")).unwrap();
        }
    }

    #[test]
    fn letters_that_a_person_tells_apart_differ() {
        let sounds = Sounds::new();
        sounds.write("scenario/все.wav", b"");
        assert!(matches!(
            found(&sounds, "всё"),
            Err(PromptError::Missing(_))
        ));
    }

    #[test]
    fn names_that_are_no_file_names_are_forbidden() {
        let sounds = Sounds::new();
        sounds.write("keyNum/1.wav", b"");
        sounds.write("scenario/1.wav", b"");
        let long = "x".repeat(256);
        let names = [
            "",
            "..",
            ".",
            "/",
            "/etc/passwd",
            "../keyNum/1.wav",
            "../scenario/1.wav",
            "a/../1.wav",
            "./1.wav",
            "a//1.wav",
            "1.wav/",
            "http://x/y.mp3",
            "1&1",
            "a\\1.wav",
            "1.wav\0",
            "1\n",
            "\u{85}",
            &long,
        ];
        for name in names {
            let refused = found(&sounds, name);
            assert!(
                matches!(refused, Err(PromptError::Forbidden(_))),
                "{name:?}: {refused:?}"
            );
        }
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let sounds = Sounds::new();
        std::fs::create_dir(sounds.0.join("scenario/folder")).unwrap();
        let fifo = sounds.0.join("scenario/fifo.wav");
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
        symlink("/dev/zero", sounds.0.join("scenario/zero")).unwrap();
        for name in ["folder", "fifo", "zero"] {
            assert!(
                matches!(found(&sounds, name), Err(PromptError::Forbidden(_))),
                "{name}"
            );
        }
        symlink("nowhere", sounds.0.join("scenario/dangling")).unwrap();
        symlink("loop", sounds.0.join("scenario/loop")).unwrap();
        let longest = "x".repeat(255);
        for name in ["dangling", "loop", "fifo.wav/1", &longest] {
            assert!(
                matches!(found(&sounds, name), Err(PromptError::Missing(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn the_directories_themselves_may_be_links() {
        let sounds = Sounds::new();
        let elsewhere = Sounds::new();
        elsewhere.write("uploads/a.mp3", b"");
        std::fs::remove_dir(sounds.0.join("scenario")).unwrap();
        symlink(elsewhere.0.join("uploads"), sounds.0.join("scenario")).unwrap();
        let root = elsewhere.0.join("root");
        symlink(&sounds.0, &root).unwrap();
        let name = scenario("a");
        let path = find(&root, &name).unwrap().path;
        assert!(confined(&root, &name, &path).is_ok());
    }

    #[test]
    fn a_name_in_a_message_is_harmless() {
        let error = found(&Sounds::new(), &"a\n\x1b[2J".repeat(40)).unwrap_err();
        let text = error.to_string();
        assert!(
            !text.contains(char::is_control) && text.len() < 700,
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_its_folder(
            file in prop_oneof![
                any::<String>(),
                prop::collection::vec(
                    prop::sample::select(vec!["up", "root", "deep", "..", ".", "", "keyNum", "a", "a.wav"]),
                    1..5,
                )
                .prop_map(|parts| parts.join("/")),
            ],
        ) {
            let sounds = Sounds::new();
            for path in ["a.wav", "scenario/a.wav", "scenario/deep/a.wav", "keyNum/a.wav"] {
                sounds.write(path, b"");
            }
            symlink("..", sounds.0.join("scenario/up")).unwrap();
            symlink("/", sounds.0.join("scenario/root")).unwrap();
            let name = scenario(&file);
            if let Ok(found) = find(&sounds.0, &name)
                && let Ok(path) = confined(&sounds.0, &name, &found.path)
            {
                let folder = std::fs::canonicalize(sounds.0.join("scenario")).unwrap();
                prop_assert!(path.starts_with(folder) && path.is_file());
            }
        }
    }
}

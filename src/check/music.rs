//! What a client on hold hears.

use std::path::{Path, PathBuf};

use super::Finding;
use crate::ports::Line;

/// A class of musiconhold.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MusicClass {
    /// There is none of that name.
    Unknown,
    /// It plays the recordings of a directory.
    Files(PathBuf),
    /// It plays something else: a program, a list of its own.
    Other,
}

/// The class and what there is to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Music {
    /// There is no class of that name.
    Unknown,
    /// Nothing is in its directory.
    Empty(PathBuf),
    /// Something is there, or we cannot know.
    Plays,
}

/// Finds the class of a name. A relative directory is under `data`, Asterisk's data directory
/// (res/res_musiconhold.c).
pub fn class_of(lines: &[Line], name: &str, data: &Path) -> MusicClass {
    let mut of_class = lines.iter().filter(|line| line.section == name).peekable();
    if of_class.peek().is_none() {
        return MusicClass::Unknown;
    }
    let last = |key: &str| {
        let lines = lines.iter().filter(|line| line.section == name);
        let mut lines = lines.filter(|line| line.key.eq_ignore_ascii_case(key));
        lines.next_back().map(|line| line.value.as_str())
    };
    match (last("mode"), last("directory")) {
        (Some(mode), Some(directory)) if mode.eq_ignore_ascii_case("files") => {
            MusicClass::Files(data.join(directory))
        }
        _ => MusicClass::Other,
    }
}

/// Judges it. `class` is `[conference] hold_music`.
pub fn music(class: &str, music: &Music) -> Option<Finding> {
    match music {
        Music::Plays => None,
        Music::Unknown => Some(Finding::problem(
            format!("musiconhold.conf has no class {class}: a client on hold hears nothing"),
            "write one, or another name into [conference] hold_music in res_rust_ivr.conf",
        )),
        Music::Empty(directory) => Some(Finding::problem(
            format!(
                "the music class {class} has no recording in {}: a client on hold hears nothing",
                directory.display()
            ),
            "put a melody there (the module's sounds/rust_moh has one), or install the package \
             asterisk-moh-opsound-wav; then moh reload",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::line;

    #[test]
    fn the_class_tells_where_its_music_is() {
        let lines = [
            line("default", "mode", "files"),
            line("default", "directory", "moh"),
            line("other", "mode", "custom"),
        ];
        let class = |name| class_of(&lines, name, Path::new("/data"));
        assert_eq!(class("default"), MusicClass::Files("/data/moh".into()));
        assert_eq!(class("other"), MusicClass::Other);
        assert_eq!(class("none"), MusicClass::Unknown);
    }

    #[test]
    fn silence_is_told() {
        let empty = music("default", &Music::Empty("/data/moh".into())).unwrap();
        assert!(empty.what.contains("/data/moh") && empty.cure.contains("asterisk-moh"));
        let unknown = music("oldies", &Music::Unknown).unwrap();
        assert!(unknown.what.contains("oldies"));
        assert_eq!(music("default", &Music::Plays), None);
    }
}

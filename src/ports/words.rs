//! Words that the world and the sessions share: rows, recordings, lines of the configuration.

use std::fmt;
use std::path::PathBuf;

/// One row of the menu query (A1), as the database gave it: unchecked text, NULL as `None`.
/// Numeric columns arrive as their decimal text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MenuRow {
    /// `scenario`: the menu's name.
    pub scenario: Option<String>,
    /// `scenarioMsg`: the intro's file under `scenario/`.
    pub scenario_msg: Option<String>,
    /// `keyNum`: the key to press, also the name of its file under `keyNum/`.
    pub key_num: Option<String>,
    /// `msgMp3`: what the button is for, a file under `msgMp3/`.
    pub msg_mp3: Option<String>,
    /// `transferTo`: the number to ring.
    pub transfer_to: Option<String>,
    /// What the button is called, where a menu_query of the operator's own says so.
    pub name: Option<String>,
}

/// The folder of the customer's layout that a prompt lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PromptFolder {
    /// `scenario/`: intros.
    Scenario,
    /// `keyNum/`: the spoken keys.
    KeyNum,
    /// `msgMp3/`: what each button is for.
    MsgMp3,
}

impl PromptFolder {
    /// The folder's name on disk.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::KeyNum => "keyNum",
            Self::MsgMp3 => "msgMp3",
        }
    }
}

/// A prompt as a row names it: a folder and an unchecked file name.
/// `Prompts` refuses a name that leads anywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PromptName {
    /// Which folder.
    pub folder: PromptFolder,
    /// The file's name from the database, with or without an extension.
    pub file: String,
}

impl fmt::Display for PromptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.folder.as_str(), self.file)
    }
}

/// Where the rows came from (`RUSTIVR_SOURCE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The database, just now.
    Live,
    /// The last known good snapshot, because the database did not answer.
    Snapshot,
    /// Nowhere: it was not asked or did not answer.
    None,
}

impl Source {
    /// All of them, to count by.
    pub const ALL: [Self; 3] = [Self::Live, Self::Snapshot, Self::None];

    /// The word in `RUSTIVR_SOURCE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Snapshot => "SNAPSHOT",
            Self::None => "NONE",
        }
    }
}

/// What the manager is told. Each is a recording in the channel's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// "Enter the code."
    EnterCode,
    /// "There is no such code."
    NoSuchCode,
    /// "This number cannot be dialled": denied, or no number at all.
    NotAllowed,
    /// "The number is busy."
    Busy,
    /// "There is no answer."
    NoAnswer,
    /// "The number cannot be reached."
    Unreachable,
    /// "The client has left."
    ClientLeft,
    /// "The third person has left."
    ThirdLeft,
    /// "Something went wrong, please try again": the database did not answer.
    TryAgain,
    /// "Enter the last digits of the client's number": several clients are on hold (W2).
    WhichClient,
    /// "There is no call to add to."
    NoCall,
}

impl Notice {
    /// All of them: the recordings that must exist.
    pub const ALL: [Self; 11] = [
        Self::EnterCode,
        Self::NoSuchCode,
        Self::NotAllowed,
        Self::Busy,
        Self::NoAnswer,
        Self::Unreachable,
        Self::ClientLeft,
        Self::ThirdLeft,
        Self::TryAgain,
        Self::WhichClient,
        Self::NoCall,
    ];

    /// The recording's name, without language and extension.
    pub const fn file(self) -> &'static str {
        match self {
            Self::EnterCode => "enter-code",
            Self::NoSuchCode => "no-such-code",
            Self::NotAllowed => "not-allowed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Unreachable => "unreachable",
            Self::ClientLeft => "client-left",
            Self::ThirdLeft => "third-left",
            Self::TryAgain => "try-again",
            Self::WhichClient => "which-client",
            Self::NoCall => "no-call",
        }
    }
}

/// One line of the configuration file, after Asterisk took comments and blanks away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The section's name without brackets.
    pub section: String,
    /// What stands before `=`.
    pub key: String,
    /// What stands behind it.
    pub value: String,
    /// Counted from 1, for messages.
    pub line: u32,
    /// The file that the line stands in, if it is not the configuration file itself but one that
    /// is included there.
    pub included: Option<PathBuf>,
}

/// Text of strangers as one line for a terminal or a log: what would move the cursor, break the
/// line or turn its direction becomes `?`.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if disturbs(c) { '?' } else { c })
        .collect()
}

fn disturbs(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// Bytes of a name that a telephone is to show. Asterisk's own copies have room for 79.
const MAX_DISPLAY_NAME: usize = 79;

/// Text of strangers as a name that a telephone shows and that means nothing inside Dial()'s
/// options and a caller id: quotes, brackets, backslashes and commas are blanks in it.
pub fn display_name(text: &str) -> String {
    let means_something = |c: char| disturbs(c) || "\"\\()[]{}<>,".contains(c);
    let mut name = String::new();
    for word in text.split(|c: char| c.is_whitespace() || means_something(c)) {
        let blank = if name.is_empty() { "" } else { " " };
        if !word.is_empty() {
            name = name + blank + word;
        }
    }
    let end = name.floor_char_boundary(MAX_DISPLAY_NAME);
    name.truncate(end);
    name.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{display_name, one_line};

    #[test]
    fn nothing_of_a_line_moves_the_cursor() {
        let hostile = "a\u{1b}[2Jb\r\nc\u{9b}1md\u{7f}e\u{202e}f\u{2028}";
        assert_eq!(one_line(hostile), "a?[2Jb??c?1md?e?f?");
        assert_eq!(one_line("торты & \"x\""), "торты & \"x\"");
    }

    #[test]
    fn a_display_name_is_short_and_means_nothing() {
        for (text, name) in [
            ("Торты на заказ", "Торты на заказ"),
            ("Торты (опт), \"сладкие\"", "Торты опт сладкие"),
            (" a\r\nX-Evil: 1\t<sip:b> ", "a X-Evil: 1 sip:b"),
            ("a\u{202e}b\\)f(c", "a b f c"),
            ("  ,()", ""),
            ("", ""),
        ] {
            assert_eq!(display_name(text), name, "{text:?}");
        }
        assert_eq!(display_name(&"т".repeat(100)), "т".repeat(39));
        assert_eq!(display_name(&"ab ".repeat(100)).len(), 79);
    }

    proptest! {
        #[test]
        fn any_text_is_a_display_name_or_none(text in any::<String>()) {
            let name = display_name(&text);
            prop_assert!(name.len() <= 79 && name.trim() == name);
            prop_assert!(!name.contains(|c: char| c.is_control() || "\"\\()[]<>,".contains(c)));
        }
    }
}

//! A: an incoming call. The words of the domain; `flow.rs` decides, `session.rs` acts.

use std::fmt;

pub mod flow;
pub mod menu;
pub mod session;

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// The last known good copy, because the database did not answer.
    Snapshot,
    /// Nowhere: it was not asked or did not answer.
    None,
}

impl Source {
    /// The word in `RUSTIVR_SOURCE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Snapshot => "SNAPSHOT",
            Self::None => "NONE",
        }
    }
}

/// How a call ended (`RUSTIVR_STATUS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A button's target answered.
    Target,
    /// Bitrix24 answered.
    Fallback,
    /// Nobody did.
    Unanswered,
    /// The caller left first.
    Hangup,
}

impl Status {
    /// All of them, to count by.
    pub const ALL: [Self; 4] = [Self::Target, Self::Fallback, Self::Unanswered, Self::Hangup];

    /// The word in `RUSTIVR_STATUS`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "TARGET",
            Self::Fallback => "FALLBACK",
            Self::Unanswered => "UNANSWERED",
            Self::Hangup => "HANGUP",
        }
    }

    /// Whether the call is over, so that the dialplan must not go on with it.
    pub const fn ends_call(self) -> bool {
        !matches!(self, Self::Unanswered)
    }
}

/// Why not the target (`RUSTIVR_REASON`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The phone has no rows, or rows without a button.
    NoRows,
    /// The target rang `ring_timeout` long.
    NoAnswer,
    /// The target is busy.
    Busy,
    /// The target cannot be reached.
    Unavailable,
    /// No key in `digit_timeout`.
    NoDigit,
    /// A key that no row has.
    BadDigit,
    /// The row's number may not be dialled.
    BadNumber,
    /// The database did not answer, or refused.
    DbError,
    /// A bug of ours.
    Error,
}

impl Reason {
    /// All of them, to count by.
    pub const ALL: [Self; 9] = [
        Self::NoRows,
        Self::NoAnswer,
        Self::Busy,
        Self::Unavailable,
        Self::NoDigit,
        Self::BadDigit,
        Self::BadNumber,
        Self::DbError,
        Self::Error,
    ];

    /// The word in `RUSTIVR_REASON`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRows => "NO_ROWS",
            Self::NoAnswer => "NO_ANSWER",
            Self::Busy => "BUSY",
            Self::Unavailable => "UNAVAILABLE",
            Self::NoDigit => "NO_DIGIT",
            Self::BadDigit => "BAD_DIGIT",
            Self::BadNumber => "BAD_NUMBER",
            Self::DbError => "DB_ERROR",
            Self::Error => "ERROR",
        }
    }
}

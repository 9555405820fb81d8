//! A: an incoming call. The words of the domain; `flow.rs` decides, `session.rs` acts.

pub mod dry_run;
pub mod flow;
pub mod menu;
pub mod session;
mod story;

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

//! B: a third person joins a call. The words of the domain; `flow.rs` decides, `session.rs` acts
//! for the manager.

pub mod flow;
pub mod session;
pub mod ways;

/// How a conference ended, for the channel that runs it (`RUSTCONF_STATUS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A third person joined.
    Joined,
    /// Nobody was added.
    Talked,
    /// No call was found to add to.
    NoCall,
    /// The manager did not come back, and the client went to the fallback.
    NoManager,
    /// The channel hung up.
    Hangup,
    /// Something of ours or the host's failed; the log says what.
    Error,
}

impl Status {
    /// The word in `RUSTCONF_STATUS`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "JOINED",
            Self::Talked => "TALKED",
            Self::NoCall => "NO_CALL",
            Self::NoManager => "NO_MANAGER",
            Self::Hangup => "HANGUP",
            Self::Error => "ERROR",
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
    #[cfg(test)]
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

/// The manager's keys (`[conference] add_key`, `join_key`, `cancel_key`); add and cancel may be
/// the same key, join differs from both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Add a third person.
    pub add: char,
    /// End of the code; all together.
    pub join: char,
    /// Give up, back to the client.
    pub cancel: char,
}

/// Where a client on hold goes whose manager is gone (`[conference] orphan`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphan {
    /// To Bitrix24.
    Fallback,
    /// The call ends.
    Hangup,
    /// Stays with music until somebody ends it.
    Wait,
}

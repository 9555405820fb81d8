//! B: a third person joins a call. The words of the domain; `flow.rs` decides, `session.rs` acts
//! for the manager.

pub mod flow;
pub mod held;
pub mod session;
pub mod ways;

/// The client's call, whichever way it came.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The canonical phone; empty when there is none.
    pub phone: String,
    /// The extension that was dialled.
    pub extension: String,
}

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
    /// All of them, to count by.
    pub const ALL: [Self; 6] = [
        Self::Joined,
        Self::Talked,
        Self::NoCall,
        Self::NoManager,
        Self::Hangup,
        Self::Error,
    ];

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

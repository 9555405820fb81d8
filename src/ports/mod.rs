//! The traits through which a session meets the world.
//!
//! A session (`ivr/session.rs`) tells the story of a call; what a channel, a
//! database or a sound file really is stays behind these traits. The adapters
//! live in `asterisk/`, `directory/` and `prompts/`; scripted fakes for tests
//! stand beside the sessions.

mod files;
mod foreign;
pub mod panics;
mod samples;
mod words;

use std::time::Duration;

use crate::numbers::{Keys, Number, Phone};

pub use files::{FileKind, FileReader};
pub use foreign::{foreign, is_foreign};
pub use samples::{Growing, Samples};
pub use words::{Line, MenuRow, Notice, PromptFolder, PromptName, Source, display_name, one_line};

/// The caller hung up, or Asterisk wants the channel back (redirect, shutdown).
/// Nothing more can be done with the leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// What ended a prompt or a wait for a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// One DTMF key: `0-9`, `*`, `#` or `A-D`, reported when the key was released.
    Digit(char),
    /// The prompt was played to its end, or the wait ran out.
    Nothing,
    /// The caller is no longer there.
    Gone,
}

/// How a dial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// Somebody answered and the talk is over.
    Answered,
    /// It rang and nobody picked up in time.
    NoAnswer,
    /// Busy.
    Busy,
    /// Not reachable: no such endpoint, refused, congestion.
    Unavailable,
    /// The caller left while it rang.
    Gone,
}

impl Dialled {
    /// For the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered, and nothing is left to do",
            Self::NoAnswer => "no answer",
            Self::Busy => "busy",
            Self::Unavailable => "cannot be reached",
            Self::Gone => "the caller left",
        }
    }
}

/// Whom a call is dialled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A button's target.
    Target,
    /// The same, and if it asks for that (302), another number in its place.
    ForwardingTarget,
    /// The fallback.
    Fallback,
}

/// Whom to ring, and how.
#[derive(Clone, Copy, Debug)]
pub struct Dial<'d> {
    /// A `Dial()` destination.
    pub destination: &'d str,
    /// How long; `None`: without limit.
    pub ring: Option<Duration>,
    /// Whom.
    pub callee: Callee,
    /// What is sent to the one who answers, before the talk.
    pub keys: &'d Keys,
    /// What the telephone shows in place of the caller's name; empty: the caller's name. A stranger's
    /// text.
    pub name: &'d str,
}

/// The caller's leg of a call. Only its own channel thread may use it.
pub trait CallLeg {
    /// The channel's name, as the CLI shows it.
    fn name(&self) -> &str;
    /// Answers the leg unless it is up already.
    fn answer(&mut self) -> Result<(), Gone>;
    /// Plays a sound until its end or the first key.
    fn play(&mut self, sound: &Sound) -> Heard;
    /// Waits for one key.
    fn wait_digit(&mut self, within: Duration) -> Heard;
    /// Rings somebody and, when answered, stays until the talk is over.
    /// The caller hears ringback meanwhile.
    fn dial(&mut self, dial: Dial<'_>) -> Dialled;
    /// How long the talk of the last `dial` was; zero if there was none.
    fn talked(&self) -> Duration {
        Duration::ZERO
    }
    /// A channel variable; `None` when it is unset or empty.
    fn variable(&self, name: &str) -> Option<String>;
    /// Sets a channel variable. The value is taken as it is, nothing in it is expanded.
    fn set_variable(&mut self, name: &str, value: &str);
}

/// Where the rows of menus and the numbers of codes come from.
pub trait Directory: Send + Sync {
    /// The rows for a phone, within the directory's own time budget.
    fn menu(&self, phone: &Phone) -> Result<MenuAnswer, LookupError>;
    /// The number that a code stands for, within the same budget. A code is made of digits,
    /// `*` and `#`; of anything else none is known, and nobody is asked.
    fn code(&self, code: &str) -> Result<CodeAnswer, LookupError>;
}

/// The rows of one look-up, in the database's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuAnswer {
    /// As stored; nothing in them is checked yet.
    pub rows: Vec<MenuRow>,
    /// Where they were read.
    pub source: Source,
}

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeAnswer {
    /// As stored, not checked yet; `None`: there is no such code, or it has no number.
    pub number: Option<String>,
    /// Where it was read.
    pub source: Source,
}

/// Why a look-up gave no rows. The text is for the log and says what to change.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LookupError {
    /// The database is down, or did not answer within its time budget. The next call may succeed.
    #[error("the database did not answer: {0}")]
    Unavailable(String),
    /// The database answered with an error: a wrong query, table, column or grant.
    #[error("the database refused the query: {0}")]
    Refused(String),
}

/// Where recordings become sound.
pub trait Prompts: Send + Sync {
    /// The sound of a prompt, decoded once and shared by all calls. Waits for its begin only.
    fn sound(&self, name: &PromptName) -> Result<Sound, PromptError>;

    /// These will be asked for soon, in this order. Returns at once; what cannot be had is told to
    /// whoever asks for it.
    fn prepare(&self, names: &[PromptName]);
}

/// Sound ready to play: signed 16-bit mono at [`Sound::RATE`], of a long recording perhaps only the
/// begin so far. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The samples, shared by all calls that play them.
    pub samples: Samples,
}

impl Sound {
    /// Samples per second. City lines are G.711, so more would be thrown away.
    pub const RATE: u32 = 8000;

    /// Nothing to hear, for so long.
    pub fn silence(length: Duration) -> Self {
        let samples = length.as_millis() as usize * Self::RATE as usize / 1000;
        Self {
            samples: vec![0; samples].into(),
        }
    }

    /// How long the sound plays, as far as it is there.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(Self::RATE))
    }

    /// The same for the log.
    pub fn length(&self) -> String {
        let so_far = if self.samples.is_whole() {
            ""
        } else {
            "more than "
        };
        format!("{so_far}{:.1} s", self.duration().as_secs_f64())
    }
}

/// Why a prompt cannot be played. The text names the file and what is wrong with it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PromptError {
    /// No such file under the sounds directory.
    #[error("{0}")]
    Missing(String),
    /// The name leads out of its folder, or is no file name at all.
    #[error("{0}")]
    Forbidden(String),
    /// The file is there but is no sound that we can decode.
    #[error("{0}")]
    Undecodable(String),
}

/// What a program asks for in a manager's place, as the manager would with keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Add the third person with this number.
    Add(Number),
    /// All together.
    Join,
    /// Give the third person up, back to the party.
    Cancel,
    /// To the party while the consulted third person hears music, or back.
    Swap,
}

/// What happened to a manager in a room, whatever the seat was doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The manager pressed a key.
    Digit(char),
    /// A notice was played to its end, or the wait for a digit ran out.
    Nothing,
    /// The client, or a third person who had joined, is no longer in the room or on hold.
    PartyLeft(Party),
    /// The third person whom the manager consults in private left.
    ConsultLeft,
    /// The third person's telephone: `Answered` means that the consult begins with the next
    /// [`Seat::talk`]; anything else ended the attempt.
    Dialled(Dialled),
    /// The manager hung up, or Asterisk wants the channel back.
    Gone,
    /// The manager ended the leg behind a transfer (REFER) of its own.
    Transferred,
    /// An operator ends the room.
    Ended,
    /// A program asks for something; it waits for [`Seat::answer`].
    Asked(Ask),
}

/// Who is in a room besides the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The client whom the room was made for.
    Client,
    /// A third person who was joined.
    Third,
}

/// The manager's place in a room: the leg, the room's two bridges and what the room's other
/// threads report. Only the manager's own channel thread may use it. Each blocking method returns
/// as soon as anything happens; what happens in between is kept for the next one, in its order.
///
/// Who left is told by what the person is when it is told: one who was dropped is not spoken of,
/// one who has joined meanwhile left the party. After a panic of the session, `hold_party`,
/// `release_party` and `drop_third` may come when there is nothing to do.
///
/// "The party" is everybody else who is joined: the client and the third persons that joined
/// earlier, not the one who is being dialled or consulted.
pub trait Seat {
    /// The channel's name, as the CLI shows it.
    fn name(&self) -> &str;
    /// Puts the whole party on hold with music; nobody of it hears the manager any more.
    fn hold_party(&mut self);
    /// Brings the whole party back into the room; the music stops.
    fn release_party(&mut self);
    /// Is in the room, heard by whoever is there, until one of `keys` or anything else happens.
    fn talk(&mut self, keys: &[char]) -> Happened;
    /// Plays a sound to the manager alone, outside the room, until its end or the first key.
    fn play(&mut self, sound: &Sound) -> Happened;
    /// Lets the manager alone hear a sound over the next [`Seat::talk`], which it does not outlive:
    /// the others hear the manager all the while.
    fn whisper(&mut self, sound: &Sound);
    /// Waits outside the room for one key.
    fn wait_digit(&mut self, within: Duration) -> Happened;
    /// Begins to dial a third person, for `ring` at most. How it ends comes from `await_third`.
    /// `number` is what programs are shown; who answers is sent its keys, and nobody else hears them.
    fn call_third(&mut self, number: &Number, destination: &str, ring: Duration);
    /// Lets the manager hear how the third person's telephone rings, until `Dialled` or anything
    /// else happens; of the manager's keys only `cancel` counts. The attempt goes on meanwhile:
    /// it ends with `Dialled`, `drop_third` or `leave`.
    fn await_third(&mut self, cancel: char) -> Happened;
    /// The third person who was consulted belongs to the party from now on.
    fn join_third(&mut self);
    /// Gives the attempt up, or hangs up on the third person who was consulted.
    fn drop_third(&mut self);
    /// Puts the third person who was consulted on hold with music (true), or brings that person back.
    fn hold_third(&mut self, on_hold: bool);
    /// Tells the program whose [`Happened::Asked`] was the oldest without an answer what came of it:
    /// the state's word now, or why it was refused. Each is answered once.
    fn answer(&mut self, outcome: Result<&'static str, &'static str>);
    /// Sets a variable on the manager's channel.
    fn set_variable(&mut self, name: &str, value: &str);
    /// What the room does when the manager's session has ended.
    fn leave(&mut self, farewell: Farewell);
}

/// What becomes of the party when the manager's session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Those who were talking (two or more) go on together; the room ends when fewer than two are
    /// there, be it at once: somebody may have left unheard of.
    LeaveTogether,
    /// The room ends: everybody in it hangs up.
    EndRoom,
    /// A lone client on hold goes where `[conference] orphan` says; anybody else hangs up.
    Orphan,
    /// A lone client hears music while the manager is called back.
    CallBack,
}

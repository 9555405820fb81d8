//! The configuration: lines of `res_rust_ivr.conf` in, [`Settings`] or worded errors out.
//! Pure: the file itself is read by Asterisk's own parser at the C border.

mod options;
#[cfg(test)]
mod tests;
mod unknown;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::numbers::{Extension, Fixed, Gaps, Number, NumberPlan, Pattern, Template};
use crate::ports::Line;

/// The manager's keys (`[conference] add_key`, `join_key`, `cancel_key`, `swap_key`); add may be
/// the same key as cancel or swap, the others differ from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Add a third person.
    pub add: char,
    /// End of the code; all together.
    pub join: char,
    /// Give up, back to the client.
    pub cancel: char,
    /// To the client while the consulted third person waits, and back. `None`: there is no such key.
    pub swap: Option<char>,
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

/// Everything an operator can choose. A call keeps the settings that it began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `[general]`
    pub general: General,
    /// `[numbers]`
    pub numbers: NumberPlan,
    /// `[ivr]`
    pub ivr: Ivr,
    /// `[conference]`
    pub conference: Conference,
    /// `[database]`
    pub database: Database,
    /// `[http]`
    pub http: Http,
}

/// `[general]`: the destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct General {
    /// Where a call goes when no target answers it.
    pub fallback: Template<Fixed>,
    /// How a number out of the tables is dialled...
    pub outbound: Template<Number>,
    /// ...unless one of these is for it; the first that is counts.
    pub internal: Vec<Internal>,
    /// How a manager is called back.
    pub manager: Template<Extension>,
}

/// Another way to dial some of the numbers out of the tables: a queue, an extension, voicemail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Internal {
    /// Which numbers.
    pub pattern: Pattern,
    /// How they are dialled.
    pub template: Template<Number>,
}

impl General {
    /// The `Dial()` destination of a number out of the tables.
    pub fn destination(&self, number: &Number, gaps: Gaps<'_>) -> String {
        let internal = self.internal.iter();
        let own = internal
            .map(|internal| (&internal.pattern, &internal.template))
            .find(|(pattern, _)| pattern.matches(number.as_str()));
        let template = own.map_or(&self.outbound, |(_, template)| template);
        template.render(number, gaps)
    }

    /// The same for the operator, and what is sent after the answer.
    pub fn foreseen(&self, number: &Number, gaps: Gaps<'_>) -> String {
        let destination = self.destination(number, gaps);
        match number.keys() {
            keys if keys.is_empty() => destination,
            keys => format!("{destination}, and after the answer {keys} is sent (a comma: 2 s)"),
        }
    }
}

/// `[ivr]`: the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ivr {
    /// How long a target rings before the call goes to the fallback; 1 to 300 s.
    pub ring_timeout: Duration,
    /// How long the fallback rings before the dialplan goes on, 1 to 600 s; `None`: no limit.
    pub fallback_timeout: Option<Duration>,
    /// How long the first digit is waited for after the last prompt; 1 to 60 s.
    pub digit_timeout: Duration,
    /// How long the next digit of an ambiguous key is waited for; 1 to 10 s.
    pub interdigit_timeout: Duration,
    /// How often the rows are read out; 1 to 10.
    pub repeat: u32,
    /// How often the menu begins again after a wrong key; 0 to 10.
    pub retry: u32,
    /// Who rings for a button sees its words as the caller's name.
    pub announce_name: bool,
    /// In-band digits are listened for while no other digit has come.
    pub tones: bool,
    /// A target that forwards its calls (302) is followed, to numbers that may be dialled.
    pub follow_forwards: bool,
    /// The prompts' directory: under Asterisk's sounds directory, or absolute.
    pub sounds: String,
}

/// `[conference]`: the third person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conference {
    /// The manager's keys.
    pub keys: Keys,
    /// How long without a digit ends a code; 1 to 60 s.
    pub code_timeout: Duration,
    /// How long a third person's telephone rings; 1 to 300 s.
    pub ring_timeout: Duration,
    /// How many wrong codes bring the manager back to the client; 1 to 10.
    pub tries: u32,
    /// What who is on hold hears: a class of musiconhold.conf.
    pub hold_music: String,
    /// The only held call is taken even when nothing tells whose it is (W2).
    pub one_held_is_enough: bool,
    /// Keys that are none of a state's reach those who hear the manager.
    pub pass_digits: bool,
    /// Where a client on hold goes whose manager is gone.
    pub orphan: Orphan,
    /// The notices' directory: under Asterisk's sounds directory, or absolute.
    pub sounds: String,
}

/// `[database]`: where the tables are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which database, and what it needs.
    pub driver: Driver,
    /// How long a caller waits for rows, connecting included; 10 to 5000 ms.
    pub timeout: Duration,
    /// Connections at most; 1 to 64.
    pub connections: usize,
    /// The operator's own menu query: one `?`, the canonical phone.
    pub menu_query: Option<String>,
    /// The operator's own code query: one `?`, the code.
    pub code_query: Option<String>,
    /// How often the snapshot of the tables is renewed, 1 to 86400 s; `None`: there is none.
    pub snapshot: Option<Duration>,
    /// The operator's own query for the snapshot's menus: no `?`, the phone in front.
    pub menu_snapshot: Option<String>,
    /// The operator's own query for the snapshot's codes: no `?`, code and number.
    pub code_snapshot: Option<String>,
}

/// `[http]`: the page and the metrics, on Asterisk's own HTTP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// Whether there are any.
    pub enabled: bool,
    /// Who may read the metrics; `None`: whoever asks from this machine.
    pub metrics: Option<Account>,
}

/// A name and a password of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Without a colon. Asterisk reads 254 bytes of both together.
    pub user: String,
    /// Never empty.
    pub password: Secret,
}

/// A kind of database with what is needed to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The embedded one.
    Sqlite {
        /// Under Asterisk's data directory, or absolute.
        file: PathBuf,
    },
    /// MySQL or MariaDB.
    Mysql {
        /// Where the server listens.
        address: Address,
        /// The database's name.
        name: String,
        /// The account.
        user: String,
        /// Its password; may be empty.
        password: Secret,
    },
}

/// For the operator; no password.
impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { file } => write!(f, "sqlite, {}", file.display()),
            Self::Mysql {
                address,
                name,
                user,
                ..
            } => {
                let with_tls = match address {
                    Address::Tcp { tls: Some(_), .. } => " with TLS",
                    _ => "",
                };
                write!(f, "mysql, {name} as {user} at {address}{with_tls}")
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { hosts, .. } => {
                for (at, host) in hosts.iter().enumerate() {
                    write!(f, "{}{host}", if at == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        match name.contains(':') {
            true => write!(f, "[{name}]:{port}"),
            false => write!(f, "{name}:{port}"),
        }
    }
}

/// Where a database server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Over the network.
    Tcp {
        /// Servers with the same tables, at least one, in the order in which they are tried.
        hosts: Vec<Host>,
        /// `None`: rows and password's proof go over the network as they are.
        tls: Option<Tls>,
    },
    /// A Unix socket's absolute path.
    Socket(PathBuf),
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// A name or an address; one of IPv6 without brackets.
    pub name: String,
    /// 1 to 65535.
    pub port: u16,
}

/// TLS, with which the server proves who it is and nobody else reads or changes the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of authorities, absolute, trusted besides the well-known public ones.
    pub ca: Option<PathBuf>,
}

/// A password: it never shows in `Debug` output.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a password over.
    pub fn new(password: String) -> Self {
        Self(password)
    }

    /// The password itself, for the one who logs in with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Default for Settings {
    /// What holds when the file is empty.
    fn default() -> Self {
        Self {
            general: General {
                fallback: built_in(Template::parse("PJSIP/bitrix24")),
                outbound: built_in(Template::parse("PJSIP/${NUMBER}@multifon")),
                internal: Vec::new(),
                manager: built_in(Template::parse("PJSIP/${NUMBER}@bitrix24")),
            },
            numbers: NumberPlan {
                country_code: "7".to_owned(),
                national_prefix: "8".to_owned(),
                national_length: 10,
                allow: vec![built_in(Pattern::parse("_X."))],
                deny: Vec::new(),
            },
            ivr: Ivr {
                ring_timeout: Duration::from_secs(20),
                fallback_timeout: Some(Duration::from_secs(60)),
                digit_timeout: Duration::from_secs(7),
                interdigit_timeout: Duration::from_secs(2),
                repeat: 1,
                retry: 0,
                announce_name: false,
                tones: true,
                follow_forwards: false,
                sounds: "rust_ivr".to_owned(),
            },
            conference: Conference {
                keys: Keys {
                    add: '*',
                    join: '#',
                    cancel: '*',
                    swap: None,
                },
                code_timeout: Duration::from_secs(5),
                ring_timeout: Duration::from_secs(45),
                tries: 3,
                hold_music: "default".to_owned(),
                one_held_is_enough: false,
                pass_digits: true,
                orphan: Orphan::Fallback,
                sounds: "rust_conf".to_owned(),
            },
            database: Database {
                driver: Driver::Sqlite {
                    file: PathBuf::from("rust_ivr.sqlite3"),
                },
                timeout: Duration::from_millis(300),
                connections: 8,
                menu_query: None,
                code_query: None,
                snapshot: Some(Duration::from_secs(60)),
                menu_snapshot: None,
                code_snapshot: None,
            },
            http: Http::default(),
        }
    }
}

/// A default that is a constant of this file; the unit tests read them all.
fn built_in<T, E: fmt::Debug>(parsed: Result<T, E>) -> T {
    parsed.expect("a built-in default is valid")
}

impl Settings {
    /// Reads the lines in the file's order. A repeated key takes its last value, except
    /// that `internal`, `allow`, `deny` and `host` collect theirs. Every wrong line is reported, not only the first.
    pub fn parse(lines: &[Line]) -> Result<Self, SettingsError> {
        let mut draft = options::Draft::default();
        for line in lines {
            draft.set(line);
        }
        draft
            .finish()
            .map_err(|problems| SettingsError { problems })
    }
}

/// What is wrong with a configuration: one sentence for each problem.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", problems.join("\n"))]
pub struct SettingsError {
    problems: Vec<String>,
}

impl SettingsError {
    /// The sentences, in the file's order; at least one.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

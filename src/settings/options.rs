//! The options by name: one table says what is known and how each value is read.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::{Address, Driver, Line, Secret, Settings};
use crate::numbers::{Pattern, Template, shown};

/// Reads a value into the draft, or says what would be right.
pub(super) type Read = fn(&mut Draft, &str) -> Result<(), String>;

/// Section, key, reader.
pub(super) const OPTIONS: &[(&str, &str, Read)] = &[
    ("general", "fallback", |d, v| {
        put(&mut d.settings.general.fallback, template(v, false))
    }),
    ("general", "outbound", |d, v| {
        put(&mut d.settings.general.outbound, template(v, true))
    }),
    ("general", "manager", |d, v| {
        put(&mut d.settings.general.manager, template(v, true))
    }),
    ("numbers", "country_code", |d, v| {
        put(&mut d.settings.numbers.country_code, digits(v, 1..=3, "7"))
    }),
    ("numbers", "national_prefix", |d, v| {
        put(
            &mut d.settings.numbers.national_prefix,
            digits(v, 0..=3, "8"),
        )
    }),
    ("numbers", "national_length", |d, v| {
        put(
            &mut d.settings.numbers.national_length,
            whole(v, "digits", 4..=12, 10).map(|n| n as usize),
        )
    }),
    ("numbers", "allow", |d, v| {
        pattern(v).map(|p| d.allow.push(p))
    }),
    ("numbers", "deny", |d, v| {
        pattern(v).map(|p| d.settings.numbers.deny.push(p))
    }),
    ("ivr", "ring_timeout", |d, v| {
        put(&mut d.settings.ivr.ring_timeout, seconds(v, 1..=300, 20))
    }),
    ("ivr", "fallback_timeout", |d, v| {
        put(
            &mut d.settings.ivr.fallback_timeout,
            seconds(v, 0..=600, 60).map(|t| (!t.is_zero()).then_some(t)),
        )
    }),
    ("ivr", "digit_timeout", |d, v| {
        put(&mut d.settings.ivr.digit_timeout, seconds(v, 1..=60, 7))
    }),
    ("ivr", "interdigit_timeout", |d, v| {
        put(
            &mut d.settings.ivr.interdigit_timeout,
            seconds(v, 1..=10, 2),
        )
    }),
    ("ivr", "repeat", |d, v| {
        put(&mut d.settings.ivr.repeat, whole(v, "times", 1..=10, 1))
    }),
    ("ivr", "sounds", |d, v| {
        put(&mut d.settings.ivr.sounds, text(v, "rust_ivr"))
    }),
    ("database", "driver", |d, v| put(&mut d.mysql, driver(v))),
    ("database", "file", |d, v| {
        put(&mut d.file, text(v, "rust_ivr.sqlite3").map(Some))
    }),
    ("database", "host", |d, v| {
        put(&mut d.host, host(v).map(Some))
    }),
    ("database", "port", |d, v| {
        put(&mut d.port, port(v).map(Some))
    }),
    ("database", "socket", |d, v| {
        put(&mut d.socket, socket(v).map(Some))
    }),
    ("database", "name", |d, v| {
        put(&mut d.name, text(v, "site").map(Some))
    }),
    ("database", "user", |d, v| {
        put(&mut d.user, text(v, "asterisk").map(Some))
    }),
    // Never an error: its sentence would show the password.
    ("database", "password", |d, v| {
        put(&mut d.password, Ok(Secret::new(v.to_owned())))
    }),
    ("database", "timeout", |d, v| {
        let read = whole(v, "milliseconds", 10..=5000, 300);
        put(
            &mut d.settings.database.timeout,
            read.map(|n| Duration::from_millis(n.into())),
        )
    }),
    ("database", "connections", |d, v| {
        put(
            &mut d.settings.database.connections,
            whole(v, "connections", 1..=64, 8).map(|n| n as usize),
        )
    }),
    ("database", "menu_query", |d, v| {
        put(&mut d.settings.database.menu_query, query(v).map(Some))
    }),
    // Of later versions: one file serves them all, so the names are known and nothing more.
    ("database", "snapshot", |_, _| Ok(())),
    ("database", "code_query", |_, _| Ok(())),
    ("database", "menu_snapshot", |_, _| Ok(())),
    ("database", "code_snapshot", |_, _| Ok(())),
    ("conference", "add_key", |_, _| Ok(())),
    ("conference", "join_key", |_, _| Ok(())),
    ("conference", "cancel_key", |_, _| Ok(())),
    ("conference", "code_timeout", |_, _| Ok(())),
    ("conference", "ring_timeout", |_, _| Ok(())),
    ("conference", "hold_music", |_, _| Ok(())),
    ("conference", "orphan", |_, _| Ok(())),
];

/// What the lines said so far, over the defaults.
#[derive(Default)]
pub(super) struct Draft {
    settings: Settings,
    allow: Vec<Pattern>,
    mysql: bool,
    file: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    socket: Option<PathBuf>,
    name: Option<String>,
    user: Option<String>,
    password: Secret,
    problems: Vec<String>,
}

impl Draft {
    /// Takes the next line; what is wrong with it is kept for [`Draft::finish`].
    pub(super) fn take(&mut self, line: &Line) {
        let Line {
            section,
            key,
            value,
            line,
        } = line;
        let known = OPTIONS.iter().find(|(of, name, _)| {
            of.eq_ignore_ascii_case(section) && name.eq_ignore_ascii_case(key)
        });
        let problem = match known {
            Some((section, key, read)) => match read(self, value) {
                Ok(()) => return,
                Err(right) => format!("line {line}: [{section}] {key} = {}: {right}", shown(value)),
            },
            None => format!("line {line}: {}", unknown(section, key)),
        };
        self.problems.push(problem);
    }

    /// The settings, or every problem found.
    pub(super) fn finish(mut self) -> Result<Settings, Vec<String>> {
        if !self.allow.is_empty() {
            self.settings.numbers.allow = std::mem::take(&mut self.allow);
        }
        if self.mysql {
            self.settings.database.driver = self.mysql_driver();
        } else if let Some(file) = self.file.take() {
            self.settings.database.driver = Driver::Sqlite { file: file.into() };
        }
        if self.problems.is_empty() {
            Ok(self.settings)
        } else {
            Err(self.problems)
        }
    }

    fn mysql_driver(&mut self) -> Driver {
        if self.socket.is_some() && (self.host.is_some() || self.port.is_some()) {
            self.problems.push(
                "[database] socket: a server is reached through its socket or through host and port: \
                 keep one of them"
                    .to_owned(),
            );
        }
        let address = match self.socket.take() {
            Some(path) => Address::Socket(path),
            None => Address::Tcp {
                host: self.host.take().unwrap_or_else(|| "127.0.0.1".to_owned()),
                port: self.port.unwrap_or(3306),
            },
        };
        let problems = &mut self.problems;
        let mut needed = |value: Option<String>, key, example| {
            value.unwrap_or_else(|| {
                problems.push(format!(
                    "[database] {key} is missing: driver = mysql needs it, such as {key} = {example}"
                ));
                String::new()
            })
        };
        Driver::Mysql {
            address,
            name: needed(self.name.take(), "name", "site"),
            user: needed(self.user.take(), "user", "asterisk"),
            password: std::mem::take(&mut self.password),
        }
    }
}

fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    value.map(|value| *place = value)
}

fn template(value: &str, has_number: bool) -> Result<Template, String> {
    Template::parse(value, has_number).map_err(|error| error.to_string())
}

fn pattern(value: &str) -> Result<Pattern, String> {
    Pattern::parse(value).map_err(|error| error.to_string())
}

fn digits(value: &str, length: RangeInclusive<usize>, example: &str) -> Result<String, String> {
    if value.bytes().all(|b| b.is_ascii_digit()) && length.contains(&value.len()) {
        return Ok(value.to_owned());
    }
    let (least, most) = length.into_inner();
    Err(format!("write {least} to {most} digits, such as {example}"))
}

fn whole(value: &str, what: &str, range: RangeInclusive<u32>, example: u32) -> Result<u32, String> {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && range.contains(&number) => Ok(number),
        _ => Err(format!(
            "write {what} as a whole number without a unit, from {} to {}, such as {example}",
            range.start(),
            range.end()
        )),
    }
}

fn seconds(value: &str, range: RangeInclusive<u32>, example: u32) -> Result<Duration, String> {
    whole(value, "seconds", range, example).map(|n| Duration::from_secs(n.into()))
}

fn text(value: &str, example: &str) -> Result<String, String> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(format!("write a name such as {example}"));
    }
    Ok(value.to_owned())
}

fn driver(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "sqlite" => Ok(false),
        "mysql" => Ok(true),
        _ => Err("write sqlite or mysql (for MariaDB too)".to_owned()),
    }
}

fn host(value: &str) -> Result<String, String> {
    if value.is_empty() || value.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control())
    {
        return Err("write a host such as 127.0.0.1; a socket's path goes into socket".to_owned());
    }
    Ok(value.to_owned())
}

fn port(value: &str) -> Result<u16, String> {
    match value.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("write a port from 1 to 65535, such as 3306".to_owned()),
    }
}

fn socket(value: &str) -> Result<PathBuf, String> {
    if !value.starts_with('/') || value.chars().any(char::is_control) {
        return Err("write an absolute path such as /run/mysqld/mysqld.sock".to_owned());
    }
    Ok(value.into())
}

/// A statement that reads, with one place for the phone.
fn query(value: &str) -> Result<String, String> {
    let verb = value
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    if !verb.eq_ignore_ascii_case("SELECT") && !verb.eq_ignore_ascii_case("WITH") {
        return Err("write a statement that begins with SELECT or WITH".to_owned());
    }
    let mut open_quote = None;
    let mut places = 0;
    for character in value.chars() {
        match open_quote {
            Some(quote) if quote == character => open_quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"' | '`') => open_quote = Some(character),
            None => places += usize::from(character == '?'),
        }
    }
    if open_quote.is_some() {
        return Err("a quote is opened and not closed".to_owned());
    }
    if places != 1 {
        return Err(format!(
            "write exactly one ? outside quotes, for the caller's canonical phone; there are {places}"
        ));
    }
    Ok(value.to_owned())
}

/// What to say about a name that no option has.
fn unknown(section: &str, key: &str) -> String {
    let of_section = |of: &str| of.eq_ignore_ascii_case(section);
    let (section_shown, key_shown) = (shown(section), shown(key));
    if !OPTIONS.iter().any(|(of, ..)| of_section(of)) {
        let nearest = nearest(section, OPTIONS.iter().map(|(of, ..)| *of));
        return format!("[{section_shown}] is not a known section; did you mean [{nearest}]?");
    }
    if let Some((of, name, _)) = OPTIONS
        .iter()
        .find(|(_, name, _)| name.eq_ignore_ascii_case(key))
    {
        return format!("{name} does not belong into [{section_shown}] but into [{of}]");
    }
    let names = OPTIONS
        .iter()
        .filter(|(of, ..)| of_section(of))
        .map(|(_, name, _)| *name);
    let nearest = nearest(key, names);
    format!("[{section_shown}] {key_shown} is not a known option; did you mean {nearest}?")
}

/// The name that the fewest edits lead to; the lists are never empty.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> &'a str {
    let wanted = wanted.to_ascii_lowercase();
    names
        .min_by_key(|name| edits(&wanted, name))
        .unwrap_or_default()
}

/// Levenshtein's distance: characters inserted, dropped or replaced on the way from one to the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

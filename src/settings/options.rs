//! The options by name: one table says what is known and how each value is read.

use std::path::PathBuf;
use std::time::Duration;

use super::unknown::unknown;
use super::values::{
    absolute, basic_user, digits, driver, host, internal, key, music_class, orphan, pattern, port,
    query, seconds, template, text, tls, whole, yes_or_no,
};
use super::{Account, Address, Driver, Host, Line, Secret, Settings, Tls};
use crate::numbers::{Pattern, shown};

/// Reads a value into the draft, or says what would be right.
pub(super) type Read = fn(&mut Draft, &str) -> Result<(), String>;

/// Section, key, reader.
pub(super) const OPTIONS: &[(&str, &str, Read)] = &[
    ("general", "fallback", |d, v| {
        put(&mut d.settings.general.fallback, template(v))
    }),
    ("general", "outbound", |d, v| {
        put(&mut d.settings.general.outbound, template(v))
    }),
    ("general", "internal", |d, v| {
        internal(v).map(|i| d.settings.general.internal.push(i))
    }),
    ("general", "manager", |d, v| {
        put(&mut d.settings.general.manager, template(v))
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
    ("ivr", "retry", |d, v| {
        put(&mut d.settings.ivr.retry, whole(v, "times", 0..=10, 1))
    }),
    ("ivr", "announce_name", |d, v| {
        put(&mut d.settings.ivr.announce_name, yes_or_no(v))
    }),
    ("ivr", "tones", |d, v| {
        put(&mut d.settings.ivr.tones, yes_or_no(v))
    }),
    ("ivr", "follow_forwards", |d, v| {
        put(&mut d.settings.ivr.follow_forwards, yes_or_no(v))
    }),
    ("ivr", "sounds", |d, v| {
        put(&mut d.settings.ivr.sounds, text(v, "rust_ivr"))
    }),
    ("conference", "add_key", |d, v| {
        put(&mut d.settings.conference.keys.add, key(v, "*"))
    }),
    ("conference", "join_key", |d, v| {
        put(&mut d.settings.conference.keys.join, key(v, "#"))
    }),
    ("conference", "cancel_key", |d, v| {
        put(&mut d.settings.conference.keys.cancel, key(v, "*"))
    }),
    ("conference", "swap_key", |d, v| {
        // Empty: no such key, which is the default.
        let swap = match v {
            "" => Ok(None),
            given => key(given, "0").map(Some),
        };
        put(&mut d.settings.conference.keys.swap, swap)
    }),
    ("conference", "code_timeout", |d, v| {
        put(
            &mut d.settings.conference.code_timeout,
            seconds(v, 1..=60, 5),
        )
    }),
    ("conference", "ring_timeout", |d, v| {
        put(
            &mut d.settings.conference.ring_timeout,
            seconds(v, 1..=300, 45),
        )
    }),
    ("conference", "tries", |d, v| {
        put(
            &mut d.settings.conference.tries,
            whole(v, "tries", 1..=10, 3),
        )
    }),
    ("conference", "hold_music", |d, v| {
        put(&mut d.settings.conference.hold_music, music_class(v))
    }),
    ("conference", "one_held_is_enough", |d, v| {
        put(&mut d.settings.conference.one_held_is_enough, yes_or_no(v))
    }),
    ("conference", "pass_digits", |d, v| {
        put(&mut d.settings.conference.pass_digits, yes_or_no(v))
    }),
    ("conference", "orphan", |d, v| {
        put(&mut d.settings.conference.orphan, orphan(v))
    }),
    ("conference", "sounds", |d, v| {
        put(&mut d.settings.conference.sounds, text(v, "rust_conf"))
    }),
    ("database", "driver", |d, v| put(&mut d.mysql, driver(v))),
    ("database", "file", |d, v| {
        put(&mut d.file, text(v, "rust_ivr.sqlite3").map(Some))
    }),
    ("database", "host", |d, v| {
        host(v).map(|host| d.hosts.push(host))
    }),
    ("database", "port", |d, v| {
        put(&mut d.port, port(v).map(Some))
    }),
    ("database", "socket", |d, v| {
        let path = absolute(v, "/run/mysqld/mysqld.sock");
        put(&mut d.socket, path.map(Some))
    }),
    ("database", "tls", |d, v| put(&mut d.tls, tls(v))),
    ("database", "tls_ca", |d, v| {
        let path = absolute(v, "/etc/ssl/certs/our-ca.pem");
        put(&mut d.tls_ca, path.map(Some))
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
        put(
            &mut d.settings.database.menu_query,
            query(v, Some("the caller's canonical phone")).map(Some),
        )
    }),
    ("database", "code_query", |d, v| {
        put(
            &mut d.settings.database.code_query,
            query(v, Some("the code")).map(Some),
        )
    }),
    ("database", "snapshot", |d, v| {
        put(
            &mut d.settings.database.snapshot,
            seconds(v, 0..=86400, 60).map(|t| (!t.is_zero()).then_some(t)),
        )
    }),
    ("database", "menu_snapshot", |d, v| {
        put(
            &mut d.settings.database.menu_snapshot,
            query(v, None).map(Some),
        )
    }),
    ("database", "code_snapshot", |d, v| {
        put(
            &mut d.settings.database.code_snapshot,
            query(v, None).map(Some),
        )
    }),
    ("http", "enabled", |d, v| {
        put(&mut d.settings.http.enabled, yes_or_no(v))
    }),
    ("http", "user", |d, v| {
        put(&mut d.http_user, basic_user(v).map(Some))
    }),
    // Its sentence does not show the password.
    ("http", "password", |d, v| {
        put(&mut d.http_password, Ok(Some(Secret::new(v.to_owned()))))
    }),
];

/// Options that are understood in another section as well: that one, the option, its own section.
const ALSO: &[(&str, &str, &str)] = &[("general", "announce_name", "ivr")];

/// What the lines said so far, over the defaults.
#[derive(Default)]
pub(super) struct Draft {
    settings: Settings,
    allow: Vec<Pattern>,
    mysql: bool,
    file: Option<String>,
    /// Names, and the port of those that have one of their own.
    hosts: Vec<(String, Option<u16>)>,
    port: Option<u16>,
    socket: Option<PathBuf>,
    tls: bool,
    tls_ca: Option<PathBuf>,
    name: Option<String>,
    user: Option<String>,
    password: Secret,
    http_user: Option<String>,
    http_password: Option<Secret>,
    problems: Vec<String>,
}

impl Draft {
    /// Takes the next line; what is wrong with it is kept for [`Draft::finish`].
    pub(super) fn set(&mut self, line: &Line) {
        let Line {
            section,
            key,
            value,
            line,
            included,
        } = line;
        let is = |of: &str, name: &str| {
            of.eq_ignore_ascii_case(section) && name.eq_ignore_ascii_case(key)
        };
        let also = ALSO.iter().find(|(of, name, _)| is(of, name));
        let known = OPTIONS.iter().find(|(of, name, _)| {
            also.map_or_else(|| is(of, name), |also| (also.1, also.2) == (*name, *of))
        });
        let problem = match known {
            Some((section, key, read)) => match read(self, value) {
                Ok(()) => return,
                Err(right) => format!("[{section}] {key} = {}: {right}", shown(value)),
            },
            None => {
                let names: Vec<_> = OPTIONS.iter().map(|(of, name, _)| (*of, *name)).collect();
                unknown(section, key, &names)
            }
        };
        let file = included
            .as_ref()
            .map(|file| format!("in {}, ", file.display()));
        let file = file.unwrap_or_default();
        self.problems.push(format!("{file}line {line}: {problem}"));
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
        self.settings.http.metrics = self.metrics_account();
        self.check_keys();
        self.check_patterns();
        if self.problems.is_empty() {
            Ok(self.settings)
        } else {
            Err(self.problems)
        }
    }

    /// One without the other would leave the metrics open to whoever an operator wanted to shut out.
    fn metrics_account(&mut self) -> Option<Account> {
        let password = self.http_password.take();
        let account = match (self.http_user.take(), password) {
            (None, None) => return None,
            (Some(user), Some(password)) if !password.expose().is_empty() => {
                Account { user, password }
            }
            _ => {
                self.problems.push(
                    "[http] user and password belong together: write both, or neither to let only this \
                     machine read the metrics"
                        .to_owned(),
                );
                return None;
            }
        };
        // Asterisk reads 255 bytes of what is sent, the colon included.
        if account.user.len() + account.password.expose().len() > 254 {
            self.problems.push(
                "[http] user and password are longer than 254 bytes together: shorten them"
                    .to_owned(),
            );
        }
        Some(account)
    }

    /// Add and cancel are never waited for at once, so they may be one key.
    fn check_keys(&mut self) {
        let keys = self.settings.conference.keys;
        for (name, key) in [("add_key", keys.add), ("cancel_key", keys.cancel)] {
            if keys.join == key {
                self.problems.push(format!(
                    "[conference] join_key and {name} are both {key}: join_key must differ from \
                     add_key and cancel_key, such as join_key = #"
                ));
                return;
            }
        }
        for (name, key) in [("join_key", keys.join), ("cancel_key", keys.cancel)] {
            if keys.swap == Some(key) {
                self.problems.push(format!(
                    "[conference] swap_key and {name} are both {key}: swap_key must differ from \
                     join_key and cancel_key, such as swap_key = 0"
                ));
                return;
            }
        }
    }

    /// A deny line that can match nothing would look like one that holds.
    fn check_patterns(&mut self) {
        let plan = &self.settings.numbers;
        let internal = self.settings.general.internal.iter();
        let all = (plan
            .allow
            .iter()
            .map(|pattern| ("[numbers] allow", pattern)))
        .chain(plan.deny.iter().map(|pattern| ("[numbers] deny", pattern)))
        .chain(internal.map(|internal| ("[general] internal", &internal.pattern)));
        for (option, pattern) in all.filter(|(_, pattern)| pattern.is_of_home(plan)) {
            self.problems.push(format!(
                "{option} = {pattern} can match no number: those of the country are matched with \
                 the country code, {} and {} digits",
                plan.country_code, plan.national_length
            ));
        }
    }

    fn mysql_driver(&mut self) -> Driver {
        if self.socket.is_some() && (!self.hosts.is_empty() || self.port.is_some()) {
            self.problems.push(
                "[database] socket: a server is reached through its socket or through host and port: \
                 keep one of them"
                    .to_owned(),
            );
        }
        if self.socket.is_some() && self.tls {
            self.problems.push(
                "[database] tls: a socket does not leave this machine and needs no TLS: \
                 write tls = no, or host and port instead of socket"
                    .to_owned(),
            );
        }
        if self.tls_ca.is_some() && !self.tls {
            self.problems.push(
                "[database] tls_ca is for tls = yes: write that too, or take tls_ca away"
                    .to_owned(),
            );
        }
        let address = match self.socket.take() {
            Some(path) => Address::Socket(path),
            None => Address::Tcp {
                hosts: self.mysql_hosts(),
                tls: self.tls.then(|| Tls {
                    ca: self.tls_ca.take(),
                }),
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

impl Draft {
    /// In the file's order; one that stands there twice is tried once.
    fn mysql_hosts(&mut self) -> Vec<Host> {
        let port = self.port.unwrap_or(3306);
        let mut hosts: Vec<Host> = Vec::new();
        for (name, own) in std::mem::take(&mut self.hosts) {
            let port = own.unwrap_or(port);
            let host = Host { name, port };
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        if hosts.is_empty() {
            let name = "127.0.0.1".to_owned();
            hosts.push(Host { name, port });
        }
        hosts
    }
}

fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    value.map(|value| *place = value)
}

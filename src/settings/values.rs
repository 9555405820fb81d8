//! What one value may be, and the sentence that says so when it is not.

use std::net::Ipv6Addr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::numbers::{Fills, Pattern, Template};
use crate::settings::{Internal, Orphan};

pub(super) fn template<N: Fills>(value: &str) -> Result<Template<N>, String> {
    Template::parse(value).map_err(|error| error.to_string())
}

pub(super) fn pattern(value: &str) -> Result<Pattern, String> {
    Pattern::parse(value).map_err(|error| error.to_string())
}

/// `_[1-9]XX => Local/${NUMBER}@queues`.
pub(super) fn internal(value: &str) -> Result<Internal, String> {
    let (numbers, destination) = value.split_once("=>").ok_or_else(|| {
        "write a pattern, => and a destination, such as _[1-9]XX => Local/${NUMBER}@queues"
            .to_owned()
    })?;
    Ok(Internal {
        pattern: pattern(numbers.trim())?,
        template: template(destination.trim())?,
    })
}

pub(super) fn digits(
    value: &str,
    length: RangeInclusive<usize>,
    example: &str,
) -> Result<String, String> {
    if value.bytes().all(|b| b.is_ascii_digit()) && length.contains(&value.len()) {
        return Ok(value.to_owned());
    }
    let (least, most) = length.into_inner();
    Err(format!("write {least} to {most} digits, such as {example}"))
}

pub(super) fn whole(
    value: &str,
    what: &str,
    range: RangeInclusive<u32>,
    example: u32,
) -> Result<u32, String> {
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

pub(super) fn seconds(
    value: &str,
    range: RangeInclusive<u32>,
    example: u32,
) -> Result<Duration, String> {
    whole(value, "seconds", range, example).map(|n| Duration::from_secs(n.into()))
}

pub(super) fn text(value: &str, example: &str) -> Result<String, String> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(format!("write a name such as {example}"));
    }
    Ok(value.to_owned())
}

/// The name of an account for Basic authentication, which a colon would end.
pub(super) fn basic_user(value: &str) -> Result<String, String> {
    match text(value, "prometheus")? {
        user if user.contains(':') => {
            Err("write a name without a colon, such as prometheus".to_owned())
        }
        user => Ok(user),
    }
}

pub(super) fn driver(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "sqlite" => Ok(false),
        "mysql" => Ok(true),
        _ => Err("write sqlite or mysql (for MariaDB too)".to_owned()),
    }
}

/// A server's name or address, and the port if it has one of its own: `db2:3307`. An address of
/// IPv6 stands in brackets, and may stand without them when there is no port.
pub(super) fn host(value: &str) -> Result<(String, Option<u16>), String> {
    let right = || {
        "write one host such as 127.0.0.1, db2:3307 or [2001:db8::1]:3306, another one into a \
         host line of its own; a socket's path goes into socket"
            .to_owned()
    };
    let (name, own) = match value.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((name, rest))) if is_ipv6(name) => match rest.strip_prefix(':') {
            None if rest.is_empty() => (name, None),
            Some(own) => (name, Some(own)),
            None => return Err(right()),
        },
        Some(_) => return Err(right()),
        None if is_ipv6(value) => (value, None),
        None => match value.split_once(':') {
            Some((name, own)) => (name, Some(own)),
            None => (value, None),
        },
    };
    let wrong = |c: char| "/,;@[]".contains(c) || c.is_whitespace() || c.is_control();
    if name.is_empty() || name.contains(wrong) {
        return Err(right());
    }
    let own = own.map(port).transpose()?;
    Ok((name.to_owned(), own))
}

/// With or without a zone (`fe80::1%eth0`).
fn is_ipv6(text: &str) -> bool {
    let address = text.split('%').next().unwrap_or_default();
    address.parse::<Ipv6Addr>().is_ok()
}

pub(super) fn port(value: &str) -> Result<u16, String> {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        _ => Err("write a port from 1 to 65535, such as 3306".to_owned()),
    }
}

pub(super) fn absolute(value: &str, example: &str) -> Result<PathBuf, String> {
    if !value.starts_with('/') || value.chars().any(char::is_control) {
        return Err(format!("write an absolute path such as {example}"));
    }
    Ok(value.into())
}

/// Yes or no.
pub(super) fn yes_or_no(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "no" => Ok(false),
        "yes" => Ok(true),
        _ => Err("write yes or no".to_owned()),
    }
}

/// A wish for TLS is refused where it cannot be had: never is there less safety than was asked for.
pub(super) fn tls(value: &str) -> Result<bool, String> {
    match yes_or_no(value)? {
        true if !cfg!(feature = "tls") => Err(
            "this module was built without TLS: build it with make FEATURES=tls and install that"
                .to_owned(),
        ),
        wanted => Ok(wanted),
    }
}

/// A statement that reads, with one place for what is looked up, or none when everything is.
pub(super) fn query(value: &str, looked_up: Option<&str>) -> Result<String, String> {
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
    match looked_up {
        Some(looked_up) if places != 1 => Err(format!(
            "write exactly one ? outside quotes, for {looked_up}; there are {places}"
        )),
        None if places != 0 => Err(format!(
            "write no ? outside quotes, because it gives the whole table; there are {places}"
        )),
        _ => Ok(value.to_owned()),
    }
}

/// One key of a telephone.
pub(super) fn key(value: &str, example: &str) -> Result<char, String> {
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        (Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Ok(key),
        _ => Err(format!(
            "write one key: a digit, *, # or A to D, such as {example}"
        )),
    }
}

/// A class of musiconhold.conf. Asterisk keeps 79 characters of a name.
pub(super) fn music_class(value: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if (1..80).contains(&value.len()) && value.bytes().all(plain) {
        return Ok(value.to_owned());
    }
    Err("write a class of musiconhold.conf, such as default".to_owned())
}

pub(super) fn orphan(value: &str) -> Result<Orphan, String> {
    match value.to_ascii_lowercase().as_str() {
        "fallback" => Ok(Orphan::Fallback),
        "hangup" => Ok(Orphan::Hangup),
        "wait" => Ok(Orphan::Wait),
        _ => Err("write fallback, hangup or wait".to_owned()),
    }
}

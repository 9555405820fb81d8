//! What a server's or a connection's errors mean.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::time::Duration;

use mysql::{DriverError, Error};

use super::{Failure, Host};
use crate::ports::LookupError;

/// Errors of a server that takes no changes. We only read, so they are none.
pub(super) const READ_ONLY: [u16; 3] = [1290, 1792, 1836];

/// Errors of a server, or an account, that has no place for one more connection.
pub(super) const FULL: [u16; 3] = [1040, 1203, 1226];

/// Errors that are about the connection, the moment or this one server, not about the query:
/// another connection may do better.
const LOST: [u16; 36] = [
    // No place: for a connection, for an account, for a thread, in memory.
    1040, 1203, 1226, 1135, 1037, 1041, //
    // The server goes, or takes no questions: shut down, offline, outside of its cluster (Galera).
    1053, 1077, 1079, 3032, 3168, 1047, //
    // The connection broke or was ended.
    1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031, //
    // The question took too long: a limit, a lock.
    1205, 1213, 1317, 1969, 3024, //
    // The statement is gone, or must be prepared anew.
    1243, 1615, //
    // What proxies in between say of the server behind them.
    2002, 2003, 2006, 2013, 2055, 9001, 9006,
];

impl Host {
    /// What an error of a connection means.
    pub(super) fn failure(&self, error: Error) -> Failure {
        let place = &self.place;
        match error {
            Error::MySqlError(e) if LOST.contains(&e.code) => {
                Failure::Lost(format!("{place}: error {}: {}", e.code, e.message))
            }
            Error::MySqlError(e) => {
                Failure::Refused(format!("{place}: error {}: {}", e.code, e.message))
            }
            Error::DriverError(DriverError::ConnectTimeout) => {
                Failure::Lost(silent(place, self.timeout))
            }
            error => Failure::Lost(match io_kind(&error) {
                Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => silent(place, self.timeout),
                Some(kind) => format!("{place}: the connection broke: {kind}"),
                None => format!("{place}: {error}; is it a MySQL server?"),
            }),
        }
    }

    /// No answer within the budget.
    pub(super) fn too_late(&self) -> LookupError {
        LookupError::Unavailable(silent(&self.place, self.timeout))
    }
}

pub(super) fn silent(place: &str, timeout: Duration) -> String {
    format!(
        "{place}: no answer within {} ms; is the server hung, overloaded or no MySQL server, \
         or [database] timeout too short?",
        timeout.as_millis()
    )
}

/// The kind of a broken or timed-out connection; `None` when the answer itself was wrong.
fn io_kind(error: &Error) -> Option<ErrorKind> {
    let kind = io_error(error)?.kind();
    (kind != ErrorKind::InvalidData).then_some(kind)
}

/// What the connection itself said.
pub(super) fn io_error(error: &Error) -> Option<&io::Error> {
    match error {
        Error::IoError(e) => Some(e),
        Error::CodecError(e) => e.source()?.downcast_ref(),
        _ => None,
    }
}

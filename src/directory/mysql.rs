//! One MySQL or MariaDB connection: how it is made, asked, and what its errors mean. `login.rs`
//! gets it past the server's door.

mod login;
#[cfg_attr(not(feature = "tls"), path = "mysql/no_tls.rs")]
mod tls;

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, DriverError, Error, Opts, OptsBuilder, Params, Row, Statement, Value};
use nix::sys::socket::{Shutdown, shutdown};

use super::deadline::Watchdog;
use super::queries::{Queries, Query};
use super::table::{Builder, Table, TooLong};
use super::{MAX_ROWS, SNAPSHOT_TIME, menu_row, text};
use crate::numbers::Phone;
use crate::ports::LookupError;
use crate::ports::MenuRow;
use crate::settings::{Address, Secret, Tls};

/// The longest packet we take, in bytes: a lying server cannot make us hold more.
const MAX_PACKET: usize = 1024 * 1024;

/// Sent when a connection is made. The crate asks MariaDB for 3-byte UTF-8; and without
/// autocommit a server would show the same old rows for as long as the connection lives.
const SESSION: &str = "SET NAMES utf8mb4, autocommit = 1";

/// A server, and what is asked of it.
pub(super) struct Server {
    opts: Opts,
    place: String,
    user: String,
    tls: Option<Tls>,
    queries: Queries,
    /// The caller's time budget for a look-up, all in all.
    pub(super) timeout: Duration,
}

/// A connection with the statements prepared on it.
pub(super) struct Link {
    conn: Conn,
    menu: Statement,
    /// When it was made.
    pub(super) born: Instant,
}

impl Link {
    /// The socket's number, for the watchdog.
    pub(super) fn socket(&self) -> RawFd {
        self.conn.as_raw_fd()
    }
}

/// Why a connection gave no rows.
pub(super) enum Failure {
    /// The connection is of no use any more; another one may be.
    Lost(String),
    /// The server answered, with an error. The connection is as good as before.
    Refused(String),
}

impl Server {
    /// Describes a server; nothing is sent.
    pub(super) fn new(
        address: &Address,
        name: &str,
        user: &str,
        password: &Secret,
        queries: Queries,
        timeout: Duration,
    ) -> Self {
        let opts = OptsBuilder::new()
            .user(Some(user))
            .pass(Some(password.expose()))
            .db_name(Some(name))
            .init(vec![SESSION])
            .prefer_socket(false)
            .max_allowed_packet(Some(MAX_PACKET))
            .tcp_connect_timeout(Some(timeout))
            .read_timeout(Some(timeout))
            .write_timeout(Some(timeout))
            // An idle connection that a firewall forgot is found before a caller needs it.
            .tcp_keepalive_time_ms(Some(30_000))
            .tcp_keepalive_probe_interval_secs(Some(10))
            .tcp_keepalive_probe_count(Some(3));
        let (opts, tls) = match address {
            Address::Tcp { host, port, tls } => {
                let ssl = tls.as_ref().map(tls::options);
                let opts = opts.ip_or_hostname(Some(host)).tcp_port(*port);
                (opts.ssl_opts(ssl), tls.clone())
            }
            Address::Socket(path) => (opts.socket(Some(path.to_string_lossy())), None),
        };
        Self {
            opts: opts.into(),
            place: format!("MySQL at {address}"),
            user: user.to_owned(),
            tls,
            queries,
            timeout,
        }
    }

    /// Connects, logs in and prepares the statements: what a caller must never wait for
    /// longer than its budget, so a thread of the pool does it.
    ///
    /// A server `in_doubt` must answer a question too: one whose tables are locked, or that
    /// is too slow, still lets us in.
    pub(super) fn connect(&self, watchdog: &Watchdog, in_doubt: bool) -> Result<Link, LookupError> {
        let mut conn = self.login(self.opts.clone())?;
        let watch = watchdog.watch(conn.as_raw_fd(), Instant::now() + self.timeout);
        let menu = self.prepare(&mut conn, &self.queries.menu);
        let prepared = menu.and_then(|menu| match self.prepare(&mut conn, &self.queries.code) {
            Err(lost @ Failure::Lost(_)) => Err(lost),
            // Menus go on without codes; whoever looks a code up is told.
            Ok(_) | Err(Failure::Refused(_)) => Ok(menu),
        });
        let prepared = prepared.and_then(|menu| {
            if in_doubt {
                let nobody = vec![Value::from("0"); self.queries.menu.parameters];
                guarded(|| read_rows(&mut conn, &menu, nobody)).map_err(|e| self.failure(e))?;
            }
            Ok(menu)
        });
        if !watch.in_time() {
            return Err(self.too_late());
        }
        let menu = prepared.map_err(|failure| match failure {
            Failure::Lost(why) => LookupError::Unavailable(why),
            Failure::Refused(why) => LookupError::Refused(why),
        })?;
        Ok(Link {
            conn,
            menu,
            born: Instant::now(),
        })
    }

    /// A whole table over a connection of its own, which is closed again. It may take
    /// [`SNAPSHOT_TIME`]: no caller waits for it.
    pub(super) fn read_table<const N: usize>(
        &self,
        watchdog: &Watchdog,
        query: &Query,
    ) -> Result<Table<N>, LookupError> {
        // A frozen server is found with the short timeouts; nothing can end a login early.
        drop(self.login(self.opts.clone())?);
        let opts = OptsBuilder::from_opts(self.opts.clone()).read_timeout(Some(SNAPSHOT_TIME));
        let mut conn = self.login(opts.into())?;
        let socket = conn.as_raw_fd();
        let watch = watchdog.watch(socket, Instant::now() + SNAPSHOT_TIME);
        let read = self.prepare(&mut conn, query).and_then(|statement| {
            let read = guarded(|| read_all(&mut conn, &statement, socket));
            read.map_err(|e| self.failure(e))
        });
        if !watch.in_time() {
            return Err(LookupError::Unavailable(format!(
                "{}: the whole table did not come within {} s",
                self.place,
                SNAPSHOT_TIME.as_secs()
            )));
        }
        match read {
            Ok(Ok(table)) => Ok(table),
            Ok(Err(why)) => Err(LookupError::Refused(query.too_long(why))),
            Err(Failure::Lost(why)) => Err(LookupError::Unavailable(why)),
            Err(Failure::Refused(why)) => Err(LookupError::Refused(why)),
        }
    }

    /// Prepares a statement; without a round trip when it is prepared on this connection.
    fn prepare(&self, conn: &mut Conn, query: &Query) -> Result<Statement, Failure> {
        let statement = guarded(|| conn.prep(&query.sql)).map_err(|error| match error {
            // What the crate finds wrong with the query's text before sending it.
            Error::DriverError(e) => Failure::Refused(e.to_string()),
            error => self.failure(error),
        })?;
        let (parameters, columns) = (statement.num_params(), statement.num_columns());
        query
            .check(parameters.into(), columns.into())
            .map_err(Failure::Refused)?;
        Ok(statement)
    }

    /// The rows for a phone: one round trip on the caller's own thread.
    pub(super) fn menu(&self, link: &mut Link, phone: &Phone) -> Result<Vec<MenuRow>, Failure> {
        let forms = phone.forms();
        let forms = forms.iter().take(self.queries.menu.parameters);
        let phones = forms.map(|form| Value::from(*form)).collect();
        guarded(|| read_rows(&mut link.conn, &link.menu, phones)).map_err(|e| self.failure(e))
    }

    /// The number of a code: one round trip, or two when the statement was refused before.
    pub(super) fn code(&self, link: &mut Link, code: &str) -> Result<Option<String>, Failure> {
        let statement = self.prepare(&mut link.conn, &self.queries.code)?;
        let row = guarded(|| link.conn.exec_first::<Row, _, _>(&statement, (code,)));
        let row = row.map_err(|e| self.failure(e))?;
        Ok(row.and_then(|mut row| column(&mut row, 0)))
    }

    /// No answer within the budget.
    pub(super) fn too_late(&self) -> LookupError {
        LookupError::Unavailable(self.silent())
    }

    /// Every connection was in use for the whole budget.
    pub(super) fn too_busy(&self, connections: usize) -> LookupError {
        LookupError::Unavailable(format!(
            "{}: all {connections} connections were busy for {} ms; is the server slow? \
             Else raise [database] connections",
            self.place,
            self.timeout.as_millis()
        ))
    }

    fn silent(&self) -> String {
        format!(
            "{}: no answer within {} ms; is the server hung, overloaded or no MySQL server, \
             or [database] timeout too short?",
            self.place,
            self.timeout.as_millis()
        )
    }

    fn failure(&self, error: Error) -> Failure {
        let place = &self.place;
        match error {
            Error::MySqlError(e) if ends_connection(e.code) => {
                Failure::Lost(format!("{place}: {}", e.message))
            }
            Error::MySqlError(e) => {
                Failure::Refused(format!("{place}: error {}: {}", e.code, e.message))
            }
            Error::DriverError(DriverError::ConnectTimeout) => Failure::Lost(self.silent()),
            error => Failure::Lost(match io_kind(&error) {
                Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => self.silent(),
                Some(kind) => format!("{place}: the connection broke: {kind}"),
                None => format!("{place}: {error}; is it a MySQL server?"),
            }),
        }
    }
}

/// Errors of the server that are about the connection or the moment, not about the query:
/// too many connections, shutting down, killed, time limits, lock waits, lost statements.
fn ends_connection(code: u16) -> bool {
    const CODES: [u16; 19] = [
        1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1213, 1226, 1243,
        1317, 1927, 1969, 4031,
    ];
    CODES.contains(&code)
}

/// The kind of a broken or timed-out connection; `None` when the answer itself was wrong.
fn io_kind(error: &Error) -> Option<ErrorKind> {
    let kind = io_error(error)?.kind();
    (kind != ErrorKind::InvalidData).then_some(kind)
}

/// What the connection itself said.
fn io_error(error: &Error) -> Option<&io::Error> {
    match error {
        Error::IoError(e) => Some(e),
        Error::CodecError(e) => e.source()?.downcast_ref(),
        _ => None,
    }
}

/// Runs the crate where a malformed answer can make it panic; that answer is then an error
/// like any other. The connection is never used again after one.
fn guarded<T>(talk: impl FnOnce() -> mysql::Result<T>) -> mysql::Result<T> {
    catch_unwind(AssertUnwindSafe(talk)).unwrap_or_else(|_| {
        Err(Error::IoError(io::Error::new(
            ErrorKind::InvalidData,
            "malformed packet",
        )))
    })
}

fn read_rows(
    conn: &mut Conn,
    statement: &Statement,
    phones: Vec<Value>,
) -> mysql::Result<Vec<MenuRow>> {
    let mut rows = Vec::new();
    // What is over the limit is read and dropped when `answer` goes: the next query on
    // this connection must not find it.
    let mut answer = conn.exec_iter(statement, Params::Positional(phones))?;
    while rows.len() < MAX_ROWS {
        let Some(row) = answer.next() else { break };
        let mut row = row?;
        rows.push(menu_row(|at| column(&mut row, at)));
    }
    Ok(rows)
}

/// Every row. What is too long is not read to its end: the connection is cut off instead.
fn read_all<const N: usize>(
    conn: &mut Conn,
    statement: &Statement,
    socket: RawFd,
) -> mysql::Result<Result<Table<N>, TooLong>> {
    let mut table = Builder::new();
    for row in conn.exec_iter(statement, ())? {
        let mut row = row?;
        if let Err(why) = table.push(|at| column(&mut row, at)) {
            // An error means that the connection is gone already.
            let _ = shutdown(socket, Shutdown::Both);
            return Ok(Err(why));
        }
    }
    Ok(Ok(table.finish()))
}

/// A value as text.
fn column(row: &mut Row, at: usize) -> Option<String> {
    match row.take::<Value, _>(at)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(text(bytes)),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        date @ (Value::Date(..) | Value::Time(..)) => {
            Some(date.as_sql(true).trim_matches('\'').to_owned())
        }
    }
}

//! One MySQL or MariaDB connection: how it is made and asked. `login.rs` gets it past the server's
//! door, `errors.rs` knows what went wrong.

mod errors;
mod inspect;
mod login;
mod rows;
#[cfg_attr(not(feature = "tls"), path = "mysql/no_tls.rs")]
mod tls;

pub(super) use login::NoEntry;
use rows::{column, read_all, read_rows};

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, Error, Opts, OptsBuilder, Row, Statement};
use nix::sys::socket::{MsgFlags, recv};
use nix::unistd::close;

use super::SNAPSHOT_TIME;
use super::deadline::Watchdog;
use super::hidden;
use super::queries::{Queries, Query};
use super::table::Table;
use super::worker::Unruly;
use crate::numbers::Phone;
use crate::ports::LookupError;
use crate::ports::{MenuRow, foreign};
use crate::settings::{Address, Secret, Tls};

/// The longest packet we take, in bytes: a lying server cannot make us hold more.
const MAX_PACKET: usize = 1024 * 1024;

/// Sent when a connection is made. The crate asks MariaDB for 3-byte UTF-8; and without
/// autocommit a server would show the same old rows for as long as the connection lives.
const SESSION: &str = "SET NAMES utf8mb4, autocommit = 1";

/// A database that one server has or several, and what is asked of it.
pub(super) struct Server {
    /// In the order in which they are tried; at least one.
    hosts: Vec<Host>,
    /// All of them, for the operator.
    place: String,
    queries: Queries,
    /// The caller's time budget for a look-up, all in all.
    pub(super) timeout: Duration,
}

/// One server, and what it needs to let us in.
struct Host {
    opts: Opts,
    place: String,
    tls: Option<Tls>,
    timeout: Duration,
    unruly: Unruly,
}

/// A connection with the statements prepared on it.
pub(super) struct Link {
    conn: Conn,
    menu: Statement,
    /// When it was made.
    pub(super) born: Instant,
    /// To whom it leads: a place in the order of the hosts.
    pub(super) host: usize,
}

impl Link {
    /// The socket's number, for the watchdog.
    pub(super) fn socket(&self) -> RawFd {
        self.conn.as_raw_fd()
    }

    /// Ends the connection, and waits until the server has ended it too and counts it no more.
    pub(super) fn close(self) {
        let socket = hidden::copy_of(self.socket());
        drop(self);
        if let Ok(socket) = socket {
            // Each time no longer than the socket's own timeout.
            while recv(socket, &mut [0; 512], MsgFlags::empty()).is_ok_and(|bytes| bytes > 0) {}
            let _ = close(socket);
        }
    }
}

/// Why a connection gave no rows.
pub(super) enum Failure {
    /// The connection is of no use any more; another one may be.
    Lost(String),
    /// The server answered, with an error. The connection is as good as before.
    Refused(String),
}

impl From<Failure> for LookupError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(why) => Self::Unavailable(why),
            Failure::Refused(why) => Self::Refused(why),
        }
    }
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
        let host = |opts: OptsBuilder, place: String, tls: Option<Tls>| Host {
            opts: opts.into(),
            place,
            tls,
            timeout,
            unruly: Unruly::default(),
        };
        let place = format!("MySQL at {address}");
        let hosts = match address {
            Address::Tcp { hosts, tls } => {
                let each = hosts.iter().map(|at| {
                    let opts = opts
                        .clone()
                        .ip_or_hostname(Some(&at.name))
                        .tcp_port(at.port);
                    let opts = opts.ssl_opts(tls.as_ref().map(tls::options));
                    host(opts, format!("MySQL at {at}"), tls.clone())
                });
                each.collect()
            }
            Address::Socket(path) => {
                vec![host(
                    opts.socket(Some(path.to_string_lossy())),
                    place.clone(),
                    None,
                )]
            }
        };
        Self {
            hosts,
            place,
            queries,
            timeout,
        }
    }

    /// How many servers have the database.
    pub(super) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// A host, for the operator.
    pub(super) fn place(&self, at: usize) -> &str {
        &self.hosts[at].place
    }

    /// Connects to a host, logs in, prepares the statements and puts the first question: what a
    /// caller must never wait for longer than its budget, so a thread of the pool does it.
    pub(super) fn connect(&self, at: usize, watchdog: &Watchdog) -> Result<Link, NoEntry> {
        let host = &self.hosts[at];
        host.enter(|door| {
            let mut conn = host.login(door, watchdog)?;
            let watch = watchdog.watch(conn.as_raw_fd(), Instant::now() + self.timeout);
            let menu = self.make_ready(host, &mut conn);
            if !watch.in_time() {
                return Err(host.too_late().into());
            }
            let menu = menu.map_err(LookupError::from)?;
            let born = Instant::now();
            Ok(Link {
                conn,
                menu,
                born,
                host: at,
            })
        })
    }

    /// Prepares the statements, and asks as a caller would: a server whose tables are locked, that is
    /// too slow, or that has lost its cluster (Galera's error 1047), lets us in and prepares all the
    /// same.
    fn make_ready(&self, host: &Host, conn: &mut Conn) -> Result<Statement, Failure> {
        let menu = host.prepare(conn, &self.queries.menu)?;
        if let Err(lost @ Failure::Lost(_)) = host.prepare(conn, &self.queries.code) {
            return Err(lost);
        }
        // Refused: menus go on without codes; whoever looks a code up is told.
        let nobody = ["0"; 4];
        match guarded(|| read_rows(conn, &menu, &self.queries.menu, &nobody)) {
            Err(Error::MySqlError(e)) if errors::READ_ONLY.contains(&e.code) => Ok(menu),
            Err(e) => Err(host.failure(e)),
            Ok(_) => Ok(menu),
        }
    }

    /// A whole table of a host, over a connection of its own, which is closed again. It may take
    /// [`SNAPSHOT_TIME`]: no caller waits for it.
    pub(super) fn read_table<const N: usize>(
        &self,
        at: usize,
        watchdog: &Watchdog,
        query: &Query,
    ) -> Result<Table<N>, NoEntry> {
        let host = &self.hosts[at];
        host.enter(|mut door| {
            let opts = OptsBuilder::from_opts(door.opts);
            door.opts = opts.read_timeout(Some(SNAPSHOT_TIME)).into();
            let mut conn = host.login(door, watchdog)?;
            let socket = conn.as_raw_fd();
            let watch = watchdog.watch(socket, Instant::now() + SNAPSHOT_TIME);
            let read = host.prepare(&mut conn, query).and_then(|statement| {
                let read = guarded(|| read_all(&mut conn, &statement, query, socket));
                read.map_err(|e| host.failure(e))
            });
            if !watch.in_time() {
                return Err(LookupError::Unavailable(format!(
                    "{}: the whole table did not come within {} s",
                    host.place,
                    SNAPSHOT_TIME.as_secs()
                ))
                .into());
            }
            let table = read.map_err(LookupError::from)?;
            Ok(table.map_err(|why| LookupError::Refused(query.too_long(why)))?)
        })
    }

    /// The rows for a phone: one round trip on the caller's own thread.
    pub(super) fn menu(&self, link: &mut Link, phone: &Phone) -> Result<Vec<MenuRow>, Failure> {
        let forms = phone.forms();
        let rows = guarded(|| read_rows(&mut link.conn, &link.menu, &self.queries.menu, &forms));
        rows.map_err(|e| self.hosts[link.host].failure(e))
    }

    /// The number of a code: one round trip, or two when the statement was refused before.
    pub(super) fn code(&self, link: &mut Link, code: &str) -> Result<Option<String>, Failure> {
        let host = &self.hosts[link.host];
        let statement = host.prepare(&mut link.conn, &self.queries.code)?;
        let row = guarded(|| link.conn.exec_first::<Row, _, _>(&statement, (code,)));
        let row = row.map_err(|e| host.failure(e))?;
        Ok(row.and_then(|mut row| column(&mut row, 0)))
    }

    /// No answer of a host within the budget.
    pub(super) fn silent(&self, at: usize) -> LookupError {
        self.hosts[at].too_late()
    }

    /// No connection within the budget.
    pub(super) fn too_late(&self) -> LookupError {
        LookupError::Unavailable(errors::silent(&self.place, self.timeout))
    }

    /// The only connection that we may have is the snapshot's for a while.
    pub(super) fn only_for_the_snapshot(&self) -> LookupError {
        let place = &self.place;
        LookupError::Unavailable(format!(
            "{place}: the only connection that it allows us reads the tables for the snapshot; \
             allow the account more (MAX_USER_CONNECTIONS, max_connections)"
        ))
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
}

impl Host {
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
}

/// Runs the crate where a malformed answer can make it panic; that answer is then an error
/// like any other. The connection is never used again after one.
fn guarded<T>(talk: impl FnOnce() -> mysql::Result<T>) -> mysql::Result<T> {
    foreign(talk).unwrap_or_else(|| {
        Err(Error::IoError(io::Error::new(
            ErrorKind::InvalidData,
            "malformed packet",
        )))
    })
}

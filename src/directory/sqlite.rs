//! The embedded database: a file that the operator writes and we only read.

mod inspect;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Params, Rows, params_from_iter};

use super::keys::Stored;
use super::queries::{Queries, Query};
use super::table::{Builder, Table};
use super::{MAX_READ, SNAPSHOT_TIME, in_order, menu_row, text};
use crate::numbers::Phone;
use crate::ports::LookupError;
use crate::ports::MenuRow;

/// Steps of SQLite's virtual machine between two looks at the clock; some microseconds.
const STEPS: i32 = 1000;

/// A database file and the connections that are open on it.
pub(super) struct SqliteDirectory {
    file: PathBuf,
    queries: Queries,
    timeout: Duration,
    /// Idle connections that are kept at most.
    max_idle: usize,
    idle: Mutex<Vec<Opened>>,
    /// Set once nobody is to wait any more.
    stopping: Arc<AtomicBool>,
}

/// A connection and the file that it was opened on.
struct Opened {
    conn: Connection,
    file: FileId,
}

/// Device and inode. They change when the operator puts another file in the same place.
type FileId = (u64, u64);

impl SqliteDirectory {
    /// Describes the database; the file is opened by the first look-up.
    pub(super) fn new(file: PathBuf, queries: Queries, timeout: Duration, max_idle: usize) -> Self {
        Self {
            file,
            queries,
            timeout,
            max_idle,
            idle: Mutex::default(),
            stopping: Arc::default(),
        }
    }

    /// The rows for a phone, within the time budget.
    pub(super) fn menu(&self, phone: &Phone) -> Result<Vec<MenuRow>, LookupError> {
        let query = &self.queries.menu;
        let forms = phone.forms();
        let phones = params_from_iter(forms.iter().take(query.parameters));
        self.ask(query, phones, |answer| {
            let mut rows = Vec::new();
            let name = answer
                .as_ref()
                .and_then(|statement| query.name_at(statement.column_names()));
            while rows.len() < MAX_READ {
                let Some(row) = answer.next()? else { break };
                let text = |at| row.get_ref(at).ok().and_then(column);
                let place = (query.rank(text, &forms), query.id(text));
                let cell = |cell| query.column_of(cell, name).and_then(text);
                rows.push((place, menu_row(cell)));
            }
            Ok(in_order(rows))
        })
    }

    /// The number of a code, within the time budget.
    pub(super) fn code(&self, code: &str) -> Result<Option<String>, LookupError> {
        self.ask(&self.queries.code, [code], |answer| {
            Ok(answer
                .next()?
                .and_then(|row| row.get_ref(0).ok().and_then(column)))
        })
    }

    /// A whole table, over a connection of its own. It may take [`SNAPSHOT_TIME`], of which locks may
    /// take the time budget.
    pub(super) fn read_table<const N: usize>(
        &self,
        query: &Query,
    ) -> Result<Table<N>, LookupError> {
        let mut conn = self.open(self.file_id()?)?.conn;
        let allowed = conn.pragma_update(None, "automatic_index", true);
        allowed.map_err(|e| self.error(e))?;
        let deadline = Instant::now() + SNAPSHOT_TIME;
        let take = |answer: &mut Rows<'_>| {
            let mut table = Builder::new();
            let name = answer
                .as_ref()
                .and_then(|statement| query.name_at(statement.column_names()));
            while let Some(row) = answer.next()? {
                let text = |at| row.get_ref(at).ok().and_then(column);
                let stored = match row.get_ref(0) {
                    Ok(ValueRef::Integer(_) | ValueRef::Real(_)) => Stored::Strict,
                    _ => Stored::Text {
                        padded: query.is_bare(text),
                    },
                };
                let cell = |at| match at {
                    0 => text(0).map(|key| stored.key(key)),
                    at => query.column_of(at, name).and_then(text),
                };
                if let Err(why) = table.push(cell) {
                    return Ok(Err(why));
                }
            }
            Ok(Ok(table.finish()))
        };
        let read = self.read(&mut conn, query, [], take, deadline)?;
        read.map_err(|why| LookupError::Refused(query.too_long(why)))
    }

    /// Closes the idle connections and ends what is being read.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.idle.lock().clear();
    }

    /// What `take` makes of the answer, within the time budget.
    fn ask<T>(
        &self,
        query: &Query,
        parameters: impl Params,
        take: impl FnOnce(&mut Rows<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LookupError> {
        let deadline = Instant::now() + self.timeout;
        let file = self.file_id()?;
        let opened = self.idle.lock().pop();
        let mut opened = match opened.filter(|opened| opened.file == file) {
            Some(opened) => opened,
            None => self.open(file)?,
        };
        let answer = self.read(&mut opened.conn, query, parameters, take, deadline)?;
        let mut idle = self.idle.lock();
        if idle.len() < self.max_idle {
            idle.push(opened);
        }
        Ok(answer)
    }

    fn file_id(&self) -> Result<FileId, LookupError> {
        let meta = fs::metadata(&self.file).map_err(|e| {
            LookupError::Unavailable(format!(
                "{}: {e}; create it from the schema that comes with the module, readable for \
                 Asterisk's user, or correct [database] file",
                self.file.display()
            ))
        })?;
        Ok((meta.dev(), meta.ino()))
    }

    fn open(&self, file: FileId) -> Result<Opened, LookupError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.file, flags).map_err(|e| self.error(e))?;
        // A caller's buttons come as they lie in their table, not in the order of an index that SQLite
        // makes for one question; to make it would take longer, too.
        let forbidden = conn.pragma_update(None, "automatic_index", false);
        forbidden.map_err(|e| self.error(e))?;
        Ok(Opened { conn, file })
    }

    fn read<T>(
        &self,
        conn: &mut Connection,
        query: &Query,
        parameters: impl Params,
        take: impl FnOnce(&mut Rows<'_>) -> rusqlite::Result<T>,
        deadline: Instant,
    ) -> Result<T, LookupError> {
        let stopping = Arc::clone(&self.stopping);
        let late = move || Instant::now() >= deadline || stopping.load(Ordering::Relaxed);
        conn.progress_handler(STEPS, Some(late))
            .map_err(|e| self.error(e))?;
        // Preparing reads the tables' definitions, so it too may meet a lock.
        self.wait_for_locks(conn, deadline)?;
        let prepared = conn.prepare_cached(&query.sql);
        let mut statement = prepared.map_err(|e| self.error(e))?;
        query
            .check(statement.parameter_count(), statement.column_count())
            .map_err(LookupError::Refused)?;
        self.wait_for_locks(conn, deadline)?;
        let mut answer = statement.query(parameters).map_err(|e| self.error(e))?;
        take(&mut answer).map_err(|e| self.error(e))
    }

    fn wait_for_locks(&self, conn: &Connection, deadline: Instant) -> Result<(), LookupError> {
        let left = deadline.saturating_duration_since(Instant::now());
        conn.busy_timeout(left.min(self.timeout))
            .map_err(|e| self.error(e))
    }

    fn error(&self, error: Error) -> LookupError {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, NotADatabase, OperationInterrupted,
            PermissionDenied, SystemIoFailure,
        };
        let file = self.file.display();
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => LookupError::Unavailable(format!(
                "{file}: another program kept it locked for {} ms",
                self.timeout.as_millis()
            )),
            Some(OperationInterrupted) => LookupError::Unavailable(format!(
                "{file}: no rows within {} ms; is an index on the table missing?",
                self.timeout.as_millis()
            )),
            Some(CannotOpen | PermissionDenied | SystemIoFailure) => LookupError::Unavailable(
                format!("{file}: {error}; may Asterisk's user read the file and its directory?"),
            ),
            Some(NotADatabase) => LookupError::Refused(format!(
                "{file} is no SQLite database; correct [database] file, or create the file \
                 from the schema that comes with the module"
            )),
            _ => LookupError::Refused(format!(
                "{file}: {error}; the schema that comes with the module creates the tables, \
                 and [database] menu_query and code_query must fit them"
            )),
        }
    }
}

fn column(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(text(bytes.to_vec())),
    }
}

//! Where menus and codes come from: the database within a time budget, else the last known
//! good snapshot of its tables.
//!
//! `sqlite.rs` and `mysql.rs` know their database, `pool.rs` keeps MySQL's connections ready,
//! `breaker.rs` knows when not to ask, `hosts.rs` whom to ask,
//! `deadline.rs` cuts off a server that is too slow. `snapshot.rs`
//! renews the snapshot, `table.rs` holds it, `disk.rs` keeps it over a restart. Nothing here
//! decides about calls.

mod breaker;
mod deadline;
mod disk;
mod hidden;
mod hosts;
pub mod inspect;
mod keys;
mod mysql;
mod pool;
mod queries;
mod snapshot;
mod sqlite;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::numbers::Phone;
use crate::ports::MenuRow;
use crate::ports::Source;
use crate::ports::panics::point;
use crate::ports::{CodeAnswer, Directory, LookupError, MenuAnswer, one_line};
use crate::settings::{Database, Driver};

/// Rows of one answer that are kept; the rest is dropped. A telephone menu has a dozen.
pub const MAX_ROWS: usize = 64;

/// Bytes of one column that are kept. No file name or number is as long as this, so a
/// shortened one cannot become another valid one.
pub const MAX_TEXT: usize = 4096;

/// How long the reading of one whole table for the snapshot may take. No caller waits for it.
const SNAPSHOT_TIME: Duration = Duration::from_secs(30);

/// How long [`LiveDirectory::stop`] waits for a thread that hangs in the system.
const PATIENCE: Duration = Duration::from_millis(800);

/// The database of the current configuration and the snapshot of its tables. Dropping it stops
/// its threads, as [`LiveDirectory::stop`] does.
pub struct LiveDirectory {
    /// For the operator: which database.
    name: String,
    database: Arc<Backend>,
    /// `None`: `[database] snapshot` is 0.
    snapshot: Option<snapshot::Snapshot>,
}

/// How a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// It answers, as far as is known.
    pub up: bool,
    /// Connections to a server: `idle`, `busy` (callers have them), `snapshot`, and the `limit` of
    /// them all. Empty for a file.
    pub connections: Vec<(&'static str, usize)>,
    /// Age of the older of the snapshot's tables. `None`: there is none.
    pub snapshot_age: Option<Duration>,
}

/// A code out of the table, to choose from. Strangers' text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// As a manager types it.
    pub code: String,
    /// As it is stored: not judged.
    pub number: String,
    /// Whose number it is; `None`: the tables do not say.
    pub name: Option<String>,
}

enum Backend {
    Sqlite(Box<sqlite::SqliteDirectory>),
    Mysql(pool::Pool),
}

/// Takes up a database. Never waits for it and never fails: what is wrong with it is said by
/// each look-up, and logged when it changes. `data_dir` is where a relative SQLite file lies,
/// `var_dir` where the snapshot is kept: it is read here, which takes 0.4 s for 100,000 phones.
pub fn open(settings: &Database, data_dir: &Path, var_dir: &Path) -> LiveDirectory {
    let queries = queries::Queries::new(settings);
    let database = Arc::new(match &settings.driver {
        Driver::Sqlite { file } => Backend::Sqlite(Box::new(sqlite::SqliteDirectory::new(
            data_dir.join(file),
            queries,
            settings.timeout,
            settings.connections,
        ))),
        Driver::Mysql {
            address,
            name,
            user,
            password,
        } => {
            let server =
                mysql::Server::new(address, name, user, password, queries, settings.timeout);
            Backend::Mysql(pool::Pool::open(server, settings.connections))
        }
    });
    let snapshot = settings.snapshot.map(|every| {
        let queries = queries::Snapshots::new(settings);
        let disk = disk::Disk::new(var_dir, queries.origin(&settings.driver));
        snapshot::Snapshot::open(Arc::clone(&database), queries, every, disk)
    });
    LiveDirectory {
        name: settings.driver.to_string(),
        database,
        snapshot,
    }
}

impl LiveDirectory {
    /// Stops and joins the threads and closes the idle connections, within a second.
    /// Look-ups still running, and later ones, get the snapshot or [`LookupError::Unavailable`].
    pub fn stop(&self) {
        let deadline = Instant::now() + PATIENCE;
        if let Some(snapshot) = &self.snapshot {
            snapshot.stop();
        }
        match &*self.database {
            Backend::Sqlite(sqlite) => sqlite.stop(),
            Backend::Mysql(pool) => pool.stop(deadline),
        }
        if let Some(snapshot) = &self.snapshot {
            snapshot.join(deadline);
        }
    }

    /// Two lines for the operator, without a line's end: the database with its connections
    /// and what is wrong with it, and the snapshot with its age and size.
    pub fn state(&self) -> String {
        let mut database = self.name.clone();
        if let Backend::Mysql(pool) = &*self.database {
            database += ": ";
            // With a server's own words in it.
            database += &one_line(&pool.describe());
        }
        let snapshot = match &self.snapshot {
            Some(snapshot) => snapshot.describe(),
            None => "none, [database] snapshot is 0".to_owned(),
        };
        format!("Database: {database}\nSnapshot: {snapshot}")
    }

    /// How the database and the snapshot are, for the metrics.
    pub fn health(&self) -> Health {
        let (up, connections) = match &*self.database {
            // A file has nobody who knows: it is asked.
            Backend::Sqlite(sqlite) => (sqlite.code("0").is_ok(), Vec::new()),
            Backend::Mysql(pool) => pool.health(),
        };
        let snapshot = self.snapshot.as_ref();
        Health {
            up,
            connections,
            snapshot_age: snapshot.and_then(snapshot::Snapshot::age),
        }
    }

    /// The codes of the snapshot, up to `most`, sorted; none while there is no snapshot.
    pub fn codes(&self, most: usize) -> Vec<Code> {
        let tables = self.snapshot.as_ref().map(snapshot::Snapshot::tables);
        tables.map(|tables| tables.codes(most)).unwrap_or_default()
    }

    /// The story of every look-up: what the database answered within the budget, else the snapshot.
    fn live_or_snapshot<T>(
        &self,
        live: Result<T, LookupError>,
        look_up: impl FnOnce(&tables::Tables) -> Option<T>,
    ) -> Result<(T, Source), LookupError> {
        let error = match live {
            Ok(answer) => return Ok((answer, Source::Live)),
            Err(error) => error,
        };
        let answer = self.snapshot.as_ref().and_then(|snapshot| {
            let answer = look_up(&snapshot.tables())?;
            snapshot.answers_instead(&error);
            Some((answer, Source::Snapshot))
        });
        answer.ok_or(error)
    }
}

impl Drop for LiveDirectory {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Backend {
    /// Why it need not be asked now.
    fn away(&self) -> Option<LookupError> {
        match self {
            Self::Sqlite(_) => None,
            Self::Mysql(pool) => pool.away(),
        }
    }

    /// A whole table.
    fn read_table<const N: usize>(
        &self,
        query: &queries::Query,
    ) -> Result<table::Table<N>, LookupError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read_table(query),
            Self::Mysql(pool) => pool.read_table(query),
        }
    }
}

impl Directory for LiveDirectory {
    fn menu(&self, phone: &Phone) -> Result<MenuAnswer, LookupError> {
        point("Directory::menu");
        let live = match &*self.database {
            Backend::Sqlite(sqlite) => sqlite.menu(phone),
            Backend::Mysql(pool) => pool.menu(phone),
        };
        let (rows, source) = self.live_or_snapshot(live, |tables| tables.menu(phone))?;
        Ok(MenuAnswer { rows, source })
    }

    fn code(&self, code: &str) -> Result<CodeAnswer, LookupError> {
        point("Directory::code");
        if code.is_empty()
            || !code
                .bytes()
                .all(|b| b.is_ascii_digit() || b"*#".contains(&b))
        {
            return Ok(CodeAnswer {
                number: None,
                source: Source::None,
            });
        }
        let live = match &*self.database {
            Backend::Sqlite(sqlite) => sqlite.code(code),
            Backend::Mysql(pool) => pool.code(code),
        };
        let (number, source) = self.live_or_snapshot(live, |tables| tables.code(code))?;
        Ok(CodeAnswer { number, source })
    }
}

/// A row out of its columns, asked for by position.
fn menu_row(mut column: impl FnMut(usize) -> Option<String>) -> MenuRow {
    MenuRow {
        scenario: column(0),
        scenario_msg: column(1),
        key_num: column(2),
        msg_mp3: column(3),
        transfer_to: column(4),
        name: column(5),
    }
}

/// Rows of one answer that are read before they are put in order.
const MAX_READ: usize = 8 * MAX_ROWS;

/// Where a row of a menu belongs: which of the number's forms it has, and to which menu of the table
/// it belongs, where that has a number.
type Place = (usize, Option<i128>);

/// The rows of a menu in the order in which they are read out: those of the number's earlier forms
/// first, of one form menu by menu, those of one menu as the database gave them.
fn in_order(mut rows: Vec<(Place, MenuRow)>) -> Vec<MenuRow> {
    rows.sort_by_key(|(place, _)| *place);
    rows.truncate(MAX_ROWS);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Text as the database stored it; bytes that are no UTF-8 are replaced, never refused.
fn text(mut bytes: Vec<u8>) -> String {
    bytes.truncate(MAX_TEXT);
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

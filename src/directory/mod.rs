//! Where menus and codes come from: SQLite or MySQL, behind one port and one time budget.
//!
//! `sqlite.rs` and `mysql.rs` know their database, `pool.rs` keeps MySQL's connections
//! ready, `deadline.rs` cuts off a server that is too slow. Nothing here decides about calls.

mod deadline;
mod mysql;
mod pool;
mod sqlite;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::ivr::{MenuRow, Source};
use crate::numbers::Phone;
use crate::ports::{CodeAnswer, Directory, LookupError, MenuAnswer};
use crate::settings::{Database, Driver};

/// A1, the customer's statement, asking for every form of the number in one round trip.
/// Like the customer's it has no ORDER BY: only the columns that it names are known to exist.
const MENU_QUERY: &str = "SELECT i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo \
     FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id) \
     WHERE phone IN (?, ?, ?, ?)";

/// The customer's statement for the code that a manager typed.
const CODE_QUERY: &str = "SELECT phone FROM sAsterisk_prefix WHERE pref = ?";

/// Rows of one answer that are kept; the rest is dropped. A telephone menu has a dozen.
pub const MAX_ROWS: usize = 64;

/// Bytes of one column that are kept. No file name or number is as long as this, so a
/// shortened one cannot become another valid one.
pub const MAX_TEXT: usize = 4096;

/// The database of the current configuration. Dropping it stops its threads, as
/// [`LiveDirectory::stop`] does.
pub struct LiveDirectory(Backend);

enum Backend {
    Sqlite(sqlite::SqliteDirectory),
    Mysql(pool::Pool),
}

/// Takes up a database. Never blocks and never fails: what is wrong with the database is
/// said by each look-up, and logged when it changes. `data_dir` is where a relative SQLite
/// file lies.
pub fn open(settings: &Database, data_dir: &Path) -> LiveDirectory {
    let queries = Queries::new(settings);
    LiveDirectory(match &settings.driver {
        Driver::Sqlite { file } => Backend::Sqlite(sqlite::SqliteDirectory::new(
            data_dir.join(file),
            queries,
            settings.timeout,
            settings.connections,
        )),
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
    })
}

impl LiveDirectory {
    /// Stops and joins the threads and closes the idle connections, within a second.
    /// Look-ups still running, and later ones, may answer [`LookupError::Unavailable`].
    pub fn stop(&self) {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.stop(),
            Backend::Mysql(pool) => pool.stop(),
        }
    }
}

impl Directory for LiveDirectory {
    fn menu(&self, phone: &Phone) -> Result<MenuAnswer, LookupError> {
        let rows = match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.menu(phone),
            Backend::Mysql(pool) => pool.menu(phone),
        }?;
        Ok(MenuAnswer {
            rows,
            source: Source::Live,
        })
    }

    fn code(&self, code: &str) -> Result<CodeAnswer, LookupError> {
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
        let number = match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.code(code),
            Backend::Mysql(pool) => pool.code(code),
        }?;
        Ok(CodeAnswer {
            number,
            source: Source::Live,
        })
    }
}

/// What is asked of a database: the defaults or the operator's own.
struct Queries {
    menu: Query,
    code: Query,
}

impl Queries {
    fn new(settings: &Database) -> Self {
        let (menu, forms) = match &settings.menu_query {
            Some(own) => (own.as_str(), 1),
            None => (MENU_QUERY, 4),
        };
        Self {
            menu: Query {
                option: "menu_query",
                sql: menu.to_owned(),
                parameters: forms,
                columns: &["scenario", "scenarioMsg", "keyNum", "msgMp3", "transferTo"],
            },
            code: Query {
                option: "code_query",
                sql: settings
                    .code_query
                    .as_deref()
                    .unwrap_or(CODE_QUERY)
                    .to_owned(),
                parameters: 1,
                columns: &["phone"],
            },
        }
    }
}

/// A query and what we need of it.
struct Query {
    /// Its name in `[database]`.
    option: &'static str,
    sql: String,
    /// For a menu: how many forms of the number it asks for.
    parameters: usize,
    /// In this order. More columns are ignored.
    columns: &'static [&'static str],
}

impl Query {
    /// Holds the statement, as the database understood it, against what we need of it.
    fn check(&self, parameters: usize, columns: usize) -> Result<(), String> {
        let option = self.option;
        if parameters != self.parameters {
            return Err(format!(
                "[database] {option} has {parameters} parameters; it needs exactly one ?"
            ));
        }
        if columns < self.columns.len() {
            return Err(format!(
                "[database] {option} gives {columns} columns; it needs {}: {}",
                self.columns.len(),
                self.columns.join(", ")
            ));
        }
        Ok(())
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
    }
}

/// Text as the database stored it; bytes that are no UTF-8 are replaced, never refused.
fn text(mut bytes: Vec<u8>) -> String {
    bytes.truncate(MAX_TEXT);
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

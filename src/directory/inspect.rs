//! What an operator should know of the database, looked at on demand. No caller waits for it and no
//! connection of theirs is used; each question may take the callers' time budget.

use std::sync::Arc;
use std::time::Duration;

use super::keys::plain_key;
use super::table::Table;
use super::{Backend, LiveDirectory, menu_row};
use crate::numbers::Phone;
use crate::ports::{LookupError, MenuRow};

/// The tables and columns that the built-in queries need.
pub const NEEDED_COLUMNS: [(&str, &[&str]); 3] = [
    ("sAsterisk_ivr", &["id", "phone", "scenario", "scenarioMsg"]),
    (
        "sAsterisk_ivr_button",
        &["ivrID", "keyNum", "msgMp3", "transferTo"],
    ),
    ("sAsterisk_prefix", &["pref", "phone"]),
];

/// Buttons that belong to no menu.
pub(super) const ORPHANS: &str = "SELECT COUNT(*) FROM sAsterisk_ivr_button AS b \
    LEFT JOIN sAsterisk_ivr AS i ON (i.id = b.ivrID) WHERE i.id IS NULL";

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// Why look-ups get no answer of the database, each reason once.
    pub trouble: Vec<String>,
    /// Servers that are not used while another one answers, and why.
    pub away: Vec<String>,
    /// Table, column and its character set, as far as the account sees them; `None`: not known.
    pub columns: Option<Vec<(String, String, Option<String>)>>,
    /// Look-ups that read a table from end to end.
    pub scans: Vec<Scan>,
    /// Buttons that belong to no menu.
    pub orphans: u32,
    /// MySQL's and MariaDB's: the account that asks.
    pub account: Option<Account>,
    /// How old the older of the snapshot's tables is; `None`: there is none.
    pub snapshot_age: Option<Duration>,
}

/// A look-up that reads a table from end to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// `menu` or `code`.
    pub look_up: &'static str,
    /// The table, or how the operator's own query calls it.
    pub table: String,
}

/// An account of MySQL or MariaDB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How it proves itself; `None`: the server does not say.
    pub plugin: Option<String>,
    /// Anybody may be it.
    pub has_no_password: bool,
    /// It has rights that change the tables.
    pub may_write: bool,
    /// The server is MariaDB.
    pub is_mariadb: bool,
}

/// The rows of one moment, as the snapshot has them.
pub struct Stored {
    menus: Option<Arc<Table<7>>>,
    codes: Option<Arc<Table<3>>>,
}

impl Stored {
    /// Each phone as it is stored, whether its column is one of numbers, and its rows. `false`: there
    /// is no snapshot of the menus.
    pub fn menus(&self, mut each: impl FnMut(&str, bool, &[MenuRow])) -> bool {
        let Some(table) = &self.menus else {
            return false;
        };
        let mut rows = table.rows().peekable();
        let mut of_one: Vec<MenuRow> = Vec::new();
        while let Some(row) = rows.next() {
            of_one.push(menu_row(|at| row[at + 1].map(str::to_owned)));
            let key = row[0].unwrap_or_default();
            if rows.peek().is_none_or(|next| next[0] != row[0]) {
                let (key, is_number) = plain_key(key);
                each(key, is_number, &of_one);
                of_one.clear();
            }
        }
        true
    }

    /// Each code as it is stored, in their order, and its number.
    pub fn codes(&self, mut each: impl FnMut(&str, Option<&str>)) {
        for row in self.codes.iter().flat_map(|table| table.rows()) {
            each(plain_key(row[0].unwrap_or_default()).0, row[1]);
        }
    }
}

impl LiveDirectory {
    /// Looks at the database. `phone` is whom to look up, nobody's for preference.
    pub fn inspect(&self, phone: &Phone) -> Inspection {
        let (menu, code) = match &*self.database {
            Backend::Sqlite(sqlite) => (sqlite.menu(phone).err(), sqlite.code("0").err()),
            Backend::Mysql(pool) => (pool.menu(phone).err(), pool.code("0").err()),
        };
        let looked = match &*self.database {
            Backend::Sqlite(sqlite) => sqlite.inspect(),
            Backend::Mysql(pool) => pool.inspect(),
        };
        // That there is no place for one more look is no trouble of the callers'.
        let mut found = looked.unwrap_or_default();
        for why in [menu, code].into_iter().flatten() {
            let (LookupError::Unavailable(why) | LookupError::Refused(why)) = why;
            if !found.trouble.contains(&why) {
                found.trouble.push(why);
            }
        }
        found.snapshot_age = self.snapshot_age();
        found
    }

    fn snapshot_age(&self) -> Option<Duration> {
        let tables = self.snapshot.as_ref()?.tables();
        let menus = tables.menus.as_ref().map(|menus| menus.at);
        let codes = tables.codes.as_ref().map(|codes| codes.at);
        let oldest = menus.into_iter().chain(codes).min()?;
        // A clock that was set back makes it new again.
        Some(oldest.elapsed().unwrap_or_default())
    }

    /// The rows, renewed if the database gives them within the time. `None`: `[database] snapshot` is 0.
    pub fn stored(&self, within: Duration) -> Option<Stored> {
        let snapshot = self.snapshot.as_ref()?;
        snapshot.renew_now(within);
        let tables = snapshot.tables();
        let (menus, codes) = (tables.menus.as_ref(), tables.codes.as_ref());
        Some(Stored {
            menus: menus.map(|menus| Arc::clone(&menus.table)),
            codes: codes.map(|codes| Arc::clone(&codes.table)),
        })
    }

    /// Stored phones or codes that begin so, for completion on the CLI: `most` at most, out of the
    /// snapshot.
    pub fn beginning_with(&self, what: Stem<'_>, most: usize) -> Vec<String> {
        let Some(snapshot) = &self.snapshot else {
            return Vec::new();
        };
        let tables = snapshot.tables();
        match what {
            Stem::Phone(begin) => tables
                .menus
                .as_ref()
                .map(|m| m.table.keys_from(begin, most)),
            Stem::Code(begin) => tables
                .codes
                .as_ref()
                .map(|c| c.table.keys_from(begin, most)),
        }
        .unwrap_or_default()
    }
}

/// The begin of something stored.
#[derive(Clone, Copy, Debug)]
pub enum Stem<'s> {
    /// Of a phone.
    Phone(&'s str),
    /// Of a code.
    Code(&'s str),
}

/// The tables of the built-in queries by their short names there.
pub(super) fn table_of(short: &str) -> String {
    match short {
        "i" => "sAsterisk_ivr".to_owned(),
        "b" => "sAsterisk_ivr_button".to_owned(),
        other => other.to_owned(),
    }
}

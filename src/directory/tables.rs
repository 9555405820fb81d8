//! What a snapshot holds: the menus' and the codes' table, and how they are asked.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::keys::{keys_of, plain_key};
use super::table::Table;
use super::{Code, MAX_ROWS, menu_row};
use crate::numbers::Phone;
use crate::ports::MenuRow;

/// The tables of one moment.
#[derive(Clone, Default)]
pub(super) struct Tables {
    /// Phone, as stored, the five columns of a menu, and what its button is called.
    pub(super) menus: Option<TableSnapshot<7>>,
    /// Code, number, and whose it is, where the operator's own query says so.
    pub(super) codes: Option<TableSnapshot<3>>,
    /// How long the database took for them; `None`: they come from disk.
    pub(super) took: Option<Duration>,
}

/// A table and when it was last found right.
#[derive(Clone)]
pub(super) struct TableSnapshot<const N: usize> {
    pub(super) table: Arc<Table<N>>,
    pub(super) at: SystemTime,
}

impl Tables {
    /// The rows for a phone, whatever form the table has it in; none for a stranger.
    /// `None`: there is no snapshot of the menus.
    pub(super) fn menu(&self, phone: &Phone) -> Option<Vec<MenuRow>> {
        let menus = &self.menus.as_ref()?.table;
        let keys = keys_of(&phone.forms());
        let found = keys.iter().flat_map(|key| menus.find(key));
        let rows = found.take(MAX_ROWS);
        Some(
            rows.map(|row| menu_row(|at| row[at + 1].map(str::to_owned)))
                .collect(),
        )
    }

    /// The number of a code. `None`: there is no snapshot of the codes.
    pub(super) fn code(&self, code: &str) -> Option<Option<String>> {
        let codes = &self.codes.as_ref()?.table;
        let keys = keys_of(&[code]);
        let mut found = keys.iter().flat_map(|key| codes.find(key));
        Some(found.next().and_then(|row| row[1].map(str::to_owned)))
    }

    /// Codes that have a number, up to `most`, as the database has them.
    pub(super) fn codes(&self, most: usize) -> Vec<Code> {
        let rows = self.codes.iter().flat_map(|codes| codes.table.rows());
        let codes = rows.filter_map(|[code, number, name]| {
            Some(Code {
                code: plain_key(code?).0.to_owned(),
                number: number?.to_owned(),
                name: name.map(str::to_owned),
            })
        });
        codes.take(most).collect()
    }
}

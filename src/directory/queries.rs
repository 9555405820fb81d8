//! What is asked of the database, and whether a statement gives what we need of it.

use super::keys;
use super::table::TooLong;
use crate::settings::{Database, Driver};

/// A1, the customer's statement, asking for every form of the number in one round trip. The phone
/// behind its columns tells which form a row has.
/// Like the customer's it has no ORDER BY: only the columns that it names are known to exist.
const MENU_QUERY: &str = "SELECT i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo, \
     phone FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id) \
     WHERE phone IN (?, ?, ?, ?)";

/// The customer's statement for the code that a manager typed.
const CODE_QUERY: &str = "SELECT phone FROM sAsterisk_prefix WHERE pref = ?";

/// A1 for everybody, the phone in front. At the end: whether blanks behind it do not count, which
/// the column's collation decides.
const MENU_SNAPSHOT: &str = "SELECT phone, i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo, \
     RTRIM(phone) = phone FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id)";

/// Every code with its number.
const CODE_SNAPSHOT: &str = "SELECT pref, phone, RTRIM(pref) = pref FROM sAsterisk_prefix";

/// Rows that are read at once of a table on a server. They fit into what the network holds, so the
/// server is done with the table when it has sent them, however slow we are: a table of MyISAM is
/// locked until then, the site's UPDATE waits for that, and every caller for the UPDATE.
/// (`SQL_BUFFER_RESULT` is meant for this and does not help: MariaDB 11.8 keeps the lock.)
pub(super) const PORTION: usize = if cfg!(test) { 100 } else { 1000 };

/// The menus of a server in portions, in the order of what the buttons are joined by, which is the
/// last column: the statement for the first and the one for those that follow.
fn portions(driver: &Driver) -> (String, Option<String>) {
    match driver {
        Driver::Sqlite { .. } => (MENU_SNAPSHOT.to_owned(), None),
        Driver::Mysql { .. } => {
            let all = MENU_SNAPSHOT.replace(" FROM", ", i.id FROM");
            let end = format!("ORDER BY i.id LIMIT {PORTION}");
            let next = format!("{all} WHERE i.id > ? {end}");
            (format!("{all} {end}"), Some(next))
        }
    }
}

/// A query and what we need of it.
pub(super) struct Query {
    /// Its name in `[database]`.
    option: &'static str,
    /// The statement.
    pub(super) sql: String,
    /// The statement for the next portion, if it is read in portions; its `?` is where the last ended.
    pub(super) next: Option<String>,
    /// For a menu: how many forms of the number it asks for.
    pub(super) parameters: usize,
    /// It is not the operator's own, and gives one column more: see there.
    pub(super) built_in: bool,
    /// In this order. More columns are ignored.
    columns: &'static [&'static str],
}

impl Query {
    /// Holds the statement, as the database understood it, against what we need of it.
    pub(super) fn check(&self, parameters: usize, columns: usize) -> Result<(), String> {
        let option = self.option;
        if parameters != self.parameters {
            let needed = if self.parameters == 0 {
                "must have no"
            } else {
                "needs exactly one"
            };
            return Err(format!(
                "[database] {option} has {parameters} parameters; it {needed} ?"
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

    /// How many columns we need.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Which of the forms a row of a menu has, whose columns are asked for by position; an operator's
    /// own query asks for one form only.
    pub(super) fn rank(
        &self,
        mut column: impl FnMut(usize) -> Option<String>,
        forms: &[&str],
    ) -> usize {
        match self.built_in {
            true => keys::rank(column(self.width()).as_deref(), forms),
            false => 0,
        }
    }

    /// Whether blanks behind the key of a row do not count. Of an operator's own query nothing is
    /// known but that most collations are so.
    pub(super) fn is_padded(&self, mut column: impl FnMut(usize) -> Option<String>) -> bool {
        !self.built_in || column(self.width()).is_some_and(|padded| padded == "1")
    }

    /// What to say when the answer has no end.
    pub(super) fn too_long(&self, why: TooLong) -> String {
        format!("[database] {}: {why}", self.option)
    }
}

/// What callers ask: the defaults or the operator's own.
pub(super) struct Queries {
    pub(super) menu: Query,
    pub(super) code: Query,
}

impl Queries {
    pub(super) fn new(settings: &Database) -> Self {
        let (menu, forms) = match &settings.menu_query {
            Some(own) => (own.as_str(), 1),
            None => (MENU_QUERY, 4),
        };
        let code = settings.code_query.as_deref().unwrap_or(CODE_QUERY);
        Self {
            menu: Query {
                option: "menu_query",
                sql: menu.to_owned(),
                next: None,
                parameters: forms,
                built_in: settings.menu_query.is_none(),
                columns: &["scenario", "scenarioMsg", "keyNum", "msgMp3", "transferTo"],
            },
            code: Query {
                option: "code_query",
                sql: code.to_owned(),
                next: None,
                parameters: 1,
                built_in: settings.code_query.is_none(),
                columns: &["phone"],
            },
        }
    }
}

/// What fills the snapshot. `None`: the operator has a query of their own for the calls and none
/// for the snapshot, so we cannot know what it should hold.
pub(super) struct Snapshots {
    pub(super) menus: Option<Query>,
    pub(super) codes: Option<Query>,
}

impl Snapshots {
    /// Says in the log what the snapshot will not hold.
    pub(super) fn new(settings: &Database) -> Self {
        let query = |option,
                     own: &Option<String>,
                     live: (&str, &Option<String>),
                     (default, next): (String, Option<String>),
                     columns| {
            let (live, own_live) = live;
            if own.is_none() && own_live.is_some() {
                log::warn!(
                    "[database] {live} is your own and {option} is not there: while the database \
                     is away, nothing can be looked up by {live}"
                );
                return None;
            }
            Some(Query {
                option,
                sql: own.clone().unwrap_or(default),
                next: next.filter(|_| own.is_none()),
                parameters: 0,
                built_in: own.is_none(),
                columns,
            })
        };
        Self {
            menus: query(
                "menu_snapshot",
                &settings.menu_snapshot,
                ("menu_query", &settings.menu_query),
                portions(&settings.driver),
                &[
                    "phone",
                    "scenario",
                    "scenarioMsg",
                    "keyNum",
                    "msgMp3",
                    "transferTo",
                ],
            ),
            codes: query(
                "code_snapshot",
                &settings.code_snapshot,
                ("code_query", &settings.code_query),
                (CODE_SNAPSHOT.to_owned(), None),
                &["pref", "phone"],
            ),
        }
    }

    /// What a snapshot was made of: one made of something else must not answer. Names no account.
    pub(super) fn origin(&self, driver: &Driver) -> String {
        let place = match driver {
            Driver::Sqlite { file } => file.display().to_string(),
            Driver::Mysql { address, name, .. } => format!("{name} at {address}"),
        };
        let sql = |query: &Option<Query>| query.as_ref().map(|query| query.sql.clone());
        format!("{place}; {:?}; {:?}", sql(&self.menus), sql(&self.codes))
    }
}

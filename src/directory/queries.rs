//! What is asked of the database, and whether a statement gives what we need of it.

use super::table::TooLong;
use crate::settings::{Database, Driver};

/// A1, the customer's statement, asking for every form of the number in one round trip.
/// Like the customer's it has no ORDER BY: only the columns that it names are known to exist.
const MENU_QUERY: &str = "SELECT i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo \
     FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id) \
     WHERE phone IN (?, ?, ?, ?)";

/// The customer's statement for the code that a manager typed.
const CODE_QUERY: &str = "SELECT phone FROM sAsterisk_prefix WHERE pref = ?";

/// A1 for everybody, the phone in front.
const MENU_SNAPSHOT: &str = "phone, i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo \
     FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id)";

/// Every code with its number.
const CODE_SNAPSHOT: &str = "pref, phone FROM sAsterisk_prefix";

/// How a whole table is read. MySQL lays the answer aside before it sends it: a table of MyISAM is
/// locked as long as it is read, the site's UPDATE waits for that, and every caller for the UPDATE.
fn all(driver: &Driver, what: &str) -> String {
    match driver {
        Driver::Sqlite { .. } => format!("SELECT {what}"),
        Driver::Mysql { .. } => format!("SELECT SQL_BUFFER_RESULT {what}"),
    }
}

/// A query and what we need of it.
pub(super) struct Query {
    /// Its name in `[database]`.
    option: &'static str,
    /// The statement.
    pub(super) sql: String,
    /// For a menu: how many forms of the number it asks for.
    pub(super) parameters: usize,
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
                parameters: forms,
                columns: &["scenario", "scenarioMsg", "keyNum", "msgMp3", "transferTo"],
            },
            code: Query {
                option: "code_query",
                sql: code.to_owned(),
                parameters: 1,
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
                     default: &str,
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
                sql: own
                    .clone()
                    .unwrap_or_else(|| all(&settings.driver, default)),
                parameters: 0,
                columns,
            })
        };
        Self {
            menus: query(
                "menu_snapshot",
                &settings.menu_snapshot,
                ("menu_query", &settings.menu_query),
                MENU_SNAPSHOT,
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
                CODE_SNAPSHOT,
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

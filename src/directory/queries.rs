//! What is asked of the database, and whether a statement gives what we need of it.

use super::keys;
use super::table::TooLong;
use crate::settings::{Database, Driver};

/// A1, the customer's statement, asking for every form of the number in one round trip. The phone
/// behind its columns tells which form a row has, and the id which menu it belongs to.
/// Like the customer's it has no ORDER BY: only the columns that it names are known to exist, and the
/// buttons of a menu are read out as they lie in their table, which a server that sorts forgets.
const MENU_QUERY: &str = "SELECT i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo, \
     phone, i.id FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id) \
     WHERE phone IN (?, ?, ?, ?)";

/// The customer's statement for the code that a manager typed.
const CODE_QUERY: &str = "SELECT phone FROM sAsterisk_prefix WHERE pref = ?";

/// A1 for everybody, the phone in front; behind, whether it is found without what is around it.
/// SQLite may look the buttons up in an index of its own making, in which they are in another order.
const MENUS_OF_SQLITE: &str = "SELECT phone, i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo, \
     RTRIM(phone) = phone FROM sAsterisk_ivr AS i LEFT JOIN \
     (SELECT *, row_number() OVER () AS place FROM sAsterisk_ivr_button) AS b ON (b.ivrID = i.id) \
     ORDER BY i.id, b.place";

/// Every code with its number.
const CODES_OF_SQLITE: &str = "SELECT pref, phone, RTRIM(pref) = pref FROM sAsterisk_prefix";

/// The same of a server. What nobody sees in a number (marks of direction, accents, blanks behind it)
/// counts or not as the column's collation says. (By way of utf8mb4, for what is binary.)
const MENUS_OF_MYSQL: &str = "SELECT phone, i.scenario, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo, \
     RTRIM(REPLACE(CONVERT(CONVERT(phone USING utf8mb4) USING ascii), '?', '')) = phone, i.id \
     FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id) \
     WHERE i.id BETWEEN ? AND ?";
const CODES_OF_MYSQL: &str = "SELECT pref, phone, \
     RTRIM(REPLACE(CONVERT(CONVERT(pref USING utf8mb4) USING ascii), '?', '')) = pref FROM sAsterisk_prefix";

/// Menus that are read at once of a server. Their rows fit into what the network holds, so the
/// server is done with the table when it has sent them, however slow we are: a table of MyISAM is
/// locked until then, the site's UPDATE waits for that, and every caller for the UPDATE.
/// (`SQL_BUFFER_RESULT` is meant for this and does not help: MariaDB 11.8 keeps the lock.)
pub(super) const PORTION: usize = 250;

/// The ids of the next portion's menus, in order. The menus themselves are not asked for in an order:
/// a server that sorts them loses the order of the buttons.
pub(super) struct Ids {
    /// The first portion's.
    pub(super) first: String,
    /// Its `?` is the last id of the portion before.
    pub(super) next: String,
}

impl Ids {
    fn new() -> Self {
        let ids = |which: &str| {
            format!("SELECT id FROM sAsterisk_ivr WHERE id {which} ORDER BY id LIMIT {PORTION}")
        };
        Self {
            first: ids("IS NOT NULL"),
            next: ids("> ?"),
        }
    }
}

/// A query and what we need of it.
pub(super) struct Query {
    /// Its name in `[database]`.
    option: &'static str,
    /// The statement.
    pub(super) sql: String,
    /// It is asked for portions of the menus, between two ids.
    pub(super) ids: Option<Ids>,
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

    /// Where an operator's own query says what a button is called, or whose number a code gives, besides
    /// what we need.
    pub(super) fn name_at(
        &self,
        columns: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Option<usize> {
        let mut more = columns.into_iter().enumerate().skip(self.width());
        let named = more.find(|(_, column)| column.as_ref().eq_ignore_ascii_case("name"));
        named.filter(|_| !self.built_in).map(|(at, _)| at)
    }

    /// The column that a cell of ours is in; the one behind those that we need is the name.
    pub(super) fn column_of(&self, cell: usize, name: Option<usize>) -> Option<usize> {
        (cell < self.width()).then_some(cell).or(name)
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

    /// For a menu of ours: the number of the row it belongs to, to be asked for by position.
    pub(super) fn id(&self, mut column: impl FnMut(usize) -> Option<String>) -> Option<i128> {
        let id = self.built_in.then(|| column(self.width() + 1));
        id.flatten()?.parse().ok()
    }

    /// Whether the key of a row is found, too, without what nobody sees of it.
    pub(super) fn is_bare(&self, mut column: impl FnMut(usize) -> Option<String>) -> bool {
        self.built_in && column(self.width()).is_some_and(|bare| bare == "1")
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
                ids: None,
                parameters: forms,
                built_in: settings.menu_query.is_none(),
                columns: &["scenario", "scenarioMsg", "keyNum", "msgMp3", "transferTo"],
            },
            code: Query {
                option: "code_query",
                sql: code.to_owned(),
                ids: None,
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
        let (menus, codes, ids) = match settings.driver {
            Driver::Sqlite { .. } => (MENUS_OF_SQLITE, CODES_OF_SQLITE, None),
            Driver::Mysql { .. } => (MENUS_OF_MYSQL, CODES_OF_MYSQL, Some(Ids::new())),
        };
        let query = |own: &Option<String>, live: (&str, &Option<String>), default: Query| {
            let (live, own_live) = live;
            match own {
                Some(own) => Some(Query {
                    sql: own.clone(),
                    ids: None,
                    parameters: 0,
                    built_in: false,
                    ..default
                }),
                None if own_live.is_some() => {
                    let option = default.option;
                    log::warn!(
                        "[database] {live} is your own and {option} is not there: while the \
                         database is away, nothing can be looked up by {live}"
                    );
                    None
                }
                None => Some(default),
            }
        };
        let built_in = |option, sql: &str, ids: Option<Ids>, columns| Query {
            option,
            sql: sql.to_owned(),
            parameters: if ids.is_some() { 2 } else { 0 },
            ids,
            built_in: true,
            columns,
        };
        const MENUS: &[&str] = &[
            "phone",
            "scenario",
            "scenarioMsg",
            "keyNum",
            "msgMp3",
            "transferTo",
        ];
        Self {
            menus: query(
                &settings.menu_snapshot,
                ("menu_query", &settings.menu_query),
                built_in("menu_snapshot", menus, ids, MENUS),
            ),
            codes: query(
                &settings.code_snapshot,
                ("code_query", &settings.code_query),
                built_in("code_snapshot", codes, None, &["pref", "phone"]),
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

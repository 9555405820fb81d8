//! A look at the file's tables.

use std::time::Instant;

use rusqlite::{Connection, params_from_iter};

use super::SqliteDirectory;
use crate::directory::inspect::{Inspection, NEEDED_COLUMNS, ORPHANS, Scan, table_of};
use crate::directory::queries::Query;
use crate::ports::LookupError;

/// SQLite's own steps between two looks at the clock.
const STEPS: i32 = 1000;

impl SqliteDirectory {
    /// Looks at tables, columns and how they are searched, over a connection of its own.
    pub(in crate::directory) fn inspect(&self) -> Result<Inspection, LookupError> {
        let mut conn = self.open(self.file_id()?)?.conn;
        let mut found = Inspection {
            columns: Some(self.columns(&mut conn)?),
            ..Inspection::default()
        };
        let queries = [("menu", &self.queries.menu), ("code", &self.queries.code)];
        for (look_up, query) in queries {
            // What is wrong with the query, a look-up says.
            let tables = self.scanned(&mut conn, query).unwrap_or_default();
            let scan = |table| Scan { look_up, table };
            found.scans.extend(tables.into_iter().map(scan));
        }
        self.begin(&mut conn)?;
        let orphans = conn.query_row(ORPHANS, [], |row| row.get::<_, u32>(0));
        found.orphans = orphans.unwrap_or_default();
        Ok(found)
    }

    /// Gives the next question its time.
    fn begin(&self, conn: &mut Connection) -> Result<(), LookupError> {
        let deadline = Instant::now() + self.timeout;
        let late = move || Instant::now() >= deadline;
        let begun = conn.progress_handler(STEPS, Some(late));
        begun
            .and_then(|()| conn.busy_timeout(self.timeout))
            .map_err(|e| self.error(e))
    }

    fn columns(
        &self,
        conn: &mut Connection,
    ) -> Result<Vec<(String, String, Option<String>)>, LookupError> {
        let mut columns = Vec::new();
        for (table, _) in NEEDED_COLUMNS {
            self.begin(conn)?;
            let read = || -> rusqlite::Result<Vec<String>> {
                let mut statement = conn.prepare("SELECT name FROM pragma_table_info(?)")?;
                statement.query_map([table], |row| row.get(0))?.collect()
            };
            let names = read().map_err(|e| self.error(e))?;
            columns.extend(names.into_iter().map(|name| (table.to_owned(), name, None)));
        }
        Ok(columns)
    }

    /// The tables that a query reads from end to end.
    fn scanned(&self, conn: &mut Connection, query: &Query) -> Result<Vec<String>, LookupError> {
        self.begin(conn)?;
        let explained = || -> rusqlite::Result<Vec<String>> {
            let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql))?;
            let nobody = params_from_iter(vec!["0"; query.parameters]);
            plan.query_map(nobody, |row| row.get("detail"))?.collect()
        };
        let steps = explained().map_err(|e| self.error(e))?;
        let tables = steps.iter().filter_map(|step| {
            let table = step.strip_prefix("SCAN ")?;
            table.split(' ').next().map(table_of)
        });
        Ok(tables.collect())
    }
}

//! A look at a server's tables, and at the account that asks it.

use std::os::fd::AsRawFd;
use std::time::Instant;

use mysql::prelude::Queryable;
use mysql::{Conn, Params, Row, Value};

use super::rows::column;
use super::{Failure, Host, NoEntry, Server, guarded};
use crate::directory::deadline::Watchdog;
use crate::directory::inspect::{Account, Inspection, ORPHANS, Scan, table_of};
use crate::directory::queries::Query;
use crate::ports::LookupError;

/// Columns, as far as the account may see them.
const COLUMNS: &str = "SELECT table_name, column_name, character_set_name \
    FROM information_schema.columns WHERE table_schema = DATABASE() \
    AND table_name IN ('sAsterisk_ivr', 'sAsterisk_ivr_button', 'sAsterisk_prefix')";

/// Rights that change tables.
const WRITING: [&str; 6] = [
    "ALL PRIVILEGES",
    "INSERT",
    "UPDATE",
    "DELETE",
    "DROP",
    "ALTER",
];

/// Puts questions one by one, each within the budget.
struct Questions<'c> {
    host: &'c Host,
    conn: &'c mut Conn,
    watchdog: &'c Watchdog,
}

impl Server {
    /// Looks at tables, columns, their indexes and the account, over a connection of its own, which is
    /// closed again.
    pub(in crate::directory) fn inspect(
        &self,
        at: usize,
        watchdog: &Watchdog,
    ) -> Result<Inspection, NoEntry> {
        let host = &self.hosts[at];
        host.enter(|door| {
            let mut conn = host.login(door, watchdog)?;
            let conn = &mut conn;
            let mut ask = Questions {
                host,
                conn,
                watchdog,
            };
            Ok(ask.all(self).map_err(LookupError::from)?)
        })
    }
}

impl Questions<'_> {
    fn all(&mut self, server: &Server) -> Result<Inspection, Failure> {
        let columns = self.ask(COLUMNS, Params::Empty)?.into_iter();
        let columns = columns.map(|mut row| {
            let mut text = |at| column(&mut row, at);
            let (table, name) = (text(0).unwrap_or_default(), text(1).unwrap_or_default());
            (table, name, text(2))
        });
        let mut found = Inspection {
            columns: Some(columns.collect()),
            account: Some(self.account()?),
            ..Inspection::default()
        };
        let queries = [
            ("menu", &server.queries.menu),
            ("code", &server.queries.code),
        ];
        for (look_up, query) in queries {
            match self.scanned(query) {
                Ok(tables) => {
                    let scan = |table| Scan { look_up, table };
                    found.scans.extend(tables.into_iter().map(scan));
                }
                // What is wrong with the query, a look-up says.
                Err(Failure::Refused(_)) => {}
                Err(lost) => return Err(lost),
            }
        }
        // The last, because it may take long and cost the connection.
        if let Ok(rows) = self.ask(ORPHANS, Params::Empty) {
            let count = rows.into_iter().next();
            let count = count.and_then(|mut row| column(&mut row, 0)?.parse().ok());
            found.orphans = count.unwrap_or_default();
        }
        Ok(found)
    }

    fn ask(&mut self, sql: &str, parameters: Params) -> Result<Vec<Row>, Failure> {
        let deadline = Instant::now() + self.host.timeout;
        let watch = self.watchdog.watch(self.conn.as_raw_fd(), deadline);
        let rows = guarded(|| self.conn.exec(sql, parameters));
        if !watch.in_time() {
            let (LookupError::Unavailable(why) | LookupError::Refused(why)) = self.host.too_late();
            return Err(Failure::Lost(why));
        }
        rows.map_err(|e| self.host.failure(e))
    }

    /// The tables that a query reads from end to end (both servers' EXPLAIN: no key is possible).
    fn scanned(&mut self, query: &Query) -> Result<Vec<String>, Failure> {
        let nobody = vec![Value::from("0"); query.parameters];
        let parameters = match nobody.is_empty() {
            true => Params::Empty,
            false => Params::Positional(nobody),
        };
        let steps = self.ask(&format!("EXPLAIN {}", query.sql), parameters)?;
        let tables = steps.into_iter().filter_map(|mut step| {
            let mut text = |name: &str| {
                let columns = step.columns_ref();
                let at = columns.iter().position(|c| c.name_str() == name)?;
                column(&mut step, at)
            };
            let reads_all = matches!(text("type").as_deref(), Some("ALL" | "index"));
            let is_scan = reads_all && text("possible_keys").is_none();
            text("table")
                .filter(|_| is_scan)
                .map(|table| table_of(&table))
        });
        Ok(tables.collect())
    }

    fn account(&mut self) -> Result<Account, Failure> {
        let mut texts = |sql: &str| -> Result<Vec<String>, Failure> {
            match self.ask(sql, Params::Empty) {
                Ok(rows) => {
                    let rows = rows.into_iter();
                    Ok(rows.filter_map(|mut row| column(&mut row, 0)).collect())
                }
                // Not every server tells.
                Err(Failure::Refused(_)) => Ok(Vec::new()),
                Err(lost) => Err(lost),
            }
        };
        let version = texts("SELECT VERSION()")?.join(" ");
        let grants = texts("SHOW GRANTS FOR CURRENT_USER")?;
        let user = texts("SHOW CREATE USER CURRENT_USER")?.join(" ");
        Ok(Account {
            plugin: plugin_of(&user),
            has_no_password: has_no_password(&user),
            may_write: grants.iter().any(|grant| may_write(grant)),
            is_mariadb: version.contains("MariaDB"),
        })
    }
}

/// Out of `CREATE USER`, which holds the password's proof as well: of it nothing is kept.
fn plugin_of(user: &str) -> Option<String> {
    let identified = user.split_once(" IDENTIFIED ")?.1;
    let mut words = identified.split(' ');
    let plugin = match words.next()? {
        "BY" => "mysql_native_password",
        "VIA" | "WITH" => words.next()?,
        _ => return None,
    };
    Some(plugin.trim_matches(['\'', '`', ',', ';']).to_owned())
}

/// MariaDB says nothing of a password then, MySQL nothing behind the plugin.
fn has_no_password(user: &str) -> bool {
    let Some((_, rest)) = user.split_once("CREATE USER ") else {
        return false;
    };
    let Some((_, identified)) = rest.split_once(" IDENTIFIED ") else {
        return true;
    };
    identified.starts_with("WITH 'mysql_native_password' REQUIRE")
        || identified.starts_with("WITH 'caching_sha2_password' REQUIRE")
}

/// `GRANT SELECT, INSERT ON ...`: what stands before ON.
fn may_write(grant: &str) -> bool {
    let rights = grant.split(" ON ").next().unwrap_or_default();
    let mut rights = rights.trim_start_matches("GRANT ").split(", ");
    rights.any(|right| WRITING.iter().any(|writing| right.starts_with(writing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_out_of_what_servers_say() {
        let table = [
            (
                "CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*0123'",
                Some("mysql_native_password"),
                false,
            ),
            (
                "CREATE USER `a`@`%` IDENTIFIED VIA ed25519 USING 'x'",
                Some("ed25519"),
                false,
            ),
            (
                "CREATE USER `a`@`localhost` IDENTIFIED VIA unix_socket",
                Some("unix_socket"),
                false,
            ),
            (
                "CREATE USER `a`@`%` IDENTIFIED WITH 'caching_sha2_password' AS '$A$' REQUIRE NONE",
                Some("caching_sha2_password"),
                false,
            ),
            (
                "CREATE USER `a`@`%` IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE",
                Some("caching_sha2_password"),
                true,
            ),
            ("CREATE USER `a`@`%`", None, true),
            ("", None, false),
        ];
        for (user, plugin, open) in table {
            assert_eq!(plugin_of(user).as_deref(), plugin, "{user}");
            assert_eq!(has_no_password(user), open, "{user}");
        }
    }

    #[test]
    fn rights_that_change_tables_are_seen() {
        for grant in [
            "GRANT ALL PRIVILEGES ON `site`.* TO x",
            "GRANT SELECT, INSERT ON *.* TO x",
        ] {
            assert!(may_write(grant), "{grant}");
        }
        for grant in [
            "GRANT USAGE ON *.* TO x",
            "GRANT SELECT ON `INSERT`.* TO `x`@`%`",
        ] {
            assert!(!may_write(grant), "{grant}");
        }
    }
}

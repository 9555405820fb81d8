//! The database: whether it answers, its tables and columns, their indexes and character sets, and
//! the account that asks.

use super::{Finding, Several};
use crate::directory::inspect::{Inspection, NEEDED_COLUMNS, Scan};
use crate::settings::{Database, Driver};

/// Character sets that hold no Russian.
const WITHOUT_RUSSIAN: [&str; 4] = ["latin1", "ascii", "latin2", "latin7"];

/// Judges what was found.
pub fn database(facts: &Inspection, settings: &Database) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_mysql = matches!(settings.driver, Driver::Mysql { .. });
    for why in &facts.trouble {
        findings.push(Finding::problem(why, cure_of(why, is_mysql)));
    }
    findings.extend(
        facts
            .away
            .iter()
            .map(|why| Finding::problem(why, "calls use the next host meanwhile; mend this one")),
    );
    // Who asks in a way of their own may have other tables.
    if let (Some(columns), true) = (&facts.columns, settings.menu_query.is_none()) {
        findings.extend(missing(columns, is_mysql));
    }
    if let Some(columns) = &facts.columns {
        findings.extend(charsets(columns));
    }
    findings.extend(facts.scans.iter().map(scan));
    if facts.orphans > 0 {
        findings.push(Finding::problem(
            format!("{} rows of sAsterisk_ivr_button belong to no row of sAsterisk_ivr: nobody reaches them", facts.orphans),
            "correct their ivrID, or delete them",
        ));
    }
    findings.extend(account(facts));
    findings.extend(snapshot(facts, settings));
    findings
}

/// The database's own words mostly say what to do; these do not.
fn cure_of(why: &str, is_mysql: bool) -> String {
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    let schema = if is_mysql { "mysql" } else { "sqlite" };
    if has(&["error 1146", "no such table"]) {
        format!(
            "make the tables from schema.{schema}.sql, or write [database] menu_query and code_query"
        )
    } else if has(&["error 1054", "no such column"]) {
        format!(
            "add the column (schema.{schema}.sql has them all), or write [database] menu_query and code_query"
        )
    } else if has(&["error 1142", "error 1143"]) {
        "GRANT SELECT on sAsterisk_ivr, sAsterisk_ivr_button and sAsterisk_prefix to the account"
            .to_owned()
    } else if has(&["error 1115"]) {
        "a server, or a proxy before it, that has no utf8mb4 is too old (MySQL 5.5.3 has it)"
            .to_owned()
    } else {
        "until then calls get the snapshot, if there is one, else the fallback".to_owned()
    }
}

fn missing(columns: &[(String, String, Option<String>)], is_mysql: bool) -> Vec<Finding> {
    let mut tables = Several::default();
    let mut single = Several::default();
    for (table, needed) in NEEDED_COLUMNS {
        let of_table =
            |name: &str| name == table || (!is_mysql && name.eq_ignore_ascii_case(table));
        if !columns.iter().any(|(name, _, _)| of_table(name)) {
            tables.add(table);
            continue;
        }
        for column in needed {
            let found = columns
                .iter()
                .any(|(name, other, _)| of_table(name) && other.eq_ignore_ascii_case(column));
            if !found {
                single.add(format!("{table}.{column}"));
            }
        }
    }
    let schema = if is_mysql { "mysql" } else { "sqlite" };
    let told = |several: &Several, what: &str| {
        (several.count > 0).then(|| {
            Finding::problem(
                format!("the database has no {what} {several}, as far as the account may see"),
                format!("make it from schema.{schema}.sql, and GRANT SELECT on it to the account"),
            )
        })
    };
    [told(&tables, "table"), told(&single, "column")]
        .into_iter()
        .flatten()
        .collect()
}

fn charsets(columns: &[(String, String, Option<String>)]) -> Option<Finding> {
    let mut western = Several::default();
    for (table, column, charset) in columns {
        let names = ["scenario", "scenarioMsg", "msgMp3"];
        let holds_names = names.iter().any(|name| column.eq_ignore_ascii_case(name));
        if let Some(charset) = charset.as_deref().filter(|c| WITHOUT_RUSSIAN.contains(c))
            && holds_names
        {
            western.add(format!("{table}.{column} ({charset})"));
        }
    }
    (western.count > 0).then(|| {
        Finding::problem(
            format!("columns of names cannot hold Russian letters: {western}"),
            "ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4, once their rows are saved",
        )
    })
}

fn scan(scan: &Scan) -> Finding {
    let Scan { look_up, table } = scan;
    let index = match table.as_str() {
        "sAsterisk_ivr" => "CREATE INDEX phone ON sAsterisk_ivr (phone)",
        "sAsterisk_ivr_button" => "CREATE INDEX ivrID ON sAsterisk_ivr_button (ivrID)",
        "sAsterisk_prefix" => "CREATE UNIQUE INDEX pref ON sAsterisk_prefix (pref)",
        _ => "make an index on the column that the query compares with ?",
    };
    Finding::problem(
        format!(
            "every look-up of a {look_up} reads the whole table {table}: it has no index for it"
        ),
        index,
    )
}

fn account(facts: &Inspection) -> Vec<Finding> {
    let Some(account) = &facts.account else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if account.may_write {
        findings.push(Finding::note(
            "the database account may change the tables, and the module only ever reads",
            "GRANT SELECT on the three tables, and REVOKE the rest",
        ));
    }
    let plugin = account.plugin.as_deref().unwrap_or_default();
    if plugin == "mysql_native_password" && !account.is_mariadb {
        findings.push(Finding::problem(
            "the database account logs in by mysql_native_password, which MySQL 9 has no more",
            "ALTER USER ... IDENTIFIED WITH caching_sha2_password BY '...'",
        ));
    }
    if account.has_no_password {
        findings.push(Finding::problem(
            "the database account has no password",
            "ALTER USER ... IDENTIFIED BY '...', and write it into [database] password",
        ));
    }
    findings
}

fn snapshot(facts: &Inspection, settings: &Database) -> Option<Finding> {
    let every = settings.snapshot?;
    match facts.snapshot_age {
        None if facts.trouble.is_empty() => Some(Finding::note(
            "there is no snapshot of the tables yet",
            "look again in a moment; rustivr show status tells when it is there",
        )),
        None => Some(Finding::problem(
            "there is no snapshot of the tables for the time the database is away",
            "mend what is said of the database; it is made by itself then",
        )),
        Some(age) if age > every * 3 && facts.trouble.is_empty() => Some(Finding::problem(
            format!("the snapshot of the tables is {} s old", age.as_secs()),
            "Asterisk's log says why it is not renewed",
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::check::Severity;
    use crate::directory::inspect::Account;
    use crate::settings::{Address, Secret, Settings};

    fn sqlite() -> Database {
        Settings::default().database
    }

    fn mysql() -> Database {
        Database {
            driver: Driver::Mysql {
                address: Address::Socket("/run/mysqld.sock".into()),
                name: "site".into(),
                user: "asterisk".into(),
                password: Secret::default(),
            },
            ..sqlite()
        }
    }

    fn good() -> Inspection {
        let columns = NEEDED_COLUMNS.iter().flat_map(|(table, columns)| {
            let column = |column: &&str| {
                let charset = Some("utf8mb4".to_owned());
                ((*table).to_owned(), (*column).to_owned(), charset)
            };
            columns.iter().map(column)
        });
        Inspection {
            columns: Some(columns.collect()),
            snapshot_age: Some(Duration::from_secs(1)),
            ..Inspection::default()
        }
    }

    /// The only finding's words.
    fn told(facts: &Inspection, settings: &Database) -> (String, String) {
        let findings = database(facts, settings);
        let [finding] = &findings[..] else {
            panic!("{findings:#?}")
        };
        (finding.what.clone(), finding.cure.clone())
    }

    #[test]
    fn nothing_is_said_of_a_good_one() {
        assert_eq!(database(&good(), &sqlite()), []);
        assert_eq!(database(&good(), &mysql()), []);
        let no_snapshot = Database {
            snapshot: None,
            ..sqlite()
        };
        let facts = Inspection {
            snapshot_age: None,
            ..good()
        };
        assert_eq!(database(&facts, &no_snapshot), []);
    }

    #[test]
    fn every_trouble_has_its_cure() {
        let table = [
            (
                "error 1146: Table 'site.sAsterisk_ivr' doesn't exist",
                "schema.mysql.sql",
            ),
            ("error 1054: Unknown column 'pref'", "add the column"),
            ("error 1142: SELECT command denied", "GRANT SELECT"),
            ("error 1115: Unknown character set: 'utf8mb4'", "utf8mb4"),
            ("no answer within 300 ms", "the snapshot"),
        ];
        for (why, cure) in table {
            let facts = Inspection {
                trouble: vec![why.to_owned()],
                ..good()
            };
            let (what, found) = told(&facts, &mysql());
            assert!(what.contains(why) && found.contains(cure), "{found}");
        }
        let facts = Inspection {
            trouble: vec!["no such table: sAsterisk_ivr".to_owned()],
            ..good()
        };
        assert!(told(&facts, &sqlite()).1.contains("schema.sqlite.sql"));
    }

    #[test]
    fn missing_tables_and_columns_are_named() {
        let without = |gone: &dyn Fn(&str, &str) -> bool| {
            let mut facts = good();
            let columns = facts.columns.as_mut().unwrap();
            columns.retain(|(table, column, _)| !gone(table, column));
            facts
        };
        let facts = without(&|table, _| table == "sAsterisk_prefix");
        assert!(told(&facts, &mysql()).0.contains("table sAsterisk_prefix"));
        let facts = without(&|_, column| column == "msgMp3");
        let (what, _) = told(&facts, &sqlite());
        assert!(
            what.contains("column sAsterisk_ivr_button.msgMp3"),
            "{what}"
        );
        let own = Database {
            menu_query: Some("SELECT 1".to_owned()),
            ..mysql()
        };
        assert_eq!(database(&facts, &own), []);
    }

    #[test]
    fn columns_without_russian_are_told() {
        let mut facts = good();
        for (_, _, charset) in facts.columns.as_mut().unwrap() {
            *charset = Some("latin1".to_owned());
        }
        let (what, _) = told(&facts, &mysql());
        assert!(what.contains("sAsterisk_ivr.scenario (latin1)"), "{what}");
    }

    #[test]
    fn look_ups_without_an_index_are_told() {
        for table in [
            "sAsterisk_ivr",
            "sAsterisk_ivr_button",
            "sAsterisk_prefix",
            "own",
        ] {
            let facts = Inspection {
                scans: vec![Scan {
                    look_up: "menu",
                    table: table.to_owned(),
                }],
                ..good()
            };
            let (what, cure) = told(&facts, &mysql());
            assert!(what.contains(table), "{what}");
            assert!(cure.contains(table) || table == "own", "{cure}");
        }
    }

    #[test]
    fn a_server_that_is_away_beside_another_is_told() {
        let facts = Inspection {
            away: vec!["MySQL at db2:3306: no answer".to_owned()],
            ..good()
        };
        assert!(told(&facts, &mysql()).1.contains("next host"));
    }

    #[test]
    fn buttons_of_no_menu_are_told() {
        let facts = Inspection {
            orphans: 2,
            ..good()
        };
        assert!(told(&facts, &sqlite()).0.starts_with("2 rows"));
    }

    #[test]
    fn the_account_is_judged() {
        let with = |account: Account| {
            let facts = Inspection {
                account: Some(account),
                ..good()
            };
            database(&facts, &mysql())
        };
        assert_eq!(with(Account::default()), []);
        let native = Account {
            plugin: Some("mysql_native_password".to_owned()),
            ..Account::default()
        };
        assert!(
            with(native.clone())[0]
                .cure
                .contains("caching_sha2_password")
        );
        let of_mariadb = Account {
            is_mariadb: true,
            ..native
        };
        assert_eq!(with(of_mariadb), []);
        let writer = Account {
            may_write: true,
            ..Account::default()
        };
        assert_eq!(with(writer)[0].severity, Severity::Note);
        let open = Account {
            has_no_password: true,
            ..Account::default()
        };
        assert!(with(open)[0].what.contains("no password"));
    }

    #[test]
    fn an_old_snapshot_is_told() {
        let aged = |age: Option<u64>, trouble: &[&str]| {
            let facts = Inspection {
                snapshot_age: age.map(Duration::from_secs),
                trouble: trouble.iter().map(|why| (*why).to_owned()).collect(),
                ..good()
            };
            database(&facts, &sqlite())
        };
        assert!(aged(Some(181), &[])[0].what.contains("181 s old"));
        assert_eq!(aged(Some(179), &[]), []);
        assert_eq!(aged(None, &[])[0].severity, Severity::Note);
        assert_eq!(aged(None, &["away"])[1].severity, Severity::Problem);
        assert_eq!(aged(Some(999), &["away"]).len(), 1);
    }
}

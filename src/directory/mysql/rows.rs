//! Rows out of a connection.

use std::os::fd::RawFd;

use mysql::prelude::Queryable;
use mysql::{Column, Conn, Params, Row, Statement, Value};
use nix::sys::socket::{Shutdown, shutdown};

use super::super::keys::Stored;
use super::super::queries::{PORTION, Query};
use super::super::table::{Builder, Table, TooLong};
use super::super::{MAX_READ, in_order, menu_row, text};
use crate::ports::MenuRow;

/// A caller's rows.
pub(super) fn read_rows(
    conn: &mut Conn,
    statement: &Statement,
    query: &Query,
    forms: &[&str],
) -> mysql::Result<Vec<MenuRow>> {
    let phones = forms.iter().take(query.parameters);
    let phones = phones.map(|form| Value::from(*form)).collect();
    let mut rows = Vec::new();
    // What is over the limit is read and dropped when `answer` goes: the next query on
    // this connection must not find it.
    let mut answer = conn.exec_iter(statement, Params::Positional(phones))?;
    while rows.len() < MAX_READ {
        let Some(row) = answer.next() else { break };
        let mut row = row?;
        let rank = query.rank(|at| column(&mut row, at), forms);
        rows.push((rank, menu_row(|at| column(&mut row, at))));
    }
    Ok(in_order(rows))
}

/// Every row. What is too long is not read to its end: the connection is cut off instead.
pub(super) fn read_all<const N: usize>(
    conn: &mut Conn,
    first: &Statement,
    query: &Query,
    socket: RawFd,
) -> mysql::Result<Result<Table<N>, TooLong>> {
    let mut table = Builder::new();
    let is_number = |column: &Column| column.column_type().is_numeric_type();
    let number = first.columns().first().is_some_and(is_number);
    if query.next.is_some() {
        // All portions show the tables at one moment, where the tables can do that.
        conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT")?;
    }
    let (mut statement, mut parameters) = (first.clone(), Params::Empty);
    loop {
        let read = read_portion(conn, &statement, parameters, query, number, &mut table)?;
        let last = match (read, &query.next) {
            (Ok(Some(last)), Some(_)) => last,
            (Ok(_), _) => return Ok(Ok(table.finish())),
            (Err(why), _) => {
                // An error means that the connection is gone already.
                let _ = shutdown(socket, Shutdown::Both);
                return Ok(Err(why));
            }
        };
        statement = conn.prep(query.next.as_deref().unwrap_or_default())?;
        parameters = Params::Positional(vec![last]);
    }
}

/// One portion of a table, or all of it. Gives where a full portion ends: behind the rows of the last
/// caller but one, for the last one's may go on.
fn read_portion<const N: usize>(
    conn: &mut Conn,
    statement: &Statement,
    parameters: Params,
    query: &Query,
    number: bool,
    table: &mut Builder<N>,
) -> mysql::Result<Result<Option<Value>, TooLong>> {
    let mut rows: Vec<Row> = Vec::new();
    for row in conn.exec_iter(statement, parameters)? {
        let row = row?;
        if query.next.is_none() {
            if let Err(why) = push(table, query, number, row) {
                return Ok(Err(why));
            }
        } else if rows.len() == PORTION {
            return Ok(Err(TooLong));
        } else {
            rows.push(row);
        }
    }
    let at = query.width() + 1;
    let mut end = None;
    if rows.len() == PORTION {
        let last = rows.last().and_then(|row| row.as_ref(at)).cloned();
        let before = rows.iter().rposition(|row| row.as_ref(at) != last.as_ref());
        end = match before {
            Some(before) => {
                rows.truncate(before + 1);
                rows[before].as_ref(at).cloned()
            }
            None => last,
        };
    }
    for row in rows {
        if let Err(why) = push(table, query, number, row) {
            return Ok(Err(why));
        }
    }
    Ok(Ok(end))
}

fn push<const N: usize>(
    table: &mut Builder<N>,
    query: &Query,
    number: bool,
    mut row: Row,
) -> Result<(), TooLong> {
    let stored = match number {
        true => Stored::Loose,
        false => Stored::Text {
            padded: query.is_padded(|at| column(&mut row, at)),
        },
    };
    table.push(|at| match at {
        0 => column(&mut row, 0).map(|key| stored.key(key)),
        at => column(&mut row, at),
    })
}

/// A value as text.
pub(super) fn column(row: &mut Row, at: usize) -> Option<String> {
    match row.take::<Value, _>(at)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(text(bytes)),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        date @ (Value::Date(..) | Value::Time(..)) => {
            Some(date.as_sql(true).trim_matches('\'').to_owned())
        }
    }
}

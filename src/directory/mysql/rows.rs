//! Rows out of a connection.

use std::collections::HashMap;
use std::os::fd::RawFd;

use mysql::prelude::Queryable;
use mysql::{Column, Conn, Params, Row, Statement, Value};
use nix::sys::socket::{Shutdown, shutdown};

use super::super::keys::Stored;
use super::super::queries::{Ids, PORTION, Query};
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
    let name = query.name_at(statement.columns().iter().map(Column::name_str));
    // What is over the limit is read and dropped when `answer` goes: the next query on
    // this connection must not find it.
    let mut answer = conn.exec_iter(statement, Params::Positional(phones))?;
    while rows.len() < MAX_READ {
        let Some(row) = answer.next() else { break };
        let mut row = row?;
        let mut cell = |at| column(&mut row, at);
        let place = (query.rank(&mut cell, forms), query.id(&mut cell));
        let named = |at| query.column_of(at, name).and_then(&mut cell);
        rows.push((place, menu_row(named)));
    }
    Ok(in_order(rows))
}

/// Why the reading of a table ended early.
enum Stop {
    Lost(mysql::Error),
    TooLong,
}

impl From<mysql::Error> for Stop {
    fn from(error: mysql::Error) -> Self {
        Self::Lost(error)
    }
}

/// Every row. What is too long is not read to its end: the connection is cut off instead.
pub(super) fn read_all<const N: usize>(
    conn: &mut Conn,
    statement: &Statement,
    query: &Query,
    socket: RawFd,
) -> mysql::Result<Result<Table<N>, TooLong>> {
    let mut table = Builder::new();
    let is_number = |column: &Column| column.column_type().is_numeric_type();
    let number = statement.columns().first().is_some_and(is_number);
    let name = query.name_at(statement.columns().iter().map(Column::name_str));
    let mut take = |row| {
        push(&mut table, query, (number, name), row).map_err(|TooLong| {
            // An error means that the connection is gone already.
            let _ = shutdown(socket, Shutdown::Both);
            Stop::TooLong
        })
    };
    let read = match &query.ids {
        Some(ids) => read_portions(conn, statement, query, ids, socket, &mut take),
        None => each(conn, statement, Params::Empty, &mut take),
    };
    match read {
        Ok(()) => Ok(Ok(table.finish())),
        Err(Stop::TooLong) => Ok(Err(TooLong)),
        Err(Stop::Lost(error)) => Err(error),
    }
}

/// Every row of one answer.
fn each(
    conn: &mut Conn,
    statement: &Statement,
    parameters: Params,
    take: &mut impl FnMut(Row) -> Result<(), Stop>,
) -> Result<(), Stop> {
    for row in conn.exec_iter(statement, parameters)? {
        take(row?)?;
    }
    Ok(())
}

/// An answer of so many rows at most.
fn collect(
    conn: &mut Conn,
    statement: &Statement,
    parameters: Params,
    most: usize,
    socket: RawFd,
) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    each(conn, statement, parameters, &mut |row| {
        if rows.len() == most {
            let _ = shutdown(socket, Shutdown::Both);
            return Err(Stop::TooLong);
        }
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// Portion by portion, menus in the order of their ids, the buttons of each as the server gives them.
fn read_portions(
    conn: &mut Conn,
    statement: &Statement,
    query: &Query,
    ids: &Ids,
    socket: RawFd,
    take: &mut impl FnMut(Row) -> Result<(), Stop>,
) -> Result<(), Stop> {
    // All portions show the tables at one moment, where the tables can do that.
    conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT")?;
    let at = query.width() + 1;
    let mut found = {
        let first = conn.prep(&ids.first)?;
        collect(conn, &first, Params::Empty, PORTION, socket)?
    };
    while let (Some(first), Some(last)) = (id_of(found.first(), 0), id_of(found.last(), 0)) {
        let between = Params::Positional(vec![first, last.clone()]);
        let mut rows = collect(conn, statement, between, PORTION * MAX_READ, socket)?;
        let places = found
            .iter_mut()
            .zip(0..)
            .filter_map(|(row, place)| Some((column(row, 0)?, place)));
        let places: HashMap<String, usize> = places.collect();
        rows.sort_by_cached_key(|row| {
            let id = id_of(Some(row), at).and_then(as_text);
            id.and_then(|id| places.get(&id).copied())
        });
        rows.into_iter().try_for_each(&mut *take)?;
        if found.len() < PORTION {
            break;
        }
        let next = conn.prep(&ids.next)?;
        found = collect(conn, &next, Params::Positional(vec![last]), PORTION, socket)?;
    }
    Ok(())
}

fn id_of(row: Option<&Row>, at: usize) -> Option<Value> {
    row?.as_ref(at).cloned()
}

fn push<const N: usize>(
    table: &mut Builder<N>,
    query: &Query,
    (number, name): (bool, Option<usize>),
    mut row: Row,
) -> Result<(), TooLong> {
    let stored = match number {
        true => Stored::Loose,
        false if query.is_bare(|at| column(&mut row, at)) => Stored::Bare,
        // Of an operator's own query nothing is known but that in most collations blanks do not count.
        false => Stored::Text {
            padded: !query.built_in,
        },
    };
    table.push(|at| match at {
        0 => column(&mut row, 0).map(|key| stored.key(key)),
        at => column(&mut row, query.column_of(at, name)?),
    })
}

/// A value as text.
pub(super) fn column(row: &mut Row, at: usize) -> Option<String> {
    as_text(row.take(at)?)
}

fn as_text(value: Value) -> Option<String> {
    match value {
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

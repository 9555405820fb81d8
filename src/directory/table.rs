//! A whole table in memory, compact: every text once, every cell a number of four bytes.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::keys;

/// Rows that a table may have. Beyond it a server lies, or the snapshot's query is wrong.
pub(super) const MAX_TABLE_ROWS: usize = if cfg!(test) { 50_000 } else { 2_000_000 };

/// Bytes of text that a table may have, each different text counted once.
pub(super) const MAX_TABLE_TEXT: usize = 64 * 1024 * 1024;

/// Rows of `N` columns, found by the first.
pub(super) struct Table<const N: usize> {
    /// All texts, one behind the other.
    text: String,
    /// Where each text ends; it begins where the one before ends. Number 0 is NULL.
    ends: Vec<u32>,
    /// Texts by number, sorted by the first column; rows of one key as they were read.
    rows: Vec<[u32; N]>,
    keys: usize,
}

/// Collects the rows of a table.
pub(super) struct Builder<const N: usize> {
    table: Table<N>,
    /// A text's number by the text's hash. Two texts of one hash cost a second copy of one
    /// of them, nothing else.
    known: HashMap<u32, u32>,
    hasher: RandomState,
}

/// There is more than a table may have.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the answer is longer than {MAX_TABLE_ROWS} rows or {} MB; narrow it",
    MAX_TABLE_TEXT / 1024 / 1024
)]
pub(super) struct TooLong;

impl<const N: usize> Table<N> {
    /// The rows of a key, in the order in which they were read.
    pub(super) fn find<'t>(&'t self, key: &'t str) -> impl Iterator<Item = [Option<&'t str>; N]> {
        let first = self.rows.partition_point(|row| self.key(row) < key);
        let rows = self.rows[first..].iter();
        rows.take_while(move |row| self.key(row) == key)
            .map(|row| self.texts(row))
    }

    /// All rows, sorted by their key.
    pub(super) fn rows(&self) -> impl Iterator<Item = [Option<&str>; N]> {
        self.rows.iter().map(|row| self.texts(row))
    }

    /// The keys that begin so, whatever column they come from: `most` at most.
    pub(super) fn keys_from(&self, begin: &str, most: usize) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        // Those of every column begin with nothing.
        let kinds = if begin.is_empty() { 1 } else { 3 };
        for kind in &keys::kinds(begin)[..kinds] {
            let first = self
                .rows
                .partition_point(|row| self.key(row) < kind.as_str());
            let rows = self.rows[first..].iter().map(|row| self.key(row));
            for key in rows.take_while(|key| key.starts_with(kind.as_str())) {
                let (key, _) = keys::plain_key(key);
                if keys.len() == most {
                    return keys;
                }
                if keys.last().is_none_or(|last| last != key) {
                    keys.push(key.to_owned());
                }
            }
        }
        keys
    }

    /// How many rows there are: [`MAX_TABLE_ROWS`] at most.
    pub(super) fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    /// How many different keys there are.
    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    fn texts(&self, row: &[u32; N]) -> [Option<&str>; N] {
        row.map(|number| self.text(number))
    }

    fn text(&self, number: u32) -> Option<&str> {
        let number = number as usize;
        let before = number.checked_sub(1)?;
        Some(&self.text[self.ends[before] as usize..self.ends[number] as usize])
    }

    fn key(&self, row: &[u32; N]) -> &str {
        self.text(row[0]).unwrap_or_default()
    }
}

/// The same rows in the same order, however they are held.
impl<const N: usize> PartialEq for Table<N> {
    fn eq(&self, other: &Self) -> bool {
        self.rows().eq(other.rows())
    }
}

impl<const N: usize> Builder<N> {
    pub(super) fn new() -> Self {
        Self {
            table: Table {
                text: String::new(),
                ends: vec![0],
                rows: Vec::new(),
                keys: 0,
            },
            known: HashMap::new(),
            hasher: RandomState::new(),
        }
    }

    /// Takes a row over, its columns asked for by position. One without a key can never be
    /// found and is left out.
    pub(super) fn push(
        &mut self,
        mut column: impl FnMut(usize) -> Option<String>,
    ) -> Result<(), TooLong> {
        let key = column(0);
        let Some(key) = key.as_deref() else {
            return Ok(());
        };
        let mut row = [0; N];
        row[0] = self.key_number(key)?;
        for (at, number) in row.iter_mut().enumerate().skip(1) {
            if let Some(text) = column(at) {
                *number = self.number(&text)?;
            }
        }
        if self.table.rows.len() >= MAX_TABLE_ROWS {
            return Err(TooLong);
        }
        self.table.rows.push(row);
        Ok(())
    }

    /// The table, ready to be searched.
    pub(super) fn finish(self) -> Table<N> {
        drop(self.known);
        let mut table = self.table;
        let mut rows = std::mem::take(&mut table.rows);
        rows.sort_by(|a, b| table.key(a).cmp(table.key(b)));
        let news = |pair: &[[u32; N]]| table.key(&pair[0]) != table.key(&pair[1]);
        let more = rows.windows(2).filter(|pair| news(pair)).count();
        table.keys = more + usize::from(!rows.is_empty());
        rows.shrink_to_fit();
        table.rows = rows;
        table.text.shrink_to_fit();
        table.ends.shrink_to_fit();
        table
    }

    /// The number of a key. Nearly all keys are different, but the rows of one mostly come
    /// together.
    fn key_number(&mut self, key: &str) -> Result<u32, TooLong> {
        match self.table.rows.last() {
            Some(last) if self.table.key(last) == key => Ok(last[0]),
            _ => self.add(key),
        }
    }

    fn number(&mut self, text: &str) -> Result<u32, TooLong> {
        let hash = self.hasher.hash_one(text) as u32;
        if let Some(number) = self.known.get(&hash)
            && self.table.text(*number) == Some(text)
        {
            return Ok(*number);
        }
        let number = self.add(text)?;
        self.known.insert(hash, number);
        Ok(number)
    }

    fn add(&mut self, text: &str) -> Result<u32, TooLong> {
        let Table {
            text: all, ends, ..
        } = &mut self.table;
        if all.len() + text.len() > MAX_TABLE_TEXT {
            return Err(TooLong);
        }
        all.push_str(text);
        let number = u32::try_from(ends.len()).map_err(|_| TooLong)?;
        ends.push(u32::try_from(all.len()).map_err(|_| TooLong)?);
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[Option<&str>; 2]]) -> Table<2> {
        let mut builder = Builder::new();
        for row in rows {
            builder.push(|at| row[at].map(str::to_owned)).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn rows_are_found_by_key_in_their_order() {
        let table = table(&[
            [Some("2"), Some("z")],
            [Some("1"), None],
            [Some("2"), Some("a")],
            [Some("10"), Some("")],
            [None, Some("nobody's")],
            [Some("2"), Some("z")],
        ]);
        let found = |key| table.find(key).map(|row| row[1]).collect::<Vec<_>>();
        assert_eq!(found("2"), [Some("z"), Some("a"), Some("z")]);
        assert_eq!(found("1"), [None]);
        assert_eq!(found("10"), [Some("")]);
        for nobody in ["", "0", "11", "3", "z"] {
            assert_eq!(found(nobody), [], "{nobody}");
        }
        assert_eq!((table.keys(), table.len()), (3, 5));
    }

    #[test]
    fn keys_are_found_by_their_begin_whatever_their_column() {
        let keys = ["71", "72", "72", "8", "\u{1}73", "\u{2}74"];
        let table = table(&keys.map(|key| [Some(key), None]));
        assert_eq!(table.keys_from("7", 9), ["71", "72", "73", "74"]);
        assert_eq!(table.keys_from("7", 2), ["71", "72"]);
        assert_eq!(table.keys_from("9", 9), [""; 0]);
        assert_eq!(
            table.keys_from("", 9).len(),
            5,
            "kinds of numbers have no begin of their own"
        );
    }

    #[test]
    fn an_empty_table_is_a_table() {
        let table = table(&[]);
        assert_eq!((table.keys(), table.len()), (0, 0));
        assert_eq!(table.find("1").count(), 0);
    }

    #[test]
    fn equal_rows_make_equal_tables_whatever_came_first() {
        let one = [[Some("1"), Some("x")], [Some("2"), Some("y")]];
        let mut other = one;
        other.reverse();
        assert!(table(&one) == table(&other));
        other[0][1] = None;
        assert!(table(&one) != table(&other));
        assert!(table(&one) != table(&one[..1]));
    }

    #[test]
    fn every_text_is_kept_once() {
        let table = table(&[[Some("1"), Some("74950000001")]; 1000]);
        assert_eq!(table.text, "174950000001");
    }

    #[test]
    fn what_never_ends_is_refused() {
        let mut builder = Builder::<1>::new();
        let endless = (0..).find_map(|_| builder.push(|_| Some("1".to_owned())).err());
        assert_eq!(endless, Some(TooLong));
        assert_eq!(builder.finish().len(), MAX_TABLE_ROWS as u32);

        let mut builder = Builder::<1>::new();
        let long = |at: usize| Some(format!("{at:02}{}", "x".repeat(1024 * 1024 - 2)));
        let endless = (0..).position(|at| builder.push(|_| long(at)).is_err());
        assert_eq!(endless, Some(64));
    }
}

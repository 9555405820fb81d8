//! The snapshot on disk: an SQLite file that survives a restart. Nothing here can fail a call:
//! what goes wrong is one line in the log, and the snapshot in memory goes on.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, params_from_iter};

use super::table::{Builder, Table};
use super::tables::{TableSnapshot, Tables};

/// The file's name in Asterisk's var directory.
const FILE: &str = "rust_ivr_snapshot.sqlite3";

/// `menus` and `codes`: how many rows belong into the tables; NULL: there is no such snapshot.
const SCHEMA: &str = "
    PRAGMA journal_mode = OFF;
    CREATE TABLE about (origin TEXT NOT NULL, menus INTEGER, codes INTEGER);
    CREATE TABLE menu (phone, scenario, scenarioMsg, keyNum, msgMp3, transferTo, name);
    CREATE TABLE code (pref, phone, name);
    BEGIN;";

/// Whose snapshot a file is: that of the directory that was opened last. After a reload the one
/// before may live on for as long as its calls do, and must not write any more.
static OWNERS: Mutex<BTreeMap<PathBuf, u64>> = Mutex::new(BTreeMap::new());

/// The file of one directory.
pub(super) struct Disk {
    file: PathBuf,
    /// What the snapshot is made of. A file made of something else does not count.
    origin: String,
    owner: u64,
    /// What the file holds.
    saved: Tables,
    /// That it cannot be written was said already.
    complained: bool,
}

impl Disk {
    /// Takes the file over from the directory before.
    pub(super) fn new(var_dir: &Path, origin: String) -> Self {
        let file = var_dir.join(FILE);
        let mut owners = OWNERS.lock();
        let owner = owners.entry(file.clone()).or_default();
        *owner += 1;
        Self {
            file,
            origin,
            owner: *owner,
            saved: Tables::default(),
            complained: false,
        }
    }

    /// What the file holds; nothing when it is not there or of another origin. A damaged one
    /// is put aside.
    pub(super) fn load(&mut self) -> Tables {
        let file = self.file.display();
        match self.read() {
            Ok(Some(tables)) => self.saved = tables,
            Ok(None) => {
                log::debug!("{file} is the snapshot of another database; it will be replaced")
            }
            Err(Flaw::Closed(why)) if self.file.exists() => {
                log::warn!(
                    "{file}: {why}; may Asterisk's user read and write it, and does another program hold it?"
                );
            }
            Err(Flaw::Closed(_)) => {}
            Err(Flaw::Damaged(why)) => {
                let aside = self.file.with_extension("sqlite3.damaged");
                let moved = match fs::rename(&self.file, &aside) {
                    Ok(()) => format!("it is now {}", aside.display()),
                    Err(e) => format!("it cannot be put aside: {e}"),
                };
                log::warn!("{file} is damaged ({why}): {moved}; a new snapshot will be made");
            }
        }
        self.saved.clone()
    }

    /// Brings the file to what the tables are: writes it when they changed, else only notes
    /// that they were found right.
    pub(super) fn save(&mut self, tables: &Tables) {
        let oldest = [
            tables.menus.as_ref().map(|menus| menus.at),
            tables.codes.as_ref().map(|codes| codes.at),
        ];
        let Some(oldest) = oldest.into_iter().flatten().min() else {
            return;
        };
        if !self.is_ours(&OWNERS.lock()) {
            return;
        }
        let saved =
            if same(&tables.menus, &self.saved.menus) && same(&tables.codes, &self.saved.codes) {
                self.touch(oldest)
            } else {
                self.write(tables, oldest)
            };
        match saved {
            Ok(()) => {
                self.saved = tables.clone();
                self.complained = false;
            }
            Err(why) => {
                // Whatever is there now, the next time it is written anew.
                self.saved = Tables::default();
                if !self.complained {
                    log::warn!(
                        "{}: {why}; the snapshot is kept in memory only and will not survive a \
                         restart",
                        self.file.display()
                    );
                }
                self.complained = true;
            }
        }
    }

    fn is_ours(&self, owners: &BTreeMap<PathBuf, u64>) -> bool {
        owners.get(&self.file) == Some(&self.owner)
    }

    fn touch(&self, at: SystemTime) -> Result<(), String> {
        let owners = OWNERS.lock();
        if !self.is_ours(&owners) {
            return Ok(());
        }
        let file = File::options().append(true).open(&self.file);
        let noted = file.and_then(|file| file.set_modified(at));
        noted.map_err(|e| e.to_string())
    }

    fn read(&self) -> Result<Option<Tables>, Flaw> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let at = fs::metadata(&self.file).and_then(|meta| meta.modified());
        let at = at.map_err(|e| Flaw::Closed(e.to_string()))?;
        let conn = Connection::open_with_flags(&self.file, flags)?;
        let found: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(Flaw::Damaged(found));
        }
        let about = "SELECT origin, menus, codes FROM about";
        let (origin, menus, codes): (String, _, _) =
            conn.query_row(about, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if origin != self.origin {
            return Ok(None);
        }
        Ok(Some(Tables {
            menus: read_table(&conn, "SELECT * FROM menu", menus, at)?,
            codes: read_table(&conn, "SELECT * FROM code", codes, at)?,
            took: None,
        }))
    }

    /// Under another name first, so that the file is whole at every moment. Only the change of names
    /// is done under the lock: a reload does not wait for the disk.
    fn write(&self, tables: &Tables, at: SystemTime) -> Result<(), String> {
        let new = self.new_file();
        let written = self.write_new(&new, tables).and_then(|()| {
            let file = File::options().append(true).open(&new);
            let dated = file.and_then(|file| file.set_modified(at));
            dated.map_err(|e| e.to_string())?;
            let owners = OWNERS.lock();
            if !self.is_ours(&owners) {
                return fs::remove_file(&new).map_err(|e| e.to_string());
            }
            fs::rename(&new, &self.file).map_err(|e| e.to_string())
        });
        if written.is_err() {
            let _ = fs::remove_file(&new); // It may not even be there.
        }
        written
    }

    /// The directory before may still be writing its own.
    fn new_file(&self) -> PathBuf {
        let new = format!("sqlite3.new{}", self.owner % 2);
        self.file.with_extension(new)
    }

    fn write_new(&self, new: &Path, tables: &Tables) -> Result<(), String> {
        let _ = fs::remove_file(new); // What a crash left behind, usually nothing.
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        options.open(new).map_err(|e| e.to_string())?;
        self.fill(new, tables).map_err(|e| e.to_string())
    }

    fn fill(&self, new: &Path, tables: &Tables) -> rusqlite::Result<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(new, flags)?;
        conn.execute_batch(SCHEMA)?;
        let menus = write_table(
            &conn,
            "INSERT INTO menu VALUES (?, ?, ?, ?, ?, ?, ?)",
            &tables.menus,
        )?;
        let codes = write_table(&conn, "INSERT INTO code VALUES (?, ?, ?)", &tables.codes)?;
        let about = "INSERT INTO about VALUES (?, ?, ?)";
        conn.execute(about, (&self.origin, menus, codes))?;
        conn.execute_batch("COMMIT")
    }
}

/// Why a file gives no snapshot.
enum Flaw {
    /// It cannot be read now: missing, somebody else's, locked.
    Closed(String),
    /// It is not what was written.
    Damaged(String),
}

impl From<Error> for Flaw {
    fn from(error: Error) -> Self {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed, OutOfMemory,
            PermissionDenied, SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(
                CannotOpen
                | PermissionDenied
                | SystemIoFailure
                | DatabaseBusy
                | DatabaseLocked
                | FileLockingProtocolFailed
                | OutOfMemory,
            ) => Self::Closed(error.to_string()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// Tables without news are shared, so this needs no look inside.
fn same<const N: usize>(a: &Option<TableSnapshot<N>>, b: &Option<TableSnapshot<N>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(&a.table, &b.table),
        (None, None) => true,
        _ => false,
    }
}

fn read_table<const N: usize>(
    conn: &Connection,
    sql: &str,
    count: Option<u32>,
    at: SystemTime,
) -> Result<Option<TableSnapshot<N>>, Flaw> {
    let Some(count) = count else {
        return Ok(None);
    };
    let mut builder = Builder::new();
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // A cell that is no text was not written by us; the row count tells when it is a key.
        // One that is not there is the name in a file of before there were names.
        let pushed = builder.push(|at| row.get(at).ok().flatten());
        pushed.map_err(|why| Flaw::Damaged(why.to_string()))?;
    }
    let table: Table<N> = builder.finish();
    let found = table.len();
    if found != count {
        return Err(Flaw::Damaged(format!("{found} rows of {count}")));
    }
    let table = Arc::new(table);
    Ok(Some(TableSnapshot { table, at }))
}

/// How many rows were written; `None` for no table.
fn write_table<const N: usize>(
    conn: &Connection,
    sql: &str,
    snapshot: &Option<TableSnapshot<N>>,
) -> rusqlite::Result<Option<u32>> {
    let Some(TableSnapshot { table, .. }) = snapshot else {
        return Ok(None);
    };
    let mut insert = conn.prepare(sql)?;
    for row in table.rows() {
        insert.execute(params_from_iter(row))?;
    }
    Ok(Some(table.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Tables that take a while to write.
    fn large() -> Tables {
        let mut menus = Builder::new();
        for row in 0..20_000 {
            let cell = |at| Some(format!("{row} {at}"));
            menus.push(cell).unwrap();
        }
        let table = Arc::new(menus.finish());
        let at = SystemTime::now();
        let menus = Some(TableSnapshot { table, at });
        Tables {
            menus,
            ..Tables::default()
        }
    }

    #[test]
    fn a_reload_does_not_wait_for_the_file_to_be_written() {
        let name = format!("rustivr-disk-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        let tables = large();
        // Once is enough: if the reload waited, the file would always be complete, and gone.
        let unfinished = (0..50).any(|_| {
            let mut before = Disk::new(&dir, "origin".to_owned());
            let new = before.new_file();
            thread::scope(|scope| {
                let writing = scope.spawn(|| before.save(&tables));
                while !new.exists() && !writing.is_finished() {
                    thread::yield_now();
                }
                let _after = Disk::new(&dir, "origin".to_owned());
                new.exists()
            })
        });
        assert!(unfinished);
        let _ = fs::remove_dir_all(&dir);
    }
}

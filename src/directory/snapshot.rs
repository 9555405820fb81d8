//! The last known good snapshot: whole tables in memory, renewed by a thread of its own.
//!
//! Only a table that was read to its end takes the place of the one before. Whoever looks
//! something up holds on to the tables of that moment, so nobody waits for a renewal.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Condvar, Mutex, RwLock};

use super::Backend;
use super::disk::Disk;
use super::queries::{Query, Snapshots};
use super::table::Table;
use super::tables::{TableSnapshot, Tables};
use super::worker::Worker;
use crate::ports::LookupError;

/// How soon a database that did not answer is read again.
const RETRY: Duration = Duration::from_secs(5);

/// The tables and the thread that renews them.
pub(super) struct Snapshot {
    shared: Arc<Shared>,
    worker: Mutex<Option<Worker>>,
}

struct Shared {
    database: Arc<Backend>,
    queries: Snapshots,
    every: Duration,
    tables: RwLock<Arc<Tables>>,
    /// What was last said in the log; not said again until all is well.
    last_warning: Mutex<Option<LookupError>>,
    stopping: Mutex<bool>,
    wake: Condvar,
    renewals: Mutex<Renewals>,
    /// A renewal has ended, well or not.
    renewed: Condvar,
}

/// Renewals out of turn: which one is asked for, and which is done.
#[derive(Default)]
struct Renewals {
    asked: u64,
    done: u64,
}

impl Snapshot {
    /// Takes up what the disk holds, and starts the thread.
    pub(super) fn open(
        database: Arc<Backend>,
        queries: Snapshots,
        every: Duration,
        mut disk: Disk,
    ) -> Self {
        let tables = disk.load();
        let shared = Arc::new(Shared {
            database,
            queries,
            every,
            tables: RwLock::new(Arc::new(tables)),
            last_warning: Mutex::default(),
            stopping: Mutex::default(),
            wake: Condvar::new(),
            renewals: Mutex::default(),
            renewed: Condvar::new(),
        });
        let renewing = Arc::clone(&shared);
        let worker = Worker::start("rustivr-snapshot", move || renewing.run(disk))
            .inspect_err(|e| log::error!("cannot start a thread for the snapshot: {e}"));
        Self {
            shared,
            worker: Mutex::new(worker.ok()),
        }
    }

    /// The tables of this moment.
    pub(super) fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.shared.tables.read())
    }

    /// Renews the tables out of turn and waits for it, no longer than `within`.
    pub(super) fn renew_now(&self, within: Duration) {
        let shared = &*self.shared;
        let until = Instant::now() + within;
        let wanted = {
            let mut renewals = shared.renewals.lock();
            renewals.asked += 1;
            renewals.asked
        };
        // Once with the lock that the thread sleeps with, so that it does not miss the news.
        drop(shared.stopping.lock());
        shared.wake.notify_all();
        let mut renewals = shared.renewals.lock();
        shared
            .renewed
            .wait_while_until(&mut renewals, |now| now.done < wanted, until);
    }

    /// Says once why calls get the snapshot.
    pub(super) fn answers_instead(&self, error: &LookupError) {
        self.shared
            .warn_once("calls get the last known good snapshot", error);
    }

    /// Tells the thread to end; [`Snapshot::join`] waits for it.
    pub(super) fn stop(&self) {
        *self.shared.stopping.lock() = true;
        self.shared.wake.notify_all();
    }

    /// Joins the thread.
    pub(super) fn join(&self, deadline: Instant) {
        if let Some(worker) = self.worker.lock().take() {
            worker.stop(deadline);
        }
    }

    /// Age of the older table; `None`: there is none.
    pub(super) fn age(&self) -> Option<Duration> {
        let tables = self.tables();
        let menus = tables.menus.as_ref().map(|menus| menus.at);
        let codes = tables.codes.as_ref().map(|codes| codes.at);
        let oldest = menus.into_iter().chain(codes).min()?;
        // A clock that was set back makes it new again.
        Some(oldest.elapsed().unwrap_or_default())
    }

    /// One line for the operator: size, age, and how long the reading took.
    pub(super) fn describe(&self) -> String {
        let tables = self.tables();
        let menus = describe("phones", tables.menus.as_ref());
        let codes = describe("codes", tables.codes.as_ref());
        let how = match tables.took {
            Some(took) => format!("; read in {} ms", took.as_millis()),
            None if tables.menus.is_some() || tables.codes.is_some() => "; from disk".to_owned(),
            None => String::new(),
        };
        menus + "; " + &codes + &how
    }
}

fn describe<const N: usize>(what: &str, snapshot: Option<&TableSnapshot<N>>) -> String {
    let Some(TableSnapshot { table, at }) = snapshot else {
        return format!("no {what}");
    };
    // A clock that was set back makes it new again.
    let age = at.elapsed().unwrap_or_default().as_secs();
    format!("{} {what}, {age} s old", table.keys())
}

/// Puts a table that was just read in its place. One without news leaves the old one where it is.
fn replace<const N: usize>(place: &mut Option<TableSnapshot<N>>, table: Table<N>) {
    let table = match place {
        Some(old) if *old.table == table => Arc::clone(&old.table),
        _ => Arc::new(table),
    };
    let at = SystemTime::now();
    *place = Some(TableSnapshot { table, at });
}

impl Shared {
    /// The thread's work.
    fn run(&self, mut disk: Disk) {
        let mut pause = Duration::ZERO;
        while self.wait(pause) {
            pause = self.every;
            let asked = self.renewals.lock().asked;
            match self.renew() {
                Ok(()) => *self.last_warning.lock() = None,
                Err(_) if *self.stopping.lock() => return,
                Err(error) => {
                    if matches!(error, LookupError::Unavailable(_)) {
                        pause = pause.min(RETRY);
                    }
                    self.warn_once("the last known good snapshot is not renewed", &error);
                }
            }
            self.renewals.lock().done = asked;
            self.renewed.notify_all();
            let tables = Arc::clone(&self.tables.read());
            disk.save(&tables);
        }
    }

    /// `false`: it is time to end.
    fn wait(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut stopping = self.stopping.lock();
        while !*stopping
            && !self.is_asked()
            && !self.wake.wait_until(&mut stopping, until).timed_out()
        {}
        !*stopping
    }

    /// Somebody wants the tables renewed now.
    fn is_asked(&self) -> bool {
        let renewals = self.renewals.lock();
        renewals.done < renewals.asked
    }

    /// Reads the tables anew. What cannot be read stays as it was.
    fn renew(&self) -> Result<(), LookupError> {
        if let Some(error) = self.database.away() {
            return Err(error);
        }
        let began = Instant::now();
        let mut tables = Tables::clone(&self.tables.read());
        let menus = self.read(self.queries.menus.as_ref(), &mut tables.menus);
        if let Err(LookupError::Unavailable(_)) = menus {
            return menus;
        }
        let codes = self.read(self.queries.codes.as_ref(), &mut tables.codes);
        if menus.is_ok() || codes.is_ok() {
            tables.took = Some(began.elapsed());
        }
        *self.tables.write() = Arc::new(tables);
        menus.and(codes)
    }

    fn read<const N: usize>(
        &self,
        query: Option<&Query>,
        place: &mut Option<TableSnapshot<N>>,
    ) -> Result<(), LookupError> {
        if let Some(query) = query {
            replace(place, self.database.read_table(query)?);
        }
        Ok(())
    }

    fn warn_once(&self, what: &str, error: &LookupError) {
        let mut last = self.last_warning.lock();
        if last.as_ref() != Some(error) {
            log::warn!("{what}: {error}");
            *last = Some(error.clone());
        }
    }
}

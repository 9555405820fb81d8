//! The last known good copy: whole tables in memory, renewed by a thread of its own.
//!
//! Only a table that was read to its end takes the place of the one before. Whoever looks
//! something up holds on to the tables of that moment, so nobody waits for a renewal.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Condvar, Mutex, RwLock};

use super::disk::Disk;
use super::queries::{Query, Snapshots};
use super::table::Table;
use super::worker::Worker;
use super::{Backend, MAX_ROWS, menu_row};
use crate::numbers::Phone;
use crate::ports::LookupError;
use crate::ports::MenuRow;

/// How soon a database that did not answer is read again.
const RETRY: Duration = Duration::from_secs(5);

/// The tables of one moment.
#[derive(Clone, Default)]
pub(super) struct Tables {
    /// Phone, as stored, and the five columns of a menu.
    pub(super) menus: Option<Taken<6>>,
    /// Code and number.
    pub(super) codes: Option<Taken<2>>,
    /// How long the database took for them; `None`: they come from disk.
    pub(super) took: Option<Duration>,
}

/// A table and when it was last found right.
#[derive(Clone)]
pub(super) struct Taken<const N: usize> {
    pub(super) table: Arc<Table<N>>,
    pub(super) at: SystemTime,
}

/// The tables and the thread that renews them.
pub(super) struct Copy {
    shared: Arc<Shared>,
    worker: Mutex<Option<Worker>>,
}

struct Shared {
    database: Arc<Backend>,
    queries: Snapshots,
    every: Duration,
    tables: RwLock<Arc<Tables>>,
    /// What was last said in the log; not said again until all is well.
    told: Mutex<Option<LookupError>>,
    stopping: Mutex<bool>,
    wake: Condvar,
}

impl Tables {
    /// The rows for a phone, whatever form the table has it in; none for a stranger.
    /// `None`: there is no copy of the menus.
    pub(super) fn menu(&self, phone: &Phone) -> Option<Vec<MenuRow>> {
        let menus = &self.menus.as_ref()?.table;
        let forms = phone.forms();
        let different = (0..forms.len()).filter(|at| !forms[..*at].contains(&forms[*at]));
        let found = different.flat_map(|at| menus.find(forms[at]));
        let rows = found.take(MAX_ROWS);
        Some(
            rows.map(|row| menu_row(|at| row[at + 1].map(str::to_owned)))
                .collect(),
        )
    }

    /// The number of a code. `None`: there is no copy of the codes.
    pub(super) fn code(&self, code: &str) -> Option<Option<String>> {
        let codes = &self.codes.as_ref()?.table;
        Some(
            codes
                .find(code)
                .next()
                .and_then(|row| row[1].map(str::to_owned)),
        )
    }
}

impl Copy {
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
            told: Mutex::default(),
            stopping: Mutex::default(),
            wake: Condvar::new(),
        });
        let keeping = Arc::clone(&shared);
        let worker = Worker::start("rustivr-copy", move || keeping.keep(disk))
            .inspect_err(|e| log::error!("cannot start a thread for the copy: {e}"));
        Self {
            shared,
            worker: Mutex::new(worker.ok()),
        }
    }

    /// The tables of this moment.
    pub(super) fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.shared.tables.read())
    }

    /// Says once why calls get the copy.
    pub(super) fn answers_instead(&self, error: &LookupError) {
        self.shared
            .tell("calls get the last known good copy", error);
    }

    /// Tells the thread to end; [`Copy::join`] waits for it.
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

fn describe<const N: usize>(what: &str, taken: Option<&Taken<N>>) -> String {
    let Some(Taken { table, at }) = taken else {
        return format!("no {what}");
    };
    // A clock that was set back makes it new again.
    let age = at.elapsed().unwrap_or_default().as_secs();
    format!("{} {what}, {age} s old", table.keys())
}

/// Takes a table that was just read. One without news leaves the old one where it is.
fn take<const N: usize>(place: &mut Option<Taken<N>>, table: Table<N>) {
    let table = match place {
        Some(taken) if *taken.table == table => Arc::clone(&taken.table),
        _ => Arc::new(table),
    };
    let at = SystemTime::now();
    *place = Some(Taken { table, at });
}

impl Shared {
    /// The thread's work.
    fn keep(&self, mut disk: Disk) {
        let mut pause = Duration::ZERO;
        while self.wait(pause) {
            pause = self.every;
            match self.renew() {
                Ok(()) => *self.told.lock() = None,
                Err(_) if *self.stopping.lock() => return,
                Err(error) => {
                    if matches!(error, LookupError::Unavailable(_)) {
                        pause = pause.min(RETRY);
                    }
                    self.tell("the last known good copy is not renewed", &error);
                }
            }
            let tables = Arc::clone(&self.tables.read());
            disk.keep(&tables);
        }
    }

    /// `false`: it is time to end.
    fn wait(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut stopping = self.stopping.lock();
        while !*stopping && !self.wake.wait_until(&mut stopping, until).timed_out() {}
        !*stopping
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
        let all = menus.and(codes);
        if all.is_ok() {
            tables.took = Some(began.elapsed());
        }
        *self.tables.write() = Arc::new(tables);
        all
    }

    fn read<const N: usize>(
        &self,
        query: Option<&Query>,
        place: &mut Option<Taken<N>>,
    ) -> Result<(), LookupError> {
        if let Some(query) = query {
            take(place, self.database.read_table(query)?);
        }
        Ok(())
    }

    fn tell(&self, what: &str, error: &LookupError) {
        let mut told = self.told.lock();
        if told.as_ref() != Some(error) {
            log::warn!("{what}: {error}");
            *told = Some(error.clone());
        }
    }
}

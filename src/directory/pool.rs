//! MySQL's connections: kept ready by a thread of their own, lent to callers one by one.
//!
//! A caller never connects. It takes an idle connection and asks on its own thread; when
//! there is none it waits for one until its deadline.
//!
//! The breaker is open while the server does not answer. Then callers are told so at once and
//! nobody waits: only the keeper, who connects, asks the server until it answers again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use std::{io, mem};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::breaker::Breaker;
use super::deadline::Watchdog;
use super::mysql::{Failure, Link, Server};
use super::queries::Query;
use super::table::Table;
use super::worker::Worker;
use crate::numbers::Phone;
use crate::ports::LookupError;
use crate::ports::MenuRow;

/// The connections to one server.
pub(super) struct Pool {
    shared: Arc<Shared>,
    keeper: Mutex<Option<Worker>>,
}

struct Shared {
    server: Server,
    /// How many connections the keeper keeps.
    limit: usize,
    watchdog: Option<Watchdog>,
    /// Whether the breaker is open. Changed under the state's lock, read without it.
    open: AtomicBool,
    state: Mutex<State>,
    /// Callers wait here for a connection, or for the news that there will be none.
    changed: Condvar,
    /// The keeper waits here for something to do.
    work: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Link>,
    /// Connections that exist: idle ones and lent ones.
    alive: usize,
    breaker: Breaker,
    /// Why there will be no more connections: stopped, or never started.
    closed: Option<String>,
}

impl Pool {
    /// Starts the threads; the first connections come in their own time.
    pub(super) fn open(server: Server, limit: usize) -> Self {
        let watchdog = Watchdog::start();
        let mut broken = watchdog.as_ref().err().map(no_thread);
        let shared = Arc::new(Shared {
            server,
            limit,
            watchdog: watchdog.ok(),
            open: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
            work: Condvar::new(),
        });
        let keeping = Arc::clone(&shared);
        let keeper = Worker::start("rustivr-mysql", move || keeping.keep());
        let keeper = keeper.map_err(|e| broken = Some(no_thread(&e))).ok();
        if let Some(why) = broken {
            log::error!("{why}");
            shared.state.lock().closed = Some(why);
        }
        Self {
            shared,
            keeper: Mutex::new(keeper),
        }
    }

    /// The rows for a phone, within the server's time budget in all.
    pub(super) fn menu(&self, phone: &Phone) -> Result<Vec<MenuRow>, LookupError> {
        self.ask(|server, link| server.menu(link, phone))
    }

    /// The number of a code, within the same budget.
    pub(super) fn code(&self, code: &str) -> Result<Option<String>, LookupError> {
        self.ask(|server, link| server.code(link, code))
    }

    /// Puts a question on a connection, and on another one when that was stale.
    fn ask<T>(
        &self,
        question: impl Fn(&Server, &mut Link) -> Result<T, Failure>,
    ) -> Result<T, LookupError> {
        if let Some(error) = self.away() {
            return Err(error);
        }
        let shared = &*self.shared;
        let Shared {
            server, watchdog, ..
        } = shared;
        let began = Instant::now();
        let deadline = began + server.timeout;
        loop {
            let mut link = shared.borrow(began, deadline)?;
            let watch = watchdog.as_ref().map(|w| w.watch(link.socket(), deadline));
            let answer = question(server, &mut link);
            let in_time = watch.is_none_or(|watch| watch.in_time());
            let fresh = link.born >= began;
            let late = !in_time || Instant::now() >= deadline;
            shared.give_back(link, in_time && !matches!(answer, Err(Failure::Lost(_))));
            match answer {
                Ok(answer) => return Ok(answer),
                Err(Failure::Refused(why)) => return Err(LookupError::Refused(why)),
                Err(Failure::Lost(_)) if late => {
                    return Err(shared.open(shared.state.lock(), server.too_late(), began));
                }
                // A connection made for this very call: the next would fare no better.
                Err(Failure::Lost(why)) if fresh => {
                    let error = LookupError::Unavailable(why);
                    return Err(shared.open(shared.state.lock(), error, began));
                }
                Err(Failure::Lost(why)) => log::debug!("{why}; trying another connection"),
            }
        }
    }

    /// Why callers need not ask now: the breaker is open. Costs them one look at a flag
    /// while it is closed.
    pub(super) fn away(&self) -> Option<LookupError> {
        if !self.shared.open.load(Ordering::Relaxed) {
            return None;
        }
        let state = self.shared.state.lock();
        state.breaker.trouble().map(|trouble| trouble.error.clone())
    }

    /// A whole table, over a connection of its own.
    pub(super) fn read_table<const N: usize>(
        &self,
        query: &Query,
    ) -> Result<Table<N>, LookupError> {
        match &self.shared.watchdog {
            Some(watchdog) => self.shared.server.read_table(watchdog, query),
            None => Err(LookupError::Unavailable("there is no watchdog".to_owned())),
        }
    }

    /// For the operator: how the server does, and the connections.
    pub(super) fn describe(&self) -> String {
        let state = self.shared.state.lock();
        let doing = match (&state.closed, state.breaker.trouble()) {
            (Some(why), _) => why.clone(),
            (None, Some(trouble)) => {
                let what = if state.breaker.is_open() {
                    "is not asked"
                } else {
                    "takes no more connections"
                };
                let since = trouble.since.elapsed().as_secs();
                format!("{what} since {since} s ({})", trouble.error)
            }
            (None, None) if state.alive == 0 => "no connection yet".to_owned(),
            (None, None) => "answers".to_owned(),
        };
        format!(
            "{doing}; {} of {} connections, {} free",
            state.alive,
            self.shared.limit,
            state.idle.len()
        )
    }

    /// Ends the threads and closes the idle connections.
    pub(super) fn stop(&self, deadline: Instant) {
        let idle = {
            let mut state = self.shared.state.lock();
            let why = "the module is letting go of this database".to_owned();
            state.closed.get_or_insert(why);
            mem::take(&mut state.idle)
        };
        self.shared.changed.notify_all();
        self.shared.work.notify_all();
        if let Some(watchdog) = &self.shared.watchdog {
            watchdog.stop();
        }
        if let Some(keeper) = self.keeper.lock().take() {
            keeper.stop(deadline);
        }
        drop(idle);
    }
}

impl Shared {
    /// An idle connection, waiting for one until `deadline`. Fails early when the breaker
    /// opened, or an attempt to connect failed, since the call `began`, and no connection is
    /// left to wait for.
    fn borrow(&self, began: Instant, deadline: Instant) -> Result<Link, LookupError> {
        let mut state = self.state.lock();
        loop {
            if let Some(why) = &state.closed {
                return Err(LookupError::Unavailable(why.clone()));
            }
            let late = Instant::now() >= deadline;
            if !late && let Some(link) = state.idle.pop() {
                return Ok(link);
            }
            let hopeless = state.alive == 0 || state.breaker.is_open();
            let trouble = state.breaker.trouble().filter(|_| hopeless);
            if let Some(trouble) = trouble.filter(|trouble| late || trouble.ended >= began) {
                let error = trouble.error.clone();
                return Err(self.open(state, error, began));
            }
            if late && hopeless {
                return Err(self.open(state, self.server.too_late(), began));
            }
            if late {
                return Err(self.server.too_busy(state.alive));
            }
            self.changed.wait_until(&mut state, deadline);
        }
    }

    /// Opens the breaker: the server was asked in vain since the call `began`. What was idle
    /// is as doubtful as the connection that failed.
    fn open(
        &self,
        mut state: MutexGuard<'_, State>,
        error: LookupError,
        began: Instant,
    ) -> LookupError {
        if state.closed.is_some() || !state.breaker.asked_in_vain(&error, began, Instant::now()) {
            return error;
        }
        self.open.store(true, Ordering::Relaxed);
        let doubtful = mem::take(&mut state.idle);
        state.alive -= doubtful.len();
        drop(state);
        self.changed.notify_all();
        self.work.notify_one();
        drop(doubtful);
        error
    }

    /// Takes a connection back; one that is not `usable` is closed and replaced.
    fn give_back(&self, link: Link, usable: bool) {
        let mut state = self.state.lock();
        if usable && state.closed.is_none() {
            state.idle.push(link);
            drop(state);
            self.changed.notify_one();
        } else {
            state.alive -= 1;
            drop(state);
            self.work.notify_one();
            drop(link);
        }
    }

    /// The keeper's work: a connection whenever one is missing.
    fn keep(&self) {
        let Some(watchdog) = &self.watchdog else {
            return;
        };
        while let Some(in_doubt) = self.wait_for_work() {
            let began = Instant::now();
            match self.server.connect(watchdog, in_doubt) {
                Ok(link) => self.connected(link, in_doubt),
                Err(error) => self.failed(error, began),
            }
        }
    }

    /// Waits until a connection is missing and the pause after a failure is over; says
    /// whether the server is in doubt. `None`: the pool is closed.
    fn wait_for_work(&self) -> Option<bool> {
        let mut state = self.state.lock();
        loop {
            if state.closed.is_some() {
                return None;
            }
            if state.alive >= self.limit {
                self.work.wait(&mut state);
                continue;
            }
            let Some(trouble) = state.breaker.trouble() else {
                return Some(false);
            };
            let next = trouble.next;
            if Instant::now() >= next {
                return Some(true);
            }
            self.work.wait_until(&mut state, next);
        }
    }

    /// Takes up a connection, unless the server came in doubt while it was being made.
    fn connected(&self, link: Link, in_doubt: bool) {
        let mut state = self.state.lock();
        if state.closed.is_some() || (!in_doubt && state.breaker.trouble().is_some()) {
            return;
        }
        state.alive += 1;
        state.idle.push(link);
        let recovered = state.breaker.attempt_succeeded(Instant::now());
        self.open.store(false, Ordering::Relaxed);
        drop(state);
        self.changed.notify_one();
        if recovered {
            log::info!("the database answers again");
        }
    }

    fn failed(&self, error: LookupError, began: Instant) {
        let mut state = self.state.lock();
        if state.closed.is_some() {
            return;
        }
        let last = state.alive == 0;
        let breaker = &mut state.breaker;
        let news = breaker.attempt_failed(&error, began, Instant::now(), last);
        self.open.store(breaker.is_open(), Ordering::Relaxed);
        drop(state);
        self.changed.notify_all();
        if news {
            log::warn!("{error}");
        }
    }
}

fn no_thread(error: &io::Error) -> String {
    format!("cannot start a thread for the database: {error}")
}

#[cfg(test)]
mod tests {
    use super::super::queries::Queries;
    use super::*;
    use crate::settings::{Address, Secret, Settings};
    use std::time::Duration;

    #[test]
    fn busy_connections_are_named_as_the_reason() {
        let timeout = Duration::from_millis(20);
        let address = Address::Socket("/nonexistent".into());
        let queries = Queries::new(&Settings::default().database);
        let server = Server::new(&address, "site", "u", &Secret::default(), queries, timeout);
        // The keeper has nothing to do.
        let pool = Pool::open(server, 0);
        // As if the only connection were lent to somebody.
        pool.shared.state.lock().alive = 1;
        let began = Instant::now();
        let error = pool.shared.borrow(began, began + timeout).err().unwrap();
        assert!(began.elapsed() >= timeout);
        assert!(
            error
                .to_string()
                .contains("all 1 connections were busy for 20 ms"),
            "{error}"
        );
        pool.stop(Instant::now() + Duration::from_secs(10));
    }
}

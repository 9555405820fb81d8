//! MySQL's connections: made ready by a thread of their own, checked out by callers one by one.
//!
//! A caller never connects. It takes an idle connection and asks on its own thread; when
//! there is none it waits for one until its deadline.
//!
//! The breaker is open while the server does not answer. Then callers are told so at once and
//! nobody waits: only the connector, who connects, asks the server until it answers again.

mod connector;
mod loan;
mod places;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use std::{io, mem};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::breaker::{self, Breaker, Event};
use super::deadline::Watchdog;
use super::hosts::{self, Hosts};
use super::inspect::Inspection;
use super::mysql::{Failure, Link, Server};
use super::queries::Query;
use super::table::Table;
use super::worker::Worker;
use crate::numbers::Phone;
use crate::ports::LookupError;
use crate::ports::MenuRow;
use places::Places;

/// The connections to one server.
pub(super) struct Pool {
    shared: Arc<Shared>,
    connector: Mutex<Option<Worker>>,
}

struct Shared {
    server: Server,
    /// How many connections there are to be.
    limit: usize,
    watchdog: Option<Watchdog>,
    /// Whether the breaker is open, to be read without the lock; only [`Shared::step`] writes it.
    open: AtomicBool,
    state: Mutex<State>,
    /// Callers wait here for a connection, or for the news that there will be none.
    changed: Condvar,
    /// The connector waits here for something to do.
    work: Condvar,
}

#[derive(Default)]
struct State {
    hosts: Hosts,
    idle: Vec<Link>,
    /// Connections that callers have checked out.
    in_use: usize,
    /// Places of connections that the snapshot has for a while.
    lent: usize,
    /// Callers who wait for a connection.
    waiting: usize,
    places: Places,
    breaker: Breaker,
}

impl State {
    /// Connections that exist, or whose place is taken.
    fn connections(&self) -> usize {
        self.idle.len() + self.in_use + self.lent
    }
}

impl Pool {
    /// Starts the threads; the first connections come in their own time.
    pub(super) fn open(server: Server, limit: usize) -> Self {
        let watchdog = Watchdog::start();
        let mut broken = watchdog.as_ref().err().map(no_thread);
        let state = State {
            hosts: Hosts::new(server.hosts()),
            ..State::default()
        };
        let shared = Arc::new(Shared {
            server,
            limit,
            watchdog: watchdog.ok(),
            open: AtomicBool::new(false),
            state: Mutex::new(state),
            changed: Condvar::new(),
            work: Condvar::new(),
        });
        let connecting = Arc::clone(&shared);
        let connector = Worker::start("rustivr-mysql", move || connecting.run());
        let connector = connector.map_err(|e| broken = Some(no_thread(&e))).ok();
        if let Some(why) = broken {
            log::error!("{why}");
            shared.step(&mut shared.state.lock(), Event::Stop(why));
        }
        Self {
            shared,
            connector: Mutex::new(connector),
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

    /// Puts a question on a connection, and on a new one when that was stale.
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
            let mut link = shared.check_out(began, deadline)?;
            let watch = watchdog.as_ref().map(|w| w.watch(link.socket(), deadline));
            let answer = question(server, &mut link);
            let in_time = watch.is_none_or(|watch| watch.in_time());
            let fresh = link.born >= began;
            let host = link.host;
            let late = !in_time || Instant::now() >= deadline;
            shared.check_in(link, in_time && !matches!(answer, Err(Failure::Lost(_))));
            match answer {
                Ok(answer) => return Ok(answer),
                Err(Failure::Refused(why)) => return Err(LookupError::Refused(why)),
                Err(Failure::Lost(_)) if late => {
                    return Err(shared.open(shared.state.lock(), server.silent(host), began));
                }
                // A connection made for this very call: the next would fare no better.
                Err(Failure::Lost(why)) if fresh => {
                    let error = LookupError::Unavailable(why);
                    return Err(shared.open(shared.state.lock(), error, began));
                }
                Err(Failure::Lost(why)) => {
                    log::debug!("{why}; trying a new connection");
                    shared.close_idle_before(began, host);
                }
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

    /// A whole table, over a connection of its own; where there is no place for one more, in the
    /// place of one that is idle.
    pub(super) fn read_table<const N: usize>(
        &self,
        query: &Query,
    ) -> Result<Table<N>, LookupError> {
        let shared = &*self.shared;
        let Some(watchdog) = &shared.watchdog else {
            return Err(LookupError::Unavailable("there is no watchdog".to_owned()));
        };
        let began = Instant::now();
        let mut full = false;
        let mut read = || {
            let hosts = shared.state.lock().hosts.order();
            full = false;
            let read = hosts::first(hosts, |at| {
                let table = shared.server.read_table(at, watchdog, query);
                table.map_err(|no| {
                    full |= no.full;
                    no.error
                })
            });
            (read, full)
        };
        let (table, full) = read();
        if full && let Some(loan) = shared.borrow_place() {
            let table = loan.read(read);
            return table;
        }
        shared.state.lock().places.forget_since(began);
        shared.work.notify_one();
        table
    }

    /// Looks at the server's tables, over a connection of its own. `Err`: it does not let us in.
    pub(super) fn inspect(&self) -> Result<Inspection, LookupError> {
        let Some(watchdog) = &self.shared.watchdog else {
            return Err(LookupError::Unavailable("there is no watchdog".to_owned()));
        };
        let hosts = self.shared.state.lock().hosts.order();
        let mut found = hosts::first(hosts, |at| {
            let found = self.shared.server.inspect(at, watchdog);
            found.map_err(|no| no.error)
        })?;
        let state = self.shared.state.lock();
        if state.hosts.home().is_some() {
            let away = state.hosts.away();
            found.away = away
                .map(|away| hosts::words(&away.error).to_owned())
                .collect();
        }
        Ok(found)
    }

    /// For the operator: how the server does, and the connections.
    pub(super) fn describe(&self) -> String {
        let state = self.shared.state.lock();
        let since = |what: &str, trouble: &breaker::Trouble| {
            let since = trouble.since.elapsed().as_secs();
            format!("{what} since {since} s ({})", trouble.error)
        };
        let doing = match state.breaker.state() {
            breaker::State::Stopped(why) => why.clone(),
            breaker::State::Open(trouble) | breaker::State::HalfOpen(trouble) => {
                since("is not asked", trouble)
            }
            breaker::State::Impaired(trouble) => since("takes no more connections", trouble),
            breaker::State::Closed if state.connections() == 0 => "no connection yet".to_owned(),
            breaker::State::Closed => "answers".to_owned(),
        };
        let mut description = format!(
            "{doing}; {} of {} connections, {} free",
            state.connections(),
            self.shared.limit,
            state.idle.len()
        );
        if state.hosts.home().is_some() {
            for away in state.hosts.away() {
                description += &format!("; not used: {}", hosts::words(&away.error));
            }
        }
        description
    }

    /// Whether the server answers, and the connections by state.
    pub(super) fn health(&self) -> (bool, Vec<(&'static str, usize)>) {
        let state = self.shared.state.lock();
        let stopped = state.breaker.stopped().is_some();
        let up = !stopped && !state.breaker.is_open() && state.connections() > 0;
        let connections = vec![
            ("idle", state.idle.len()),
            ("busy", state.in_use),
            ("snapshot", state.lent),
            ("limit", self.shared.limit),
        ];
        (up, connections)
    }

    /// Ends the threads and closes the idle connections.
    pub(super) fn stop(&self, deadline: Instant) {
        let idle = {
            let mut state = self.shared.state.lock();
            let why = "the module is letting go of this database".to_owned();
            self.shared.step(&mut state, Event::Stop(why));
            mem::take(&mut state.idle)
        };
        self.shared.changed.notify_all();
        self.shared.work.notify_all();
        if let Some(watchdog) = &self.shared.watchdog {
            watchdog.stop();
        }
        if let Some(connector) = self.connector.lock().take() {
            connector.stop(deadline);
        }
        drop(idle);
    }
}

impl Shared {
    /// An idle connection, waiting for one until `deadline`. Fails early when the breaker
    /// opened, or an attempt to connect failed, since the call `began`, and no connection is
    /// left to wait for.
    fn check_out(&self, began: Instant, deadline: Instant) -> Result<Link, LookupError> {
        let mut state = self.state.lock();
        loop {
            if let Some(why) = state.breaker.stopped() {
                return Err(LookupError::Unavailable(why.to_owned()));
            }
            let late = Instant::now() >= deadline;
            if !late && let Some(link) = state.idle.pop() {
                state.in_use += 1;
                return Ok(link);
            }
            if late && !state.idle.is_empty() {
                // The news of this one woke us, who cannot use it any more.
                self.changed.notify_one();
            }
            let hopeless = state.connections() == 0 || state.breaker.is_open();
            let trouble = state.breaker.trouble().filter(|_| hopeless);
            if let Some(trouble) = trouble.filter(|trouble| late || trouble.ended >= began) {
                let error = trouble.error.clone();
                return Err(self.open(state, error, began));
            }
            if late && hopeless {
                return Err(self.open(state, self.server.too_late(), began));
            }
            if late {
                return Err(self.server.too_busy(state.connections()));
            }
            if state.lent > 0 && state.lent == state.connections() {
                return Err(self.server.only_for_the_snapshot());
            }
            state.waiting += 1;
            self.changed.wait_until(&mut state, deadline);
            state.waiting -= 1;
        }
    }

    /// One step of the breaker; the flag that callers read follows it here and nowhere else.
    fn step(&self, state: &mut State, event: Event) -> bool {
        let news = state.breaker.step(event, Instant::now());
        self.open.store(state.breaker.is_open(), Ordering::Relaxed);
        news
    }

    /// Opens the breaker: the server was asked in vain since the call `began`. What was idle
    /// is as doubtful as the connection that failed.
    fn open(
        &self,
        mut state: MutexGuard<'_, State>,
        error: LookupError,
        began: Instant,
    ) -> LookupError {
        let event = Event::AskedInVain {
            error: error.clone(),
            began,
        };
        if !self.step(&mut state, event) {
            return error;
        }
        let doubtful = mem::take(&mut state.idle);
        drop(state);
        self.changed.notify_all();
        self.work.notify_one();
        drop(doubtful);
        error
    }

    /// Closes a host's idle connections that are older than a call that met a dead one: most often
    /// all died together, and who lies at the bottom would be found dead by a later caller.
    fn close_idle_before(&self, began: Instant, host: usize) {
        let mut state = self.state.lock();
        let idle = mem::take(&mut state.idle).into_iter();
        let (stale, fresh): (Vec<_>, Vec<_>) =
            idle.partition(|link| link.host == host && link.born < began);
        state.idle = fresh;
        drop(state);
        self.work.notify_one();
        drop(stale);
    }

    /// Takes a connection back; one that is not `usable`, or whose place another one has, is closed.
    fn check_in(&self, link: Link, usable: bool) {
        let mut state = self.state.lock();
        state.in_use -= 1;
        let usable = usable && state.connections() < self.limit;
        let leads_home = state.hosts.home().is_none_or(|home| link.host <= home);
        if usable && state.breaker.stopped().is_none() {
            state.idle.push(link);
            drop(state);
            self.changed.notify_one();
            if !leads_home {
                self.work.notify_one();
            }
        } else {
            drop(state);
            self.work.notify_one();
            drop(link);
        }
    }
}

fn no_thread(error: &io::Error) -> String {
    format!("cannot start a thread for the database: {error}")
}

#[cfg(test)]
mod tests;

//! MySQL's connections: kept ready by a thread of their own, lent to callers one by one.
//!
//! A caller never connects. It takes an idle connection and asks on its own thread; when
//! there is none it waits for one until its deadline, and the keeper, who connects, hurries.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, mem};

use parking_lot::{Condvar, Mutex};

use super::deadline::Watchdog;
use super::mysql::{Failure, Link, Server};
use crate::ivr::MenuRow;
use crate::numbers::Phone;
use crate::ports::LookupError;

/// The pause after a failed attempt to connect; it doubles up to the longest while the
/// server is away. With a caller waiting it is always the first.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long `stop()` waits for an attempt to connect that is under way.
const PATIENCE: Duration = Duration::from_millis(800);

/// The connections to one server.
pub(super) struct Pool {
    shared: Arc<Shared>,
    keeper: Mutex<Option<Keeper>>,
}

/// The keeper's thread. Its end shows as the other end of `ended` going away.
struct Keeper {
    thread: JoinHandle<()>,
    ended: Receiver<()>,
}

struct Shared {
    server: Server,
    /// How many connections the keeper keeps.
    limit: usize,
    watchdog: Option<Watchdog>,
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
    /// Callers that wait for a connection.
    waiting: usize,
    /// How the last attempt to connect failed; `None` once one succeeds.
    trouble: Option<Trouble>,
    /// Why there will be no more connections: stopped, or never started.
    closed: Option<String>,
}

struct Trouble {
    error: LookupError,
    ended: Instant,
    pause: Duration,
    /// The attempt ran into the time limit. Then callers do not make the keeper hurry: a
    /// hung server that finds a heap of broken logins on waking may lock us out.
    slow: bool,
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
            state: Mutex::default(),
            changed: Condvar::new(),
            work: Condvar::new(),
        });
        let keeper = Keeper::start(Arc::clone(&shared));
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
        let Shared {
            server, watchdog, ..
        } = &*self.shared;
        let began = Instant::now();
        let deadline = began + server.timeout;
        loop {
            let mut link = self.shared.borrow(began, deadline)?;
            let watch = watchdog.as_ref().map(|w| w.watch(link.socket(), deadline));
            let answer = question(server, &mut link);
            let in_time = watch.is_none_or(|watch| watch.in_time());
            let fresh = link.born >= began;
            let late = !in_time || Instant::now() >= deadline;
            self.shared
                .give_back(link, in_time && !matches!(answer, Err(Failure::Lost(_))));
            match answer {
                Ok(answer) => return Ok(answer),
                Err(Failure::Refused(why)) => return Err(LookupError::Refused(why)),
                Err(Failure::Lost(_)) if late => return Err(server.too_late()),
                // A connection made for this very call: the next would fare no better.
                Err(Failure::Lost(why)) if fresh => return Err(LookupError::Unavailable(why)),
                Err(Failure::Lost(why)) => log::debug!("{why}; trying another connection"),
            }
        }
    }

    /// Ends the threads and closes the idle connections.
    pub(super) fn stop(&self) {
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
            keeper.stop();
        }
        drop(idle);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Keeper {
    fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let (alive, ended) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("rustivr-mysql".to_owned())
            .stack_size(512 * 1024)
            .spawn(move || shared.keep(alive))?;
        Ok(Self { thread, ended })
    }

    fn stop(self) {
        match self.ended.recv_timeout(PATIENCE) {
            // The crate gives no hold on a login under way. The thread ends by itself when
            // the server or the resolver lets go; it holds nothing of Asterisk's.
            Err(RecvTimeoutError::Timeout) => {
                log::warn!("a connection attempt to the database hangs and is left behind");
            }
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                // An Err would be its panic, which was reported when it happened.
                let _ = self.thread.join();
            }
        }
    }
}

impl Shared {
    /// An idle connection, waiting for one until `deadline`. Fails early when an attempt to
    /// connect failed since the call `began` and no connection is left to wait for.
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
            let trouble = state.trouble.as_ref().filter(|_| state.alive == 0);
            match trouble {
                Some(trouble) if late || trouble.ended >= began => {
                    return Err(trouble.error.clone());
                }
                _ if late && state.alive > 0 => return Err(self.server.too_busy(state.alive)),
                _ if late => return Err(self.server.too_late()),
                _ => {}
            }
            state.waiting += 1;
            self.work.notify_one();
            self.changed.wait_until(&mut state, deadline);
            state.waiting -= 1;
        }
    }

    /// Takes a connection back; one that is not `usable` is closed and replaced.
    fn give_back(&self, link: Link, usable: bool) {
        let mut state = self.state.lock();
        if usable && state.closed.is_none() {
            state.idle.push(link);
            let wanted = state.waiting > 0;
            drop(state);
            if wanted {
                self.changed.notify_one();
            }
        } else {
            state.alive -= 1;
            drop(state);
            self.work.notify_one();
            drop(link);
        }
    }

    /// The keeper's work: a connection whenever one is missing. Returning drops `_alive`.
    fn keep(&self, _alive: Sender<()>) {
        let Some(watchdog) = &self.watchdog else {
            return;
        };
        while self.wait_for_work() {
            let began = Instant::now();
            match self.server.connect(watchdog) {
                Ok(link) => self.connected(link),
                Err(error) => self.failed(error, began),
            }
        }
    }

    /// Waits until a connection is missing and the pause after a failure is over; `false`
    /// when the pool is closed.
    fn wait_for_work(&self) -> bool {
        let mut state = self.state.lock();
        loop {
            if state.closed.is_some() {
                return false;
            }
            if state.alive >= self.limit {
                self.work.wait(&mut state);
                continue;
            }
            let Some(trouble) = &state.trouble else {
                return true;
            };
            let hurry = state.waiting > 0 && !trouble.slow;
            let pause = if hurry { FIRST_PAUSE } else { trouble.pause };
            let next = trouble.ended + pause;
            if Instant::now() >= next {
                return true;
            }
            self.work.wait_until(&mut state, next);
        }
    }

    fn connected(&self, link: Link) {
        let mut state = self.state.lock();
        if state.closed.is_some() {
            return;
        }
        state.alive += 1;
        state.idle.push(link);
        let recovered = state.trouble.take().is_some();
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
        let last = state.trouble.take();
        let news = last.as_ref().is_none_or(|last| last.error != error);
        let pause = last.map_or(FIRST_PAUSE, |last| (last.pause * 2).min(LONGEST_PAUSE));
        let ended = Instant::now();
        state.trouble = Some(Trouble {
            error: error.clone(),
            ended,
            pause,
            slow: ended - began >= self.server.timeout,
        });
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
    use super::super::Queries;
    use super::*;
    use crate::settings::{Address, Secret, Settings};

    #[test]
    fn busy_connections_are_named_as_the_reason() {
        let timeout = Duration::from_millis(20);
        let address = Address::Socket("/nonexistent".into());
        let queries = Queries::new(&Settings::default().database);
        let server = Server::new(&address, "site", "u", &Secret::default(), queries, timeout);
        let pool = Pool::open(server, 1);
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
    }
}

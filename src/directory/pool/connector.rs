//! The pool's thread: it makes a connection whenever one is missing, and goes back to the host that
//! the operator wrote first when that one answers again.

use std::time::Instant;

use super::super::hosts;
use super::{Event, Link, LookupError, Shared, State, Watchdog};

/// What there is to do.
enum Work {
    /// A connection is missing.
    Connect,
    /// There are all, and this host may be had in place of a later one.
    GoBack(usize),
}

impl State {
    /// An idle connection to a later host than this one.
    fn idle_beyond(&self, host: usize) -> Option<usize> {
        let idle = self.idle.iter().enumerate();
        let last = idle.max_by_key(|(_, link)| link.host);
        last.filter(|(_, link)| link.host > host).map(|(at, _)| at)
    }

    /// What there is to do now, or when to look again; `None`: when it is told.
    fn work(&self, limit: usize, now: Instant) -> Result<Work, Option<Instant>> {
        let places = self.places.most(now);
        let most = places.map_or(limit, |(most, _)| most.min(limit));
        if self.connections() < most {
            let next = self.breaker.trouble().map(|trouble| trouble.next);
            return match next.filter(|next| *next > now) {
                Some(next) => Err(Some(next)),
                None => Ok(Work::Connect),
            };
        }
        if let Some(home) = self.hosts.home()
            && self.idle_beyond(home).is_some()
        {
            return Ok(Work::GoBack(home));
        }
        let more = places.map(|(_, until)| until);
        match self.hosts.next() {
            Some((host, next)) if next <= now => Ok(Work::GoBack(host)),
            next => Err(next.map(|(_, next)| next).into_iter().chain(more).min()),
        }
    }
}

impl Shared {
    /// The thread's work.
    pub(super) fn run(&self) {
        let Some(watchdog) = &self.watchdog else {
            return;
        };
        while let Some(work) = self.wait_for_work() {
            match work {
                Work::Connect => self.connect(watchdog),
                Work::GoBack(host) => self.go_back(watchdog, host),
            }
        }
    }

    /// `None`: the pool is closed.
    fn wait_for_work(&self) -> Option<Work> {
        let mut state = self.state.lock();
        loop {
            if state.breaker.stopped().is_some() {
                return None;
            }
            match state.work(self.limit, Instant::now()) {
                Ok(work) => return Some(work),
                Err(Some(next)) => drop(self.work.wait_until(&mut state, next)),
                Err(None) => self.work.wait(&mut state),
            }
        }
    }

    /// Makes a connection to the first host that gives one.
    fn connect(&self, watchdog: &Watchdog) {
        let began = Instant::now();
        let hosts = {
            let mut state = self.state.lock();
            self.step(&mut state, Event::Trying);
            state.hosts.order()
        };
        let mut full = false;
        let made = hosts::first(hosts, |host| {
            self.server.connect(host, watchdog).map_err(|no| {
                full |= no.full;
                let mut state = self.state.lock();
                state.hosts.failed(host, no.error.clone(), Instant::now());
                no.error
            })
        });
        match made {
            Ok(link) => self.connected(link),
            Err(error) => self.failed(error, full, began),
        }
    }

    /// Replaces a connection to a later host by one to this one. What fails here changes nothing for
    /// callers: they have connections.
    fn go_back(&self, watchdog: &Watchdog, host: usize) {
        match self.server.connect(host, watchdog) {
            Ok(link) => self.connected(link),
            Err(no) => {
                let mut state = self.state.lock();
                state.hosts.failed(host, no.error, Instant::now());
                self.report(state.hosts.unreported());
            }
        }
    }

    /// Takes up a connection, unless the server came in doubt while it was being made.
    fn connected(&self, link: Link) {
        let mut state = self.state.lock();
        let host = link.host;
        let back = state.hosts.answered(host);
        let recovered = self.step(&mut state, Event::Connected);
        if state.breaker.stopped().is_some() || state.breaker.is_open() {
            return;
        }
        let surplus = (state.connections() >= self.limit).then(|| state.idle_beyond(host));
        let surplus = surplus.flatten().map(|at| state.idle.swap_remove(at));
        state.idle.push(link);
        let away = state.hosts.unreported();
        drop(state);
        self.changed.notify_one();
        if recovered {
            log::info!("the database answers again");
        }
        if back {
            log::info!("{} answers again", self.server.place(host));
        }
        self.report(away);
        drop(surplus);
    }

    /// Says which hosts are passed over while another one answers.
    fn report(&self, away: Vec<LookupError>) {
        for error in away {
            let why = hosts::words(&error);
            log::warn!("{why}; the next host of [database] is used meanwhile");
        }
    }

    fn failed(&self, error: LookupError, full: bool, began: Instant) {
        let mut state = self.state.lock();
        if full {
            let connections = state.connections();
            state.places.refused(connections, Instant::now());
        }
        let event = Event::ConnectFailed {
            error: error.clone(),
            began,
            last: state.connections() == 0,
        };
        let news = self.step(&mut state, event);
        drop(state);
        self.changed.notify_all();
        if news {
            log::warn!("{error}");
        }
    }
}

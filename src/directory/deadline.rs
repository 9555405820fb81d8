//! The watchdog: shuts down the socket of a conversation that is past its deadline.
//!
//! A socket's own timeout starts again with every byte, so a server that drips one byte a
//! second would hold a caller for ever. Watching costs a conversation two uncontended locks
//! and no wake-up: the watchdog looks by itself, and sleeps when nobody calls.

use std::io;
use std::mem;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::socket::{Shutdown, shutdown};
use parking_lot::{Condvar, Mutex};

use super::hidden::Hidden;

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(20);

/// How long after the last conversation the watchdog goes to sleep.
const QUIET: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5000 });

/// Watches the conversations of one pool from a thread of its own.
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    watched: Vec<Watched>,
    last_ticket: u64,
    asleep: bool,
    stopping: bool,
}

struct Watched {
    ticket: u64,
    what: What,
    deadline: Instant,
    /// It was cut off.
    overdue: bool,
}

/// What is cut off.
enum What {
    /// The socket of this number.
    Socket(RawFd),
    /// A socket whose number nobody knows, or that is not there yet.
    Hidden(Hidden),
}

/// Keeps one conversation watched. It must go before the socket is closed: after that the
/// number may belong to somebody else.
pub(super) struct Watch<'a> {
    watchdog: &'a Watchdog,
    ticket: u64,
}

impl Watchdog {
    /// Starts the thread; `Err` when the system gives none.
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let watched = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("rustivr-watchdog".to_owned())
            .stack_size(128 * 1024)
            .spawn(move || watch(&watched))?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Watches `socket` until the guard goes; past `deadline` the socket is shut down, and
    /// whoever reads or writes it gets an error at once.
    pub(super) fn watch(&self, socket: RawFd, deadline: Instant) -> Watch<'_> {
        self.watch_any(What::Socket(socket), deadline)
    }

    /// The same for a socket that other code keeps to itself.
    pub(super) fn watch_hidden(&self, socket: Hidden, deadline: Instant) -> Watch<'_> {
        self.watch_any(What::Hidden(socket), deadline)
    }

    fn watch_any(&self, what: What, deadline: Instant) -> Watch<'_> {
        let mut state = self.shared.state.lock();
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        let mut watched = Watched {
            ticket,
            what,
            deadline,
            overdue: false,
        };
        if state.stopping {
            // Nobody will look any more; the guard will say "cut off".
            watched.cut_off();
        }
        state.watched.push(watched);
        if state.asleep {
            self.shared.wake.notify_one();
        }
        Watch {
            watchdog: self,
            ticket,
        }
    }

    /// Cuts off everything watched, now and later, and joins the thread.
    pub(super) fn stop(&self) {
        self.shared.state.lock().stopping = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // An Err would be its panic, which was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Watch<'_> {
    /// Ends the watch. `false`: the socket was cut off and must be thrown away.
    pub(super) fn in_time(self) -> bool {
        let in_time = self.release();
        mem::forget(self);
        in_time
    }

    fn release(&self) -> bool {
        let watched = &mut self.watchdog.shared.state.lock().watched;
        let at = watched.iter().position(|w| w.ticket == self.ticket);
        at.is_some_and(|at| !watched.swap_remove(at).overdue)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

impl Watched {
    fn cut_off(&mut self) {
        match &self.what {
            // An error means that the connection is gone already.
            What::Socket(socket) if !self.overdue => drop(shutdown(*socket, Shutdown::Both)),
            What::Socket(_) => {}
            // At each look, until the guard goes: it may come about only now.
            What::Hidden(socket) => socket.cut_off(),
        }
        self.overdue = true;
    }
}

/// The thread's work. Sockets are shut down under the lock, so that no guard can go, and
/// no number be used again, between looking and shutting down.
fn watch(shared: &Shared) {
    let mut state = shared.state.lock();
    let mut last_ticket = state.last_ticket;
    let mut busy_at = Instant::now();
    loop {
        let now = Instant::now();
        let stopping = state.stopping;
        let late = |watched: &&mut Watched| stopping || watched.deadline <= now;
        state
            .watched
            .iter_mut()
            .filter(late)
            .for_each(Watched::cut_off);
        if stopping {
            return;
        }
        if state.last_ticket != last_ticket || !state.watched.is_empty() {
            last_ticket = state.last_ticket;
            busy_at = now;
        }
        if now - busy_at > QUIET {
            state.asleep = true;
            shared.wake.wait(&mut state);
            state.asleep = false;
            busy_at = Instant::now();
        } else {
            let ahead = state.watched.iter().filter(|watched| !watched.overdue);
            let next = ahead.map(|watched| watched.deadline).min();
            let next = next.map_or(now + TICK, |deadline| deadline.min(now + TICK));
            shared.wake.wait_until(&mut state, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn an_overdue_socket_is_cut_off() {
        let watchdog = Watchdog::start().unwrap();
        let (mut ours, _theirs) = UnixStream::pair().unwrap();
        let deadline = Instant::now() + Duration::from_millis(60);
        let watch = watchdog.watch(ours.as_raw_fd(), deadline);
        assert_eq!(ours.read(&mut [0; 1]).unwrap(), 0);
        assert!(Instant::now() >= deadline);
        assert!(!watch.in_time());
    }

    #[test]
    fn a_socket_in_time_is_left_alone() {
        let watchdog = Watchdog::start().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let watch = watchdog.watch(ours.as_raw_fd(), Instant::now() + Duration::from_secs(60));
        assert!(watch.in_time());
        watchdog.stop();
        (&ours).write_all(b"x").unwrap();
        theirs.read_exact(&mut [0; 1]).unwrap();
    }

    #[test]
    fn a_sleeping_watchdog_wakes_up() {
        let watchdog = Watchdog::start().unwrap();
        while !watchdog.shared.state.lock().asleep {
            thread::yield_now();
        }
        let (mut ours, _theirs) = UnixStream::pair().unwrap();
        let _watch = watchdog.watch(ours.as_raw_fd(), Instant::now());
        assert_eq!(ours.read(&mut [0; 1]).unwrap(), 0);
    }

    #[test]
    fn a_hidden_socket_is_cut_off_even_when_it_comes_late() {
        let watchdog = Watchdog::start().unwrap();
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let hidden = Hidden::to(address).unwrap();
        let from = hidden.from();
        let watch = watchdog.watch_hidden(hidden, Instant::now());
        while !watchdog.shared.state.lock().watched[0].overdue {
            thread::yield_now();
        }
        let connect = || {
            let family = nix::sys::socket::AddressFamily::Inet;
            let kind = nix::sys::socket::SockType::Stream;
            let flags = nix::sys::socket::SockFlag::empty();
            let socket = nix::sys::socket::socket(family, kind, flags, None).unwrap();
            let at =
                |address: std::net::SocketAddr| nix::sys::socket::SockaddrStorage::from(address);
            nix::sys::socket::bind(socket.as_raw_fd(), &at(from)).unwrap();
            nix::sys::socket::connect(socket.as_raw_fd(), &at(address)).unwrap();
            std::net::TcpStream::from(socket)
        };
        let mut other = std::net::TcpStream::connect(address).unwrap();
        let mut ours = connect();
        assert_eq!(ours.read(&mut [0; 1]).unwrap(), 0);
        assert!(!watch.in_time());
        // Nobody else's connection to the same server is touched.
        server.accept().unwrap().0.write_all(b"x").unwrap();
        other.read_exact(&mut [0; 1]).unwrap();
    }

    #[test]
    fn stopping_cuts_off_what_is_watched_and_what_comes_later() {
        let watchdog = Watchdog::start().unwrap();
        let (mut early, _peer) = UnixStream::pair().unwrap();
        let (mut late, _peer) = UnixStream::pair().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let _watch = watchdog.watch(early.as_raw_fd(), deadline);
        watchdog.stop();
        assert_eq!(early.read(&mut [0; 1]).unwrap(), 0);
        let watch = watchdog.watch(late.as_raw_fd(), deadline);
        assert_eq!(late.read(&mut [0; 1]).unwrap(), 0);
        assert!(!watch.in_time());
    }
}

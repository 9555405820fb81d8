//! A peer's inside: the socket, one lock around everything that it knows, a thread that receives and
//! a thread that minds the clock. What is done on receipt: `uac` (responses) and `uas` (requests).

use super::behaviour::Behaviour;
use super::dialog::{Dialog, Ending, Phase, What};
use super::gate::Gate;
use super::message::{Message, Start};
use super::registrar::Registrar;
use super::trace::{Kind, Trace};
use super::transactions::Transactions;
use crate::rtp::Source;
use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Everything that changes.
#[derive(Default)]
pub struct State {
    /// Calls by Call-ID, those that are over included.
    pub calls: HashMap<String, Dialog>,
    /// Calls that came and were not taken by `expect_call` yet.
    pub arrivals: VecDeque<String>,
    /// What is done with calls that come.
    pub behaviour: Behaviour,
    /// Asked of those who call.
    pub gate: Option<Gate>,
    /// Asked of those who register.
    pub registrar: Option<Registrar>,
    /// What is to be sent again.
    pub transactions: Transactions,
    /// Calls to be answered later: when, which, with what.
    pub plans: Vec<(Instant, String, Source)>,
    /// The peer is going.
    pub closed: bool,
}

/// A peer's inside.
pub struct Core {
    /// Its name in traces and its user part in Contact.
    pub name: String,
    /// Its address.
    pub address: SocketAddr,
    /// Where messages are recorded.
    pub trace: Trace,
    /// None once closed, so that calls still held by a test do not hold the address.
    socket: Mutex<Option<Arc<UdpSocket>>>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Core {
    /// Binds the socket; the threads are started by the owner.
    ///
    /// # Panics
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr, name: &str, trace: &Trace) -> Self {
        let socket = UdpSocket::bind(address);
        let socket = socket.unwrap_or_else(|error| panic!("{name} at {address}: {error}"));
        Self {
            name: name.into(),
            address: socket.local_addr().expect("a bound socket"),
            trace: trace.clone(),
            socket: Mutex::new(Some(Arc::new(socket))),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The peer's knowledge, locked.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Tells everybody who waits that something changed.
    pub fn announce(&self) {
        self.changed.notify_all();
    }

    /// Waits until `found` finds something, asked after every change.
    pub fn wait<T>(
        &self,
        within: Duration,
        mut found: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let until = Instant::now() + within;
        let mut state = self.state();
        loop {
            if let Some(value) = found(&mut state) {
                return Some(value);
            }
            let left = until.checked_duration_since(Instant::now())?;
            state = self.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// [`Core::wait`] that fails the test with what was being waited for and the last messages.
    ///
    /// # Panics
    /// When it does not come.
    pub fn expect<T>(
        &self,
        what: &str,
        within: Duration,
        found: impl FnMut(&mut State) -> Option<T>,
    ) -> T {
        self.wait(within, found).unwrap_or_else(|| {
            let tail = self.trace.tail(20);
            panic!(
                "{}: {what} did not come within {within:?}\n{tail}",
                self.name
            )
        })
    }

    /// Header Contact of this peer.
    pub fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.name, self.address)
    }

    /// Sends and records a message, unless the peer is closed; nothing is kept for repetition.
    pub fn transmit(&self, message: &Message, to: SocketAddr) {
        let Some(socket) = self.socket() else { return };
        let bytes = message.to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        let (now, kind) = (Instant::now(), Kind::Sent(to));
        self.trace.add(now, &self.name, kind, &text);
        if let Err(error) = socket.send_to(&bytes, to) {
            let text = format!("sending to {to} failed: {error}");
            self.trace.note(&self.name, &text);
        }
    }

    fn socket(&self) -> Option<Arc<UdpSocket>> {
        self.socket.lock().unwrap().clone()
    }

    /// Sends a request and repeats it until it is answered.
    pub fn request(&self, state: &mut State, request: &Message, to: SocketAddr) {
        state.transactions.sent(request, to, Instant::now());
        self.transmit(request, to);
    }

    /// Sends a response and keeps it for repetition.
    pub fn respond(&self, state: &mut State, response: &Message, to: SocketAddr) {
        state.transactions.gave(response, to, Instant::now());
        self.transmit(response, to);
    }

    /// Receives until the peer is closed.
    pub fn receive(&self) {
        let Some(socket) = self.socket() else { return };
        let mut buffer = vec![0; 65_536];
        loop {
            let received = socket.recv_from(&mut buffer);
            let at = Instant::now();
            let mut state = self.state();
            if state.closed {
                return;
            }
            // An error here is an ICMP message about a packet that we sent; repetition deals with it.
            let Ok((length, from)) = received else {
                continue;
            };
            let Some(message) = Message::parse(&buffer[..length]) else {
                continue;
            };
            let text = String::from_utf8_lossy(&buffer[..length]);
            self.trace.add(at, &self.name, Kind::Received(from), &text);
            match message.start {
                Start::Request { .. } => self.take_request(&mut state, message, from, at),
                Start::Response { .. } => self.take_response(&mut state, message, from, at),
            }
            self.announce();
        }
    }

    /// Repeats what needs repetition and answers what is to be answered later, until the peer is
    /// closed.
    pub fn mind_clock(&self) {
        let mut state = self.state();
        while !state.closed {
            let now = Instant::now();
            self.tick(&mut state, now);
            let plans = state.plans.iter().map(|plan| plan.0);
            let next = plans.chain(state.transactions.next()).min();
            let wait = next.map_or(Duration::from_secs(3600), |next| next - now.min(next));
            state = self.changed.wait_timeout(state, wait).unwrap().0;
        }
    }

    fn tick(&self, state: &mut State, now: Instant) {
        let (again, lost) = state.transactions.due(now);
        for (message, to) in again {
            self.transmit(&message, to);
        }
        for request in lost {
            let call = state.calls.get_mut(request.call_id());
            if let Some(call) = call.filter(|_| request.method() == "INVITE") {
                call.end(now, Ending::NoReply);
                self.announce();
            }
        }
        let due = |plan: &mut (Instant, String, Source)| plan.0 <= now;
        let plans: Vec<_> = state.plans.extract_if(.., due).collect();
        for (_, id, source) in plans {
            self.answer(state, &id, source);
        }
    }

    /// Stops both threads. Whoever is in a call is told.
    pub fn close(&self) {
        // After a panic under the lock the threads end by themselves; a second panic would abort.
        if let Ok(mut state) = self.state.lock() {
            let ids: Vec<String> = state.calls.keys().cloned().collect();
            for id in ids {
                self.hang_up(&mut state, &id);
            }
            for call in state.calls.values_mut() {
                call.end(Instant::now(), Ending::Ours);
            }
            state.closed = true;
        }
        self.announce();
        // The receiving thread sleeps in the socket; a datagram from ourselves wakes it.
        if let Some(socket) = self.socket.lock().unwrap().take() {
            let _ = socket.send_to(&[], self.address);
        }
    }

    /// Ends a call in the way that fits its state: CANCEL, a refusal, BYE.
    pub fn hang_up(&self, state: &mut State, id: &str) {
        let Some(call) = state.calls.get_mut(id) else {
            return;
        };
        match (call.phase, call.incoming) {
            (Phase::Over, _) => {}
            (Phase::Calling, true) => self.refuse(state, id, 603, &[]),
            (Phase::Calling, false) => {
                let first = !std::mem::replace(&mut call.giving_up, true);
                if first && call.proceeding {
                    self.cancel(state, id);
                }
            }
            (Phase::Talking, _) => {
                let bye = call.request("BYE", self.address);
                let to = call.to;
                call.end(Instant::now(), Ending::Ours);
                self.request(state, &bye, to);
            }
        }
        self.announce();
    }

    /// Records an event of a call.
    pub fn happened(&self, state: &mut State, id: &str, at: Instant, what: What) {
        if let Some(call) = state.calls.get_mut(id) {
            call.happened(at, what);
        }
    }
}

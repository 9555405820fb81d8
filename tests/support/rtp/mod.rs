//! One RTP stream of a stand-in: sends G.711 every 20 ms from a [`Source`], receives on a timeline,
//! and carries digits both ways (RFC 4733 and in band).

mod g711;
mod packet;
mod receiver;
mod sender;
mod voice;

pub use g711::Codec;
pub use receiver::Digit;
pub use sender::Way;
pub use voice::Source;

use crate::sound::{Ear, Recording};
use receiver::Received;
use sender::Sending;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Where and how to send, as the two descriptions agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Address of the other side.
    pub to: SocketAddr,
    /// Codec of our packets.
    pub codec: Codec,
    /// Payload type of RFC 4733 digits, if the other side takes them.
    pub events: Option<u8>,
}

struct State {
    sending: Sending,
    received: Received,
    /// Payload type under which digits come in.
    events: Option<u8>,
    closed: bool,
}

struct Shared {
    socket: UdpSocket,
    opened: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

/// One stream. Clones are the same stream; it runs until its call ends.
#[derive(Clone)]
pub struct Rtp(Arc<Shared>);

/// Names streams apart; 50021 apart so that sequence numbers and timestamps differ at sight.
static STREAMS: AtomicU32 = AtomicU32::new(1);

impl Rtp {
    /// Opens a port on `ip` and starts listening; nothing is sent before [`Rtp::send_to`].
    ///
    /// # Panics
    /// When no port can be bound.
    pub(crate) fn open(ip: IpAddr, source: Source) -> Self {
        let socket = UdpSocket::bind((ip, 0)).expect("an RTP port");
        let stream = STREAMS.fetch_add(1, Ordering::Relaxed).wrapping_mul(50_021);
        let shared = Arc::new(Shared {
            socket,
            opened: Instant::now(),
            state: Mutex::new(State {
                sending: Sending::new(source, stream),
                received: Received::default(),
                events: None,
                closed: false,
            }),
            changed: Condvar::new(),
        });
        for run in [sender::run, receiver::run] {
            let shared = Arc::clone(&shared);
            thread::spawn(move || run(&shared));
        }
        Self(shared)
    }

    /// Address to put into our description.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.socket.local_addr().expect("a bound socket")
    }

    /// Sends along `route` from now on. `events`: the payload type under which digits come in.
    pub(crate) fn send_to(&self, route: Route, events: Option<u8>) {
        let mut state = self.0.state.lock().unwrap();
        state.sending.set_route(route);
        state.events = events;
    }

    /// Says something else from now on.
    pub(crate) fn set_source(&self, source: Source) {
        self.0.state.lock().unwrap().sending.set_source(source);
    }

    /// Stops (hold) or resumes sending.
    pub(crate) fn set_muted(&self, muted: bool) {
        self.0.state.lock().unwrap().sending.set_muted(muted);
    }

    /// Presses a key for `length` and returns the moment of its release.
    ///
    /// # Errors
    /// Says why the key could not be sent: no such key, no digits agreed, the stream was closed, or
    /// nowhere to send to within 5 s.
    pub fn press(&self, key: char, way: Way, length: Duration) -> Result<Instant, String> {
        voice::key_tones(key).ok_or_else(|| format!("there is no key {key:?}"))?;
        let mut state = self.0.state.lock().unwrap();
        let agreed = state.sending.route().map(|route| route.events.is_some());
        if way != Way::InBand && agreed == Some(false) {
            return Err("the other side takes no RFC 4733 digits".into());
        }
        let ticket = state.sending.press(key, way, length);
        drop(state);
        let limit = length + Duration::from_secs(5);
        self.wait(limit, |state| match state.sending.released(ticket) {
            Some(at) => Some(Ok(at)),
            None if state.closed => Some(Err(format!("the call ended before key {key}"))),
            None => None,
        })
        .unwrap_or_else(|| Err(format!("no packets could be sent for key {key}")))
    }

    /// Keys received so far.
    pub(crate) fn digits(&self) -> Vec<Digit> {
        self.0.state.lock().unwrap().received.digits.clone()
    }

    /// Waits for a released key that is number `index` (from 0) of the stream.
    pub(crate) fn wait_digit(&self, index: usize, within: Duration) -> Option<Digit> {
        self.wait(within, |state| {
            let digit = state.received.digits.get(index)?;
            digit.released.map(|_| digit.clone())
        })
    }

    /// Everything heard so far.
    pub(crate) fn recording(&self) -> Recording {
        let state = self.0.state.lock().unwrap();
        let first = state.received.sound.first();
        Recording {
            started: first.map_or(self.0.opened, |heard| heard.at),
            samples: state.received.timeline(),
        }
    }

    /// Waits until `freq_hz` sounds: through at least 60 of the last 100 ms.
    pub(crate) fn wait_heard(&self, freq_hz: f64, within: Duration) -> Option<Instant> {
        let ear = Ear::default();
        self.wait(within, |state| {
            let recent = recent(state);
            let halves = recent.split_at(recent.len() / 2);
            let both = ear.hears(halves.0, freq_hz) && ear.hears(halves.1, freq_hz);
            (recent.len() >= 3 * voice::FRAME && both).then(Instant::now)
        })
    }

    /// Waits until `freq_hz` has not sounded for 100 ms.
    pub(crate) fn wait_gone(&self, freq_hz: f64, within: Duration) -> Option<Instant> {
        let ear = Ear::default();
        self.wait(within, |state| {
            (!ear.hears(&recent(state), freq_hz)).then(Instant::now)
        })
    }

    /// Stops both directions. What was received stays readable.
    pub(crate) fn close(&self) {
        self.0.state.lock().unwrap().closed = true;
        self.0.changed.notify_all();
        // The receiving thread sleeps in the socket; a datagram from ourselves wakes it.
        let _ = self.0.socket.send_to(&[], self.address());
    }

    /// Asks `found` whenever something was sent or received, and at least every 20 ms since silence
    /// brings no packet that would wake us.
    fn wait<T>(&self, within: Duration, found: impl Fn(&State) -> Option<T>) -> Option<T> {
        let until = Instant::now() + within;
        let mut state = self.0.state.lock().unwrap();
        loop {
            if let Some(value) = found(&state) {
                return Some(value);
            }
            let left = until.checked_duration_since(Instant::now())?;
            let step = left.min(voice::FRAME_TIME);
            state = self.0.changed.wait_timeout(state, step).unwrap().0;
        }
    }
}

/// What came during the last 100 ms.
fn recent(state: &State) -> Vec<i16> {
    let from = Instant::now().checked_sub(Duration::from_millis(100));
    state.received.since(from.unwrap_or_else(Instant::now))
}

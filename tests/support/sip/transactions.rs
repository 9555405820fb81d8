//! Retransmission over UDP (RFC 3261 section 17): what was sent and not yet answered, what was
//! answered and may be asked again.

use super::message::Message;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// When a transaction is given up: 64 times T1.
const GIVE_UP: Duration = Duration::from_secs(32);

/// A message to be sent again, growing intervals apart.
#[derive(Debug)]
struct Repeat {
    message: Message,
    to: SocketAddr,
    /// None: it is not repeated (any more).
    next: Option<Instant>,
    interval: Duration,
    until: Instant,
}

impl Repeat {
    fn new(message: Message, to: SocketAddr, now: Instant, repeats: bool) -> Self {
        Self {
            message,
            to,
            next: repeats.then(|| now + T1),
            interval: T1,
            until: now + GIVE_UP,
        }
    }

    fn due(&mut self, now: Instant) -> Option<(Message, SocketAddr)> {
        self.next.filter(|next| *next <= now)?;
        self.interval = (self.interval * 2).min(T2);
        self.next = Some(now + self.interval);
        Some((self.message.clone(), self.to))
    }
}

/// Branch and method.
type Key = (String, String);

fn key(message: &Message) -> Key {
    (message.branch().into(), message.method().into())
}

/// Whether a request is new.
pub enum Seen {
    /// The first of its transaction.
    New,
    /// A retransmission; the response that was given, if there is one yet.
    Again(Option<Message>),
}

/// All transactions of a peer.
#[derive(Debug, Default)]
pub struct Transactions {
    clients: HashMap<Key, Repeat>,
    servers: HashMap<Key, Option<Repeat>>,
}

impl Transactions {
    /// A request was sent.
    pub fn sent(&mut self, request: &Message, to: SocketAddr, now: Instant) {
        let repeat = Repeat::new(request.clone(), to, now, true);
        self.clients.insert(key(request), repeat);
    }

    /// A response came: the request that it answers, at its first final response only.
    pub fn answered_by(&mut self, response: &Message) -> Option<Message> {
        let key = key(response);
        if response.code() >= 200 {
            return self.clients.remove(&key).map(|client| client.message);
        }
        if let Some(client) = self.clients.get_mut(&key).filter(|_| key.1 == "INVITE") {
            // From here on the far end keeps it alive; ringing may last.
            client.next = None;
            client.until += Duration::from_secs(3600);
        }
        None
    }

    /// A request came.
    pub fn seen(&mut self, request: &Message) -> Seen {
        match self.servers.get(&key(request)) {
            Some(given) => Seen::Again(given.as_ref().map(|repeat| repeat.message.clone())),
            None => {
                self.servers.insert(key(request), None);
                Seen::New
            }
        }
    }

    /// A response was given. Final ones to INVITE repeat until their ACK.
    pub fn gave(&mut self, response: &Message, to: SocketAddr, now: Instant) {
        let repeats = response.code() >= 200 && response.method() == "INVITE";
        let repeat = Repeat::new(response.clone(), to, now, repeats);
        self.servers.insert(key(response), Some(repeat));
    }

    /// An ACK came for the INVITE of that call and number.
    pub fn acked(&mut self, ack: &Message) {
        for repeat in self.servers.values_mut().flatten() {
            let message = &repeat.message;
            if message.method() == "INVITE"
                && message.call_id() == ack.call_id()
                && message.cseq() == ack.cseq()
            {
                repeat.next = None;
            }
        }
    }

    /// Messages to send again now, and requests that nobody answered.
    pub fn due(&mut self, now: Instant) -> (Vec<(Message, SocketAddr)>, Vec<Message>) {
        let clients = self.clients.values_mut();
        let servers = self.servers.values_mut().flatten();
        let again = clients
            .chain(servers)
            .filter_map(|repeat| repeat.due(now))
            .collect();
        let expired = |repeat: &Repeat| repeat.until <= now;
        self.servers
            .retain(|_, given| !given.as_ref().is_some_and(expired));
        let lost = self.clients.extract_if(|_, client| expired(client));
        (again, lost.map(|(_, client)| client.message).collect())
    }

    /// When [`Transactions::due`] has something to say next.
    pub fn next(&self) -> Option<Instant> {
        let all = self.clients.values().chain(self.servers.values().flatten());
        all.map(|repeat| {
            repeat
                .next
                .map_or(repeat.until, |next| next.min(repeat.until))
        })
        .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, branch: &str) -> Message {
        Message::request(method, "sip:x@y")
            .with("Via", format!("SIP/2.0/UDP h;branch={branch}"))
            .with("Call-ID", "c")
            .with("CSeq", format!("1 {method}"))
    }

    fn to() -> SocketAddr {
        "127.0.0.1:5060".parse().unwrap()
    }

    #[test]
    fn an_invite_repeats_until_something_is_heard() {
        let (mut all, now) = (Transactions::default(), Instant::now());
        let invite = request("INVITE", "b");
        all.sent(&invite, to(), now);
        assert_eq!(all.due(now).0.len(), 0);
        assert_eq!(all.due(now + T1).0.len(), 1);
        assert_eq!(all.due(now + 2 * T1).0.len(), 0, "the interval doubles");
        assert_eq!(all.due(now + 3 * T1).0.len(), 1);
        let trying = Message::response(&invite, 100, "Trying", None);
        assert_eq!(all.answered_by(&trying), None);
        assert_eq!(all.due(now + 40 * T1).0.len(), 0);
        let busy = Message::response(&invite, 486, "Busy Here", Some("t"));
        assert_eq!(all.answered_by(&busy), Some(invite));
        assert_eq!(
            all.answered_by(&busy),
            None,
            "a repeated response answers nothing"
        );
    }

    #[test]
    fn a_request_into_the_void_is_given_up() {
        let (mut all, now) = (Transactions::default(), Instant::now());
        let invite = request("INVITE", "b");
        all.sent(&invite, to(), now);
        assert_eq!(all.due(now + GIVE_UP).1, [invite]);
        assert_eq!(all.next(), None);
    }

    #[test]
    fn a_final_answer_to_an_invite_repeats_until_its_ack() {
        let (mut all, now) = (Transactions::default(), Instant::now());
        let invite = request("INVITE", "b");
        assert!(matches!(all.seen(&invite), Seen::New));
        assert!(matches!(all.seen(&invite), Seen::Again(None)));
        let ok = Message::response(&invite, 200, "OK", Some("t"));
        all.gave(&ok, to(), now);
        assert!(matches!(all.seen(&invite), Seen::Again(Some(given)) if given == ok));
        assert_eq!(all.due(now + T1).0, [(ok, to())]);
        all.acked(&request("ACK", "other"));
        assert_eq!(all.due(now + 10 * T1).0, []);
    }
}

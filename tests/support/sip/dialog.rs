//! What a peer knows about one call: who is at the other end, what was said, where the sound goes.

use super::digest::Credentials;
use super::message::{Message, param};
use super::sdp::{Description, Direction};
use crate::rtp::{Codec, Rtp, Source};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The other side said BYE.
    Theirs,
    /// The other side, calling us, gave up before an answer.
    Cancelled,
    /// The other side refused our call with this code.
    Refused(u16),
    /// We hung up, gave up or refused.
    Ours,
    /// Nobody answered our INVITE for 32 s.
    NoReply,
}

/// What happened to a call.
#[derive(Clone, Debug)]
pub enum What {
    /// A response to one of our requests came.
    Reply(Message),
    /// A request came within the call (ACK included).
    Request(Message),
    /// It is over.
    Ended(Ending),
}

/// What happened to a call and when.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it was received or done.
    pub at: Instant,
    /// What it was.
    pub what: What,
}

impl Event {
    /// Whether this is a response with `code` to our `method`.
    pub fn is_reply(&self, method: &str, code: u16) -> bool {
        matches!(&self.what, What::Reply(m) if m.method() == method && m.code() == code)
    }

    /// Whether this is a request `method` of the other side.
    pub fn is_request(&self, method: &str) -> bool {
        matches!(&self.what, What::Request(m) if m.method() == method)
    }

    /// The message, if there is one.
    pub fn message(&self) -> Option<&Message> {
        match &self.what {
            What::Reply(message) | What::Request(message) => Some(message),
            What::Ended(_) => None,
        }
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not answered yet.
    Calling,
    /// Answered.
    Talking,
    /// Over.
    Over,
}

/// One call.
pub struct Dialog {
    /// The other side called us.
    pub incoming: bool,
    /// Our From (or To) with its tag.
    pub local: String,
    /// The other side's, with its tag once known.
    pub remote: String,
    /// Request-URI of requests within the call.
    pub target: String,
    /// Where our packets go.
    pub to: SocketAddr,
    /// Number of our last request.
    pub cseq: u32,
    /// The INVITE that began it, ours (with credentials, if they were asked for) or theirs.
    pub invite: Message,
    /// ACKs that we sent by the branch of their INVITE, for responses that come again.
    pub acks: HashMap<String, Message>,
    /// When the first INVITE was sent or came.
    pub began: Instant,
    /// How far it is.
    pub phase: Phase,
    /// When its 200 was sent or came.
    pub answered: Option<Instant>,
    /// The far end showed that it got our INVITE.
    pub proceeding: bool,
    /// We want to cancel as soon as that is allowed.
    pub giving_up: bool,
    /// Everything that happened.
    pub events: Vec<Event>,
    /// Its sound; an incoming call has none before we send some.
    pub rtp: Option<Rtp>,
    /// Codecs that we take.
    pub codecs: Vec<Codec>,
    /// Whether we take part in RFC 4733.
    pub digits: bool,
    /// What we answer challenges with.
    pub auth: Option<Credentials>,
    /// Our last description.
    pub ours: Option<Description>,
    /// Their last description.
    pub theirs: Option<Description>,
    /// Number of our last description.
    pub version: u32,
}

impl Dialog {
    /// Records what happened.
    pub fn happened(&mut self, at: Instant, what: What) {
        self.events.push(Event { at, what });
    }

    /// It is answered.
    pub fn talk(&mut self, at: Instant) {
        self.phase = Phase::Talking;
        self.answered = Some(at);
    }

    /// Ends it, once.
    pub fn end(&mut self, at: Instant, ending: Ending) {
        if self.phase == Phase::Over {
            return;
        }
        self.phase = Phase::Over;
        if let Some(rtp) = &self.rtp {
            rtp.close();
        }
        self.happened(at, What::Ended(ending));
    }

    /// Learns the far end's tag, contact and description from a response to our INVITE.
    pub fn learn(&mut self, response: &Message) {
        if param(response.text("To"), "tag").is_some() {
            self.remote = response.text("To").into();
        }
        if !response.contact().is_empty() {
            self.target = response.contact().into();
        }
        if let Some(theirs) = Description::parse(&response.body) {
            self.take(theirs);
        }
    }

    /// Takes their description: sends there from now on, or pauses when they do not listen.
    pub fn take(&mut self, theirs: Description) {
        let events = self.ours.as_ref().and_then(|ours| ours.events);
        let hears = theirs.direction.answered().sends();
        let speaks = self.ours.as_ref().is_none_or(|ours| ours.direction.sends());
        if let (Some(rtp), Some(route)) = (&self.rtp, theirs.route()) {
            rtp.send_to(route, events);
            rtp.set_muted(!hears || !speaks);
        }
        self.theirs = Some(theirs);
    }

    /// Opens the sound of this call if it has none yet, and says `source`.
    pub fn open(&mut self, source: Source, us: SocketAddr) -> Rtp {
        if let Some(rtp) = &self.rtp {
            rtp.set_source(source);
            return rtp.clone();
        }
        let rtp = Rtp::open(us.ip(), source);
        self.rtp = Some(rtp.clone());
        rtp
    }

    /// Body of a new offer with `direction`.
    pub fn offer(&mut self, direction: Direction) -> Option<String> {
        let address = self.rtp.as_ref()?.address();
        let mut ours = Description::offer(address, &self.codecs, self.digits);
        ours.direction = direction;
        self.version += 1;
        let body = ours.to_body(self.version);
        self.ours = Some(ours);
        Some(body)
    }

    /// Body of our answer to the offer in `request`. None: nothing in common.
    pub fn answer(&mut self, request: &Message) -> Option<String> {
        let theirs = Description::parse(&request.body)?;
        let address = self.rtp.as_ref()?.address();
        let ours = theirs.answer(address, &self.codecs, self.digits)?;
        self.version += 1;
        let body = ours.to_body(self.version);
        // What they like best may be a codec that we do not take: send what was agreed.
        let agreed = Description {
            codecs: ours.codecs.clone(),
            ..theirs
        };
        self.ours = Some(ours);
        self.take(agreed);
        Some(body)
    }

    /// A request within the call, with the next number.
    pub fn request(&mut self, method: &str, us: SocketAddr) -> Message {
        self.cseq += 1;
        self.numbered(method, self.cseq, us)
    }

    fn numbered(&self, method: &str, cseq: u32, us: SocketAddr) -> Message {
        Message::request(method, &self.target)
            .with("Via", via(us))
            .with("Max-Forwards", "70")
            .with("From", self.local.clone())
            .with("To", self.remote.clone())
            .with("Call-ID", self.invite.call_id())
            .with("CSeq", format!("{cseq} {method}"))
    }

    /// ACK to a final response to our `invite`, remembered for the response's retransmissions.
    pub fn ack(&mut self, invite: &Message, response: &Message, us: SocketAddr) -> Message {
        let ack = match response.code() {
            200..300 => self.numbered("ACK", response.cseq(), us),
            _ => within_invite(invite, "ACK", response.text("To")),
        };
        self.acks.insert(response.branch().into(), ack.clone());
        ack
    }
}

/// ACK to a refusal, or CANCEL: they belong to the INVITE's own transaction.
pub fn within_invite(invite: &Message, method: &str, to: &str) -> Message {
    Message::request(method, invite.uri())
        .with("Via", invite.text("Via"))
        .with("Max-Forwards", "70")
        .with("From", invite.text("From"))
        .with("To", to)
        .with("Call-ID", invite.call_id())
        .with("CSeq", format!("{} {method}", invite.cseq()))
}

/// A new transaction's Via.
pub fn via(us: SocketAddr) -> String {
    format!("SIP/2.0/UDP {us};rport;branch=z9hG4bK{}", token())
}

/// A word that was not used before on this machine: tags, branches, nonces, Call-IDs.
pub fn token() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.map_or(0, |elapsed| elapsed.as_nanos() as u64);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{nanos:x}-{count:x}", std::process::id())
}

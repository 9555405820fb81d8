//! The called side: requests of others, and what we do with calls that came.

use super::behaviour::Behaviour;
use super::core::{Core, State};
use super::dialog::{Dialog, Ending, Phase, What, token};
use super::message::{Message, param};
use super::transactions::Seen;
use crate::rtp::{Codec, Source};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, REFER, UPDATE, REGISTER";
/// Reason phrase of 481.
const GONE: &str = "Call/Transaction Does Not Exist";

impl Core {
    /// Takes a request in.
    pub fn take_request(&self, state: &mut State, request: Message, from: SocketAddr, at: Instant) {
        let id = request.call_id().to_string();
        if request.method() == "ACK" {
            state.transactions.acked(&request);
            self.happened(state, &id, at, What::Request(request));
            return;
        }
        if let Seen::Again(given) = state.transactions.seen(&request) {
            if let Some(response) = given {
                self.transmit(&response, from);
            }
            return;
        }
        let known = state.calls.contains_key(&id);
        match request.method() {
            "OPTIONS" => {
                let ok = Message::response(&request, 200, "OK", Some(&token()));
                self.respond(state, &ok.with("Allow", ALLOW), from);
            }
            "REGISTER" => self.take_register(state, &request, from, at),
            "INVITE" if known => self.take_reinvite(state, request, from, at),
            "INVITE" if param(request.text("To"), "tag").is_none() => {
                self.take_invite(state, request, from, at);
            }
            "CANCEL" if known => self.take_cancel(state, &request, from, at),
            "UPDATE" if known => self.take_reinvite(state, request, from, at),
            _ if known => self.take_within(state, request, from, at),
            _ => self.accept(state, &request, from, 481, GONE),
        }
    }

    fn take_within(&self, state: &mut State, request: Message, from: SocketAddr, at: Instant) {
        let id = request.call_id().to_string();
        let bye = request.method() == "BYE";
        let (code, text) = match request.method() {
            "BYE" | "INFO" | "NOTIFY" | "MESSAGE" => (200, "OK"),
            "REFER" => (202, "Accepted"),
            _ => (481, GONE),
        };
        self.accept(state, &request, from, code, text);
        self.happened(state, &id, at, What::Request(request));
        if let Some(call) = state.calls.get_mut(&id).filter(|_| bye) {
            call.end(at, Ending::Theirs);
        }
    }

    fn accept(&self, state: &mut State, request: &Message, to: SocketAddr, code: u16, text: &str) {
        let response = Message::response(request, code, text, Some(&token()));
        self.respond(state, &response, to);
    }

    fn take_register(&self, state: &mut State, request: &Message, from: SocketAddr, at: Instant) {
        let response = match &mut state.registrar {
            Some(registrar) => registrar.answer(request, at),
            // Not 405: Asterisk would give the registration up for good.
            None => Message::response(request, 503, reason(503), Some(&token())),
        };
        self.respond(state, &response, from);
    }

    fn take_invite(&self, state: &mut State, invite: Message, from: SocketAddr, at: Instant) {
        let refusal = state.gate.as_mut().and_then(|gate| gate.refusal(&invite));
        if let Some(refusal) = refusal {
            self.respond(state, &refusal, from);
            return;
        }
        let id = invite.call_id().to_string();
        let call = Dialog {
            incoming: true,
            local: format!("{};tag={}", invite.text("To"), token()),
            remote: invite.text("From").into(),
            target: invite.contact().into(),
            to: from,
            cseq: 0,
            invite,
            acks: HashMap::new(),
            began: at,
            phase: Phase::Calling,
            answered: None,
            proceeding: true,
            giving_up: false,
            events: Vec::new(),
            rtp: None,
            codecs: vec![Codec::Alaw, Codec::Ulaw],
            digits: true,
            auth: None,
            ours: None,
            theirs: None,
            version: 0,
        };
        state.calls.insert(id.clone(), call);
        state.arrivals.push_back(id.clone());
        self.behave(state, id, at);
    }

    fn behave(&self, state: &mut State, id: String, at: Instant) {
        match state.behaviour.clone() {
            Behaviour::Manual => {}
            Behaviour::Ring => self.ring(state, &id),
            Behaviour::Reject(code) => self.refuse(state, &id, code, &[]),
            Behaviour::Redirect(uri) => self.redirect(state, &id, &uri),
            Behaviour::Answer { after, source } if after > Duration::ZERO => {
                self.ring(state, &id);
                state.plans.push((at + after, id, source));
            }
            Behaviour::Answer { source, .. } => self.answer(state, &id, source),
        }
    }

    fn take_reinvite(&self, state: &mut State, request: Message, from: SocketAddr, at: Instant) {
        let id = request.call_id().to_string();
        let Some(call) = state.calls.get_mut(&id) else {
            return;
        };
        let mut response = Message::response(&request, 200, "OK", None);
        response = response.with("Contact", self.contact());
        if !request.contact().is_empty() {
            call.target = request.contact().into();
        }
        if !request.body.is_empty() {
            response = match call.answer(&request) {
                Some(body) => response.with_body("application/sdp", body),
                None => Message::response(&request, 488, "Not Acceptable Here", None),
            };
        }
        call.happened(at, What::Request(request));
        self.respond(state, &response, from);
    }

    fn take_cancel(&self, state: &mut State, cancel: &Message, from: SocketAddr, at: Instant) {
        self.accept(state, cancel, from, 200, "OK");
        let id = cancel.call_id();
        let calling = |call: &&mut Dialog| call.incoming && call.phase == Phase::Calling;
        let Some(call) = state.calls.get_mut(id).filter(calling) else {
            return;
        };
        let response = reply(call, 487, "Request Terminated");
        call.happened(at, What::Request(cancel.clone()));
        call.end(at, Ending::Cancelled);
        self.respond(state, &response, from);
    }

    /// 180, without sound.
    pub fn ring(&self, state: &mut State, id: &str) {
        if let Some(call) = unanswered(state, id) {
            let response = reply(call, 180, "Ringing").with("Contact", self.contact());
            let to = call.to;
            self.respond(state, &response, to);
        }
    }

    /// 183 with sound before the answer.
    pub fn progress(&self, state: &mut State, id: &str, source: Source) {
        self.describe(state, id, source, 183, "Session Progress", None);
    }

    /// 183 with sound before the answer, and none wanted.
    pub fn progress_one_way(&self, state: &mut State, id: &str, source: Source) {
        let direction = Some("sendonly");
        self.describe(state, id, source, 183, "Session Progress", direction);
    }

    /// 200.
    pub fn answer(&self, state: &mut State, id: &str, source: Source) {
        self.describe(state, id, source, 200, "OK", None);
    }

    fn describe(
        &self,
        state: &mut State,
        id: &str,
        source: Source,
        code: u16,
        text: &str,
        direction: Option<&str>,
    ) {
        let Some(call) = unanswered(state, id) else {
            return;
        };
        call.open(source, self.address);
        let invite = call.invite.clone();
        let Some(body) = call.answer(&invite) else {
            return self.refuse(state, id, 488, &[]);
        };
        let body = match direction {
            Some(direction) => body.replace("a=sendrecv", &format!("a={direction}")),
            None => body,
        };
        let response = reply(call, code, text)
            .with("Contact", self.contact())
            .with_body("application/sdp", body);
        if code == 200 {
            call.talk(Instant::now());
        }
        let to = call.to;
        self.respond(state, &response, to);
        self.announce();
    }

    /// A final response that is no answer, with headers of the test's own.
    pub fn refuse(&self, state: &mut State, id: &str, code: u16, headers: &[(&str, String)]) {
        let Some(call) = unanswered(state, id) else {
            return;
        };
        let mut response = reply(call, code, reason(code));
        for (name, value) in headers {
            response = response.with(name, value.clone());
        }
        call.end(Instant::now(), Ending::Ours);
        let to = call.to;
        self.respond(state, &response, to);
        self.announce();
    }

    /// 302 to `uri`.
    pub fn redirect(&self, state: &mut State, id: &str, uri: &str) {
        self.refuse(state, id, 302, &[("Contact", format!("<{uri}>"))]);
    }
}

/// A call that came and was neither answered nor ended.
fn unanswered<'a>(state: &'a mut State, id: &str) -> Option<&'a mut Dialog> {
    let call = state.calls.get_mut(id)?;
    (call.incoming && call.phase == Phase::Calling).then_some(call)
}

/// Response to the INVITE that began the call.
fn reply(call: &Dialog, code: u16, text: &str) -> Message {
    Message::response(&call.invite, code, text, param(&call.local, "tag"))
}

fn reason(code: u16) -> &'static str {
    match code {
        302 => "Moved Temporarily",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        488 => "Not Acceptable Here",
        500 => "Server Internal Error",
        503 => "Service Unavailable",
        603 => "Decline",
        _ => "Refused",
    }
}

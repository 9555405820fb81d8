//! A call that came to a peer, before and after it is decided what to do with it.

use super::call::Call;
use super::message::{Message, user_of};
use crate::rtp::{Codec, Source};
use std::time::Instant;

/// A call that came. It stays unanswered until one of the methods decides.
#[derive(Clone)]
pub struct Incoming {
    call: Call,
    invite: Message,
}

impl Incoming {
    pub(super) fn new(call: Call) -> Self {
        let invite = call.invite();
        Self { call, invite }
    }

    /// The INVITE.
    pub fn invite(&self) -> &Message {
        &self.invite
    }

    /// When it came.
    pub fn arrived(&self) -> Instant {
        self.call.began()
    }

    /// User part of the Request-URI: the number called.
    pub fn number(&self) -> &str {
        user_of(self.invite.uri())
    }

    /// User part of From: the caller's number.
    pub fn caller(&self) -> &str {
        user_of(self.invite.text("From"))
    }

    /// User part of P-Asserted-Identity; empty when there is none.
    pub fn asserted(&self) -> &str {
        user_of(self.invite.text("P-Asserted-Identity"))
    }

    /// Takes only `codecs` in the answer, and RFC 4733 digits or not.
    pub fn take_only(&self, codecs: &[Codec], digits: bool) -> &Self {
        self.call.with(|call| {
            call.codecs = codecs.to_vec();
            call.digits = digits;
        });
        self
    }

    /// 100, without which Asterisk repeats its INVITE.
    pub fn trying(&self) -> &Self {
        let core = &self.call.core;
        let trying = Message::response(&self.invite, 100, "Trying", None);
        let to = self.call.with(|call| call.to);
        core.respond(&mut core.state(), &trying, to);
        self
    }

    /// 180.
    pub fn ring(&self) -> &Self {
        let core = &self.call.core;
        core.ring(&mut core.state(), &self.call.id);
        self
    }

    /// 183 with early media.
    pub fn progress(&self, source: Source) -> &Self {
        let core = &self.call.core;
        core.progress(&mut core.state(), &self.call.id, source);
        self
    }

    /// 183 with early media of one direction: "sendonly".
    pub fn progress_one_way(&self, source: Source) -> &Self {
        let core = &self.call.core;
        core.progress_one_way(&mut core.state(), &self.call.id, source);
        self
    }

    /// 200, and says `source`.
    pub fn answer(&self, source: Source) -> Call {
        let core = &self.call.core;
        core.answer(&mut core.state(), &self.call.id, source);
        self.call.clone()
    }

    /// A final response that is no answer: 486, 603, 404, 503...
    pub fn reject(&self, code: u16) {
        let core = &self.call.core;
        core.refuse(&mut core.state(), &self.call.id, code, &[]);
    }

    /// 302 to `uri`.
    pub fn redirect(&self, uri: &str) {
        let core = &self.call.core;
        core.redirect(&mut core.state(), &self.call.id, uri);
    }

    /// Never says anything, as a peer that died; its INVITE is repeated and given up by the caller.
    pub fn ignore(self) {}

    /// The call, for its events: it may be cancelled, or a [`super::Behaviour`] may answer it.
    pub fn call(&self) -> Call {
        self.call.clone()
    }
}

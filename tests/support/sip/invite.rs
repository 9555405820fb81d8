//! What an outgoing call is to be like.

use super::core::{Core, State};
use super::dialog::{Dialog, Phase, token, via};
use super::digest::Credentials;
use super::message::{Message, host_of};
use super::sdp::Direction;
use crate::rtp::{Codec, Source};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

/// An outgoing call to be placed. Built up from [`Invite::to`].
#[derive(Clone, Debug)]
pub struct Invite {
    uri: String,
    via: Option<SocketAddr>,
    from_user: String,
    from_display: String,
    from_domain: Option<String>,
    codecs: Vec<Codec>,
    digits: bool,
    headers: Vec<(String, String)>,
    auth: Option<Credentials>,
    source: Source,
}

impl Invite {
    /// To a URI, with A-law and mu-law, RFC 4733 digits and silence.
    pub fn to(uri: &str) -> Self {
        Self {
            uri: uri.into(),
            via: None,
            from_user: "anonymous".into(),
            from_display: String::new(),
            from_domain: None,
            codecs: vec![Codec::Alaw, Codec::Ulaw],
            digits: true,
            headers: Vec::new(),
            auth: None,
            source: Source::Silence,
        }
    }

    /// To another URI.
    pub fn toward(mut self, uri: &str) -> Self {
        self.uri = uri.into();
        self
    }

    /// Sends it to this address instead of the URI's host (which may then be a domain).
    pub fn via(mut self, address: SocketAddr) -> Self {
        self.via = Some(address);
        self
    }

    /// User part of From.
    pub fn from(mut self, user: &str) -> Self {
        self.from_user = user.into();
        self
    }

    /// Display name in From.
    pub fn display(mut self, name: &str) -> Self {
        self.from_display = name.into();
        self
    }

    /// Host in From; default: the peer's address.
    pub fn domain(mut self, domain: &str) -> Self {
        self.from_domain = Some(domain.into());
        self
    }

    /// Codecs offered, best first.
    pub fn codecs(mut self, codecs: &[Codec]) -> Self {
        self.codecs = codecs.to_vec();
        self
    }

    /// Offers no RFC 4733 digits: a trunk that sends them in band.
    pub fn without_events(mut self) -> Self {
        self.digits = false;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Answers challenges, to the INVITE and within the call.
    pub fn auth(mut self, credentials: Credentials) -> Self {
        self.auth = Some(credentials);
        self
    }

    /// What the caller says.
    pub fn says(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// Places the call; gives its Call-ID.
    ///
    /// # Panics
    /// When neither the URI nor [`Invite::via`] gives an IP address.
    pub(super) fn place(self, core: &Core, state: &mut State) -> String {
        let to = self.via.unwrap_or_else(|| address_of(&self.uri));
        let id = format!("{}@{}", token(), core.address.ip());
        let mut call = self.dialog(core, to, &id);
        call.open(self.source, core.address);
        let body = call.offer(Direction::SendRecv).unwrap_or_default();
        let mut invite = call.request("INVITE", core.address);
        invite = invite.with("Contact", core.contact());
        for (name, value) in self.headers {
            invite = invite.with(&name, value);
        }
        let invite = invite.with_body("application/sdp", body);
        call.invite = invite.clone();
        call.began = Instant::now();
        state.calls.insert(id.clone(), call);
        core.request(state, &invite, to);
        core.announce();
        id
    }

    fn dialog(&self, core: &Core, to: SocketAddr, id: &str) -> Dialog {
        let domain = self.from_domain.clone();
        let domain = domain.unwrap_or_else(|| core.address.ip().to_string());
        let display = match self.from_display.as_str() {
            "" => String::new(),
            name => format!("\"{name}\" "),
        };
        Dialog {
            incoming: false,
            local: format!("{display}<sip:{}@{domain}>;tag={}", self.from_user, token()),
            remote: format!("<{}>", self.uri),
            target: self.uri.clone(),
            to,
            cseq: 0,
            // Only its Call-ID is read before the real one takes its place.
            invite: Message::request("INVITE", &self.uri)
                .with("Via", via(core.address))
                .with("Call-ID", id),
            acks: HashMap::new(),
            began: Instant::now(),
            phase: Phase::Calling,
            answered: None,
            proceeding: false,
            giving_up: false,
            events: Vec::new(),
            rtp: None,
            codecs: self.codecs.clone(),
            digits: self.digits,
            auth: self.auth.clone(),
            ours: None,
            theirs: None,
            version: 0,
        }
    }
}

fn address_of(uri: &str) -> SocketAddr {
    let host = host_of(uri);
    let with_port = host.parse().or_else(|_| format!("{host}:5060").parse());
    with_port.unwrap_or_else(|_| panic!("{uri}: no IP address; say where to with via()"))
}

//! The registrar's side of REGISTER for one account: where the other side wants to be called.

use super::dialog::token;
use super::digest::Demand;
use super::gate::Gate;
use super::message::{Message, param};
use std::time::{Duration, Instant};

/// Lease when the request names none.
const DEFAULT_LEASE: u64 = 3600;

/// Where the account can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Contact URI, with its user part and parameters (Asterisk's `;line=`).
    pub contact: String,
    /// When it was made or renewed.
    pub at: Instant,
    /// How long it holds.
    pub lease: Duration,
}

impl Registration {
    /// Whether it still holds.
    pub(super) fn is_valid(&self) -> bool {
        self.at.elapsed() < self.lease
    }
}

/// One account.
#[derive(Debug)]
pub struct Registrar {
    /// Who may register.
    pub gate: Gate,
    /// Every registration that was accepted, the last one last.
    pub history: Vec<Registration>,
    /// The last one that was not taken back.
    pub current: Option<Registration>,
}

impl Registrar {
    /// Nobody is registered yet.
    pub fn new(demand: Demand) -> Self {
        Self {
            gate: Gate::new(demand),
            history: Vec::new(),
            current: None,
        }
    }

    /// The response to a REGISTER.
    pub fn answer(&mut self, request: &Message, at: Instant) -> Message {
        if let Some(refusal) = self.gate.refusal(request) {
            return refusal;
        }
        let contact = request.contact().to_string();
        let asked = param(request.text("Contact"), "expires").or(request.header("Expires"));
        let seconds = asked
            .and_then(|text| text.parse().ok())
            .unwrap_or(DEFAULT_LEASE);
        let ok = Message::response(request, 200, "OK", Some(&token()));
        if seconds == 0 {
            self.current = None;
            return ok;
        }
        let registration = Registration {
            contact: contact.clone(),
            at,
            lease: Duration::from_secs(seconds),
        };
        self.history.push(registration.clone());
        self.current = Some(registration);
        ok.with("Contact", format!("<{contact}>;expires={seconds}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest::{Asker, Credentials, answer};
    use super::*;

    const REALM: &str = "BREDBAND";

    fn account() -> Credentials {
        Credentials::new("79990001122", "secret")
    }

    fn registrar() -> Registrar {
        Registrar::new(Demand::new(Asker::Proxy, REALM, account()))
    }

    fn register(expires: &str) -> Message {
        Message::request("REGISTER", "sip:127.91.0.2")
            .with("To", "<sip:79990001122@127.91.0.2>")
            .with("Contact", "<sip:79990001122@127.91.0.1:5060;line=abc>")
            .with("Expires", expires)
    }

    /// The request with the answer to the challenge that it gets first.
    fn answered(registrar: &mut Registrar, expires: &str, who: &Credentials) -> Message {
        let request = register(expires);
        let challenge = registrar.answer(&request, Instant::now());
        assert_eq!(challenge.code(), 407);
        let text = challenge.text("Proxy-Authenticate");
        assert!(
            text.contains(REALM) && text.contains("qop=\"auth\""),
            "{text}"
        );
        let answer = answer(text, who, "REGISTER", request.uri());
        request.with("Proxy-Authorization", answer)
    }

    #[test]
    fn the_right_password_registers_the_contact_for_its_lease_and_zero_takes_it_back() {
        let mut registrar = registrar();
        let request = answered(&mut registrar, "120", &account());
        let ok = registrar.answer(&request, Instant::now());
        assert_eq!(ok.code(), 200);
        assert!(ok.text("Contact").ends_with(";line=abc>;expires=120"));
        let current = registrar.current.clone().expect("a registration");
        assert_eq!(current.contact, "sip:79990001122@127.91.0.1:5060;line=abc");
        assert_eq!(current.lease, Duration::from_secs(120));
        assert!(current.is_valid());
        let request = answered(&mut registrar, "0", &account());
        assert_eq!(registrar.answer(&request, Instant::now()).code(), 200);
        assert_eq!((registrar.current, registrar.history.len()), (None, 1));
    }

    #[test]
    fn a_lease_ends_and_a_wrong_password_is_refused() {
        let mut registrar = registrar();
        let wrong = Credentials::new("79990001122", "guess");
        let request = answered(&mut registrar, "120", &wrong);
        assert_eq!(registrar.answer(&request, Instant::now()).code(), 403);
        assert_eq!(registrar.current, None);
        let count = registrar.gate.count;
        assert_eq!((count.missing, count.wrong, count.right), (1, 1, 0));
        let request = answered(&mut registrar, "1", &account());
        let long_ago = Instant::now().checked_sub(Duration::from_secs(2));
        registrar.answer(&request, long_ago.expect("a machine that is up for 2 s"));
        assert!(!registrar.current.expect("a registration").is_valid());
    }
}

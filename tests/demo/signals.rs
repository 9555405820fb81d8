//! SIP in words: what each message of a party's call means to somebody who does not speak SIP.

use std::time::Instant;

use rust_ivr_testing::sip::{Entry, Kind, Message, Start, user_of};

/// A message of a party's call.
#[derive(Clone, Debug)]
pub struct Signal {
    /// When it was sent or received.
    pub at: Instant,
    /// For the timeline: `rings (180)`.
    pub words: String,
    /// For the picture: `180`. None: nothing to point at.
    pub label: Option<String>,
}

/// What the peers' record holds of one call. Repetitions and what every call has besides (100,
/// ACK, 200 to BYE) are left out.
pub fn of_call(record: &[Entry], call_id: &str, is_caller: bool) -> Vec<Signal> {
    let mut signals: Vec<Signal> = Vec::new();
    for entry in record {
        let Some(message) = Message::parse(entry.text.as_bytes()) else {
            continue;
        };
        if message.call_id() != call_id {
            continue;
        }
        let sent = matches!(entry.kind, Kind::Sent(_));
        let words = match is_caller {
            true => callers(&message, sent),
            false => callees(&message, sent),
        };
        let Some((words, labelled)) = words else {
            continue;
        };
        if signals.iter().all(|signal| signal.words != words) {
            signals.push(Signal {
                at: entry.at,
                words,
                label: labelled.then(|| label(&message)),
            });
        }
    }
    signals
}

/// The method of a request, the code of a response.
fn label(message: &Message) -> String {
    match message.code() {
        0 => message.method().to_owned(),
        code => code.to_string(),
    }
}

fn reason(message: &Message) -> String {
    match &message.start {
        Start::Response { code, reason } => format!("{code} {reason}"),
        Start::Request { method, .. } => method.clone(),
    }
}

/// The words, and whether the picture points at the moment.
fn callers(message: &Message, sent: bool) -> Option<(String, bool)> {
    let words = match (message.method(), message.code(), sent) {
        ("INVITE", 0, true) => format!("calls {} (INVITE)", user_of(message.uri())),
        ("INVITE", 180, false) => {
            "is told that it rings, and hears that from the network (180)".into()
        }
        ("INVITE", 183, false) => "is sent sound before the answer (183)".into(),
        ("INVITE", 200, false) => "is answered (200)".into(),
        ("INVITE", 300.., false) => format!("is refused ({})", reason(message)),
        ("BYE", 0, true) => "hangs up (BYE)".into(),
        ("BYE", 0, false) => "is hung up on (BYE)".into(),
        _ => return None,
    };
    Some((words, true))
}

fn callees(message: &Message, sent: bool) -> Option<(String, bool)> {
    let knows = |name| message.header(name).is_some();
    let words = match (message.method(), message.code(), sent) {
        ("INVITE", 0, false) if knows("Authorization") || knows("Proxy-Authorization") => {
            return Some(("is called again, with the password (INVITE)".into(), false));
        }
        ("INVITE", 0, false) => {
            let caller = user_of(message.text("From"));
            format!("is called, and sees {caller} calling (INVITE)")
        }
        ("INVITE", code @ (401 | 407), true) => {
            return Some((format!("asks Asterisk for the password ({code})"), false));
        }
        ("INVITE", 180, true) => "rings (180)".into(),
        ("INVITE", 200, true) => "answers (200)".into(),
        ("CANCEL", 0, false) => "is given up (CANCEL)".into(),
        ("BYE", 0, true) => "hangs up (BYE)".into(),
        ("BYE", 0, false) => "is hung up on (BYE)".into(),
        _ => return None,
    };
    Some((words, true))
}

//! Hold and transfer: what Bitrix24 or a desk phone does within a call.

use super::call::Call;
use super::dialog::Event;
use super::message::{host_of, param, user_of};
use super::sdp::Direction;
use std::time::{Duration, Instant};

const REPLY: Duration = Duration::from_secs(5);

impl Call {
    /// Re-INVITE with [`Direction::SendOnly`] or [`Direction::Inactive`]; waits for its 200.
    ///
    /// # Panics
    /// When it is not accepted.
    pub fn hold(&self, direction: Direction) -> Instant {
        self.offer_again(direction)
    }

    /// Re-INVITE back to talking; waits for its 200.
    ///
    /// # Panics
    /// When it is not accepted.
    pub fn resume(&self) -> Instant {
        self.offer_again(Direction::SendRecv)
    }

    fn offer_again(&self, direction: Direction) -> Instant {
        let body = self
            .with(|call| call.offer(direction))
            .expect("a call with sound");
        let (_, cseq) = self.send("INVITE", |invite| invite.with_body("application/sdp", body));
        self.wait_final("INVITE", cseq, 200)
    }

    /// Blind transfer: REFER to `uri`; waits for its 202.
    ///
    /// # Panics
    /// When it is not accepted.
    pub fn refer(&self, uri: &str) -> Instant {
        self.refer_by(uri, &self.core.contact())
    }

    /// [`Call::refer`] on behalf of whoever `by`, a Referred-By header, names.
    ///
    /// # Panics
    /// When it is not accepted.
    pub fn refer_by(&self, uri: &str, by: &str) -> Instant {
        self.send_refer(&format!("<{uri}>"), by)
    }

    /// Attended transfer: asks the other side of this call to take the place of `consult`, our call
    /// to the third person; waits for its 202.
    ///
    /// # Panics
    /// When it is not accepted.
    pub fn refer_replacing(&self, consult: &Call) -> Instant {
        let (id, remote, local) = consult.with(|call| {
            let id = call.invite.call_id().to_string();
            (id, call.remote.clone(), call.local.clone())
        });
        let tag = |header| param(header, "tag").unwrap_or_default().to_string();
        // to-tag is the tag of whoever gets the INVITE with Replaces: the far end of the consult call.
        let replaces = format!("{id};to-tag={};from-tag={}", tag(&remote), tag(&local));
        let replaces = escape(&replaces);
        let target = format!("sip:{}@{}", user_of(&remote), host_of(&remote));
        let refer_to = format!("<{target}?Replaces={replaces}>");
        self.send_refer(&refer_to, &self.core.contact())
    }

    fn send_refer(&self, refer_to: &str, by: &str) -> Instant {
        let (_, cseq) = self.send("REFER", |refer| {
            refer.with("Refer-To", refer_to).with("Referred-By", by)
        });
        self.wait_final("REFER", cseq, 202)
    }

    fn wait_final(&self, method: &str, cseq: u32, code: u16) -> Instant {
        // A challenge comes first and moves the number on.
        let wanted = |event: &Event| {
            event.is_reply(method, code) && event.message().is_some_and(|m| m.cseq() >= cseq)
        };
        self.wait_for(wanted, REPLY).at
    }

    /// Bodies of the NOTIFYs so far, such as `SIP/2.0 200 OK`: how the transfer went.
    pub fn notifications(&self) -> Vec<(Instant, String)> {
        let events = self.events();
        let notify = events.iter().filter(|event| event.is_request("NOTIFY"));
        notify
            .filter_map(|event| Some((event.at, event.message()?.body.trim().to_string())))
            .collect()
    }

    /// Waits for a NOTIFY whose body holds `text`, such as `200 OK`.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_notified(&self, text: &str, within: Duration) -> Instant {
        let wanted = |event: &Event| {
            event.is_request("NOTIFY") && event.message().is_some_and(|m| m.body.contains(text))
        };
        self.wait_for(wanted, within).at
    }
}

/// Escapes what may not stand in a URI's header part.
fn escape(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c);
    text.chars()
        .map(|c| {
            if plain(c) {
                c.to_string()
            } else {
                format!("%{:02X}", c as u32)
            }
        })
        .collect()
}

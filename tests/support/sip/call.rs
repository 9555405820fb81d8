//! A call in a test's hands, whichever side began it.

use super::core::{Core, State};
use super::dialog::{Dialog, Ending, Event, Phase, What};
use super::message::Message;
use crate::rtp::{Digit, Rtp, Source, Way};
use crate::sound::Recording;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtmf {
    /// Telephone events in RTP, 100 ms.
    Rfc4733,
    /// Two tones in the sound, 120 ms.
    InBand,
    /// Both of them at once, 100 ms.
    Both,
    /// SIP INFO with `application/dtmf-relay`.
    Info,
}

/// A call. Clones are the same call; dropping one does not end it, dropping its peer does.
#[derive(Clone)]
pub struct Call {
    pub(super) core: Arc<Core>,
    pub(super) id: String,
}

impl Call {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Dialog) -> T) -> T {
        let mut state = self.core.state();
        act(dialog(&mut state, &self.id))
    }

    /// Call-ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When the first INVITE was sent or came.
    pub fn began(&self) -> Instant {
        self.with(|call| call.began)
    }

    /// The INVITE, ours or theirs.
    pub fn invite(&self) -> Message {
        self.with(|call| call.invite.clone())
    }

    /// Everything that happened so far.
    pub fn events(&self) -> Vec<Event> {
        self.with(|call| call.events.clone())
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.with(|call| call.phase == Phase::Over)
    }

    /// Waits for an event, those of the past included.
    ///
    /// # Panics
    /// With the last messages, when it does not come.
    pub fn wait_for(&self, wanted: impl Fn(&Event) -> bool, within: Duration) -> Event {
        self.expect("the event", wanted, within)
    }

    fn expect(&self, what: &str, wanted: impl Fn(&Event) -> bool, within: Duration) -> Event {
        self.core.expect(what, within, |state| {
            let events = &dialog(state, &self.id).events;
            events.iter().find(|event| wanted(event)).cloned()
        })
    }

    /// Waits for a response with `code` to our INVITE.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_reply(&self, code: u16, within: Duration) -> Event {
        self.expect(
            &code.to_string(),
            |event| event.is_reply("INVITE", code),
            within,
        )
    }

    /// Waits for 180.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_ringing(&self, within: Duration) -> Instant {
        self.wait_reply(180, within).at
    }

    /// Waits for a provisional response that brings sound.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_early_media(&self, within: Duration) -> Instant {
        let early = |event: &Event| match &event.what {
            What::Reply(m) => m.method() == "INVITE" && m.code() < 200 && !m.body.is_empty(),
            _ => false,
        };
        self.expect("early media", early, within).at
    }

    /// Waits until the call is answered, by whichever side is called.
    ///
    /// # Panics
    /// When it is not.
    pub fn wait_answered(&self, within: Duration) -> Instant {
        self.core.expect("the answer", within, |state| {
            dialog(state, &self.id).answered
        })
    }

    /// Waits until an incoming call that was answered is acknowledged.
    ///
    /// # Panics
    /// When it is not.
    pub fn wait_acked(&self, within: Duration) -> Instant {
        self.expect("ACK", |event| event.is_request("ACK"), within)
            .at
    }

    /// Waits for a request of the other side within the call.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_request(&self, method: &str, within: Duration) -> Event {
        self.expect(method, |event| event.is_request(method), within)
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_ended(&self, within: Duration) -> (Instant, Ending) {
        self.core.expect("the end of the call", within, |state| {
            let events = &dialog(state, &self.id).events;
            events.iter().find_map(|event| match event.what {
                What::Ended(ending) => Some((event.at, ending)),
                _ => None,
            })
        })
    }

    /// When the call was answered, if ever.
    pub fn answered(&self) -> Option<Instant> {
        self.with(|call| call.answered)
    }

    /// Ends it: CANCEL before the answer, BYE after it, 603 to a call that came. Waits for nothing.
    pub fn hangup(&self) {
        self.core.trace.note(&self.core.name, "hangs up");
        self.core.hang_up(&mut self.core.state(), &self.id);
    }

    /// Presses a key and returns the moment of its release: RFC 4733's first END packet, the end of
    /// the tones, or the sending of the INFO once it was accepted.
    ///
    /// # Panics
    /// When the key cannot be sent.
    pub fn press(&self, key: char, dtmf: Dtmf) -> Instant {
        let length = match dtmf {
            Dtmf::InBand => 120,
            Dtmf::Rfc4733 | Dtmf::Both | Dtmf::Info => 100,
        };
        self.press_for(key, dtmf, Duration::from_millis(length))
    }

    /// [`Call::press`] for a length of one's own, in steps of 20 ms.
    ///
    /// # Panics
    /// When the key cannot be sent.
    fn press_for(&self, key: char, dtmf: Dtmf, length: Duration) -> Instant {
        let way = match dtmf {
            Dtmf::Rfc4733 => Way::Events,
            Dtmf::InBand => Way::InBand,
            Dtmf::Both => Way::Both,
            Dtmf::Info => {
                let body = format!("Signal={key}\r\nDuration={}\r\n", length.as_millis());
                return self.info("application/dtmf-relay", &body);
            }
        };
        let pressed = self.rtp().press(key, way, length);
        let at = pressed.unwrap_or_else(|why| panic!("{}: {why}", self.core.name));
        self.core
            .trace
            .note(&self.core.name, &format!("pressed {key} ({dtmf:?})"));
        at
    }

    /// Sends INFO and returns when it was sent, once it was accepted.
    ///
    /// # Panics
    /// When it is not answered with 200.
    pub fn info(&self, kind: &str, body: &str) -> Instant {
        let (at, cseq) = self.send("INFO", |info| info.with_body(kind, body));
        let accepted = |event: &Event| {
            event.is_reply("INFO", 200) && event.message().is_some_and(|m| m.cseq() == cseq)
        };
        self.expect("200 to INFO", accepted, Duration::from_secs(5));
        at
    }

    /// Sends a request within the call; gives its moment and number.
    pub(super) fn send(
        &self,
        method: &str,
        finish: impl FnOnce(Message) -> Message,
    ) -> (Instant, u32) {
        let mut state = self.core.state();
        let call = dialog(&mut state, &self.id);
        let request = call.request(method, self.core.address);
        let request = finish(request.with("Contact", self.core.contact()));
        let to = call.to;
        self.core.request(&mut state, &request, to);
        // The clock has a new deadline.
        self.core.announce();
        (Instant::now(), request.cseq())
    }

    /// Says something else from now on.
    pub fn say(&self, source: Source) {
        self.rtp().set_source(source);
    }

    /// Everything heard so far.
    pub fn recording(&self) -> Recording {
        self.rtp().recording()
    }

    /// Keys received so far (RFC 4733).
    pub fn digits(&self) -> Vec<Digit> {
        self.rtp().digits()
    }

    /// Waits until the keys received begin with `keys`, and gives the last of them.
    ///
    /// # Panics
    /// When another key comes or too few.
    pub fn wait_digits(&self, keys: &str, within: Duration) -> Digit {
        let until = Instant::now() + within;
        let mut last = None;
        for (index, key) in keys.chars().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let digit = self.rtp().wait_digit(index, left);
            let digit = digit.unwrap_or_else(|| self.fail(&format!("key {index} of {keys}")));
            assert_eq!(digit.key, key, "{}: key {index} of {keys}", self.core.name);
            last = Some(digit);
        }
        last.expect("at least one key to wait for")
    }

    /// Waits until a tone sounds, and gives the moment at which that was sure (60 to 100 ms into it).
    ///
    /// # Panics
    /// When it does not sound.
    pub fn wait_heard(&self, freq_hz: f64, within: Duration) -> Instant {
        let heard = self.rtp().wait_heard(freq_hz, within);
        heard.unwrap_or_else(|| self.fail(&format!("{freq_hz} Hz")))
    }

    /// Waits until a tone has not sounded for 100 ms.
    ///
    /// # Panics
    /// When it sounds on.
    pub fn wait_gone(&self, freq_hz: f64, within: Duration) -> Instant {
        let gone = self.rtp().wait_gone(freq_hz, within);
        gone.unwrap_or_else(|| self.fail(&format!("the end of {freq_hz} Hz")))
    }

    fn fail(&self, what: &str) -> ! {
        let tail = self.core.trace.tail(20);
        panic!("{}: {what} did not come\n{tail}", self.core.name)
    }

    /// The call's sound.
    ///
    /// # Panics
    /// When the call came and was not answered: it has none.
    pub fn rtp(&self) -> Rtp {
        let rtp = self.with(|call| call.rtp.clone());
        rtp.unwrap_or_else(|| self.fail("sound before 183 or 200"))
    }
}

fn dialog<'a>(state: &'a mut State, id: &str) -> &'a mut Dialog {
    state
        .calls
        .get_mut(id)
        .expect("calls stay known to their peer")
}

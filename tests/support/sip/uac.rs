//! The calling side: responses to what we asked.

use super::core::{Core, State};
use super::dialog::{Dialog, Ending, Phase, What, via, within_invite};
use super::digest::{Asker, Credentials, answer};
use super::message::Message;
use std::net::SocketAddr;
use std::time::Instant;

impl Core {
    /// Takes a response in.
    pub fn take_response(
        &self,
        state: &mut State,
        response: Message,
        from: SocketAddr,
        at: Instant,
    ) {
        let id = response.call_id().to_string();
        let asked = state.transactions.answered_by(&response);
        let Some(call) = state.calls.get_mut(&id) else {
            return;
        };
        let invite = response.method() == "INVITE";
        match (response.code(), asked) {
            (..200, _) => {
                if invite {
                    self.provisional(state, &id, &response, at);
                }
            }
            // A final response that comes again: its ACK was lost.
            (_, None) => {
                if let Some(ack) = call.acks.get(response.branch()) {
                    self.transmit(ack, from);
                }
            }
            (_, Some(asked)) => {
                if invite {
                    let ack = self.acknowledge(call, &asked, &response);
                    self.transmit(&ack, from);
                }
                call.happened(at, What::Reply(response.clone()));
                if self.authenticate(state, &id, &asked, &response) || !invite {
                    return;
                }
                self.final_to_invite(state, &id, &response, at);
            }
        }
    }

    fn provisional(&self, state: &mut State, id: &str, response: &Message, at: Instant) {
        let Some(call) = state.calls.get_mut(id) else {
            return;
        };
        let cancel = call.giving_up && !call.proceeding;
        call.proceeding = true;
        call.learn(response);
        call.happened(at, What::Reply(response.clone()));
        if cancel {
            self.cancel(state, id);
        }
    }

    fn acknowledge(&self, call: &mut Dialog, invite: &Message, response: &Message) -> Message {
        if (200..300).contains(&response.code()) {
            call.learn(response);
        }
        call.ack(invite, response, self.address)
    }

    fn final_to_invite(&self, state: &mut State, id: &str, response: &Message, at: Instant) {
        let Some(call) = state.calls.get_mut(id) else {
            return;
        };
        if call.phase != Phase::Calling {
            // A re-INVITE: its refusal leaves the call as it was.
            return;
        }
        if response.code() >= 300 {
            let ending = match (call.giving_up, response.code()) {
                (true, 487) => Ending::Ours,
                (_, code) => Ending::Refused(code),
            };
            call.end(at, ending);
            return;
        }
        call.talk(at);
        if call.giving_up {
            // The answer crossed our CANCEL.
            self.hang_up(state, id);
        }
    }

    /// Repeats a challenged request with credentials, once. False: there is nothing to answer with.
    fn authenticate(&self, state: &mut State, id: &str, asked: &Message, reply: &Message) -> bool {
        let Some(asker) = Asker::of(reply.code()) else {
            return false;
        };
        let Some(call) = state.calls.get_mut(id) else {
            return false;
        };
        let (Some(credentials), None) = (&call.auth, asked.header(asker.answer_header())) else {
            return false;
        };
        let credentials = credentials.clone();
        call.cseq = call.cseq.max(asked.cseq()) + 1;
        let again = with_credentials(asked, reply, asker, &credentials, call.cseq, self.address);
        if asked.cseq() == call.invite.cseq() && asked.method() == "INVITE" && !call.incoming {
            call.invite = again.clone();
            call.proceeding = false;
        }
        let to = call.to;
        self.request(state, &again, to);
        true
    }

    /// Cancels our INVITE.
    pub fn cancel(&self, state: &mut State, id: &str) {
        let Some(call) = state.calls.get(id) else {
            return;
        };
        let cancel = within_invite(&call.invite, "CANCEL", call.invite.text("To"));
        let to = call.to;
        self.request(state, &cancel, to);
    }
}

fn with_credentials(
    asked: &Message,
    reply: &Message,
    asker: Asker,
    credentials: &Credentials,
    cseq: u32,
    us: SocketAddr,
) -> Message {
    let method = asked.method();
    let challenge = reply.text(asker.challenge_header());
    let text = answer(challenge, credentials, method, asked.uri());
    let mut again = asked.clone();
    for (name, value) in &mut again.headers {
        match name.as_str() {
            "Via" => *value = via(us),
            "CSeq" => *value = format!("{cseq} {method}"),
            _ => {}
        }
    }
    again.with(asker.answer_header(), text)
}

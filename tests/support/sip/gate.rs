//! A peer that lets in only those who know a password, and counts those who do not.

use super::dialog::token;
use super::digest::{Demand, Verdict};
use super::message::Message;
use std::collections::HashSet;

/// How requests stood up to a demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateCount {
    /// Came without credentials and were challenged.
    pub missing: u32,
    /// Came with a nonce that is not ours and were challenged.
    pub stale: u32,
    /// Came with a wrong user or password and were refused with 403.
    pub wrong: u32,
    /// Were let in.
    pub right: u32,
}

/// A demand, the nonces given out for it and the count.
#[derive(Debug)]
pub struct Gate {
    demand: Demand,
    nonces: HashSet<String>,
    /// What came so far.
    pub count: GateCount,
}

impl Gate {
    /// A gate that nobody passed yet.
    pub fn new(demand: Demand) -> Self {
        Self {
            demand,
            nonces: HashSet::new(),
            count: GateCount::default(),
        }
    }

    /// The response to a request that does not pass. None: let in.
    pub fn refusal(&mut self, request: &Message) -> Option<Message> {
        let asker = self.demand.asker;
        let answer = request.header(asker.answer_header());
        let nonces = &self.nonces;
        let issued = |nonce: &str| nonces.contains(nonce);
        match self.demand.judge(answer, request.method(), issued) {
            Verdict::Missing => self.count.missing += 1,
            Verdict::Stale => self.count.stale += 1,
            Verdict::Wrong => {
                self.count.wrong += 1;
                return Some(Message::response(request, 403, "Forbidden", Some(&token())));
            }
            Verdict::Right => {
                self.count.right += 1;
                return None;
            }
        }
        let nonce = token();
        let challenge = self.demand.challenge(&nonce);
        self.nonces.insert(nonce);
        let response = Message::response(request, asker.code(), asker.reason(), Some(&token()));
        Some(response.with(asker.challenge_header(), challenge))
    }
}

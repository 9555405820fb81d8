//! A SIP user agent on an address of its own: a caller, a trunk, a cloud, a registrar.

use super::behaviour::Behaviour;
use super::call::Call;
use super::core::Core;
use super::dialog::{Dialog, Phase};
use super::digest::Demand;
use super::gate::{Gate, GateCount};
use super::incoming::Incoming;
use super::invite::Invite;
use super::registrar::{Registrar, Registration};
use super::trace::Trace;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A user agent. Dropping it ends its calls and stops its threads.
pub struct Peer {
    core: Arc<Core>,
    threads: Vec<JoinHandle<()>>,
}

impl Peer {
    /// Binds UDP `address` and starts. `name` stands in traces and in Contact: letters and digits.
    ///
    /// # Panics
    /// When the address cannot be bound.
    pub fn bind(address: impl Into<SocketAddr>, name: &str, trace: &Trace) -> Self {
        let core = Arc::new(Core::bind(address.into(), name, trace));
        let threads = [Core::receive, Core::mind_clock]
            .map(|run| {
                let core = Arc::clone(&core);
                thread::spawn(move || run(&core))
            })
            .into();
        Self { core, threads }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.core.address
    }

    /// URI of `user` at this peer.
    pub fn uri(&self, user: &str) -> String {
        format!("sip:{user}@{}", self.core.address)
    }

    /// Saves what was heard in each call so far as `NAME-N.wav`, in the order of their begin, for
    /// the study of a failure.
    pub fn save_recordings(&self, directory: &Path) {
        let state = self.core.state();
        let mut calls: Vec<_> = state.calls.values().collect();
        calls.sort_by_key(|call| call.began);
        for (number, rtp) in calls
            .iter()
            .filter_map(|call| call.rtp.as_ref())
            .enumerate()
        {
            let path = directory.join(format!("{}-{}.wav", self.core.name, number + 1));
            if let Err(error) = rtp.recording().save_wav(&path) {
                eprintln!("{}: {error}", path.display());
            }
        }
    }

    /// The record of its messages.
    pub fn trace(&self) -> &Trace {
        &self.core.trace
    }

    /// Places a call.
    ///
    /// # Panics
    /// When neither its URI nor its `via` gives an IP address.
    pub fn call(&self, invite: Invite) -> Call {
        let id = invite.place(&self.core, &mut self.core.state());
        self.handle(id)
    }

    /// What is done with calls that come from now on. They can still be had from
    /// [`Peer::expect_call`].
    pub fn on_call(&self, behaviour: Behaviour) {
        self.core.state().behaviour = behaviour;
    }

    /// Lets only those call who answer this challenge.
    pub fn demand(&self, demand: Demand) {
        self.core.state().gate = Some(Gate::new(demand));
    }

    /// How calls stood up to [`Peer::demand`].
    pub fn gate_count(&self) -> GateCount {
        let state = self.core.state();
        state
            .gate
            .as_ref()
            .map(|gate| gate.count)
            .unwrap_or_default()
    }

    /// Waits for the next call that nobody has taken yet.
    ///
    /// # Panics
    /// When none comes.
    pub fn expect_call(&self, within: Duration) -> Incoming {
        let id = self
            .core
            .expect("a call", within, |state| state.arrivals.pop_front());
        Incoming::new(self.handle(id))
    }

    /// Watches that no call comes.
    ///
    /// # Panics
    /// When one comes, or came and was not taken.
    pub fn expect_no_call(&self, during: Duration) {
        let came = self
            .core
            .wait(during, |state| state.arrivals.front().cloned());
        if let Some(id) = came {
            let invite = self.handle(id).invite();
            panic!("{}: unexpected {}", self.core.name, invite.summary());
        }
    }

    /// Calls that came and are not taken by [`Peer::expect_call`] yet.
    pub fn untaken_calls(&self) -> usize {
        self.core.state().arrivals.len()
    }

    /// Forgets the calls that are over, with what was heard in them. Whoever still holds one of
    /// them must not ask about it any more.
    pub fn forget_calls(&self) {
        let over = |call: &Dialog| call.phase == Phase::Over;
        self.core.state().calls.retain(|_, call| !over(call));
    }

    /// Becomes the registrar of one account.
    pub fn be_registrar(&self, demand: Demand) {
        self.core.state().registrar = Some(Registrar::new(demand));
    }

    /// Waits until somebody is registered, and gives where to call.
    ///
    /// # Panics
    /// When nobody is.
    pub fn wait_registered(&self, within: Duration) -> Registration {
        self.core.expect("a registration", within, |state| {
            let current = state.registrar.as_ref()?.current.clone();
            current.filter(Registration::is_valid)
        })
    }

    fn handle(&self, id: String) -> Call {
        Call {
            core: Arc::clone(&self.core),
            id,
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.core.close();
        for thread in self.threads.drain(..) {
            // A panic of the thread has been printed; a second one while dropping would abort.
            let _ = thread.join();
        }
    }
}

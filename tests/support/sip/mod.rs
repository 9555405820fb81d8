//! A small SIP user agent that can also misbehave: callers, Multifon's registrar and Bitrix24's lines
//! for tests against a real Asterisk. A [`Peer`] places an [`Invite`] and gets a [`Call`], or gets an
//! [`Incoming`] and decides; every wait is on an event, every message is in the [`Trace`].

mod behaviour;
mod call;
mod core;
mod dialog;
pub mod digest;
mod gate;
mod incoming;
mod invite;
mod message;
mod peer;
mod registrar;
mod sdp;
mod trace;
mod transactions;
mod transfer;
mod uac;
mod uas;

pub use behaviour::Behaviour;
pub use call::{Call, Dtmf};
pub use dialog::{Ending, Event, What};
pub use digest::{Asker, Credentials, Demand};
pub use gate::GateCount;
pub use incoming::Incoming;
pub use invite::Invite;
pub use message::{Message, Start, user_of};
pub use peer::Peer;
pub use registrar::Registration;
pub use sdp::Direction;
pub use trace::{Entry, Kind, Trace};

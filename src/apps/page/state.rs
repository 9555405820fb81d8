//! What there is now.

use serde_json::{Value, json};

use crate::service::Service;

/// Calls, rooms, counters and health; `acts`: what the reader's account may.
pub(super) fn state(service: &Service, acts: bool) -> Value {
    json!({
        "acts": acts,
        "version": env!("CARGO_PKG_VERSION"),
        "calls": [],
        "rooms": service.rooms.live().iter().map(|room| json!({"id": room.id})).collect::<Vec<_>>(),
        "health": service.directory.state().lines().collect::<Vec<_>>(),
    })
}

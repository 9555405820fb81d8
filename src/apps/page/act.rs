//! What the page's buttons do: the same as the manager's keys, and what only an operator may.

use serde_json::{Value, json};

use super::gate::Refused;
use crate::asterisk::http::field;
use crate::service::Service;

/// Carries a form out: `action`, `room`, and what the action needs.
pub(super) fn act(service: &Service, form: &[(String, String)]) -> Result<Value, Refused> {
    let wanted = |name| field(form, name).unwrap_or_default();
    let room = wanted("room");
    let rooms = service.rooms.live();
    let Some(room) = rooms.iter().find(|of| of.id == room) else {
        return Err(Refused::new(404, "there is no such room any more"));
    };
    match wanted("action") {
        "end" => {
            log::info!("{}: ended by the page", room.id);
            room.end();
            Ok(json!({ "state": "OVER" }))
        }
        _ => Err(Refused::new(
            400,
            "action is add, join, cancel, swap, kick or end",
        )),
    }
}

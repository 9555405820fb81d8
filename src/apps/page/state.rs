//! What there is now: calls, rooms, counters, health.

use std::time::Duration;

use serde_json::{Value, json};

use super::russian::Language;
use crate::asterisk::reference::ChannelRef;
use crate::numbers::{NumberPlan, Phone};
use crate::rooms::snapshot::{Member, Snapshot};
use crate::service::Service;

/// Everything that the page shows without being asked; `acts`: what the reader's account may.
pub(super) fn state(service: &Service, acts: bool, language: Language) -> Value {
    let [ended, reasons] = service.calls.counts();
    let rooms = service.rooms.live();
    let calls = service.calls.now();
    let numbers = &service.settings.numbers;
    json!({
        "acts": acts,
        "version": env!("CARGO_PKG_VERSION"),
        "calls": calls.iter().map(|(channel, doing, since)| call(channel, &phone(channel, numbers), doing, *since)).collect::<Vec<_>>(),
        "rooms": rooms.iter().map(|of| room(&of.snapshot())).collect::<Vec<_>>(),
        "ended": ended,
        "reasons": reasons,
        "keys": service.stats.keys_by_count(),
        "health": service.directory.state().lines().map(|line| language.say(line)).collect::<Vec<_>>(),
    })
}

/// Canonical, as far as it is a number.
fn phone(channel: &str, numbers: &NumberPlan) -> String {
    let number = ChannelRef::by_name(channel).map(|channel| channel.caller_number());
    let number = number.unwrap_or_default();
    Phone::parse(&number, numbers).map_or(number, |phone| phone.canonical().to_owned())
}

fn call(channel: &str, phone: &str, doing: &str, since: Duration) -> Value {
    json!({ "channel": channel, "phone": phone, "doing": doing, "since": since.as_secs() })
}

fn room(room: &Snapshot) -> Value {
    json!({
        "id": room.id,
        "state": room.state,
        "since": room.since.as_secs(),
        "dialled": room.dialled,
        "people": room.people.iter().map(member).collect::<Vec<_>>(),
    })
}

fn member(member: &Member) -> Value {
    json!({
        "role": member.role,
        "channel": member.channel,
        "number": member.number,
        "on_hold": member.on_hold,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_what_the_page_draws() {
        let shown = room(&Snapshot {
            id: "room-1".to_owned(),
            state: "DIAL".to_owned(),
            since: Duration::from_millis(2900),
            dialled: "74950000001".to_owned(),
            people: vec![Member {
                role: "client",
                channel: "PJSIP/\"x".to_owned(),
                number: "7".to_owned(),
                on_hold: true,
            }],
        });
        let expected = r#"{"dialled":"74950000001","id":"room-1","people":[{"channel":"PJSIP/\"x","number":"7","on_hold":true,"role":"client"}],"since":2,"state":"DIAL"}"#;
        assert_eq!(shown.to_string(), expected);
    }
}

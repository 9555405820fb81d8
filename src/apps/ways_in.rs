//! How a call gets into a room: a feature code (W1), a second call of the manager (W2), a transfer
//! (W4). W3 is the client's own: `client.rs`.

use std::sync::Arc;

use crate::asterisk::application::After;
use crate::asterisk::channel::Channel;
use crate::asterisk::reference::ChannelRef;
use crate::conference::Status;
use crate::conference::held::{self, Choice, Rules};
use crate::conference::ways::{Arguments, endpoint_of_channel};
use crate::ports::{CallLeg, Heard, Notice};
use crate::rooms::room::Room;
use crate::rooms::ticket::Role;
use crate::rooms::ways::{self, SeenCall};
use crate::service::Service;

use super::client::{client_of, end, open_room};
use super::manager::{manage, say};

/// W1. Runs inside the bridge's hook, so it only sends both legs on their way.
pub fn feature_code(service: &Service, leg: &mut Channel) -> After {
    // A feature's application that returns anything else is kicked out of its call.
    const STAY: After = After::GoOn;
    if !is_managers(service, leg.name()) {
        log::info!(
            "{}: only the manager's leg may add a third person",
            leg.name()
        );
        return STAY;
    }
    send_to_room(service, &leg.reference());
    STAY
}

/// W1, W4: both legs of a call of two go into a room. Whatever fails, the call stays as it is, and
/// false is returned.
pub fn send_to_room(service: &Service, manager: &ChannelRef) -> bool {
    bring_in(service, manager, |_| ())
        .map_err(|why| log::warn!("{why}"))
        .is_ok()
}

/// The same: the room, or a sentence about what failed. `before` sees the room before anybody is
/// on the way into it.
pub fn bring_in<T>(
    service: &Service,
    manager: &ChannelRef,
    before: impl FnOnce(&Room) -> T,
) -> Result<(Arc<Room>, T), String> {
    let name = manager.name();
    let rooms = service.rooms.live();
    if rooms.iter().any(|room| room.is_managed_by(manager)) {
        return Err(format!("{name}: this call is in a room already"));
    }
    let Some(client) = manager.bridge_peer() else {
        return Err(format!(
            "{name}: this call has not exactly two sides, nobody can be added to it"
        ));
    };
    let known = client_of(service, &client.caller_number(), client.extension());
    let who = ways::manager_of(&client, Some(manager), &service.settings.numbers);
    let Some(room) = open_room(service, &name, known, who) else {
        return Err(format!(
            "{name}: no room can be made, Asterisk's log says why"
        ));
    };
    let seen = before(&room);
    if ways::send_both(&room, &client, manager, Role::Manager) {
        Ok((room, seen))
    } else {
        Err(format!(
            "{name}: Asterisk would not send both legs to {}",
            room.id
        ))
    }
}

/// W2. Digits out of the dialplan are judged before the call is answered: who dials a client that
/// is not there hears the dialplan's answer.
pub fn pull_held_call(service: &Service, leg: &mut Channel, arguments: &Arguments) -> After {
    let given = (!arguments.always_ask && !arguments.number.is_empty()).then(|| &*arguments.number);
    let found = match given {
        Some(digits) => {
            leg.set_variable("RUSTCONF_DIGITS", digits);
            by_digits(service, leg, &[], digits)
        }
        None => {
            if leg.answer().is_err() {
                return end(leg, Status::Hangup);
            }
            ask_which(service, leg, arguments.always_ask)
        }
    };
    let Some(call) = found else {
        log::warn!("{}: no call to add a third person to", leg.name());
        service.stats.room_ended(Status::NoCall);
        if given.is_none() {
            say(service, leg, Notice::NoCall);
        }
        return end(leg, Status::NoCall);
    };
    if leg.answer().is_err() {
        return end(leg, Status::Hangup);
    }
    pull(service, leg, &call)
}

fn pull(service: &Service, leg: &mut Channel, call: &SeenCall) -> After {
    let known = client_of(service, &call.seen.number, call.client.extension());
    let Some(room) = open_room(service, leg.name(), known, leg.caller_number()) else {
        return end(leg, Status::Error);
    };
    if !ways::pull(&room, call) {
        log::warn!(
            "{}: the call has changed meanwhile and is left alone",
            leg.name()
        );
        say(service, leg, Notice::NoCall);
        return end(leg, Status::NoCall);
    }
    manage(service, leg, &room)
}

/// The call that is proven to be the manager's, or the one whose client's digits are typed.
fn ask_which(service: &Service, leg: &mut Channel, always_ask: bool) -> Option<SeenCall> {
    let plan = &service.settings.numbers;
    let mut calls = ways::calls_of_endpoint(leg, &service.rooms, plan);
    let rules = Rules {
        always_ask,
        one_is_enough: service.settings.conference.one_held_is_enough,
    };
    match held::choose(&seen(&calls), &leg.caller_number(), rules, plan) {
        Choice::Take(place) => Some(calls.swap_remove(place)),
        Choice::Nobody => None,
        Choice::Ask => {
            let digits = last_digits(service, leg);
            leg.set_variable("RUSTCONF_DIGITS", &digits);
            by_digits(service, leg, &calls, &digits)
        }
    }
}

/// Looks at the calls of this moment. `before`: those when the manager began to type; calls come, go
/// and are resumed meanwhile.
fn by_digits(
    service: &Service,
    leg: &Channel,
    before: &[SeenCall],
    digits: &str,
) -> Option<SeenCall> {
    let plan = &service.settings.numbers;
    let mut calls = ways::calls_of_endpoint(leg, &service.rooms, plan);
    let caller = leg.caller_number();
    let place = held::choose_by_digits(&seen(&calls), &seen(before), &caller, digits, plan)?;
    Some(calls.swap_remove(place))
}

fn seen(calls: &[SeenCall]) -> Vec<held::Seen> {
    calls.iter().map(|call| call.seen.clone()).collect()
}

/// What the manager types after "which client": to `#`, or until no more comes. It is judged as a
/// whole: its first digits say nothing about how a number ends.
fn last_digits(service: &Service, leg: &mut Channel) -> String {
    let within = service.settings.conference.code_timeout;
    let mut typed = String::new();
    let mut heard = match say(service, leg, Notice::WhichClient) {
        Some(key) => Heard::Digit(key),
        None => leg.wait_digit(within),
    };
    while let Heard::Digit(digit) = heard
        && digit.is_ascii_digit()
    {
        typed.push(digit);
        heard = leg.wait_digit(within);
    }
    typed
}

/// Whether a channel is on the endpoint that managers are called at (`[general] manager`). A
/// destination that names no endpoint, such as a Local channel, allows any.
pub fn is_managers(service: &Service, channel: &str) -> bool {
    match service.managers_endpoint() {
        Some(endpoint) => endpoint_of_channel(channel) == endpoint,
        None => true,
    }
}

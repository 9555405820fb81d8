//! The client's part: music while the manager is called back, the stay in the room, and a person
//! (A8) whatever becomes of the room.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::asterisk::application::After;
use crate::asterisk::channel::Channel;
use crate::conference::{Client, Status};
use crate::numbers::{Extension, Fixed, Gaps, Keys, Phone};
use crate::ports::{CallLeg, Callee, Dial, Dialled};
use crate::rooms::people::Fate;
use crate::rooms::room::Room;
use crate::rooms::transfers;
use crate::rooms::ways::{self, CallBack};
use crate::service::Service;

use super::news::RoomNews;

/// A client's part in a conference: after a bug in it the client still gets a person (A8).
pub fn or_fallback(
    service: &Service,
    leg: &mut Channel,
    client: &Client,
    part: impl FnOnce(&mut Channel) -> After,
) -> After {
    // What the panic left half done is this leg's part in a room, which is left for good.
    let after = catch_unwind(AssertUnwindSafe(|| part(leg)));
    after.unwrap_or_else(|_| match leg.is_gone() {
        true => After::Over,
        false => without_manager(service, leg, client),
    })
}

/// W3, W4: the manager is called back to a client who came alone.
pub fn call_manager_back(service: &Service, leg: &mut Channel, manager: &str) -> After {
    if leg.answer().is_err() {
        return end(leg, Status::Hangup);
    }
    let client = client_of(service, &leg.caller_number(), leg.extension());
    let manager = match Extension::parse(manager) {
        Ok(manager) => manager,
        Err(why) => {
            log::warn!("{}: the manager cannot be called back: {why}", leg.name());
            return without_manager(service, leg, &client);
        }
    };
    let gaps = gaps(&client);
    let destination = service.settings.general.manager.render(&manager, gaps);
    let who = manager.as_str().to_owned();
    let Some(room) = open_room(service, leg.name(), client.clone(), who) else {
        return without_manager(service, leg, &client);
    };
    let id = room.expect_client();
    log::info!("{}: calls the manager back: {destination}", leg.name());
    let conference = &service.settings.conference;
    let call = CallBack {
        destination: &destination,
        number: &shown_number(leg, &manager),
        ring: conference.ring_timeout,
        music: &conference.hold_music,
    };
    let news = RoomNews::new(leg.reference(), &room);
    news.state("WAIT");
    match ways::call_back(leg, &call, &room) {
        Dialled::Answered => stay(service, leg, &room, id),
        Dialled::Gone => {
            news.end(service, Status::Hangup);
            end(leg, Status::Hangup)
        }
        other => {
            log::info!("{}: the manager: {}", leg.name(), other.as_str());
            news.end(service, Status::NoManager);
            without_manager(service, leg, &client)
        }
    }
}

/// The caller id of a manager who is called back, which third persons see: the number that the
/// client dialled, as `Dial` would have given it (W1); where the client's own call came to the
/// manager's extension, the manager's.
fn shown_number(client: &Channel, manager: &Extension) -> String {
    match client.dialled_number() {
        dialled if dialled.is_empty() || dialled == client.extension() => {
            manager.as_str().to_owned()
        }
        dialled => dialled,
    }
}

/// The client's stay in the room, and where it goes then.
pub fn stay(service: &Service, leg: &mut Channel, room: &Arc<Room>, id: u32) -> After {
    leg.set_variable("RUSTCONF_ROOM", &room.id);
    let fate = room.stay(id, leg);
    if leg.is_gone() {
        return end(leg, Status::Hangup);
    }
    match fate {
        Fate::CallBack => call_manager_back(service, leg, &room.manager()),
        Fate::Fallback => without_manager(service, leg, &room.client),
        Fate::HangUp if room.has_joined() => end(leg, Status::Joined),
        Fate::HangUp => end(leg, Status::Talked),
    }
}

/// A8 holds here too: the client gets a person.
fn without_manager(service: &Service, leg: &mut Channel, client: &Client) -> After {
    leg.set_variable("RUSTCONF_STATUS", Status::NoManager.as_str());
    match ring_fallback(service, leg, client) {
        Dialled::Answered => after_talk(service, leg),
        Dialled::Gone => end(leg, Status::Hangup),
        _ => end(leg, Status::NoManager),
    }
}

/// Rings a person, for as long as `[ivr] fallback_timeout` says.
pub fn ring_fallback(service: &Service, leg: &mut Channel, client: &Client) -> Dialled {
    let settings = &service.settings;
    let destination = settings.general.fallback.render(&Fixed, gaps(client));
    log::info!(
        "{}: the client goes to the fallback: rings {destination}",
        leg.name()
    );
    let dial = Dial {
        destination: &destination,
        ring: settings.ivr.fallback_timeout,
        callee: Callee::Fallback,
        keys: Keys::NONE,
        name: "",
    };
    CallLeg::dial(leg, dial)
}

/// A talk that `Dial` made is over. Whose other side left behind a transfer to a room, before both
/// sides were sent there, is called back.
pub fn after_talk(service: &Service, leg: &mut Channel) -> After {
    if leg.is_gone() {
        return After::Over;
    }
    let peer = leg.variable(c"DIALEDPEERNAME").unwrap_or_default();
    match transfers::left_behind(&peer) {
        Some(manager) if !leg.is_gone() => {
            log::info!("{}: {peer} left behind its transfer", leg.name());
            let manager = match manager.as_str() {
                "" => ways::manager_of(&leg.reference(), None, &service.settings.numbers),
                _ => manager,
            };
            call_manager_back(service, leg, &manager)
        }
        _ => After::Over,
    }
}

/// The end of the application for a channel: the dialplan goes on where nobody was reached.
pub fn end(leg: &mut Channel, status: Status) -> After {
    leg.set_variable("RUSTCONF_STATUS", status.as_str());
    log::info!("{}: RustConfAdd: {}", leg.name(), status.as_str());
    match status {
        Status::NoCall | Status::Error | Status::NoManager => After::GoOn,
        Status::Joined | Status::Talked | Status::Hangup => After::Over,
    }
}

fn gaps(client: &Client) -> Gaps<'_> {
    Gaps {
        exten: &client.extension,
        phone: &client.phone,
    }
}

/// A client by the number and the extension that its channel has.
pub fn client_of(service: &Service, number: &str, extension: String) -> Client {
    let phone = Phone::parse(number, &service.settings.numbers);
    Client {
        phone: phone.map_or_else(String::new, |phone| phone.canonical().to_owned()),
        extension,
    }
}

/// A room for a client and a manager, whose number is empty when nothing tells it. `None`: a module
/// of Asterisk is missing, and the log says which.
pub fn open_room(
    service: &Service,
    channel: &str,
    client: Client,
    manager: String,
) -> Option<Arc<Room>> {
    let conference = &service.settings.conference;
    service
        .rooms
        .open(client, manager, &conference.hold_music, conference.orphan)
        .map_err(|why| log::error!("{channel}: {why}"))
        .ok()
}

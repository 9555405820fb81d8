//! `RustConfAdd()`: what one channel does from its way in to its end. The manager's own story is
//! `conference/session.rs`; here channels find their room, the client waits, and nobody is left.

use std::ffi::CStr;
use std::sync::Arc;

use crate::asterisk::application::{After, Application};
use crate::asterisk::channel::Channel;
use crate::asterisk::reference::ChannelRef;
use crate::asterisk::transfer::{TransferHandler, TransferRequest};
use crate::conference::Status;
use crate::conference::session::{Client, Session, Tools};
use crate::conference::ways::{Arguments, Facts, Way, choose, user_of_uri};
use crate::numbers::{Gaps, Number};
use crate::ports::Notice;
use crate::ports::{CallLeg, Dialled, Farewell, Heard, Sound};
use crate::rooms::context::APPLICATION;
use crate::rooms::people::Fate;
use crate::rooms::room::Room;
use crate::rooms::seat::ManagerSeat;
use crate::rooms::ticket::{Role, Ticket};
use crate::rooms::transfers;
use crate::rooms::ways::{self, HeldCall};
use crate::service::{self, Service};

/// The application, for registration.
pub struct RustConfAdd;

impl Application for RustConfAdd {
    const NAME: &'static CStr = APPLICATION;

    fn run(leg: &mut Channel, arguments: &str) -> After {
        service::current().map_or(After::GoOn, |service| run(&service, leg, arguments))
    }
}

/// A transfer to an extension that runs the application (W4).
pub struct TransferToRoom;

impl TransferHandler for TransferToRoom {
    fn requested(request: &TransferRequest) -> bool {
        transfers::carry_out(request, |manager| {
            if let Some(service) = service::current() {
                send_to_room(&service, manager);
            }
        })
    }
}

/// One run of the application.
fn run(service: &Service, leg: &mut Channel, arguments: &str) -> After {
    if let Some((room, role)) = Ticket::use_of(leg) {
        return match role {
            Role::Manager => manage(service, leg, &room),
            Role::Client(id) => be_client(service, leg, &room, id),
            Role::FirstLeg => {
                ways::stay_quiet(leg, &room);
                After::Over
            }
        };
    }
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(why) => {
            log::error!("{}: {why}", leg.name());
            return end(leg, Status::Error);
        }
    };
    let held = ways::held_calls(leg);
    let facts = Facts {
        bridged: leg.is_bridged(),
        transferred: [c"BLINDTRANSFER", c"ATTENDEDTRANSFER", c"SIPTRANSFER"]
            .iter()
            .any(|name| leg.variable(name).is_some()),
        held_calls: held.len(),
    };
    let way = choose(arguments.side, facts);
    log::info!("{}: RustConfAdd: {way:?}", leg.name());
    match way {
        Way::FeatureCode => feature_code(service, leg),
        Way::HeldCall => pull_held_call(service, leg, held),
        Way::CallBack => call_manager_back(service, leg, &arguments),
    }
}

/// W1. Runs inside the bridge's hook, so it only sends both legs on their way.
fn feature_code(service: &Service, leg: &mut Channel) -> After {
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

/// W1, W4: both legs of a call of two go into a room. Whatever fails, the call stays as it is.
fn send_to_room(service: &Service, manager: &ChannelRef) {
    let Some(client) = manager.bridge_peer() else {
        log::warn!(
            "{}: this call has not exactly two sides, nobody can be added to it",
            manager.name()
        );
        return;
    };
    if let Some(room) = open_room(service, &manager.name())
        && !ways::send_both(&room, &client, manager, Role::Manager)
    {
        log::error!(
            "{}: Asterisk would not send both legs to {}",
            manager.name(),
            room.id
        );
    }
}

/// W2.
fn pull_held_call(service: &Service, leg: &mut Channel, held: Vec<HeldCall>) -> After {
    if leg.answer().is_err() {
        return end(leg, Status::Hangup);
    }
    let Some(call) = which_call(service, leg, held) else {
        log::warn!("{}: no call on hold to add a third person to", leg.name());
        if let Some(sound) = notice(service, &leg.language(), Notice::NoCall) {
            CallLeg::play(leg, &sound);
        }
        return end(leg, Status::NoCall);
    };
    let Some(room) = open_room(service, leg.name()) else {
        return end(leg, Status::Error);
    };
    if !ways::send_both(&room, &call.client, &call.first_leg, Role::FirstLeg) {
        log::error!(
            "{}: Asterisk would not send the held call to room {}",
            leg.name(),
            room.id
        );
        return end(leg, Status::Error);
    }
    manage(service, leg, &room)
}

/// The one held call, or the one whose client's number ends with what the manager types: never a
/// wrong client.
fn which_call(service: &Service, leg: &mut Channel, mut held: Vec<HeldCall>) -> Option<HeldCall> {
    if held.len() > 1 {
        let typed = last_digits(service, leg);
        held.retain(|call| !typed.is_empty() && call.number.ends_with(&typed));
    }
    (held.len() == 1).then(|| held.remove(0))
}

/// What the manager types after "which client": to `#`, or until no more comes. It is judged as a
/// whole: its first digits say nothing about how a number ends.
fn last_digits(service: &Service, leg: &mut Channel) -> String {
    let mut typed = String::new();
    let mut heard = notice(service, &leg.language(), Notice::WhichClient)
        .map_or(Heard::Nothing, |sound| CallLeg::play(leg, &sound));
    if heard == Heard::Nothing {
        heard = leg.wait_digit(service.settings.conference.code_timeout);
    }
    while let Heard::Digit(digit) = heard
        && digit.is_ascii_digit()
    {
        typed.push(digit);
        heard = leg.wait_digit(service.settings.conference.code_timeout);
    }
    typed
}

/// W3, W4.
fn call_manager_back(service: &Service, leg: &mut Channel, arguments: &Arguments) -> After {
    if leg.answer().is_err() {
        return end(leg, Status::Hangup);
    }
    let settings = &service.settings;
    let transferer = leg.variable(c"SIPREFERREDBYHDR").unwrap_or_default();
    let wanted = match arguments.manager.as_str() {
        "" => user_of_uri(&transferer),
        manager => manager,
    };
    let manager = match Number::of_manager(wanted) {
        Ok(manager) => manager,
        Err(why) => {
            log::warn!("{}: the manager cannot be called back: {why}", leg.name());
            return without_manager(service, leg);
        }
    };
    let Some(room) = open_room(service, leg.name()) else {
        return without_manager(service, leg);
    };
    let id = room.expect_client();
    let destination = settings.general.manager.render(Gaps {
        number: Some(&manager),
        exten: &leg.extension(),
        phone: &leg.caller_number(),
    });
    log::info!("{}: calls the manager back: {destination}", leg.name());
    let conference = &settings.conference;
    let called = ways::call_back(
        leg,
        &destination,
        conference.ring_timeout,
        &room,
        &conference.hold_music,
    );
    match called {
        Dialled::Answered => be_client(service, leg, &room, id),
        Dialled::Gone => end(leg, Status::Hangup),
        other => {
            log::info!("{}: the manager: {}", leg.name(), other.as_str());
            without_manager(service, leg)
        }
    }
}

/// The manager's session, and whatever happens in it, nobody waits for it afterwards.
fn manage(service: &Service, leg: &mut Channel, room: &Arc<Room>) -> After {
    struct Leave<'r>(&'r Room);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            self.0.leave(Farewell::Orphan);
        }
    }
    let _leave = Leave(room);
    let (language, extension) = (leg.language(), leg.extension());
    leg.set_variable("RUSTCONF_ROOM", &room.id);
    let mut seat = ManagerSeat::take(leg, Arc::clone(room));
    let tools = Tools {
        settings: &service.settings,
        directory: &*service.directory,
        notices: &|wanted| notice(service, &language, wanted),
        live: &|word| {
            log::info!("{}: {word}", room.id);
            room.tell_state(word);
        },
        client: Client {
            phone: "",
            extension: &extension,
        },
    };
    Session::new(&mut seat, tools).run_or_rescue();
    After::Over
}

/// The client's stay in the room, and where it goes then.
fn be_client(service: &Service, leg: &mut Channel, room: &Arc<Room>, id: u32) -> After {
    leg.set_variable("RUSTCONF_ROOM", &room.id);
    let fate = room.stay(id, leg);
    if leg.is_gone() {
        return end(leg, Status::Hangup);
    }
    match fate {
        Fate::Fallback => without_manager(service, leg),
        Fate::HangUp => {
            let status = if room.has_joined() {
                Status::Joined
            } else {
                Status::Talked
            };
            end(leg, status)
        }
    }
}

/// A8 holds here too: the client gets a person.
fn without_manager(service: &Service, leg: &mut Channel) -> After {
    leg.set_variable("RUSTCONF_STATUS", Status::NoManager.as_str());
    let settings = &service.settings;
    let destination = settings.general.fallback.render(Gaps {
        exten: &leg.extension(),
        phone: &leg.caller_number(),
        ..Gaps::default()
    });
    log::info!(
        "{}: the client goes to the fallback: rings {destination}",
        leg.name()
    );
    match CallLeg::dial(leg, &destination, settings.ivr.fallback_timeout) {
        Dialled::Answered => After::Over,
        Dialled::Gone => end(leg, Status::Hangup),
        _ => After::GoOn,
    }
}

fn end(leg: &mut Channel, status: Status) -> After {
    leg.set_variable("RUSTCONF_STATUS", status.as_str());
    log::info!("{}: RustConfAdd: {}", leg.name(), status.as_str());
    match status {
        Status::NoCall | Status::Error | Status::NoManager => After::GoOn,
        Status::Joined | Status::Talked | Status::Hangup => After::Over,
    }
}

fn open_room(service: &Service, channel: &str) -> Option<Arc<Room>> {
    let conference = &service.settings.conference;
    service
        .rooms
        .open(&conference.hold_music, conference.orphan)
        .map_err(|why| log::error!("{channel}: {why}"))
        .ok()
}

fn notice(service: &Service, language: &str, wanted: Notice) -> Option<Sound> {
    service
        .notices
        .sound(wanted, language)
        .map_err(|why| log::warn!("a notice is left out: {why}"))
        .ok()
}

/// Whether a channel is on the endpoint that managers are called at (`[general] manager`). A
/// destination that names no endpoint, such as a Local channel, allows any.
fn is_managers(service: &Service, channel: &str) -> bool {
    match service.managers_endpoint() {
        Some(endpoint) => channel
            .rsplit_once('-')
            .is_some_and(|(name, _)| name == endpoint),
        None => true,
    }
}

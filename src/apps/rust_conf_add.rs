//! `RustConfAdd()`: what a channel is here decides what it does. The manager's part is in
//! `manager.rs`, the client's in `client.rs`, the ways into a room in `ways_in.rs`.

use std::ffi::CStr;

use crate::asterisk::answers::AnswerHandler;
use crate::asterisk::application::{After, Application};
use crate::asterisk::channel::Channel;
use crate::asterisk::transfer::{TransferHandler, TransferRequest};
use crate::conference::Status;
use crate::conference::ways::{Arguments, Facts, Way, choose, user_of_uri};
use crate::rooms::context::{APPLICATION, ROOM};
use crate::rooms::room::Room;
use crate::rooms::ticket::{Role, Ticket};
use crate::rooms::{transfers, ways};
use crate::service::{self, Service};

use super::client::{call_manager_back, client_of, end, or_fallback, stay};
use super::manager::manage;
use super::ways_in::{feature_code, pull_held_call, send_to_room};

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
    fn asked(legs: &[String], referred_by: &str) {
        transfers::asked(legs, referred_by);
    }

    fn requested(request: &TransferRequest) -> bool {
        transfers::carry_out(request, |manager| {
            service::current().is_some_and(|service| send_to_room(&service, manager))
        })
    }
}

impl AnswerHandler for TransferToRoom {
    fn answered(leg: &str) {
        transfers::answered(leg);
    }
}

/// Whatever becomes of a client's stay, nobody waits for the client afterwards.
struct Left<'r>(&'r Room, u32);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.left(self.1);
    }
}

/// One run of the application.
fn run(service: &Service, leg: &mut Channel, arguments: &str) -> After {
    if let Some((room, role)) = Ticket::use_of(leg) {
        return match role {
            Role::Manager => manage(service, leg, &room),
            Role::Client(id) => or_fallback(service, leg, &room.client, |leg| {
                let _left = Left(&room, id);
                stay(service, leg, &room, id)
            }),
            Role::FirstLeg => {
                ways::stay_quiet(leg, &room);
                After::Over
            }
        };
    }
    // The second step of our own context: the first one has used the ticket.
    if leg.context().as_bytes() == ROOM.context.to_bytes() {
        return After::Over;
    }
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(why) => {
            log::error!("{}: {why}", leg.name());
            return end(leg, Status::Error);
        }
    };
    let facts = Facts {
        bridged: leg.is_bridged(),
        transferred: [c"BLINDTRANSFER", c"ATTENDEDTRANSFER", c"SIPTRANSFER"]
            .iter()
            .any(|name| leg.variable(name).is_some()),
    };
    let holds = || ways::holds_a_call(leg, &service.rooms, &service.settings.numbers);
    let way = choose(arguments.side, facts, holds);
    log::info!("{}: RustConfAdd: {way:?}", leg.name());
    match way {
        Way::FeatureCode => feature_code(service, leg),
        Way::HeldCall => pull_held_call(service, leg, &arguments),
        Way::CallBack => {
            let transferer = leg.variable(c"SIPREFERREDBYHDR").unwrap_or_default();
            let manager = match arguments.number.as_str() {
                "" => user_of_uri(&transferer),
                manager => manager,
            };
            let client = client_of(service, &leg.caller_number(), leg.extension());
            or_fallback(service, leg, &client, |leg| {
                call_manager_back(service, leg, manager)
            })
        }
    }
}

//! What programs do to rooms: the same as the manager's keys, and what only an operator can. AMI's
//! face of it is `actions_ami.rs`. Each waits until the manager's session has answered, some seconds
//! at most. An error is a sentence that says what would be right; strangers' text may be in it.

use std::sync::Arc;

use crate::asterisk::reference::ChannelRef;
use crate::numbers::Number;
use crate::ports::{Ask, Directory};
use crate::rooms::room::Room;
use crate::service::Service;

use super::ways_in::{bring_in, is_managers};

/// Whom to add, as a program says it: unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A code of the table, as a manager types it.
    Code(String),
    /// A number, judged as one out of the table is.
    Number(String),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The room's id.
    pub room: String,
    /// The manager's state then, such as `DIAL`.
    pub state: String,
}

/// Adds a third person to a room.
pub fn add(service: &Service, room: &str, whom: &Whom) -> Result<Done, String> {
    let room = find(service, room)?;
    let number = number(service, whom)?;
    ask(&room, Ask::Add(number))
}

/// Adds a third person to the call that a channel is in. A call of two is moved into a room for it, as
/// the feature code does (W1); the manager is whose channel is at the managers' endpoint, else this
/// one.
pub fn add_to_call(service: &Service, channel: &str, whom: &Whom) -> Result<Done, String> {
    let Some(found) = ChannelRef::by_name(channel) else {
        return Err(format!("there is no channel {channel}"));
    };
    let number = number(service, whom)?;
    let rooms = service.rooms.live();
    if let Some(room) = rooms.iter().find(|room| room.has(&found)) {
        return ask(room, Ask::Add(number));
    }
    let Some(peer) = found.bridge_peer() else {
        return Err(format!(
            "{channel} does not talk with exactly one other side: nobody can be added to it"
        ));
    };
    let of_manager = |channel: &ChannelRef| is_managers(service, &channel.name());
    let manager = if of_manager(&peer) && !of_manager(&found) {
        peer
    } else {
        found
    };
    log::info!("{}: a program adds {number}", manager.name());
    let (room, asked) = bring_in(service, &manager, |room| {
        room.ask_whoever_comes(Ask::Add(number))
    })?;
    done(&room, asked.wait())
}

/// Brings the consulted third person and the party together.
pub fn join(service: &Service, room: &str) -> Result<Done, String> {
    ask(&find(service, room)?, Ask::Join)
}

/// Gives up the third person who is called or consulted, or the code that is typed.
pub fn cancel(service: &Service, room: &str) -> Result<Done, String> {
    ask(&find(service, room)?, Ask::Cancel)
}

/// Lets the manager talk with the party while the consulted third person hears music, or back.
pub fn swap(service: &Service, room: &str) -> Result<Done, String> {
    ask(&find(service, room)?, Ask::Swap)
}

/// Hangs up on the client or on a third person, as if that person had hung up.
pub fn kick(service: &Service, room: &str, channel: &str) -> Result<Done, String> {
    let room = find(service, room)?;
    room.kick(channel)?;
    Ok(now(&room))
}

/// Ends a room: everybody in it hangs up.
pub fn end(service: &Service, room: &str) -> Result<Done, String> {
    let room = find(service, room)?;
    room.end();
    Ok(now(&room))
}

/// A room by its id.
pub fn find(service: &Service, id: &str) -> Result<Arc<Room>, String> {
    let room = service.rooms.find(id);
    room.ok_or_else(|| format!("there is no room {id}: RustConfListRooms lists them"))
}

fn ask(room: &Arc<Room>, ask: Ask) -> Result<Done, String> {
    done(room, room.ask(ask))
}

fn done(room: &Room, outcome: Result<&str, &str>) -> Result<Done, String> {
    match outcome {
        Ok(state) => Ok(Done {
            room: room.id.clone(),
            state: state.to_owned(),
        }),
        Err(why) => Err(format!("{}: {why}", room.id)),
    }
}

fn now(room: &Room) -> Done {
    Done {
        room: room.id.clone(),
        state: room.snapshot().state,
    }
}

/// The number, checked as one that a manager's code gives.
fn number(service: &Service, whom: &Whom) -> Result<Number, String> {
    let plan = &service.settings.numbers;
    let code = match whom {
        Whom::Number(number) => {
            return Number::parse(number, plan).map_err(|why| format!("{number}: {why}"));
        }
        Whom::Code(code) => code,
    };
    let answer = service.directory.code(code);
    match answer.map_err(|why| format!("code {code}: {why}"))?.number {
        Some(number) => {
            Number::parse(&number, plan).map_err(|why| format!("the number of code {code}: {why}"))
        }
        None => Err(format!("there is no code {code}")),
    }
}

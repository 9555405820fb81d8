//! How channels get into a room: a bridged call is taken apart (W1), a held call is found and
//! pulled (W2), a manager is called back (W3, W4). `conference/ways.rs` chooses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::ROOM;
use super::room::Room;
use super::ticket::{Role, Ticket};
use crate::asterisk::channel::{Channel, Outgoing};
use crate::asterisk::dial::{DialAttempt, Ring, Waiting};
use crate::asterisk::reference::ChannelRef;
use crate::asterisk::wait::Woken;
use crate::ports::{Dialled, Sound};

/// A telephone's packets come every 20 ms.
const TICK: Duration = Duration::from_millis(20);

/// Sends two channels of one bridge to the room at once; neither is hung up because the other left.
/// False: Asterisk would not send both.
pub fn send_both(room: &Arc<Room>, client: &ChannelRef, other: &ChannelRef, role: Role) -> bool {
    let id = room.expect_client();
    Ticket::new(room, Role::Client(id)).put_on(client);
    Ticket::new(room, role).put_on(other);
    ChannelRef::send_both([client, other], ROOM)
}

/// A call that is on hold: the client, and the leg that holds it.
pub struct HeldCall {
    /// The client's leg.
    pub client: ChannelRef,
    /// The leg that holds it.
    pub first_leg: ChannelRef,
    /// The client's number.
    pub number: String,
}

/// The calls that the leg's own endpoint has on hold.
pub fn held_calls(leg: &Channel) -> Vec<HeldCall> {
    let Some((endpoint, _)) = leg.name().rsplit_once('-') else {
        return Vec::new();
    };
    let held = ChannelRef::all().into_iter().filter(ChannelRef::is_held);
    held.filter_map(|client| {
        let first_leg = client.bridge_peer()?;
        let first_name = first_leg.name();
        let same = first_name
            .rsplit_once('-')
            .is_some_and(|(other, _)| other == endpoint);
        (same && !leg.is(&first_leg)).then(|| HeldCall {
            number: client.caller_number(),
            client,
            first_leg,
        })
    })
    .collect()
}

/// Rings the manager, for `ring` at most, while the client hears music. Answered: the manager is
/// on the way into the room on a thread of its own.
pub fn call_back(
    client: &mut Channel,
    destination: &str,
    ring: Duration,
    room: &Arc<Room>,
    music: &str,
) -> Dialled {
    client.hold_music(Some(music));
    let end = ring_manager(client, destination, ring, room);
    // Before the client joins the room.
    client.hold_music(None);
    end
}

fn ring_manager(
    client: &mut Channel,
    destination: &str,
    ring: Duration,
    room: &Arc<Room>,
) -> Dialled {
    let mut attempt = match DialAttempt::begin(client, destination, ring, Waiting::Music) {
        Ok(attempt) => attempt,
        Err(end) => return end,
    };
    loop {
        match attempt.listen(client, Some(room.over())) {
            Ring::Key(_, ringing) => attempt = ringing,
            // The alert: an operator ends the room.
            Ring::WaiterGone(ringing) | Ring::Alert(ringing) => {
                ringing.cancel(client);
                return Dialled::Gone;
            }
            Ring::Failed(end) => return end,
            Ring::Answered(manager) => {
                return match start_manager(manager, room) {
                    true => Dialled::Answered,
                    false => Dialled::Unavailable,
                };
            }
        }
    }
}

/// Lets a leg that answered run the application as the room's manager, as any other call.
fn start_manager(manager: Outgoing, room: &Arc<Room>) -> bool {
    Ticket::new(room, Role::Manager).put_on(&manager.reference());
    manager.run_dialplan(ROOM)
}

/// The manager's first leg (W2) stays up and quiet until the room's manager is gone. It is sent
/// silence: a far end that hears no packet for a while may end the call.
pub fn stay_quiet(leg: &mut Channel, room: &Room) {
    let silence = Sound::silence(Duration::from_secs(1));
    loop {
        // The wait is what is left if the channel can play nothing.
        let played = leg.play(&silence, Some(room.over()));
        let woken = match played {
            Woken::Elapsed => leg.wait(Instant::now() + TICK, Some(room.over()), None),
            other => other,
        };
        match woken {
            Woken::Key(_) | Woken::Elapsed | Woken::Leg(_) => {}
            Woken::Alert | Woken::Gone => return,
        }
    }
}

//! How channels get into a room: a bridged call is taken apart (W1), a held call is found and
//! pulled (W2), a manager is called back (W3, W4). `conference/ways.rs` chooses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::ROOM;
use super::room::{Room, Rooms};
use super::ticket::{Role, Ticket};
use crate::asterisk::channel::{Channel, Outgoing};
use crate::asterisk::dial::{DialAttempt, Ring, Waiting};
use crate::asterisk::reference::ChannelRef;
use crate::asterisk::wait::Woken;
use crate::conference::held::{Seen, Traces};
use crate::conference::ways::endpoint_of_channel;
use crate::numbers::NumberPlan;
use crate::ports::{Dialled, Sound};

/// A telephone's packets come every 20 ms.
const TICK: Duration = Duration::from_millis(20);

/// Sends two channels of one bridge to the room at once; neither is hung up because the other left.
/// False: Asterisk would not send both, or somebody else is just sending them elsewhere.
pub fn send_both(room: &Arc<Room>, client: &ChannelRef, other: &ChannelRef, role: Role) -> bool {
    send_both_if(room, client, other, role, || true)
}

/// `still`: whether the call is what it was; asked when nobody else can send the client away.
fn send_both_if(
    room: &Arc<Room>,
    client: &ChannelRef,
    other: &ChannelRef,
    role: Role,
    still: impl FnOnce() -> bool,
) -> bool {
    let id = room.expect_client();
    if !Ticket::new(room, Role::Client(id)).put_on(client) {
        return false;
    }
    if still() && Ticket::new(room, role).put_on(other) {
        return ChannelRef::send_both([client, other], ROOM);
    }
    Ticket::take_back(client);
    false
}

/// W2: brings the client of a call into the room. False: the call is not any more what was seen, be
/// it that another manager was faster.
pub fn pull(room: &Arc<Room>, call: &SeenCall) -> bool {
    let SeenCall {
        client,
        first_leg,
        seen,
    } = call;
    let unchanged = || {
        let peer = client.bridge_peer();
        client.is_held() == seen.held && peer.is_some_and(|peer| peer.is(first_leg))
    };
    send_both_if(room, client, first_leg, Role::FirstLeg, unchanged)
}

/// A call of an endpoint: a client, and the leg of the endpoint that talks with it or holds it.
pub struct SeenCall {
    /// The client's leg.
    pub client: ChannelRef,
    /// The endpoint's leg.
    pub first_leg: ChannelRef,
    /// What is known of them.
    pub seen: Seen,
}

/// The other calls of the leg's own endpoint. A manager and a client in a room are none: they are two in
/// a bridge as well, and another manager must not take the client out of it.
pub fn calls_of_endpoint(leg: &Channel, rooms: &Rooms, plan: &NumberPlan) -> Vec<SeenCall> {
    let endpoint = endpoint_of_channel(leg.name());
    let of_endpoint = |first_leg: &ChannelRef| {
        endpoint_of_channel(&first_leg.name()) == endpoint && !leg.is(first_leg)
    };
    let first_legs = ChannelRef::all().into_iter().filter(of_endpoint);
    let rooms = rooms.live();
    let in_a_room = |first_leg: &ChannelRef| rooms.iter().any(|room| room.is_managed_by(first_leg));
    first_legs
        .filter(|first_leg| !in_a_room(first_leg))
        .filter_map(|first_leg| {
            let client = first_leg.bridge_peer()?;
            let seen = look_at(&client, &first_leg, plan);
            Some(SeenCall {
                client,
                first_leg,
                seen,
            })
        })
        .collect()
}

/// Whether the leg's own endpoint has a call on hold.
pub fn holds_a_call(leg: &Channel, rooms: &Rooms, plan: &NumberPlan) -> bool {
    let calls = calls_of_endpoint(leg, rooms, plan);
    calls.iter().any(|call| call.seen.held)
}

/// The manager's extension, as far as a call tells it; empty when it does not. `leg`: the manager's,
/// while there is one.
pub fn manager_of(client: &ChannelRef, leg: Option<&ChannelRef>, plan: &NumberPlan) -> String {
    let placed = leg.filter(|leg| leg.position().is_some());
    let traces = Traces {
        placed_by: placed.map(ChannelRef::caller_number),
        connected: client.connected_number(),
        dialled: client.variable(c"DIALEDPEERNUMBER"),
        office: [client.extension(), client.dialled_number()],
    };
    traces.manager(plan).unwrap_or_default()
}

fn look_at(client: &ChannelRef, first_leg: &ChannelRef, plan: &NumberPlan) -> Seen {
    let manager = manager_of(client, Some(first_leg), plan);
    Seen {
        number: client.caller_number(),
        held: client.is_held(),
        manager: (!manager.is_empty()).then_some(manager),
    }
}

/// A manager to be called back.
pub struct CallBack<'w> {
    /// The `Dial()` destination.
    pub destination: &'w str,
    /// The leg's caller id, which a third person sees.
    pub number: &'w str,
    /// How long it rings at most.
    pub ring: Duration,
    /// What the client hears meanwhile, a class of `musiconhold.conf`.
    pub music: &'w str,
}

/// Rings the manager while the client hears music. Answered: the manager is on the way into the
/// room on a thread of its own.
pub fn call_back(client: &mut Channel, call: &CallBack<'_>, room: &Arc<Room>) -> Dialled {
    client.hold_music(Some(call.music));
    let end = ring_manager(client, call, room);
    // Before the client joins the room.
    client.hold_music(None);
    end
}

fn ring_manager(client: &mut Channel, call: &CallBack<'_>, room: &Arc<Room>) -> Dialled {
    let CallBack {
        destination,
        number,
        ring,
        ..
    } = *call;
    let begun = DialAttempt::begin(client, destination, number, ring, Waiting::Music);
    let mut attempt = match begun {
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

//! How channels get into a room, as the host does it: a bridged call is taken apart (W1), a held
//! call is found and pulled (W2), a manager is called back (W3, W4). `conference/ways.rs` chooses.

use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, Ring, Waiting};
use super::channel::{Channel, ChannelRef, Waited, wait_key};
use super::room::Room;
use super::ticket::{Role, Ticket};
use super::{c_string, sys};
use crate::ports::Dialled;

/// Where channels are sent: a context of ours whose only application is `RustConfAdd`.
const CONTEXT: &CStr = c"res_rust_ivr-room";
const REGISTRAR: &CStr = c"res_rust_ivr";
const APPLICATION: &CStr = c"RustConfAdd";

/// The one extension of the context; the ticket says what the channel is.
const EXTENSION: &CStr = c"room";

/// The context, as long as it lives.
pub struct RoomContext(());

impl RoomContext {
    /// Makes the context. `dialplan reload` leaves it alone, because its registrar is not pbx_config.
    pub fn register() -> Result<Self, String> {
        // SAFETY: static strings; NULL tables are the global ones, NULL data is none.
        let made = unsafe {
            !sys::ast_context_find_or_create(
                ptr::null_mut(),
                ptr::null_mut(),
                CONTEXT.as_ptr(),
                REGISTRAR.as_ptr(),
            )
            .is_null()
                && sys::ast_add_extension(
                    CONTEXT.as_ptr(),
                    1,
                    EXTENSION.as_ptr(),
                    1,
                    ptr::null(),
                    ptr::null(),
                    APPLICATION.as_ptr(),
                    ptr::null_mut(),
                    None,
                    REGISTRAR.as_ptr(),
                ) == 0
        };
        // SAFETY: as above.
        unsafe { add_transfer_subroutine() };
        made.then_some(Self(()))
            .ok_or_else(|| "Asterisk refused the context of the rooms".to_owned())
    }
}

/// What `Dial` runs on a manager's new leg (transfer.rs): two priorities of the context.
///
/// # Safety
/// The context exists.
unsafe fn add_transfer_subroutine() {
    let priorities = [
        (1, c"Set", c"PJSIP_TRANSFER_HANDLING()=ari-only".as_ptr()),
        (2, c"Return", ptr::null()),
    ];
    for (priority, application, data) in priorities {
        // SAFETY: static strings, which nobody frees because there is no destructor.
        unsafe {
            sys::ast_add_extension(
                CONTEXT.as_ptr(),
                1,
                c"transfers".as_ptr(),
                priority,
                ptr::null(),
                ptr::null(),
                application.as_ptr(),
                data.cast_mut().cast(),
                None,
                REGISTRAR.as_ptr(),
            );
        }
    }
}

impl Drop for RoomContext {
    fn drop(&mut self) {
        // SAFETY: destroys what this registrar made, and nothing else.
        unsafe { sys::ast_context_destroy(ptr::null_mut(), REGISTRAR.as_ptr()) };
    }
}

/// Whether the application runs inside a bridge, from a feature code.
pub(crate) fn is_bridged(leg: &Channel) -> bool {
    // SAFETY: a live channel; reads one pointer.
    unsafe { sys::ast_channel_is_bridged(leg.raw().as_ptr()) != 0 }
}

/// The other side of a bridge of two.
pub(crate) fn peer_of(channel: &ChannelRef) -> Option<ChannelRef> {
    // SAFETY: takes the locks itself and returns a reference for us.
    unsafe { ChannelRef::given(sys::ast_channel_bridge_peer(channel.as_ptr())) }
}

/// Sends two channels of one bridge to the room at once; neither is hung up because the other left.
pub(crate) fn send_both(
    room: &Arc<Room>,
    client: &ChannelRef,
    other: &ChannelRef,
    role: Role,
) -> bool {
    let id = room.expect_client();
    Ticket::new(room, Role::Client(id)).put_on(client);
    Ticket::new(room, role).put_on(other);
    let both = [client, other];
    for channel in both {
        // SAFETY: locks the channel; the bridge waits for the second redirect
        // (main/manager.c does the same for AMI's Redirect with ExtraChannel).
        unsafe { sys::rust_ivr_dual_redirect_wait(channel.as_ptr(), 1) };
    }
    let sent = both.map(send);
    for channel in both {
        // SAFETY: as above.
        unsafe { sys::rust_ivr_dual_redirect_wait(channel.as_ptr(), 0) };
    }
    sent.iter().all(|sent| *sent)
}

fn send(channel: &ChannelRef) -> bool {
    // SAFETY: a channel that is alive; strings are copied; no lock is held.
    unsafe {
        sys::ast_bridge_discard_after_goto(channel.as_ptr());
        sys::ast_async_goto(channel.as_ptr(), CONTEXT.as_ptr(), EXTENSION.as_ptr(), 1) == 0
    }
}

/// A call that is on hold: the client, and the leg that holds it.
pub(crate) struct HeldCall {
    pub client: ChannelRef,
    pub first_leg: ChannelRef,
    /// The client's number.
    pub number: String,
}

/// The calls that the leg's own endpoint has on hold.
pub(crate) fn held_calls(leg: &Channel, name: &str) -> Vec<HeldCall> {
    let Some((endpoint, _)) = name.rsplit_once('-') else {
        return Vec::new();
    };
    all_channels()
        .into_iter()
        .filter(is_held)
        .filter_map(|client| {
            let first_leg = peer_of(&client)?;
            let first_name = first_leg.name();
            let same = first_name
                .rsplit_once('-')
                .is_some_and(|(other, _)| other == endpoint);
            (same && first_leg.as_ptr() != leg.raw().as_ptr()).then(|| HeldCall {
                number: client.caller_number(),
                client,
                first_leg,
            })
        })
        .collect()
}

fn is_held(channel: &ChannelRef) -> bool {
    // SAFETY: a live reference; reads one integer. A channel whose other side holds it was told
    // so by AST_CONTROL_HOLD (main/channel.c: ast_indicate_data keeps it).
    unsafe { sys::ast_channel_hold_state(channel.as_ptr()) == sys::AST_CONTROL_HOLD as i32 }
}

fn all_channels() -> Vec<ChannelRef> {
    let mut channels = Vec::new();
    // SAFETY: the iterator is ours; each channel that it returns is a reference for us.
    unsafe {
        let iterator = sys::ast_channel_iterator_all_new();
        if iterator.is_null() {
            return channels;
        }
        while let Some(channel) = ChannelRef::given(sys::ast_channel_iterator_next(iterator)) {
            channels.push(channel);
        }
        sys::ast_channel_iterator_destroy(iterator);
    }
    channels
}

/// Rings the manager while the client hears music. Answered: the manager is on the way into the
/// room on a thread of its own.
pub(crate) fn call_back(
    client: &Channel,
    destination: &str,
    ring: Duration,
    room: &Arc<Room>,
    music: &str,
) -> Dialled {
    let class = c_string(music);
    // SAFETY: own thread; locks the channel. Ends before the client joins the room.
    unsafe { sys::ast_moh_start(client.raw().as_ptr(), class.as_ptr(), ptr::null()) };
    let end = ring_manager(client, destination, ring, room);
    // SAFETY: as above.
    unsafe { sys::ast_moh_stop(client.raw().as_ptr()) };
    end
}

fn ring_manager(client: &Channel, destination: &str, ring: Duration, room: &Arc<Room>) -> Dialled {
    let mut attempt = match Attempt::begin(client, destination, ring, Waiting::Music) {
        Ok(attempt) => attempt,
        Err(end) => return end,
    };
    loop {
        match attempt.listen(client, room.over()) {
            Ring::Key(_) => {}
            // The bell: an operator ends the room.
            Ring::WaiterGone | Ring::Bell => {
                attempt.cancel(client);
                return Dialled::Gone;
            }
            Ring::Failed(end) => return end,
            Ring::Answered => {
                return match attempt.answered() {
                    Some(manager) if start_manager(manager, room) => Dialled::Answered,
                    _ => Dialled::Unavailable,
                };
            }
        }
    }
}

/// Lets a channel that answered run the application as the room's manager, as any other call.
fn start_manager(manager: NonNull<sys::ast_channel>, room: &Arc<Room>) -> bool {
    // SAFETY: the channel is ours and not in use; ast_pbx_start takes it when it succeeds, and
    // the thread that it starts hangs it up in the end (main/pbx.c).
    unsafe {
        let reference = ChannelRef::to(manager);
        Ticket::new(room, Role::Manager).put_on(&reference);
        {
            let lock = super::channel::Lock::take(manager);
            sys::ast_channel_context_set(lock.as_ptr(), CONTEXT.as_ptr());
            sys::ast_channel_exten_set(lock.as_ptr(), EXTENSION.as_ptr());
            sys::ast_channel_priority_set(lock.as_ptr(), 1);
        }
        let started = sys::ast_pbx_start(manager.as_ptr()) == sys::AST_PBX_SUCCESS;
        if !started {
            sys::ast_hangup(manager.as_ptr());
        }
        started
    }
}

/// The manager's first leg (W2) stays up and quiet until the room's manager is gone.
pub(crate) fn stay_quiet(leg: &Channel, room: &Room) {
    loop {
        // SAFETY: own thread of a live channel, unlocked.
        match unsafe { wait_key(leg.raw(), Duration::from_secs(3600), room.over()) } {
            Waited::Key(_) | Waited::Nothing => {}
            Waited::Bell | Waited::Gone => return,
        }
    }
}

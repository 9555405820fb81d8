//! Tickets: a channel that is sent to a room carries one, so that the application knows what the
//! channel is to be there, and so that nobody waits for a channel that ends on its way.

use std::os::raw::c_void;
use std::ptr;
use std::sync::Arc;

use super::channel::{Channel, ChannelRef, Lock};
use super::guard::guard;
use super::room::Room;
use super::sys;
use crate::ports::Farewell;

/// What a channel is to be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The owner.
    Manager,
    /// The client, whom the room expects under this id.
    Client(u32),
    /// The manager's first leg (W2): up and quiet until the room's manager is gone.
    FirstLeg,
}

/// An invitation that the channel has not used yet. Dropped unused, the room is told.
pub(crate) struct Ticket {
    room: Arc<Room>,
    role: Role,
    used: bool,
}

/// The host compares its address, so it must not move; nobody writes to it.
struct Info(sys::ast_datastore_info);

// SAFETY: constants and function pointers.
unsafe impl Sync for Info {}

static INFO: Info = Info(sys::ast_datastore_info {
    type_: c"res_rust_ivr room".as_ptr(),
    duplicate: None,
    destroy: Some(destroy),
    chan_fixup: None,
    chan_breakdown: None,
});

impl Ticket {
    pub(crate) fn new(room: &Arc<Room>, role: Role) -> Self {
        Self {
            room: Arc::clone(room),
            role,
            used: false,
        }
    }

    /// Gives the ticket to a channel.
    pub(crate) fn put_on(self, channel: &ChannelRef) {
        // SAFETY: allocates; the data is the host's until `destroy` or `take`.
        unsafe {
            let datastore = sys::rust_ivr_datastore_alloc(&raw const INFO.0);
            if datastore.is_null() {
                return;
            }
            sys::rust_ivr_datastore_set(datastore, Box::into_raw(Box::new(self)).cast());
            let _lock = Lock::take(channel.as_non_null());
            sys::ast_channel_datastore_add(channel.as_ptr(), datastore);
        }
    }

    /// The channel's ticket, if it has one.
    pub(crate) fn take_from(leg: &Channel) -> Option<(Arc<Room>, Role)> {
        let raw = leg.raw().as_ptr();
        // SAFETY: the lock is held while the list is searched and changed; the data is a box of
        // `put_on`, taken out before the datastore is freed.
        let mut ticket = unsafe {
            let lock = Lock::take(leg.raw());
            let datastore = sys::ast_channel_datastore_find(raw, &raw const INFO.0, ptr::null());
            if datastore.is_null() {
                return None;
            }
            sys::ast_channel_datastore_remove(raw, datastore);
            drop(lock);
            let data = sys::rust_ivr_datastore_take(datastore);
            sys::ast_datastore_free(datastore);
            Box::from_raw(data.cast::<Self>())
        };
        ticket.used = true;
        Some((Arc::clone(&ticket.room), ticket.role))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        match self.role {
            _ if self.used => {}
            Role::Manager => self.room.leave(Farewell::Orphan),
            Role::Client(id) => self.room.left(id),
            Role::FirstLeg => {}
        }
    }
}

/// The channel ended with its ticket unused. Runs while the channel is destroyed, unlocked.
unsafe extern "C" fn destroy(data: *mut c_void) {
    guard((), || {
        if !data.is_null() {
            // SAFETY: a box of `put_on`, given back once.
            drop(unsafe { Box::from_raw(data.cast::<Ticket>()) });
        }
    });
}

//! Tickets: a channel that is sent to a room carries one, so that the application knows what the
//! channel is to be there, and so that nobody waits for a channel that ends on its way.

use std::ffi::CStr;
use std::sync::Arc;

use super::room::Room;
use crate::asterisk::channel::Channel;
use crate::asterisk::datastore::Datastore;
use crate::asterisk::reference::ChannelRef;
use crate::ports::Farewell;

/// What a channel is to be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The owner.
    Manager,
    /// The client, whom the room expects under this id.
    Client(u32),
    /// The manager's first leg (W2): up and quiet until the room's manager is gone.
    FirstLeg,
}

/// An invitation that the channel has not used yet. Dropped unused, the room is told.
pub struct Ticket {
    room: Arc<Room>,
    role: Role,
    used: bool,
}

impl Datastore for Ticket {
    const NAME: &'static CStr = c"room";
}

impl Ticket {
    /// An invitation to `room`.
    pub fn new(room: &Arc<Room>, role: Role) -> Self {
        Self {
            room: Arc::clone(room),
            role,
            used: false,
        }
    }

    /// Gives the ticket to a channel.
    pub fn put_on(self, channel: &ChannelRef) {
        channel.carry(self);
    }

    /// Uses the channel's ticket, if it has one.
    pub fn use_of(channel: &mut Channel) -> Option<(Arc<Room>, Role)> {
        let mut ticket: Self = channel.take()?;
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

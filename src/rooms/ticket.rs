//! Tickets: a channel that is sent to a room carries one, so that the application knows what the
//! channel is to be there, and so that nobody waits for a channel that ends on its way.

use std::ffi::CStr;
use std::sync::Arc;

use super::room::Room;
use super::transfers::transferred;
use crate::asterisk::channel::Channel;
use crate::asterisk::context::Position;
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
    /// The channel that carries it.
    channel: String,
    /// Where the channel was before; the way into the room has no extension to tell.
    from: Option<Position>,
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
            channel: String::new(),
            from: None,
            used: false,
        }
    }

    /// Gives the ticket to a channel, before that is sent anywhere. False: it has another one,
    /// since somebody else is just sending it to a room.
    pub fn put_on(mut self, channel: &ChannelRef) -> bool {
        self.channel = channel.name();
        self.from = channel.position();
        channel.carry(self)
    }

    /// Takes an unused ticket back.
    pub fn take_back(channel: &ChannelRef) {
        drop(channel.take::<Self>());
    }

    /// Uses the channel's ticket, if it has one. The channel is back where it was in the dialplan,
    /// if it ran one, and goes on there when the application returns.
    pub fn use_of(channel: &mut Channel) -> Option<(Arc<Room>, Role)> {
        let mut ticket: Self = channel.reference().take()?;
        ticket.used = true;
        if let Some(from) = &ticket.from {
            channel.go_back_to(from);
        }
        Some((Arc::clone(&ticket.room), ticket.role))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        match self.role {
            _ if self.used => {}
            Role::Manager => match transferred(&self.channel) {
                Some(manager) => self.room.call_back(&manager),
                None => self.room.leave(Farewell::Orphan),
            },
            Role::Client(id) => self.room.left(id),
            Role::FirstLeg => {}
        }
    }
}

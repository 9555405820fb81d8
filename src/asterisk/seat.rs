//! The manager's place in a room: `Seat` on an Asterisk channel.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, Ring, Waiting};
use super::channel::{Channel, Waited, wait_key};
use super::playback;
use super::room::Room;
use crate::ports::{CallLeg, Dialled, Farewell, Happened, Seat, Sound};

/// A manager in a room.
pub struct ManagerSeat<'c> {
    leg: &'c mut Channel,
    room: Arc<Room>,
    third: Option<ThirdPerson>,
}

enum ThirdPerson {
    Rings(Attempt),
    /// The dial ended before anybody listened.
    Failed(Dialled),
    Consulted(u32),
}

impl<'c> ManagerSeat<'c> {
    /// Takes the seat; from now on the room's news reach this channel.
    pub(crate) fn take(leg: &'c mut Channel, room: Arc<Room>) -> Self {
        room.seat(leg.reference());
        Self {
            leg,
            room,
            third: None,
        }
    }

    fn waited(&self, waited: Waited) -> Happened {
        match waited {
            Waited::Key(key) => Happened::Digit(key),
            Waited::Nothing => Happened::Nothing,
            Waited::Bell => self.room.news().unwrap_or(Happened::Nothing),
            // Who left before is told first.
            Waited::Gone => self.room.news().unwrap_or(Happened::Gone),
        }
    }
}

impl Seat for ManagerSeat<'_> {
    fn name(&self) -> &str {
        self.leg.name()
    }

    fn hold_party(&mut self) {
        self.room.hold_party(true);
    }

    fn release_party(&mut self) {
        self.room.hold_party(false);
    }

    fn talk(&mut self, keys: &[char]) -> Happened {
        self.room.talk(self.leg, keys)
    }

    fn play(&mut self, sound: &Sound) -> Happened {
        if let Some(news) = self.room.news() {
            return news;
        }
        // SAFETY: own thread of a live channel, unlocked, in no bridge.
        let waited = unsafe { playback::play(self.leg.raw(), sound, self.room.bell()) };
        self.waited(waited)
    }

    fn wait_digit(&mut self, within: Duration) -> Happened {
        if let Some(news) = self.room.news() {
            return news;
        }
        // SAFETY: as in `play`.
        let waited = unsafe { wait_key(self.leg.raw(), within, self.room.bell()) };
        self.waited(waited)
    }

    fn call_third(&mut self, destination: &str, ring: Duration) {
        let attempt = Attempt::begin(self.leg, destination, ring, Waiting::Ringback);
        self.third = Some(attempt.map_or_else(ThirdPerson::Failed, ThirdPerson::Rings));
    }

    fn await_third(&mut self, cancel: char) -> Happened {
        loop {
            if let Some(news) = self.room.news() {
                return news;
            }
            let ring = match &mut self.third {
                Some(ThirdPerson::Rings(attempt)) => attempt.listen(self.leg, self.room.bell()),
                Some(ThirdPerson::Failed(end)) => Ring::Failed(*end),
                Some(ThirdPerson::Consulted(_)) | None => Ring::Failed(Dialled::Unavailable),
            };
            match ring {
                Ring::Key(key) if key == cancel => return Happened::Digit(key),
                Ring::Key(_) | Ring::Bell => {}
                Ring::WaiterGone => return self.room.news().unwrap_or(Happened::Gone),
                Ring::Failed(end) => {
                    self.third = None;
                    return Happened::Dialled(end);
                }
                Ring::Answered => return Happened::Dialled(self.bring_in()),
            }
        }
    }

    fn join_third(&mut self) {
        if let Some(ThirdPerson::Consulted(id)) = self.third.take() {
            self.room.join_consulted(id);
        }
    }

    fn drop_third(&mut self) {
        match self.third.take() {
            Some(ThirdPerson::Rings(attempt)) => attempt.cancel(self.leg),
            Some(ThirdPerson::Consulted(id)) => self.room.drop_consulted(id),
            Some(ThirdPerson::Failed(_)) | None => {}
        }
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        self.leg.set_variable(name, value);
    }

    fn leave(&mut self, farewell: Farewell) {
        self.drop_third();
        self.room.leave(farewell);
    }
}

impl ManagerSeat<'_> {
    fn bring_in(&mut self) -> Dialled {
        let channel = match self.third.take() {
            Some(ThirdPerson::Rings(attempt)) => attempt.answered(),
            _ => None,
        };
        match channel.and_then(|channel| self.room.admit_consulted(channel)) {
            Some(id) => {
                self.third = Some(ThirdPerson::Consulted(id));
                Dialled::Answered
            }
            None => Dialled::Unavailable,
        }
    }
}

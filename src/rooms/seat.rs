//! The manager's place in a room: `Seat` on an Asterisk channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::room::Room;
use super::transfers::{has_transferred, transferred};
use crate::asterisk::bridge::Digits;
use crate::asterisk::channel::Channel;
use crate::asterisk::dial::{DialAttempt, Ring, Waiting};
use crate::asterisk::wait::Woken;
use crate::asterisk::whisper::Whisper;
use crate::numbers::{Keys, Number};
use crate::ports::panics::point;
use crate::ports::{Dialled, Farewell, Happened, Seat, Sound};

/// A manager in a room.
pub struct ManagerSeat<'c> {
    leg: &'c mut Channel,
    room: Arc<Room>,
    third: Option<ThirdPerson>,
    /// What the third person is sent after the answer.
    keys: Keys,
    /// Over the next talk.
    whisper: Option<Whisper>,
    /// Of keys that are none of a state's.
    digits: Digits,
}

enum ThirdPerson {
    Rings(DialAttempt),
    /// The dial ended before anybody listened.
    Failed(Dialled),
    Consulted(u32),
}

impl<'c> ManagerSeat<'c> {
    /// Takes the seat; from now on the room's news reach this channel.
    pub fn take(leg: &'c mut Channel, room: Arc<Room>, digits: Digits) -> Self {
        room.seat(leg.reference());
        Self {
            leg,
            room,
            third: None,
            keys: Keys::default(),
            whisper: None,
            digits,
        }
    }

    fn happened(&self, woken: Woken) -> Happened {
        match woken {
            Woken::Key(key) => Happened::Digit(key),
            Woken::Elapsed | Woken::Leg(_) => Happened::Nothing,
            Woken::Alert => self.room.news().unwrap_or(Happened::Nothing),
            Woken::Gone => self.gone(),
        }
    }

    /// The leg has ended. Who left before is told first.
    fn gone(&self) -> Happened {
        self.room
            .news()
            .unwrap_or_else(|| match has_transferred(self.leg.name()) {
                Some(_) => Happened::Transferred,
                None => Happened::Gone,
            })
    }
}

impl Seat for ManagerSeat<'_> {
    fn name(&self) -> &str {
        point("Seat::name");
        self.leg.name()
    }

    fn hold_party(&mut self) {
        point("Seat::hold_party");
        self.room.hold_party(true);
    }

    fn release_party(&mut self) {
        point("Seat::release_party");
        self.room.hold_party(false);
    }

    fn talk(&mut self, keys: &[char]) -> Happened {
        point("Seat::talk");
        let happened = self.room.talk(self.leg, keys, self.digits);
        self.whisper = None;
        match happened {
            Happened::Gone => self.gone(),
            happened => happened,
        }
    }

    fn play(&mut self, sound: &Sound) -> Happened {
        point("Seat::play");
        if let Some(news) = self.room.news() {
            return news;
        }
        let woken = self.leg.play(sound, Some(self.room.bell()));
        if let Some(ThirdPerson::Rings(attempt)) = &self.third {
            attempt.ring_on(self.leg);
        }
        self.happened(woken)
    }

    fn whisper(&mut self, sound: &Sound) {
        point("Seat::whisper");
        self.whisper = self.leg.whisper(sound);
    }

    fn wait_digit(&mut self, within: Duration) -> Happened {
        point("Seat::wait_digit");
        if let Some(news) = self.room.news() {
            return news;
        }
        let until = Instant::now() + within;
        let woken = self.leg.wait(until, Some(self.room.bell()), None);
        self.happened(woken)
    }

    fn call_third(&mut self, number: &Number, destination: &str, ring: Duration) {
        point("Seat::call_third");
        self.room.tell_called(number.as_str());
        self.keys.clone_from(number.keys());
        let attempt = DialAttempt::begin(self.leg, destination, "", ring, Waiting::Ringback);
        self.third = Some(attempt.map_or_else(ThirdPerson::Failed, ThirdPerson::Rings));
    }

    fn await_third(&mut self, cancel: char) -> Happened {
        point("Seat::await_third");
        loop {
            if let Some(news) = self.room.news() {
                return news;
            }
            let ring = match self.third.take() {
                Some(ThirdPerson::Rings(attempt)) => {
                    attempt.listen(self.leg, Some(self.room.bell()))
                }
                Some(ThirdPerson::Failed(end)) => Ring::Failed(end),
                Some(ThirdPerson::Consulted(_)) | None => Ring::Failed(Dialled::Unavailable),
            };
            match ring {
                Ring::Key(key, attempt) => {
                    self.third = Some(ThirdPerson::Rings(attempt));
                    if key == cancel {
                        return Happened::Digit(key);
                    }
                }
                Ring::Alert(attempt) => self.third = Some(ThirdPerson::Rings(attempt)),
                Ring::WaiterGone(attempt) => {
                    self.third = Some(ThirdPerson::Rings(attempt));
                    return self.gone();
                }
                Ring::Failed(end) => return Happened::Dialled(end),
                Ring::Answered(leg) => {
                    let Some(id) = self.room.admit_consulted(leg, &self.keys) else {
                        return Happened::Dialled(Dialled::Unavailable);
                    };
                    self.third = Some(ThirdPerson::Consulted(id));
                    return Happened::Dialled(Dialled::Answered);
                }
            }
        }
    }

    fn join_third(&mut self) {
        point("Seat::join_third");
        if let Some(ThirdPerson::Consulted(id)) = self.third.take() {
            self.room.join_consulted(id);
        }
    }

    fn hold_third(&mut self, on_hold: bool) {
        point("Seat::hold_third");
        if let Some(ThirdPerson::Consulted(id)) = self.third {
            self.room.hold_consulted(id, on_hold);
        }
    }

    fn answer(&mut self, outcome: Result<&'static str, &'static str>) {
        point("Seat::answer");
        self.room.answer(outcome);
    }

    fn drop_third(&mut self) {
        point("Seat::drop_third");
        match self.third.take() {
            Some(ThirdPerson::Rings(attempt)) => attempt.cancel(self.leg),
            Some(ThirdPerson::Consulted(id)) => self.room.drop_consulted(id),
            Some(ThirdPerson::Failed(_)) | None => {}
        }
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        point("Seat::set_variable");
        self.leg.set_variable(name, value);
    }

    fn leave(&mut self, farewell: Farewell) {
        point("Seat::leave");
        self.drop_third();
        match (farewell, transferred(self.leg.name())) {
            (Farewell::CallBack, Some(manager)) => self.room.call_back(&manager),
            _ => self.room.leave(farewell),
        }
    }
}

//! The story of a manager in a room: talk, ask for a code, look it up, dial, consult, join, leave.
//! `flow.rs` decides; this file does what it says and reports what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::flow::{self, Act, Event, Phase, Rules, State};
use super::{Client, Status};
use crate::numbers::{Gaps, Number};
use crate::ports::{Ask, Directory, Farewell, Happened, Notice, Party, Seat, Sound};
use crate::settings::Settings;

/// What a manager works with from begin to end, whatever is reloaded meanwhile.
#[derive(Clone, Copy)]
pub struct Tools<'t> {
    /// The configuration.
    pub settings: &'t Settings,
    /// The codes.
    pub directory: &'t dyn Directory,
    /// The recordings in the manager's language. `None`: there is none, and its maker has said so.
    pub notices: &'t dyn Fn(Notice) -> Option<Sound>,
    /// Is told the state's word, [`State::word`], at the begin and whenever it changes.
    pub live: &'t dyn Fn(&str),
    /// Is told of third persons, before the state's word.
    pub third: &'t dyn Fn(Third<'_>),
    /// What fills the gaps of a destination beside the number.
    pub client: &'t Client,
}

/// What became of a third person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Third<'n> {
    /// The manager calls this number.
    Called(&'n Number),
    /// Whom the manager called last joins.
    Joined,
}

/// One manager on the way.
pub struct Session<'s> {
    seat: &'s mut dyn Seat,
    tools: Tools<'s>,
    state: State,
    /// The room has been told what becomes of it.
    left: bool,
}

impl<'s> Session<'s> {
    /// A manager who is together with the client.
    pub fn new(seat: &'s mut dyn Seat, tools: Tools<'s>) -> Self {
        Self {
            seat,
            tools,
            state: State::START,
            left: false,
        }
    }

    /// Runs to the end, and after a bug of ours still strands nobody. `RUSTCONF_STATUS` is set
    /// and the seat has been left when it returns.
    /// Panics only when the way out has a bug as well.
    pub fn run_or_rescue(&mut self) -> Status {
        // What the panic left half done is the room's, and `rescue` gives the room up.
        catch_unwind(AssertUnwindSafe(|| self.run())).unwrap_or_else(|_| self.rescue())
    }

    fn run(&mut self) -> Status {
        let keys = self.tools.settings.conference.keys;
        (self.tools.live)(self.state.word());
        let mut cut = None;
        loop {
            let event = match (cut, &self.state.phase) {
                (_, &Phase::Over { status, farewell }) => return self.leave(status, farewell),
                (Some(happened), _) => Event::Happened(happened),
                (None, Phase::LookingUp { code, .. }) => self.look_up(code),
                (None, Phase::Together) => Event::Happened(self.seat.talk(&[keys.add])),
                (None, Phase::Code { .. }) => Event::Happened(self.await_key()),
                (None, Phase::Dial) => Event::Happened(self.seat.await_third(keys.cancel)),
                (None, Phase::Consult | Phase::Swap) => {
                    let mut of_state = vec![keys.join, keys.cancel];
                    of_state.extend(keys.swap);
                    Event::Happened(self.seat.talk(&of_state))
                }
            };
            cut = self.go(event);
        }
    }

    /// Goes one step and returns what cut its notice, if anything did.
    fn go(&mut self, event: Event) -> Option<Happened> {
        let (was, happened) = (self.state.word(), shown(&event));
        let asked = match &event {
            Event::Happened(Happened::Asked(ask)) => Some(flow::refused(was, ask)),
            _ => None,
        };
        let step = flow::step(&self.rules(), self.state.clone(), event);
        log::info!("{}: {was}: {happened}: {step}", self.seat.name());
        let is_back = step.state.phase == Phase::Together;
        let over_the_talk = matches!(step.say, Some(Notice::ThirdLeft | Notice::ClientLeft));
        // The party hears music until the manager has ears for it.
        let (first, then) = match step.say {
            Some(notice) if is_back && !over_the_talk => (Some(notice), None),
            notice => (None, notice),
        };
        let cut = first.and_then(|notice| self.say(notice));
        if step.acts.contains(&Act::Join) {
            (self.tools.third)(Third::Joined);
        }
        for act in step.acts {
            self.act(act);
        }
        // Only now: after a panic `rescue` believes what was so before the acts.
        self.state = step.state;
        if self.state.word() != was {
            (self.tools.live)(self.state.word());
        }
        if let Some(refused) = asked {
            self.seat.answer(refused.map_or(Ok(self.state.word()), Err));
        }
        cut.or_else(|| then.and_then(|notice| self.say(notice)))
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Hold => self.seat.hold_party(),
            Act::Release => self.seat.release_party(),
            Act::Call(number) => self.call(&number),
            Act::Join => self.seat.join_third(),
            Act::Drop => self.seat.drop_third(),
            Act::HoldThird => self.seat.hold_third(true),
            Act::ReleaseThird => self.seat.hold_third(false),
        }
    }

    fn call(&mut self, number: &Number) {
        (self.tools.third)(Third::Called(number));
        let Tools {
            settings, client, ..
        } = self.tools;
        let gaps = Gaps {
            exten: &client.extension,
            phone: &client.phone,
        };
        let destination = settings.general.destination(number, gaps);
        let (name, keys) = (self.seat.name(), number.keys());
        log::info!("{name}: rings {destination}");
        if !keys.is_empty() {
            log::info!("{name}: who answers is sent {keys}");
        }
        self.seat
            .call_third(number, &destination, settings.conference.ring_timeout);
    }

    fn say(&mut self, notice: Notice) -> Option<Happened> {
        let sound = (self.tools.notices)(notice)?;
        if matches!(self.state.phase, Phase::Together | Phase::Swap) {
            self.seat.whisper(&sound);
            return None;
        }
        match self.seat.play(&sound) {
            Happened::Nothing => None,
            happened => Some(happened),
        }
    }

    fn await_key(&mut self) -> Happened {
        self.seat
            .wait_digit(self.tools.settings.conference.code_timeout)
    }

    fn look_up(&self, code: &str) -> Event {
        let name = self.seat.name();
        let number = match self.tools.directory.code(code) {
            Ok(answer) => answer.number,
            Err(why) => {
                log::warn!("{name}: looked up code {code}: {why}");
                return Event::Failed;
            }
        };
        let Some(number) = number else {
            return Event::Unknown;
        };
        match Number::parse(&number, &self.tools.settings.numbers) {
            Ok(number) => Event::Found(number),
            Err(why) => {
                log::warn!("{name}: the number of code {code}: {why}");
                Event::NotAllowed
            }
        }
    }

    /// The room comes first: nothing that fails afterwards can strand anybody.
    fn leave(&mut self, status: Status, farewell: Farewell) -> Status {
        self.seat.leave(farewell);
        self.left = true;
        let word = status.as_str();
        log::info!("{}: the conference is over: {word}", self.seat.name());
        self.seat.set_variable("RUSTCONF_STATUS", word);
        status
    }

    /// As if the manager had hung up while the party is on hold. Each act is tried by itself.
    fn rescue(&mut self) -> Status {
        if self.left {
            return Status::Error;
        }
        if !matches!(self.state.phase, Phase::Over { .. }) {
            // The panic may have come between the act and its note in `state`.
            self.attempt(Act::Hold);
            self.state.phase = Phase::Consult;
        }
        let gone = Event::Happened(Happened::Gone);
        let step = flow::step(&self.rules(), self.state.clone(), gone);
        for act in step.acts {
            self.attempt(act);
        }
        let farewell = match step.state.phase {
            Phase::Over { farewell, .. } => farewell,
            _ => Farewell::Orphan,
        };
        self.leave(Status::Error, farewell)
    }

    fn attempt(&mut self, act: Act) {
        // The panic hook has logged it; what counts now is that the rest is tried as well.
        let _ = catch_unwind(AssertUnwindSafe(|| self.act(act)));
    }

    fn rules(&self) -> Rules {
        let conference = &self.tools.settings.conference;
        Rules {
            keys: conference.keys,
            tries: conference.tries,
        }
    }
}

/// An event, for the log.
fn shown(event: &Event) -> String {
    let text = match event {
        Event::Happened(happened) => match happened {
            Happened::Digit(key) => return format!("key {key}"),
            Happened::Dialled(end) => return format!("the third person: {end:?}"),
            Happened::Nothing => "no key",
            Happened::PartyLeft(Party::Client) => "the client left",
            Happened::PartyLeft(Party::Third) => "a third person left",
            Happened::ConsultLeft => "the third person left",
            Happened::Gone => "the manager left",
            Happened::Transferred => "the manager left behind a transfer",
            Happened::Ended => "an operator ends the room",
            Happened::Asked(Ask::Add(number)) => return format!("a program adds {number}"),
            Happened::Asked(Ask::Join) => "a program joins",
            Happened::Asked(Ask::Cancel) => "a program cancels",
            Happened::Asked(Ask::Swap) => "a program swaps",
        },
        Event::Found(number) => return format!("the code is {number}"),
        Event::Unknown => "no such code",
        Event::NotAllowed => "the number may not be dialled",
        Event::Failed => "the database failed",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests;

//! Who is in a room, and where: bookkeeping under the room's lock. No host function is called
//! here; what is to be done is returned, and done when the lock is free.

use std::collections::VecDeque;

use std::sync::mpsc::Sender;

use crate::ports::{Ask, Farewell, Happened, Party};
use crate::settings::Orphan;

/// Everybody in a room. `C` is a reference to a channel.
pub struct People<C> {
    others: Vec<Person<C>>,
    manager: Manager<C>,
    news: VecDeque<Happened>,
    /// Programs that wait for an answer, in the order of their news.
    askers: VecDeque<Sender<Answer>>,
    /// Whether the party is on hold; who arrives goes where it is.
    on_hold: bool,
    fate: Fate,
    last_id: u32,
}

/// What a program is told: the manager's state then, or why not.
pub type Answer = Result<&'static str, &'static str>;

enum Manager<C> {
    Expected,
    Seated(C),
    Gone,
}

struct Person<C> {
    id: u32,
    who: Who,
    /// Of a third person: what was dialled.
    number: String,
    /// `None` until it comes in: a channel that carries a ticket must be able to end before.
    channel: Option<C>,
    /// In a bridge of ours.
    there: bool,
    on_hold: bool,
    /// Sent away; whoever is still on the way goes as soon as it arrives.
    dismissed: bool,
}

/// What somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The client.
    Client,
    /// A third person who is joined.
    Third,
    /// A third person who is not joined yet.
    Consulted,
}

impl Who {
    /// The word for operators and programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Third => "third",
            Self::Consulted => "consulted",
        }
    }
}

/// Somebody who is in a room or on the way.
pub struct Present<C> {
    /// What the person is.
    pub who: Who,
    /// Of a third person: what was dialled.
    pub number: String,
    /// Hears music.
    pub on_hold: bool,
    /// `None`: on the way.
    pub channel: Option<C>,
}

/// What a client does who is sent out of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The call is over.
    HangUp,
    /// Bitrix24.
    Fallback,
    /// Music, and the manager is called back.
    CallBack,
}

/// What somebody does who has just come into a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival<C> {
    /// Stays.
    Stay,
    /// Goes again.
    Go,
    /// Stays, but the party is elsewhere by now: on hold (true) or talking.
    Move(C, bool),
}

/// Whose stay in a bridge is to end because somebody left.
pub struct Leaving<C> {
    /// The one who left; dropped when the lock is free.
    pub gone: Option<C>,
    /// The manager, who has news, or those who would be alone.
    pub taken_out: Vec<C>,
}

impl<C> Default for People<C> {
    /// Nobody yet; a manager is expected.
    fn default() -> Self {
        Self {
            others: Vec::new(),
            manager: Manager::Expected,
            news: VecDeque::new(),
            askers: VecDeque::new(),
            on_hold: false,
            fate: Fate::HangUp,
            last_id: 0,
        }
    }
}

impl<C: Clone> People<C> {
    /// A client will come.
    pub fn expect_client(&mut self) -> u32 {
        self.add(Who::Client, String::new(), None)
    }

    /// A third person comes to be consulted, whose number was dialled.
    pub fn add_consulted(&mut self, channel: C, number: String) -> u32 {
        self.add(Who::Consulted, number, Some(channel))
    }

    fn add(&mut self, who: Who, number: String, channel: Option<C>) -> u32 {
        self.last_id += 1;
        self.others.push(Person {
            id: self.last_id,
            who,
            number,
            there: channel.is_some(),
            channel,
            on_hold: false,
            dismissed: false,
        });
        self.last_id
    }

    /// The client comes in. Returns whether it goes on hold.
    pub fn enter(&mut self, id: u32, channel: C) -> bool {
        let on_hold = self.on_hold;
        if let Some(person) = self.person(id) {
            person.channel = Some(channel);
            person.on_hold = on_hold;
        }
        on_hold
    }

    /// Somebody has joined a bridge; the party may have been moved or sent away meanwhile.
    pub fn arrived(&mut self, id: u32) -> Arrival<C> {
        let wanted = self.on_hold;
        let Some(person) = self.person(id).filter(|person| !person.dismissed) else {
            return Arrival::Go;
        };
        person.there = true;
        match &person.channel {
            Some(channel) if person.who != Who::Consulted && person.on_hold != wanted => {
                person.on_hold = wanted;
                Arrival::Move(channel.clone(), wanted)
            }
            _ => Arrival::Stay,
        }
    }

    /// Somebody is no longer in the room, or never came.
    pub fn left(&mut self, id: u32) -> Option<Leaving<C>> {
        let at = self.others.iter().position(|person| person.id == id)?;
        let person = self.others.swap_remove(at);
        let news = match person.who {
            Who::Client => Happened::PartyLeft(Party::Client),
            Who::Third => Happened::PartyLeft(Party::Third),
            Who::Consulted => Happened::ConsultLeft,
        };
        let taken_out = match &self.manager {
            Manager::Seated(manager) => vec![manager.clone()],
            Manager::Gone if self.others.len() == 1 => self.dismiss(),
            Manager::Expected | Manager::Gone => Vec::new(),
        };
        // A manager who is still to come is told when it takes the seat.
        self.news.push_back(news);
        Some(Leaving {
            gone: person.channel,
            taken_out,
        })
    }

    /// Who of the party is to be moved on hold, or back.
    pub fn hold(&mut self, on_hold: bool) -> Vec<C> {
        self.on_hold = on_hold;
        self.others
            .iter_mut()
            .filter(|person| {
                person.there && person.who != Who::Consulted && person.on_hold != on_hold
            })
            .filter_map(|person| {
                person.on_hold = on_hold;
                person.channel.clone()
            })
            .collect()
    }

    /// The manager takes the seat.
    pub fn seat(&mut self, manager: C) {
        self.manager = Manager::Seated(manager);
    }

    /// The manager, while it sits.
    pub fn manager(&self) -> Option<C> {
        match &self.manager {
            Manager::Seated(manager) => Some(manager.clone()),
            Manager::Expected | Manager::Gone => None,
        }
    }

    /// The consulted third person belongs to the party. One who left in this very moment is told
    /// as what it has become.
    pub fn join_consulted(&mut self, id: u32) {
        match self.person(id) {
            Some(person) => person.who = Who::Third,
            None => self
                .news
                .iter_mut()
                .filter(|news| **news == Happened::ConsultLeft)
                .for_each(|news| *news = Happened::PartyLeft(Party::Third)),
        }
    }

    /// The consulted third person is to be moved on hold, or back. `None`: no longer there.
    pub fn hold_consulted(&mut self, id: u32, on_hold: bool) -> Option<C> {
        let person = self.person(id)?;
        person.on_hold = on_hold;
        person.channel.clone()
    }

    /// The consulted third person goes; this is no news.
    pub fn drop_consulted(&mut self, id: u32) -> Option<C> {
        self.news.retain(|news| *news != Happened::ConsultLeft);
        let at = self.others.iter().position(|person| person.id == id)?;
        self.others.swap_remove(at).channel
    }

    /// The manager's session has ended. Who is to go; `None` when it had ended before.
    pub fn manager_left(&mut self, farewell: Farewell, orphan: Orphan) -> Option<Vec<C>> {
        if matches!(self.manager, Manager::Gone) {
            return None;
        }
        self.manager = Manager::Gone;
        // An operator's end that came when the manager was already on the way out.
        let farewell = if self.news.contains(&Happened::Ended) {
            Farewell::EndRoom
        } else {
            farewell
        };
        // Whoever still waits hears that nobody answers.
        self.askers.clear();
        let stay = match farewell {
            Farewell::LeaveTogether => self.others.len() > 1,
            Farewell::Orphan => orphan == Orphan::Wait,
            Farewell::EndRoom | Farewell::CallBack => false,
        };
        match farewell {
            Farewell::Orphan if orphan == Orphan::Fallback => self.fate = Fate::Fallback,
            Farewell::CallBack => self.fate = Fate::CallBack,
            _ => {}
        }
        Some(if stay { Vec::new() } else { self.dismiss() })
    }

    /// Everybody is to go; who is in no bridge yet goes when it arrives.
    pub fn dismiss(&mut self) -> Vec<C> {
        self.others
            .iter_mut()
            .filter_map(|person| {
                person.dismissed = true;
                person.channel.clone()
            })
            .collect()
    }

    /// What a client does who is sent out.
    pub fn fate(&self) -> Fate {
        self.fate
    }

    /// A program asks the manager's session, who is there or expected. False: it has ended.
    pub fn ask(&mut self, ask: Ask, asker: Sender<Answer>) -> bool {
        let can = !matches!(self.manager, Manager::Gone);
        if can {
            self.news.push_back(Happened::Asked(ask));
            self.askers.push_back(asker);
        }
        can
    }

    /// The one who waits longest for an answer.
    pub fn next_asker(&mut self) -> Option<Sender<Answer>> {
        self.askers.pop_front()
    }

    /// Adds news for the manager.
    pub fn tell(&mut self, news: Happened) {
        self.news.push_back(news);
    }

    /// The oldest news.
    pub fn next_news(&mut self) -> Option<Happened> {
        self.news.pop_front()
    }

    /// Whether there is news that nobody took.
    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    fn person(&mut self, id: u32) -> Option<&mut Person<C>> {
        self.others.iter_mut().find(|person| person.id == id)
    }

    /// Whether the manager's session has ended.
    pub fn is_manager_gone(&self) -> bool {
        matches!(self.manager, Manager::Gone)
    }

    /// Whether nobody is there, and nobody comes any more.
    pub fn is_deserted(&self) -> bool {
        self.is_manager_gone() && self.others.is_empty()
    }

    /// Everybody besides the manager.
    pub fn roll(&self) -> Vec<Present<C>> {
        let present = |person: &Person<C>| Present {
            who: person.who,
            number: person.number.clone(),
            on_hold: person.on_hold,
            channel: person.channel.clone(),
        };
        self.others.iter().map(present).collect()
    }
}

#[cfg(test)]
mod tests;

//! A room that exists on paper: it knows where everybody is, refuses what no room could do, and
//! reports what happens the way a real seat must: in order, by what a person is when it is reported.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::fuse::Fuse;
use crate::numbers::Number;
use crate::ports::{Ask, Dialled, Farewell, Happened, Notice, Party, Seat, Sound};

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// The manager presses a key.
    Key(char),
    /// A notice ends, or a wait runs out.
    Silence,
    /// This person hangs up: 0 is the client, 1 the first third person that was called.
    HangsUp(usize),
    /// The telephone that rings.
    Third(Dialled),
    /// The manager hangs up.
    ManagerLeaves,
    /// The manager asks for a transfer and hangs up.
    ManagerTransfers,
    /// An operator ends the room.
    OperatorEnds,
    /// A program adds a third person.
    ProgramAdds,
    /// A program joins.
    ProgramJoins,
    /// A program cancels.
    ProgramCancels,
    /// A program swaps.
    ProgramSwaps,
}

/// Where a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Rings,
    /// In private with the manager.
    Consulted,
    /// Hears music meanwhile.
    ConsultHeld,
    Room,
    OnHold,
    /// Where `orphan` says.
    Orphaned,
    Away,
}

/// What the manager's session is waiting in.
#[derive(Clone, Copy)]
enum Waits<'k> {
    Talk(&'k [char]),
    Outside,
    Ring(char),
}

/// Something that happened and is not reported yet.
#[derive(Clone, Debug)]
enum Unreported {
    Plain(Happened),
    Left(usize),
    Dialled(usize, Dialled),
}

type Next<'w> = Box<dyn FnMut(&[Place]) -> Vec<Does> + 'w>;

pub struct World<'w> {
    /// What people do next, seeing where they are.
    next: Next<'w>,
    pub fuse: &'w Fuse,
    /// This method panics whenever it is used.
    pub broken: &'static str,
    /// The client, then the third persons in the order of their calls.
    pub people: Vec<Place>,
    joined: Vec<usize>,
    /// The consulted one hears music, or did.
    third_held: bool,
    /// The one who rings or is consulted.
    consulted: Option<usize>,
    on_hold: bool,
    untold: VecDeque<Unreported>,
    manager_gone: bool,
    ended: bool,
    /// What the session did, in order.
    pub acts: Vec<&'static str>,
    pub destinations: Vec<String>,
    pub waited: Option<Duration>,
    pub rang: Option<Duration>,
    pub farewell: Option<Farewell>,
    pub status: Option<String>,
    /// Programs that wait for their answer, and what the others were told.
    waiting: usize,
    pub answers: Vec<Result<&'static str, &'static str>>,
    /// The first thing that no room could do, or that strands somebody.
    pub wrong: Option<String>,
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wrong,
            people,
            farewell,
            acts,
            ..
        } = self;
        write!(f, "{wrong:?} {people:?} {farewell:?} {acts:?}")
    }
}

impl<'w> World<'w> {
    pub fn new(fuse: &'w Fuse, next: impl FnMut(&[Place]) -> Vec<Does> + 'w) -> Self {
        Self {
            next: Box::new(next),
            fuse,
            broken: "",
            people: vec![Place::Room],
            joined: vec![0],
            third_held: false,
            consulted: None,
            on_hold: false,
            untold: VecDeque::new(),
            manager_gone: false,
            ended: false,
            acts: Vec::new(),
            destinations: Vec::new(),
            waited: None,
            rang: None,
            farewell: None,
            status: None,
            waiting: 0,
            answers: Vec::new(),
            wrong: None,
        }
    }

    pub fn joined(&self) -> usize {
        self.joined.len() - 1
    }

    /// Does one thing, or panics before or after it. `legal`: a room could do it.
    fn does(&mut self, what: &'static str, legal: bool, act: impl FnOnce(&mut Self)) {
        self.must(legal && self.farewell.is_none(), what);
        self.acts.push(what);
        assert!(self.broken != what, "scripted panic");
        self.fuse.burn();
        act(self);
        self.fuse.burn();
    }

    /// After a panic the session tries what may be needed no more.
    fn must(&mut self, holds: bool, what: &'static str) {
        if !holds && self.is_sane() && self.wrong.is_none() {
            self.wrong = Some(format!("{what}: {:?} {:?}", self.people, self.acts));
        }
    }

    fn is_sane(&self) -> bool {
        !self.fuse.is_burnt() && self.broken.is_empty()
    }

    fn party(&self) -> impl Iterator<Item = usize> {
        let there = |&person: &usize| self.people[person] != Place::Away;
        self.joined.iter().copied().filter(there)
    }

    fn place_party(&mut self, place: Place) {
        for person in self.party().collect::<Vec<_>>() {
            self.people[person] = place;
        }
    }

    fn wait(&mut self, what: &'static str, legal: bool, waits: Waits<'_>) -> Happened {
        let legal = legal && !self.manager_gone && !self.ended;
        self.does(what, legal, |_| {});
        loop {
            let Some(untold) = self.untold.pop_front() else {
                let alone = matches!(waits, Waits::Talk(_))
                    && !self.on_hold
                    && self.party().next().is_none();
                self.must(!alone, "the manager waits alone");
                let does = (self.next)(&self.people);
                assert!(!does.is_empty(), "the session waits for what never comes");
                does.into_iter().for_each(|does| self.happens(does));
                continue;
            };
            if let Some(happened) = self.tell(untold, waits) {
                self.manager_gone |= matches!(happened, Happened::Gone | Happened::Transferred);
                self.ended |= happened == Happened::Ended;
                self.must(self.waiting == 0, "a program was not answered");
                self.waiting += usize::from(matches!(happened, Happened::Asked(_)));
                return happened;
            }
        }
    }

    fn happens(&mut self, does: Does) {
        let untold = match does {
            Does::Key(key) => Unreported::Plain(Happened::Digit(key)),
            Does::Silence => Unreported::Plain(Happened::Nothing),
            Does::ManagerLeaves => Unreported::Plain(Happened::Gone),
            Does::ManagerTransfers => Unreported::Plain(Happened::Transferred),
            Does::OperatorEnds => Unreported::Plain(Happened::Ended),
            Does::ProgramAdds => Unreported::Plain(Happened::Asked(Ask::Add(number()))),
            Does::ProgramJoins => Unreported::Plain(Happened::Asked(Ask::Join)),
            Does::ProgramCancels => Unreported::Plain(Happened::Asked(Ask::Cancel)),
            Does::ProgramSwaps => Unreported::Plain(Happened::Asked(Ask::Swap)),
            Does::HangsUp(person) => match self.people.get_mut(person) {
                Some(
                    place @ (Place::Consulted | Place::ConsultHeld | Place::Room | Place::OnHold),
                ) => {
                    *place = Place::Away;
                    Unreported::Left(person)
                }
                _ => return,
            },
            Does::Third(end) => match self.people.iter().position(|p| *p == Place::Rings) {
                Some(person) => {
                    let answered = end == Dialled::Answered;
                    self.people[person] = [Place::Away, Place::Consulted][usize::from(answered)];
                    Unreported::Dialled(person, end)
                }
                None => return,
            },
        };
        self.untold.push_back(untold);
    }

    /// By what a person is now: who was dropped is not spoken of, who joined is of the party.
    fn tell(&mut self, untold: Unreported, waits: Waits<'_>) -> Option<Happened> {
        match untold {
            Unreported::Plain(Happened::Digit(key)) => match waits {
                Waits::Talk(keys) => keys.contains(&key),
                Waits::Outside => true,
                Waits::Ring(cancel) => key == cancel,
            }
            .then_some(Happened::Digit(key)),
            Unreported::Plain(Happened::Nothing) => {
                matches!(waits, Waits::Outside).then_some(Happened::Nothing)
            }
            Unreported::Plain(happened) => Some(happened),
            Unreported::Left(0) => Some(Happened::PartyLeft(Party::Client)),
            Unreported::Left(person) if self.joined.contains(&person) => {
                Some(Happened::PartyLeft(Party::Third))
            }
            Unreported::Left(person) => (self.consulted == Some(person)).then(|| {
                self.consulted = None;
                self.third_held = false;
                Happened::ConsultLeft
            }),
            Unreported::Dialled(person, end) => (self.consulted == Some(person)).then(|| {
                self.consulted = self.consulted.filter(|_| end == Dialled::Answered);
                Happened::Dialled(end)
            }),
        }
    }

    /// A farewell must fit, unless somebody left meanwhile whom the session has not heard of.
    fn check(&mut self, farewell: Farewell) {
        let (there, client) = (self.party().count(), self.people[0] != Place::Away);
        let fits = match farewell {
            Farewell::LeaveTogether => there >= 2,
            Farewell::Orphan => there == 1 && client && self.on_hold,
            Farewell::CallBack => there == 1 && client,
            Farewell::EndRoom if self.ended => true,
            Farewell::EndRoom => there == 0 || (there == 1 && !(client && self.on_hold)),
        };
        self.must(
            fits || !self.untold.is_empty(),
            "a farewell that does not fit",
        );
        let released = farewell != Farewell::LeaveTogether || !self.on_hold;
        self.must(released, "those who go on are on hold");
        self.must(
            self.consulted.is_none(),
            "nobody hangs up on the third person",
        );
    }
}

impl Seat for World<'_> {
    fn name(&self) -> &str {
        "PJSIP/test-00000001"
    }

    fn hold_party(&mut self) {
        let legal = !self.on_hold;
        self.does("hold", legal, |world| {
            world.on_hold = true;
            world.place_party(Place::OnHold);
        });
    }

    fn release_party(&mut self) {
        let legal = self.on_hold;
        self.does("release", legal, |world| {
            world.on_hold = false;
            world.place_party(Place::Room);
        });
    }

    fn talk(&mut self, keys: &[char]) -> Happened {
        let rings = self.people.contains(&Place::Rings);
        let consults = self.consulted.is_some() && !self.third_held;
        let legal = self.on_hold == consults && !rings;
        self.wait("talk", legal, Waits::Talk(keys))
    }

    fn play(&mut self, sound: &Sound) -> Happened {
        let notice = Notice::ALL[sound.samples.len()];
        self.wait(notice.file(), true, Waits::Outside)
    }

    fn whisper(&mut self, sound: &Sound) {
        let notice = Notice::ALL[sound.samples.len()];
        let legal = !self.on_hold;
        self.does(notice.file(), legal, |_| {});
    }

    fn wait_digit(&mut self, within: Duration) -> Happened {
        self.waited = Some(within);
        let legal = self.on_hold && self.consulted.is_none();
        self.wait("wait", legal, Waits::Outside)
    }

    fn call_third(&mut self, number: &Number, destination: &str, ring: Duration) {
        let legal = self.on_hold && self.consulted.is_none();
        self.destinations
            .push(format!("{destination}{}", number.keys()));
        self.rang = Some(ring);
        self.does("call", legal, |world| {
            world.consulted = Some(world.people.len());
            world.people.push(Place::Rings);
        });
    }

    fn await_third(&mut self, cancel: char) -> Happened {
        let legal = self.on_hold && self.consulted.is_some();
        self.wait("ring", legal, Waits::Ring(cancel))
    }

    fn join_third(&mut self) {
        let rings = self.people.contains(&Place::Rings);
        let legal = self.consulted.is_some() && !rings && !self.third_held;
        self.does("join", legal, |world| {
            if let Some(person) = world.consulted.take() {
                world.joined.push(person);
                if world.people[person] == Place::Consulted {
                    let place = [Place::Room, Place::OnHold][usize::from(world.on_hold)];
                    world.people[person] = place;
                }
            }
        });
    }

    fn drop_third(&mut self) {
        let legal = self.consulted.is_some();
        self.does("drop", legal, |world| {
            if let Some(person) = world.consulted.take() {
                world.people[person] = Place::Away;
            }
            world.third_held = false;
        });
    }

    fn hold_third(&mut self, on_hold: bool) {
        let rings = self.people.contains(&Place::Rings);
        let legal = self.consulted.is_some() && !rings && self.third_held != on_hold;
        let what = ["release third", "hold third"][usize::from(on_hold)];
        self.does(what, legal, |world| {
            world.third_held = on_hold;
            let moved = [Place::Consulted, Place::ConsultHeld];
            for place in &mut world.people {
                if moved.contains(place) {
                    *place = moved[usize::from(on_hold)];
                }
            }
        });
    }

    fn answer(&mut self, outcome: Result<&'static str, &'static str>) {
        self.must(self.waiting == 1, "an answer to nobody");
        self.waiting = 0;
        self.answers.push(outcome);
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        self.fuse.burn();
        assert_eq!(name, "RUSTCONF_STATUS");
        self.status = Some(value.to_owned());
    }

    fn leave(&mut self, farewell: Farewell) {
        let again = self.farewell.replace(farewell).is_some();
        assert!(!again, "left twice");
        self.acts.push("leave");
        self.check(farewell);
        let go_on = farewell == Farewell::LeaveTogether && self.party().count() >= 2;
        let client = self.people[0];
        if !go_on {
            self.place_party(Place::Away);
        }
        if farewell == Farewell::CallBack {
            self.people[0] = Place::Orphaned;
        }
        if farewell == Farewell::Orphan {
            // Only who is on hold goes there: anybody else would stay where they are.
            self.people[0] = match client {
                Place::OnHold => Place::Orphaned,
                elsewhere => elsewhere,
            };
        }
    }
}

fn number() -> Number {
    Number::parse("74951234567", &crate::settings::Settings::default().numbers).expect("a number")
}

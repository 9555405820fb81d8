//! A room: a bridge for talk, a bridge for hold, and who is where. Each person stays on a thread
//! of its own (the client and the manager on their PBX threads, third persons on the bridge's);
//! what happens to one of them becomes news for the manager, who decides.
//!
//! Locking: `people` is a short lock of ours. No host function that takes a lock is called while
//! it is held: the list is read or changed, then the work is done on references.

use std::collections::VecDeque;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::Mutex;

use super::bridge::{Bridge, Features, Stay, wait_no_more, wait_with_music};
use super::channel::{Channel, ChannelRef};
use super::{c_string, sys};
use crate::conference::Orphan;
use crate::ports::{Farewell, Happened, Party};

/// All rooms of the module since it was loaded. Survives a reload.
#[derive(Default)]
pub struct Rooms {
    opened: AtomicU64,
    live: Mutex<Vec<Weak<Room>>>,
}

impl Rooms {
    /// Opens a room. The error says which module is missing.
    pub(crate) fn open(&self, music: &str, orphan: Orphan) -> Result<Arc<Room>, String> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let room = Room::new(format!("room-{number}"), music, orphan)?;
        let mut live = self.live.lock();
        live.retain(|room| room.strong_count() > 0);
        live.push(Arc::downgrade(&room));
        Ok(room)
    }

    /// The rooms with anybody in them.
    pub fn live(&self) -> Vec<Arc<Room>> {
        self.live.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

/// A room, shared by everybody in it. Ends when the last of them has gone.
pub struct Room {
    /// `RUSTCONF_ROOM`.
    pub id: String,
    talk: Bridge,
    hold: Bridge,
    music: CString,
    orphan: Orphan,
    people: Mutex<People>,
    joined: AtomicBool,
    /// The manager's state, and since when.
    state: Mutex<(String, Instant)>,
    /// Rings when there is news for the manager.
    bell: EventFd,
    /// Readable when the manager's session has ended.
    over: EventFd,
}

struct People {
    others: Vec<Person>,
    manager: Manager,
    news: VecDeque<Happened>,
    /// Whether the party is on hold; who arrives goes where it is.
    on_hold: bool,
    fate: Fate,
    next_id: u32,
}

enum Manager {
    Expected,
    Seated(ChannelRef),
    Gone,
}

struct Person {
    id: u32,
    who: Who,
    channel: ChannelRef,
    /// In a bridge of ours.
    there: bool,
    on_hold: bool,
    /// Sent away; whoever is still on the way goes as soon as it arrives.
    dismissed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Client,
    Third,
    /// A third person who is not joined yet.
    Consulted,
}

/// What a client does who is sent out of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The call is over.
    HangUp,
    /// Bitrix24.
    Fallback,
}

impl Room {
    /// Makes the bridges. The error says which module is missing.
    pub(crate) fn new(id: String, music: &str, orphan: Orphan) -> Result<Arc<Self>, String> {
        let bell = |name| {
            EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
                .map_err(|error| format!("no file descriptor for a room's {name}: {error}"))
        };
        Ok(Arc::new(Self {
            talk: Bridge::for_talk(&format!("{id}-talk"))?,
            hold: Bridge::for_hold(&format!("{id}-hold"))?,
            music: c_string(music),
            orphan,
            people: Mutex::new(People {
                others: Vec::new(),
                manager: Manager::Expected,
                news: VecDeque::new(),
                on_hold: false,
                fate: Fate::HangUp,
                next_id: 0,
            }),
            joined: AtomicBool::new(false),
            state: Mutex::new(("WAIT".to_owned(), Instant::now())),
            bell: bell("bell")?,
            over: bell("end")?,
            id,
        }))
    }

    /// The client will come; from now on its leaving is news.
    pub(crate) fn expect_client(&self, channel: ChannelRef) -> u32 {
        self.admit(Who::Client, channel, false)
    }

    /// The client's whole stay. Returns when it is out, with what it does then.
    pub(crate) fn stay(self: &Arc<Self>, id: u32, leg: &Channel) -> Fate {
        let on_hold = {
            let mut people = self.people.lock();
            let on_hold = people.on_hold;
            if let Some(person) = people.person(id) {
                person.on_hold = on_hold;
            }
            on_hold
        };
        if let Some(features) = Features::new() {
            let room = Arc::clone(self);
            features.on_join(move || room.arrived(id));
            let bridge = if on_hold {
                wait_with_music(&leg.reference(), &self.music);
                &self.hold
            } else {
                &self.talk
            };
            // SAFETY: the leg's own thread, in no bridge.
            unsafe { bridge.join(leg.raw(), features) };
        }
        wait_no_more(&leg.reference());
        self.left(id);
        self.people.lock().fate
    }

    /// On the thread of somebody who has just joined: the party may have been moved or sent away
    /// meanwhile.
    fn arrived(&self, id: u32) -> Stay {
        let late = {
            let mut people = self.people.lock();
            let wanted = people.on_hold;
            let Some(person) = people.person(id).filter(|person| !person.dismissed) else {
                return Stay::Out;
            };
            person.there = true;
            (person.who != Who::Consulted && person.on_hold != wanted).then(|| {
                person.on_hold = wanted;
                (person.channel.clone(), wanted)
            })
        };
        if let Some((channel, on_hold)) = late {
            self.bring(&channel, on_hold);
        }
        Stay::In
    }

    /// Somebody is no longer in the room, or never came.
    pub(crate) fn left(&self, id: u32) {
        let (manager, lonely) = {
            let mut people = self.people.lock();
            let Some(at) = people.others.iter().position(|person| person.id == id) else {
                return;
            };
            let person = people.others.swap_remove(at);
            let news = match person.who {
                Who::Client => Happened::PartyLeft(Party::Client),
                Who::Third => Happened::PartyLeft(Party::Third),
                Who::Consulted => Happened::ConsultLeft,
            };
            match &people.manager {
                Manager::Seated(channel) => {
                    let channel = channel.clone();
                    self.tell(&mut people, news);
                    (Some(channel), Vec::new())
                }
                // Is told when it takes the seat.
                Manager::Expected => {
                    self.tell(&mut people, news);
                    (None, Vec::new())
                }
                Manager::Gone if people.others.len() == 1 => (None, people.dismiss()),
                Manager::Gone => (None, Vec::new()),
            }
        };
        if let Some(manager) = manager {
            manager.take_out_of_bridge();
        }
        send_away(&lonely);
    }

    /// Puts the party on hold, or brings it back.
    pub(crate) fn hold_party(&self, on_hold: bool) {
        let moved: Vec<ChannelRef> = {
            let mut people = self.people.lock();
            people.on_hold = on_hold;
            let party = people.others.iter_mut();
            party
                .filter(|person| {
                    person.there && person.who != Who::Consulted && person.on_hold != on_hold
                })
                .map(|person| {
                    person.on_hold = on_hold;
                    person.channel.clone()
                })
                .collect()
        };
        for channel in &moved {
            self.bring(channel, on_hold);
        }
    }

    /// A move that fails meets somebody who is just leaving, which `left` will tell.
    fn bring(&self, channel: &ChannelRef, on_hold: bool) {
        if on_hold {
            wait_with_music(channel, &self.music);
            self.hold.take_from(&self.talk, channel);
        } else {
            self.talk.take_from(&self.hold, channel);
            wait_no_more(channel);
        }
    }

    /// The manager takes the seat.
    pub(crate) fn seat(&self, manager: ChannelRef) {
        self.people.lock().manager = Manager::Seated(manager);
    }

    /// The manager's stay in the talk bridge: until a key, news, or the end of the channel.
    pub(crate) fn talk(self: &Arc<Self>, leg: &Channel, keys: &[char]) -> Happened {
        loop {
            if let Some(news) = self.news() {
                return news;
            }
            let Some(features) = Features::new() else {
                return Happened::Gone;
            };
            let pressed: Arc<Mutex<Option<char>>> = Arc::default();
            for &key in keys {
                let pressed = Arc::clone(&pressed);
                features.on_key(key, move || {
                    *pressed.lock() = Some(key);
                    Stay::Out
                });
            }
            let room = Arc::clone(self);
            // News that came before the channel was in the bridge could not take it out.
            features.on_join(move || if room.has_news() { Stay::Out } else { Stay::In });
            // SAFETY: the leg's own thread, in no bridge.
            let joined = unsafe { self.talk.join(leg.raw(), features) };
            if leg.is_gone() || !joined {
                return self.news().unwrap_or(Happened::Gone);
            }
            let key = *pressed.lock();
            if let Some(key) = key {
                return Happened::Digit(key);
            }
        }
    }

    /// A third person who answered comes in to be consulted. On failure the channel is ended.
    pub(crate) fn admit_consulted(
        self: &Arc<Self>,
        channel: std::ptr::NonNull<sys::ast_channel>,
    ) -> Option<u32> {
        // SAFETY: the channel is ours until it is imparted.
        let reference = unsafe { ChannelRef::to(channel) };
        let id = self.admit(Who::Consulted, reference, true);
        let taken = Features::new().is_some_and(|features| {
            let room = Arc::clone(self);
            features.on_leave(move || room.left(id));
            // SAFETY: ours, answered, no PBX, no thread.
            unsafe { self.talk.impart(channel, features) }
        });
        if taken {
            return Some(id);
        }
        self.people.lock().others.retain(|person| person.id != id);
        // SAFETY: not taken, so ours to end.
        unsafe { sys::ast_hangup(channel.as_ptr()) };
        None
    }

    /// The consulted third person belongs to the party.
    pub(crate) fn join_consulted(&self, id: u32) {
        let mut people = self.people.lock();
        match people.person(id) {
            Some(person) => person.who = Who::Third,
            // Left in this very moment: what is told of it is what it has become.
            None => people
                .news
                .iter_mut()
                .filter(|news| **news == Happened::ConsultLeft)
                .for_each(|news| *news = Happened::PartyLeft(Party::Third)),
        }
        drop(people);
        self.joined.store(true, Ordering::Relaxed);
    }

    /// Whether a third person ever joined.
    pub(crate) fn has_joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    /// Says where the manager stands, for the CLI.
    pub(crate) fn tell_state(&self, word: &str) {
        *self.state.lock() = (word.to_owned(), Instant::now());
    }

    /// The consulted third person goes; this is no news.
    pub(crate) fn drop_consulted(&self, id: u32) {
        let gone = {
            let mut people = self.people.lock();
            people.news.retain(|news| *news != Happened::ConsultLeft);
            let at = people.others.iter().position(|person| person.id == id);
            at.map(|at| people.others.swap_remove(at).channel)
        };
        if let Some(channel) = gone {
            self.talk.remove(&channel);
        }
    }

    /// The manager's session has ended; a second time does nothing.
    pub(crate) fn leave(&self, farewell: Farewell) {
        let away = {
            let mut people = self.people.lock();
            if matches!(people.manager, Manager::Gone) {
                return;
            }
            people.manager = Manager::Gone;
            let together = farewell == Farewell::LeaveTogether && people.others.len() > 1;
            let stays = together || (farewell == Farewell::Orphan && self.orphan == Orphan::Wait);
            if farewell == Farewell::Orphan && self.orphan == Orphan::Fallback {
                people.fate = Fate::Fallback;
            }
            if stays { Vec::new() } else { people.dismiss() }
        };
        // The eventfd's counter cannot overflow by one write.
        let _ = self.over.write(1);
        send_away(&away);
    }

    /// An operator ends the room.
    pub(crate) fn end(&self) {
        let manager = {
            let mut people = self.people.lock();
            match &people.manager {
                Manager::Seated(channel) => {
                    let channel = channel.clone();
                    self.tell(&mut people, Happened::Ended);
                    Some(channel)
                }
                Manager::Expected | Manager::Gone => None,
            }
        };
        match manager {
            Some(manager) => manager.take_out_of_bridge(),
            None => {
                self.leave(Farewell::EndRoom);
                // Those who went on, or wait, without a manager.
                let away = self.people.lock().dismiss();
                send_away(&away);
            }
        }
    }

    /// What happened, oldest first.
    pub(crate) fn news(&self) -> Option<Happened> {
        let mut people = self.people.lock();
        if people.news.len() <= 1 {
            // What is left in the queue is what the bell rings for.
            let _ = self.bell.read();
        }
        people.news.pop_front()
    }

    fn has_news(&self) -> bool {
        !self.people.lock().news.is_empty()
    }

    /// Readable when there may be news.
    pub(crate) fn bell(&self) -> RawFd {
        self.bell.as_fd().as_raw_fd()
    }

    /// Readable when the manager's session has ended.
    pub(crate) fn over(&self) -> RawFd {
        self.over.as_fd().as_raw_fd()
    }

    /// News for the manager. The bell rings while the list is locked, so that it never rings
    /// without news.
    fn tell(&self, people: &mut People, news: Happened) {
        people.news.push_back(news);
        // The counter cannot overflow by a few writes.
        let _ = self.bell.write(1);
    }

    fn admit(&self, who: Who, channel: ChannelRef, there: bool) -> u32 {
        let mut people = self.people.lock();
        people.next_id += 1;
        let id = people.next_id;
        people.others.push(Person {
            id,
            who,
            channel,
            there,
            on_hold: false,
            dismissed: false,
        });
        id
    }

    /// One line for the CLI.
    pub fn describe(&self) -> String {
        let people = self.people.lock();
        let manager = match &people.manager {
            Manager::Expected => "manager expected".to_owned(),
            Manager::Seated(channel) => channel.name(),
            Manager::Gone => "manager gone".to_owned(),
        };
        let others = people.others.iter().map(|person| {
            let place = if person.on_hold { " (hold)" } else { "" };
            format!("{:?} {}{place}", person.who, person.channel.name())
        });
        let others: Vec<String> = others.collect();
        let (word, since) = &*self.state.lock();
        let since = since.elapsed().as_secs();
        format!(
            "{:<10} {word:<8} {since:>6} s  {manager}; {}",
            self.id,
            others.join(", ")
        )
    }
}

/// Whichever bridge they are in: somebody may be on the way from one to the other.
fn send_away(people: &[ChannelRef]) {
    people.iter().for_each(ChannelRef::take_out_of_bridge);
}

impl People {
    fn person(&mut self, id: u32) -> Option<&mut Person> {
        self.others.iter_mut().find(|person| person.id == id)
    }

    /// Everybody is to go; whom `send_away` does not find in a bridge goes when it arrives.
    fn dismiss(&mut self) -> Vec<ChannelRef> {
        self.others
            .iter_mut()
            .map(|person| {
                person.dismissed = true;
                person.channel.clone()
            })
            .collect()
    }
}

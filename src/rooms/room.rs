//! A room: a bridge for talk, a bridge for hold, and who is where. Each person stays on a thread
//! of its own (the client and the manager on their PBX threads, third persons on the bridge's);
//! what happens to one of them becomes news for the manager, who decides.
//!
//! Locking: `people` is a short lock of ours. No host function that takes a lock is called while
//! it is held: the list is read or changed, then the work is done on references.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::Mutex;

use super::people::{Answer, Arrival, Fate, People};
use crate::asterisk::bridge::{Bridge, Digits, Features, Stay, end_hold_music, hold_with_music};
use crate::asterisk::channel::{Channel, Outgoing};
use crate::asterisk::reference::ChannelRef;
use crate::conference::Client;
use crate::numbers::Keys;
use crate::ports::{Farewell, Happened};
use crate::settings::Orphan;

/// All rooms of the module since it was loaded. Survives a reload.
#[derive(Default)]
pub struct Rooms {
    opened: AtomicU64,
    live: Mutex<Vec<Weak<Room>>>,
}

impl Rooms {
    /// Opens a room for a client and a manager, whose number is empty when nothing tells it. The
    /// error says which module is missing.
    pub fn open(
        &self,
        client: Client,
        manager: String,
        music: &str,
        orphan: Orphan,
    ) -> Result<Arc<Room>, String> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let room = Room::new(format!("room-{number}"), client, manager, music, orphan)?;
        let mut live = self.live.lock();
        live.retain(|room| room.strong_count() > 0);
        live.push(Arc::downgrade(&room));
        Ok(room)
    }

    /// A room by its id.
    pub fn find(&self, id: &str) -> Option<Arc<Room>> {
        self.live().into_iter().find(|room| room.id == id)
    }

    /// The rooms with anybody in them.
    pub fn live(&self) -> Vec<Arc<Room>> {
        let rooms: Vec<Arc<Room>> = self.live.lock().iter().filter_map(Weak::upgrade).collect();
        let is_deserted = |room: &Arc<Room>| room.people.lock().is_deserted();
        rooms
            .into_iter()
            .filter(|room| !is_deserted(room))
            .collect()
    }
}

/// A room, shared by everybody in it. Ends when the last of them has gone.
pub struct Room {
    /// `RUSTCONF_ROOM`.
    pub id: String,
    /// What was known of the client's call before it was moved here.
    pub client: Client,
    /// Who is called back after a transfer; empty when nothing tells.
    manager: Mutex<String>,
    talk: Bridge,
    hold: Bridge,
    music: String,
    orphan: Orphan,
    pub(super) people: Mutex<People<ChannelRef>>,
    joined: AtomicBool,
    pub(super) state: Mutex<Standing>,
    /// Rings when there is news for the manager.
    bell: EventFd,
    /// Readable when the manager's session has ended.
    over: EventFd,
}

/// Where the manager stands.
pub(super) struct Standing {
    /// The state's word: `WAIT` before the manager is there, then that of the session.
    pub(super) word: String,
    /// When it began.
    pub(super) since: Instant,
    /// The number that was dialled last.
    pub(super) called: String,
}

impl Room {
    /// Makes the bridges. The error says which module is missing.
    fn new(
        id: String,
        client: Client,
        manager: String,
        music: &str,
        orphan: Orphan,
    ) -> Result<Arc<Self>, String> {
        let bell = |name| {
            EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
                .map_err(|error| format!("no file descriptor for a room's {name}: {error}"))
        };
        Ok(Arc::new(Self {
            client,
            manager: Mutex::new(manager),
            talk: Bridge::for_talk(&format!("{id}-talk"))?,
            hold: Bridge::for_hold(&format!("{id}-hold"))?,
            music: music.to_owned(),
            orphan,
            people: Mutex::new(People::default()),
            joined: AtomicBool::new(false),
            state: Mutex::new(Standing {
                word: "WAIT".to_owned(),
                since: Instant::now(),
                called: String::new(),
            }),
            bell: bell("bell")?,
            over: bell("end")?,
            id,
        }))
    }

    /// The client will come; from now on its leaving is news.
    pub fn expect_client(&self) -> u32 {
        self.people.lock().expect_client()
    }

    /// The client's whole stay. Returns when it is out, with what it does then.
    pub fn stay(self: &Arc<Self>, id: u32, leg: &mut Channel) -> Fate {
        let channel = leg.reference();
        let on_hold = self.people.lock().enter(id, channel.clone());
        if let Some(features) = Features::new(Digits::Swallowed) {
            let room = Arc::clone(self);
            features.on_join(move || room.arrived(id));
            let bridge = if on_hold {
                hold_with_music(&channel, &self.music);
                &self.hold
            } else {
                &self.talk
            };
            bridge.join(leg, features);
        }
        end_hold_music(&channel);
        self.left(id);
        self.people.lock().fate()
    }

    /// On the thread of somebody who has just joined.
    fn arrived(&self, id: u32) -> Stay {
        let arrival = self.people.lock().arrived(id);
        match arrival {
            Arrival::Go => return Stay::Out,
            Arrival::Stay => {}
            Arrival::Move(channel, on_hold) => self.bring(&channel, on_hold),
        }
        Stay::In
    }

    /// Somebody is no longer in the room, or never came.
    pub fn left(&self, id: u32) {
        let leaving = {
            let mut people = self.people.lock();
            let leaving = people.left(id);
            self.ring_bell(&people);
            leaving
        };
        if let Some(leaving) = leaving {
            send_away(&leaving.taken_out);
            drop(leaving.gone);
        }
    }

    /// Puts the party on hold, or brings it back.
    pub fn hold_party(&self, on_hold: bool) {
        let moved = self.people.lock().hold(on_hold);
        for channel in &moved {
            self.bring(channel, on_hold);
        }
    }

    /// A move that fails meets somebody who is just leaving, which `left` will tell.
    fn bring(&self, channel: &ChannelRef, on_hold: bool) {
        if on_hold {
            hold_with_music(channel, &self.music);
            self.hold.take_from(&self.talk, channel);
        } else {
            self.talk.take_from(&self.hold, channel);
            end_hold_music(channel);
        }
    }

    /// The manager takes the seat.
    pub fn seat(&self, manager: ChannelRef) {
        self.people.lock().seat(manager);
    }

    /// The manager's stay in the talk bridge: until one of `keys`, news, or the end of the channel.
    /// `digits`: who hears the other keys.
    pub fn talk(self: &Arc<Self>, leg: &mut Channel, keys: &[char], digits: Digits) -> Happened {
        loop {
            if let Some(news) = self.news() {
                return news;
            }
            let Some(features) = Features::new(digits) else {
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
            let joined = self.talk.join(leg, features);
            if leg.is_gone() || !joined {
                return self.news().unwrap_or(Happened::Gone);
            }
            let key = *pressed.lock();
            if let Some(key) = key {
                return Happened::Digit(key);
            }
        }
    }

    /// A third person who answered comes in to be consulted, and is sent keys first. `None`: it could
    /// not, and was hung up.
    pub fn admit_consulted(self: &Arc<Self>, leg: Outgoing, keys: &Keys) -> Option<u32> {
        let number = self.state.lock().called.clone();
        let channel = leg.reference();
        let id = self.people.lock().add_consulted(channel, number);
        let taken = Features::new(Digits::Swallowed).is_some_and(|features| {
            if !keys.is_empty() {
                features.send_on_join(leg.reference(), &keys.dtmf());
            }
            let room = Arc::clone(self);
            features.on_leave(move || room.left(id));
            self.talk.impart(leg, features)
        });
        if taken {
            return Some(id);
        }
        let gone = self.people.lock().drop_consulted(id);
        drop(gone);
        None
    }

    /// The consulted third person belongs to the party.
    pub fn join_consulted(&self, id: u32) {
        self.people.lock().join_consulted(id);
        self.joined.store(true, Ordering::Relaxed);
    }

    /// Whether a third person ever joined.
    pub fn has_joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    /// Says where the manager stands, for operators and programs.
    pub fn tell_state(&self, word: &str) {
        let mut state = self.state.lock();
        word.clone_into(&mut state.word);
        state.since = Instant::now();
    }

    /// Says whose telephone is called.
    pub fn tell_called(&self, number: &str) {
        number.clone_into(&mut self.state.lock().called);
    }

    /// Puts the consulted third person on hold, or brings that person back.
    pub fn hold_consulted(&self, id: u32, on_hold: bool) {
        let moved = self.people.lock().hold_consulted(id, on_hold);
        if let Some(channel) = moved {
            self.bring(&channel, on_hold);
        }
    }

    /// The consulted third person goes; this is no news.
    pub fn drop_consulted(&self, id: u32) {
        let gone = self.people.lock().drop_consulted(id);
        send_away(gone.as_slice());
    }

    /// Tells the program that has waited longest what came of its wish.
    pub fn answer(&self, outcome: Answer) {
        let asker = self.people.lock().next_asker();
        // A program that has given up hears nothing.
        let _ = asker.map(|asker| asker.send(outcome));
    }

    /// The manager's session has ended; a second time does nothing.
    pub fn leave(&self, farewell: Farewell) {
        let away = self.people.lock().manager_left(farewell, self.orphan);
        if let Some(away) = away {
            // The eventfd's counter cannot overflow by one write.
            let _ = self.over.write(1);
            send_away(&away);
        }
    }

    /// The manager's session ended behind a transfer, which names the manager or nobody.
    pub fn call_back(&self, manager: &str) {
        if !manager.is_empty() {
            manager.clone_into(&mut self.manager.lock());
        }
        self.leave(Farewell::CallBack);
    }

    /// Who is called back after a transfer; empty when nothing tells.
    pub fn manager(&self) -> String {
        self.manager.lock().clone()
    }

    /// An operator ends the room.
    pub fn end(&self) {
        let manager = {
            let mut people = self.people.lock();
            let manager = people.manager();
            if manager.is_some() {
                people.tell(Happened::Ended);
                self.ring_bell(&people);
            }
            manager
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

    /// Whether the channel is the room's manager.
    pub fn is_managed_by(&self, channel: &ChannelRef) -> bool {
        let manager = self.people.lock().manager();
        manager.is_some_and(|manager| manager.is(channel))
    }

    /// What happened, oldest first.
    pub fn news(&self) -> Option<Happened> {
        let mut people = self.people.lock();
        // Empty, or silent already: both are well.
        let _ = self.bell.read();
        let news = people.next_news();
        self.ring_bell(&people);
        news
    }

    fn has_news(&self) -> bool {
        self.people.lock().has_news()
    }

    /// The bell rings exactly while there is news: it is set while the list is locked.
    pub(super) fn ring_bell(&self, people: &People<ChannelRef>) {
        if people.has_news() {
            // The counter cannot overflow by a few writes.
            let _ = self.bell.write(1);
        }
    }

    /// Readable when there may be news.
    pub fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Readable when the manager's session has ended.
    pub fn over(&self) -> BorrowedFd<'_> {
        self.over.as_fd()
    }
}

/// Whichever bridge they are in: somebody may be on the way from one to the other.
fn send_away(people: &[ChannelRef]) {
    people.iter().for_each(ChannelRef::take_out_of_bridge);
}

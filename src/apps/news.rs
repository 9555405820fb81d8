//! What programs are told of calls and conferences: AMI events, CEL events, variables of the CDR. The
//! fields are the words of `RUSTIVR_*` and `RUSTCONF_*`; `dialplan/res_rust_ivr-en_US.xml` explains
//! them.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::time::{Duration, Instant};

use crate::asterisk::events::{Event, Field, tell, tell_cel};
use crate::asterisk::reference::ChannelRef;
use crate::conference;
use crate::conference::session::Third;
use crate::ivr::Status;
use crate::ivr::session::{Choice, Story};
use crate::rooms::room::Room;
use crate::service::Service;
use crate::stats::Pressed;

/// What is told of one call inside `RustIvr()`.
pub struct CallNews {
    channel: ChannelRef,
    menu_told: Cell<bool>,
}

impl CallNews {
    /// The call has come in. `phone`: the canonical one, or empty.
    pub fn begin(channel: ChannelRef, phone: &str) -> Self {
        tell(&channel, || Event {
            name: Some(c"RustIvrBegin"),
            record: None,
            words: vec![("Phone", phone.to_owned())],
            more: Vec::new(),
        });
        Self {
            channel,
            menu_told: Cell::new(false),
        }
    }

    /// Somebody is about to ring: in the CDR before its record of that dial, and the first time the
    /// end of the menu, if there was one.
    pub fn rings(&self, story: &Story, status: Status) {
        let is_menus_end = story.choice != Choice::NoMenu && !self.menu_told.replace(true);
        tell(&self.channel, || {
            event(is_menus_end.then_some(c"RustIvrMenu"), story, Some(status))
        });
    }

    /// The call is over for us.
    pub fn end(&self, service: &Service, story: &Story) {
        count(service, story);
        tell(&self.channel, || {
            event(Some(c"RustIvrEnd"), story, story.status)
        });
        tell_cel(&self.channel, c"RUSTIVR", || {
            event(None, story, story.status)
        });
    }
}

fn event(name: Option<&'static CStr>, story: &Story, status: Option<Status>) -> Event {
    let ms = |phase: Duration| phase.as_millis().to_string();
    Event {
        name,
        record: Some("rustivr_"),
        words: vec![
            ("Status", status.map_or("", Status::as_str).to_owned()),
            (
                "Reason",
                story.reason.map_or("", |reason| reason.as_str()).to_owned(),
            ),
            ("Source", story.source.as_str().to_owned()),
            ("Digit", story.digits.clone()),
            ("Option", story.option.clone()),
            ("Target", story.target.clone()),
            ("Scenario", story.scenario.clone()),
            ("Phone", story.phone.clone()),
        ],
        more: vec![
            ("LookupMs", ms(story.lookup)),
            ("MenuMs", ms(story.menu)),
            ("RingMs", ms(story.ring)),
            ("TalkMs", ms(story.talk)),
        ],
    }
}

fn count(service: &Service, story: &Story) {
    if story.lookup > Duration::ZERO {
        service.stats.looked_up(story.source, story.lookup);
    }
    let pressed = match &story.choice {
        Choice::NoMenu => return,
        Choice::Key(key) => Pressed::Key(key),
        Choice::Wrong => Pressed::Wrong,
        Choice::Nothing => Pressed::Nothing,
    };
    service.stats.pressed(&story.scenario, pressed);
}

/// What is told of one manager in a room, or of a client whose manager is called back (`WAIT`).
pub struct RoomNews<'r> {
    channel: ChannelRef,
    room: &'r Room,
    since: Instant,
    /// Whom the manager called last, and who joined last.
    called: RefCell<String>,
    joined: RefCell<String>,
}

impl<'r> RoomNews<'r> {
    /// For the channel of the manager; before there is one, of the client.
    pub fn new(channel: ChannelRef, room: &'r Room) -> Self {
        Self {
            channel,
            room,
            since: Instant::now(),
            called: RefCell::default(),
            joined: RefCell::default(),
        }
    }

    /// A third person is called, or joins.
    pub fn third(&self, third: Third<'_>) {
        match third {
            Third::Called(number) => drop(self.called.replace(number.to_string())),
            Third::Joined => drop(self.joined.replace(self.called.borrow().clone())),
        }
    }

    /// The manager's state is another one. `OVER` is left to [`Self::end`].
    pub fn state(&self, word: &str) {
        if word == "OVER" {
            return;
        }
        let third = match word {
            "CONF" => self.joined.borrow().clone(),
            "TALK" | "CODE" | "WAIT" => String::new(),
            _ => self.called.borrow().clone(),
        };
        tell(&self.channel, || Event {
            name: Some(c"RustConfState"),
            record: None,
            words: self.words(word, third),
            more: Vec::new(),
        });
    }

    /// The conference is over for its manager, or nobody came to it.
    pub fn end(&self, service: &Service, status: conference::Status) {
        service.stats.room_ended(status);
        let end = |name| {
            let mut words = vec![("Status", status.as_str().to_owned())];
            words.extend(self.words("OVER", self.joined.borrow().clone()));
            Event {
                name,
                record: Some("rustconf_"),
                words,
                more: vec![("DurationMs", self.since.elapsed().as_millis().to_string())],
            }
        };
        tell(&self.channel, || end(Some(c"RustConfEnd")));
        tell_cel(&self.channel, c"RUSTCONF", || end(None));
    }

    fn words(&self, state: &str, third: String) -> Vec<Field> {
        vec![
            ("Room", self.room.id.clone()),
            ("State", state.to_owned()),
            ("Manager", self.room.manager()),
            ("Client", self.room.client.phone.clone()),
            ("Third", third),
        ]
    }
}

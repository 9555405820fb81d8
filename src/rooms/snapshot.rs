//! A room as operators and programs see it.

use std::fmt;
use std::time::Duration;

use super::people::Who;
use super::room::Room;

/// A room at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The id, as in `RUSTCONF_ROOM`.
    pub id: String,
    /// The manager's state: `WAIT` before the manager is there, `TALK`, `CONF`, `CODE`, `DIAL`,
    /// `CONSULT`, `SWAP`; `OVER` when the manager has left and others stay.
    pub state: String,
    /// For how long.
    pub since: Duration,
    /// Whom a third person's number in `DIAL` is; empty in other states.
    pub dialled: String,
    /// Everybody, the manager first, then the client.
    pub people: Vec<Member>,
}

/// Somebody in a room.
#[derive(Clone, Debug)]
pub struct Member {
    /// `manager`, `client`, `third` (joined) or `consulted` (not joined yet).
    pub role: &'static str,
    /// The channel's name; empty while the person is on the way or, of the manager, gone.
    pub channel: String,
    /// The number, as far as it is known: of the manager the extension, of the client the canonical
    /// phone, of a third person what was dialled.
    pub number: String,
    /// Hears music.
    pub on_hold: bool,
}

impl Room {
    /// The room now.
    pub fn snapshot(&self) -> Snapshot {
        let (manager, gone, roll) = {
            let people = self.people.lock();
            (people.manager(), people.is_manager_gone(), people.roll())
        };
        let (state, since, called) = {
            let state = self.state.lock();
            (
                state.word.clone(),
                state.since.elapsed(),
                state.called.clone(),
            )
        };
        let is_client = |role: &str| role == Who::Client.as_str();
        let mut people: Vec<_> = roll
            .into_iter()
            .map(|person| Member {
                role: person.who.as_str(),
                channel: person
                    .channel
                    .map(|channel| channel.name())
                    .unwrap_or_default(),
                number: match person.who {
                    Who::Client => self.client.phone.clone(),
                    Who::Third | Who::Consulted => person.number,
                },
                on_hold: person.on_hold,
            })
            .collect();
        people.sort_by_key(|member| !is_client(member.role));
        people.insert(
            0,
            Member {
                role: "manager",
                channel: manager.map(|manager| manager.name()).unwrap_or_default(),
                number: self.manager(),
                on_hold: false,
            },
        );
        Snapshot {
            id: self.id.clone(),
            dialled: if state == "DIAL" {
                called
            } else {
                String::new()
            },
            state: if gone { "OVER".to_owned() } else { state },
            since,
            people,
        }
    }
}

/// One line for the CLI.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let people = self.people.iter().map(|member| {
            let hold = if member.on_hold { " on hold" } else { "" };
            match (member.role, member.channel.as_str(), self.state.as_str()) {
                ("manager", "", "WAIT") => "manager expected".to_owned(),
                ("manager", "", _) => "manager gone".to_owned(),
                (role, "", _) => format!("{role}{hold}"),
                (role, channel, _) => format!("{role}{hold} {channel}"),
            }
        });
        let people = people.collect::<Vec<_>>().join(", ");
        let Self { id, state, .. } = self;
        let since = self.since.as_secs();
        write!(f, "{id:<10} {state:<8} {since:>6} s  {people}")
    }
}

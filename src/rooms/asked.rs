//! What programs ask of a room: what the manager could do with keys, and what only the host can.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::people::Answer;
use super::room::Room;
use crate::asterisk::reference::ChannelRef;
use crate::conference::flow::refused;
use crate::ports::Ask;

/// A manager's session answers within moments; only a look-up or a host in trouble takes longer.
const ANSWER: Duration = Duration::from_secs(5);

/// A program's wish on its way to the manager's session.
pub struct Asked(Receiver<Answer>);

impl Room {
    /// Asks the manager's session and waits for what comes of it: the state's word then, or why
    /// not. What the state of this moment refuses does not disturb the talk.
    pub fn ask(&self, ask: Ask) -> Result<&'static str, &'static str> {
        if let Some(why) = refused(&self.state.lock().word, &ask) {
            return Err(why);
        }
        self.ask_whoever_comes(ask).wait()
    }

    /// The same for a manager who is perhaps still on the way.
    pub fn ask_whoever_comes(&self, ask: Ask) -> Asked {
        let (asker, answer) = channel();
        let manager = {
            let mut people = self.people.lock();
            // A manager who is gone drops the asker, which is the answer.
            people.ask(ask, asker);
            self.ring_bell(&people);
            people.manager()
        };
        if let Some(manager) = manager {
            manager.take_out_of_bridge();
        }
        Asked(answer)
    }

    /// Hangs up on somebody by the name of the channel, as if that person had hung up.
    pub fn kick(&self, channel: &str) -> Result<(), String> {
        let (manager, roll) = {
            let people = self.people.lock();
            (people.manager(), people.roll())
        };
        let is_named = |other: &&ChannelRef| other.name() == channel;
        if manager.as_ref().filter(is_named).is_some() {
            return Err(format!(
                "{channel} is the manager of {}: end the room instead",
                self.id
            ));
        }
        let found = roll.iter().filter_map(|person| person.channel.as_ref());
        let Some(found) = found.into_iter().find(is_named) else {
            return Err(format!("{channel} is not in {}", self.id));
        };
        found.hang_up();
        Ok(())
    }

    /// Whether the channel is somebody's who is in the room or whose way here has begun.
    pub fn has(&self, channel: &ChannelRef) -> bool {
        let (manager, roll) = {
            let people = self.people.lock();
            (people.manager(), people.roll())
        };
        let others = roll.into_iter().filter_map(|person| person.channel);
        manager.into_iter().chain(others).any(|one| one.is(channel))
    }
}

impl Asked {
    /// Waits for the answer.
    pub fn wait(self) -> Result<&'static str, &'static str> {
        match self.0.recv_timeout(ANSWER) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Err("the manager has just left"),
            Err(RecvTimeoutError::Timeout) => {
                Err("the manager's channel does not answer: it is still asked, look at the state")
            }
        }
    }
}

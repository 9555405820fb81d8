//! The manager's part in a room: the session of `conference/session.rs` on a channel.

use std::sync::Arc;

use crate::asterisk::application::After;
use crate::asterisk::bridge::Digits;
use crate::asterisk::channel::Channel;
use crate::conference::session::{Session, Tools};
use crate::ports::{CallLeg, Farewell, Notice, Sound};
use crate::rooms::room::Room;
use crate::rooms::seat::ManagerSeat;
use crate::service::Service;

use super::news::RoomNews;

/// The manager's session, and whatever happens in it, nobody waits for it afterwards.
pub fn manage(service: &Service, leg: &mut Channel, room: &Arc<Room>) -> After {
    struct Leave<'r>(&'r Room);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            self.0.leave(Farewell::Orphan);
        }
    }
    let _leave = Leave(room);
    let language = leg.language();
    leg.set_variable("RUSTCONF_ROOM", &room.id);
    let digits = if service.settings.conference.pass_digits {
        Digits::Passed
    } else {
        Digits::Swallowed
    };
    let news = RoomNews::new(leg.reference(), room);
    let mut seat = ManagerSeat::take(leg, Arc::clone(room), digits);
    let tools = Tools {
        settings: &service.settings,
        directory: &*service.directory,
        notices: &|wanted| notice(service, &language, wanted),
        live: &|word| {
            log::info!("{}: {word}", room.id);
            room.tell_state(word);
            news.state(word);
        },
        third: &|third| news.third(third),
        client: &room.client,
    };
    let status = Session::new(&mut seat, tools).run_or_rescue();
    news.end(service, status);
    After::Over
}

/// A recording for managers. `None`: there is none, and the log says so.
pub fn notice(service: &Service, language: &str, wanted: Notice) -> Option<Sound> {
    service
        .notices
        .sound(wanted, language)
        .map_err(|why| log::warn!("a notice is left out: {why}"))
        .ok()
}

/// Plays a notice to a manager who is in no room; the key that cut it, if any.
pub fn say(service: &Service, leg: &mut Channel, wanted: Notice) -> Option<char> {
    let sound = notice(service, &leg.language(), wanted)?;
    match CallLeg::play(leg, &sound) {
        crate::ports::Heard::Digit(key) => Some(key),
        _ => None,
    }
}

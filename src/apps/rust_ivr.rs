//! `RustIvr([phone])`: one call from its first moment in the module to its last. The caller's own
//! story is `ivr/session.rs`.

use std::ffi::CStr;
use std::time::Duration;

use crate::asterisk::application::{After, Application};
use crate::asterisk::channel::Channel;
use crate::ivr::session::{Caller, Session, Story, Tools};
use crate::ivr::{Reason, Status};
use crate::numbers::{Gaps, Number, Phone};
use crate::ports::{CallLeg, Callee, Dial, Dialled};
use crate::rooms::context::ROOM;
use crate::rooms::leg::dialled_as;
use crate::service::{self, Service};

use super::client::{after_talk, client_of, ring_fallback};
use super::news::CallNews;

/// The application, for registration.
pub struct RustIvr;

impl Application for RustIvr {
    const NAME: &'static CStr = c"RustIvr";

    fn run(leg: &mut Channel, arguments: &str) -> After {
        let Some(service) = service::current() else {
            return After::GoOn;
        };
        if leg.context().as_bytes() == ROOM.context.to_bytes() {
            return forward(&service, leg);
        }
        let argument = arguments.trim();
        let caller = Caller {
            phone: if argument.is_empty() {
                leg.caller_number()
            } else {
                argument.to_owned()
            },
            extension: leg.extension(),
            dialled_as: dialled_as(leg),
        };
        let channel = leg.name().to_owned();
        let live = service.calls.begin(&channel);
        let phone = Phone::parse(&caller.phone, &service.settings.numbers);
        let phone = phone.as_ref().map_or("", Phone::canonical);
        let news = CallNews::begin(leg.reference(), phone);
        let tools = Tools {
            settings: &service.settings,
            directory: &*service.directory,
            prompts: &*service.prompts,
            live: &|what| live.doing(what),
            rings: &|story, status| news.rings(story, status),
        };
        leg.hear_tones(service.settings.ivr.tones);
        let mut session = Session::new(leg, tools, &caller);
        let status = session.run_or_rescue();
        tell(&channel, session.story());
        news.end(&service, session.story());
        live.ended(status, session.story().reason);
        // What may come next is no menu: a manager is called back.
        leg.hear_tones(false);
        if status.ends_call() {
            after_talk(&service, leg)
        } else {
            After::GoOn
        }
    }

    /// The session brings its caller to a person by itself; this is for a bug around it. What is itself
    /// a dial of ours ends instead: the session that dialled it sees to the caller.
    fn rescue(leg: &mut Channel) -> After {
        if leg.is_gone() || leg.talked() > Duration::ZERO || dialled_as(leg).is_some() {
            return After::Over;
        }
        let Some(service) = service::current() else {
            return After::GoOn;
        };
        let client = client_of(&service, &leg.caller_number(), leg.extension());
        leg.set_variable("RUSTIVR_STATUS", Status::Fallback.as_str());
        leg.set_variable("RUSTIVR_REASON", Reason::Error.as_str());
        match ring_fallback(&service, leg, &client) {
            Dialled::Answered => after_talk(&service, leg),
            Dialled::Gone => After::Over,
            _ => {
                leg.set_variable("RUSTIVR_STATUS", Status::Unanswered.as_str());
                After::GoOn
            }
        }
    }
}

/// A target is forwarded to this channel's extension: only to a number that may be dialled, and
/// no further.
fn forward(service: &Service, leg: &mut Channel) -> After {
    let number = match Number::parse(&leg.extension(), &service.settings.numbers) {
        Ok(number) => number,
        Err(why) => {
            log::warn!("{}: a target's forward is refused: {why}", leg.name());
            return After::Over;
        }
    };
    let client = client_of(service, &leg.caller_number(), String::new());
    let gaps = Gaps {
        phone: &client.phone,
        ..Gaps::default()
    };
    let destination = service.settings.general.destination(&number, gaps);
    log::info!("{}: a target is forwarded: rings {destination}", leg.name());
    let dial = Dial {
        destination: &destination,
        ring: None,
        callee: Callee::Target,
        keys: number.keys(),
        name: "",
    };
    CallLeg::dial(leg, dial);
    After::Over
}

/// The one line that tells a whole call (A8).
fn tell(channel: &str, story: &Story) {
    log::info!(
        "{channel}: {} reason={} phone={} source={} scenario={:?} digits={} target={} lookup={:.1}ms",
        story.status.map_or("", Status::as_str),
        story.reason.map_or("", |reason| reason.as_str()),
        story.phone,
        story.source.as_str(),
        story.scenario,
        story.digits,
        story.target,
        story.lookup.as_secs_f64() * 1000.0,
    );
}

//! The story of one incoming call: look up, answer, read out, collect, ring, end.
//! `flow.rs` decides; this file does what it says and reports what came of it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::flow::{self, Action, Event, State};
use super::menu::{self, Plan};
pub use super::story::{Choice, Story};
use super::{Reason, Status};
use crate::numbers::{Fixed, Gaps, Keys, Number, Phone, trimmed};
use crate::ports::{
    CallLeg, Callee, Dial, Dialled, Directory, Heard, MenuRow, PromptError, PromptName, Prompts,
    Source,
};
use crate::settings::Settings;

/// What a call works with from its begin to its end, whatever is reloaded meanwhile.
#[derive(Clone, Copy)]
pub struct Tools<'t> {
    /// The configuration.
    pub settings: &'t Settings,
    /// The rows.
    pub directory: &'t dyn Directory,
    /// The sounds.
    pub prompts: &'t dyn Prompts,
    /// Is told what the call does now.
    pub live: &'t dyn Fn(fmt::Arguments<'_>),
    /// Is told the story so far before each dial, and the status that an answer will give.
    pub rings: &'t dyn Fn(&Story, Status),
}

/// Who calls what, as the channel says: hostile text.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// What is looked up: the caller's number, or the application's argument.
    pub phone: String,
    /// The extension that was dialled.
    pub extension: String,
    /// The call is itself one that a `RustIvr()` dialled.
    pub dialled_as: Option<Callee>,
}

/// One call on its way.
pub struct Session<'s> {
    leg: &'s mut dyn CallLeg,
    tools: Tools<'s>,
    caller: &'s Caller,
    story: Story,
    /// When the menu began.
    in_menu: Option<Instant>,
}

impl<'s> Session<'s> {
    /// A call that has just entered `RustIvr()`.
    pub fn new(leg: &'s mut dyn CallLeg, tools: Tools<'s>, caller: &'s Caller) -> Self {
        let story = Story {
            phone: String::new(),
            source: Source::None,
            lookup: Duration::ZERO,
            scenario: String::new(),
            option: String::new(),
            choice: Choice::NoMenu,
            menu: Duration::ZERO,
            ring: Duration::ZERO,
            talk: Duration::ZERO,
            digits: String::new(),
            target: String::new(),
            reason: None,
            status: None,
        };
        Self {
            leg,
            tools,
            caller,
            story,
            in_menu: None,
        }
    }

    /// What is known so far.
    pub fn story(&self) -> &Story {
        &self.story
    }

    fn run(&mut self) -> Status {
        self.forget_earlier_run();
        if let Some(callee) = self.caller.dialled_as {
            return self.end_circle(callee);
        }
        let (plan, mut event) = self.look_up();
        let mut state = State::LookingUp;
        loop {
            let wrong = state.wrong();
            let (next, action) = flow::step(&plan, state, event);
            if next.wrong() > wrong {
                self.begin_again();
            }
            if matches!(action, Action::RingTarget(..) | Action::RingFallback(_)) {
                self.note_choice(&plan);
            }
            event = match action {
                Action::Answer => self.answer(),
                Action::Play(name) => self.play(name),
                Action::AwaitKey => self.wait(self.tools.settings.ivr.digit_timeout),
                Action::AwaitRest => self.wait(self.tools.settings.ivr.interdigit_timeout),
                Action::RingTarget(number, words) => {
                    Event::Dialled(self.ring_target(number, words))
                }
                Action::RingFallback(reason) => Event::Dialled(self.ring_fallback(reason)),
                Action::Finish(status) => return self.finish(status),
            };
            state = next;
        }
    }

    /// Runs the call to its end, and after a bug of ours still brings the caller to a person.
    /// Panics only when the way to Bitrix24 has a bug as well.
    pub fn run_or_rescue(&mut self) -> Status {
        // What the panic left half done is this session's, and `rescue` uses little of it.
        catch_unwind(AssertUnwindSafe(|| self.run())).unwrap_or_else(|_| self.rescue())
    }

    /// The caller gets a person, unless the talk is over or the caller gone.
    fn rescue(&mut self) -> Status {
        match self.story.status {
            Some(status) => status,
            None => self.go_to_fallback(Reason::Error),
        }
    }

    fn go_to_fallback(&mut self, reason: Reason) -> Status {
        let status = match self.ring_fallback(reason) {
            Dialled::Answered => Status::Fallback,
            Dialled::Gone => Status::Hangup,
            _ => Status::Unanswered,
        };
        self.finish(status)
    }

    /// A call that one of ours dialled gets no menu of its own: it would ring itself in circles.
    fn end_circle(&mut self, callee: Callee) -> Status {
        let name = self.leg.name();
        match callee {
            Callee::Target | Callee::ForwardingTarget => {
                log::warn!("{name}: a target leads back into RustIvr(): goes to the fallback");
                self.go_to_fallback(Reason::Error)
            }
            Callee::Fallback => {
                log::error!(
                    "{name}: the fallback leads back into RustIvr(): [general] fallback must name \
                     somebody who rings"
                );
                self.story.reason = Some(Reason::Error);
                self.set("RUSTIVR_REASON", Reason::Error.as_str());
                self.finish(Status::Unanswered)
            }
        }
    }

    fn look_up(&mut self) -> (Plan, Event) {
        let Some(phone) = Phone::parse(&self.caller.phone, &self.tools.settings.numbers) else {
            log::info!("{}: no number to look up", self.leg.name());
            self.set("RUSTIVR_SOURCE", Source::None.as_str());
            return (Plan::Nothing, Event::Found);
        };
        phone.canonical().clone_into(&mut self.story.phone);
        self.set("RUSTIVR_PHONE", phone.canonical());

        let asked = Instant::now();
        let answer = self.tools.directory.menu(&phone);
        self.story.lookup = asked.elapsed();
        let ms = self.story.lookup.as_secs_f64() * 1000.0;
        let name = self.leg.name();
        let (plan, event) = match answer {
            Ok(answer) => {
                self.story.source = answer.source;
                let (rows, source) = (answer.rows.len(), answer.source.as_str());
                log::info!(
                    "{name}: looked up {}: {rows} row(s), {source}, {ms:.1} ms",
                    phone.canonical()
                );
                let plan = self.plan(&answer.rows);
                if let Plan::Menu(menu) = &plan {
                    self.tools.prompts.prepare(&menu.prompts);
                }
                (plan, Event::Found)
            }
            Err(why) => {
                log::warn!(
                    "{name}: looked up {}: {why} ({ms:.1} ms)",
                    phone.canonical()
                );
                (Plan::Nothing, Event::Failed)
            }
        };
        self.set("RUSTIVR_SOURCE", self.story.source.as_str());
        (plan, event)
    }

    fn plan(&mut self, rows: &[MenuRow]) -> Plan {
        if let Some(scenario) = rows.first().and_then(|row| row.scenario.as_deref()) {
            let scenario = trimmed(scenario);
            scenario.clone_into(&mut self.story.scenario);
            self.set("RUSTIVR_SCENARIO", scenario);
        }
        let settings = self.tools.settings;
        let (name, phone) = (self.leg.name(), &self.story.phone);
        menu::read(rows, &settings.numbers, settings.ivr.repeat, |complaint| {
            log::warn!("{name}: a row of {phone}: {complaint}");
        })
        .retrying(settings.ivr.retry)
    }

    /// The story tells the key that counted in the end.
    fn begin_again(&mut self) {
        log::info!("{}: a wrong key: the menu begins again", self.leg.name());
        self.story.digits.clear();
    }

    fn answer(&mut self) -> Event {
        let answered = self.leg.answer();
        self.in_menu = Some(Instant::now());
        answered.map_or(Event::Gone, |()| Event::Answered)
    }

    /// What the call led to, as soon as it is known.
    fn note_choice(&mut self, plan: &Plan) {
        let chosen = plan.chosen(&self.story.digits);
        if let Some((_, button)) = chosen {
            button.words.clone_into(&mut self.story.option);
        }
        if self.end_menu() {
            self.story.choice = match chosen {
                Some((key, _)) => Choice::Key(key.to_owned()),
                None if self.story.digits.is_empty() => Choice::Nothing,
                None => Choice::Wrong,
            };
        }
    }

    /// Whether there was a menu to end.
    fn end_menu(&mut self) -> bool {
        let began = self.in_menu.take();
        if let Some(began) = began {
            self.story.menu = began.elapsed();
        }
        began.is_some()
    }

    fn play(&mut self, prompt: &PromptName) -> Event {
        match self.tools.prompts.sound(prompt) {
            Ok(sound) => {
                log::info!("{}: plays {prompt}, {}", self.leg.name(), sound.length());
                (self.tools.live)(format_args!("plays {prompt}"));
                let heard = self.leg.play(&sound);
                self.heard(heard)
            }
            Err(why) => {
                // The library has warned of a file that is no sound, once and not with each call.
                let level = match why {
                    PromptError::Undecodable(_) => log::Level::Info,
                    PromptError::Missing(_) | PromptError::Forbidden(_) => log::Level::Warn,
                };
                log::log!(level, "{}: a prompt is left out: {why}", self.leg.name());
                Event::Elapsed
            }
        }
    }

    fn wait(&mut self, within: Duration) -> Event {
        (self.tools.live)(format_args!("waits for a digit"));
        let heard = self.leg.wait_digit(within);
        self.heard(heard)
    }

    fn heard(&mut self, heard: Heard) -> Event {
        match heard {
            Heard::Digit(digit) => {
                log::info!("{}: digit {digit}", self.leg.name());
                self.story.digits.push(digit);
                Event::Digit(digit)
            }
            Heard::Nothing => Event::Elapsed,
            Heard::Gone => Event::Gone,
        }
    }

    fn ring_target(&mut self, number: &Number, words: &str) -> Dialled {
        let settings = self.tools.settings;
        self.story.target = number.to_string();
        self.set_digits();
        self.set("RUSTIVR_TARGET", number.as_str());
        self.set("RUSTIVR_STATUS", Status::Target.as_str());
        let destination = settings.general.destination(number, self.gaps());
        let callee = match settings.ivr.follow_forwards {
            true => Callee::ForwardingTarget,
            false => Callee::Target,
        };
        self.ring(Dial {
            destination: &destination,
            ring: Some(settings.ivr.ring_timeout),
            callee,
            keys: number.keys(),
            name: if settings.ivr.announce_name {
                words
            } else {
                ""
            },
        })
    }

    fn ring_fallback(&mut self, reason: Reason) -> Dialled {
        let settings = self.tools.settings;
        self.story.reason = Some(reason);
        self.set_digits();
        self.set("RUSTIVR_STATUS", Status::Fallback.as_str());
        self.set("RUSTIVR_REASON", reason.as_str());
        let destination = settings.general.fallback.render(&Fixed, self.gaps());
        log::info!(
            "{}: goes to the fallback: {}",
            self.leg.name(),
            reason.as_str()
        );
        // Bitrix24 finds the caller by number; the name is the caller's own.
        self.ring(Dial {
            destination: &destination,
            ring: settings.ivr.fallback_timeout,
            callee: Callee::Fallback,
            keys: Keys::NONE,
            name: "",
        })
    }

    fn gaps(&self) -> Gaps<'_> {
        Gaps {
            exten: &self.caller.extension,
            phone: &self.story.phone,
        }
    }

    fn ring(&mut self, dial: Dial<'_>) -> Dialled {
        let Dial {
            destination,
            callee,
            keys,
            ..
        } = dial;
        let name = self.leg.name();
        log::info!("{name}: rings {destination}");
        if !keys.is_empty() {
            log::info!("{name}: who answers is sent {keys}");
        }
        (self.tools.live)(format_args!("rings {destination}"));
        let status = match callee {
            Callee::Target | Callee::ForwardingTarget => Status::Target,
            Callee::Fallback => Status::Fallback,
        };
        (self.tools.rings)(&self.story, status);
        let began = Instant::now();
        let end = self.leg.dial(dial);
        self.story.ring += began.elapsed();
        log::info!("{}: {destination}: {}", self.leg.name(), end.as_str());
        if end == Dialled::Answered {
            // From here on nothing may ring anybody again, not even after a bug.
            self.story.status = Some(status);
            self.tell_talk_from_ring();
        }
        end
    }

    /// Both are one dial.
    fn tell_talk_from_ring(&mut self) {
        self.story.talk = self.leg.talked().min(self.story.ring);
        self.story.ring -= self.story.talk;
    }

    fn finish(&mut self, status: Status) -> Status {
        self.story.status = Some(status);
        self.end_menu();
        if matches!(status, Status::Unanswered | Status::Hangup) {
            self.set_digits();
            self.set("RUSTIVR_STATUS", status.as_str());
        }
        status
    }

    /// A second `RustIvr()` on one channel must not show the first one's words.
    fn forget_earlier_run(&mut self) {
        if self.leg.variable("RUSTIVR_STATUS").is_some() {
            for word in [
                "STATUS", "REASON", "SOURCE", "DIGIT", "TARGET", "SCENARIO", "PHONE",
            ] {
                self.set(&format!("RUSTIVR_{word}"), "");
            }
        }
    }

    fn set_digits(&mut self) {
        if !self.story.digits.is_empty() {
            self.leg.set_variable("RUSTIVR_DIGIT", &self.story.digits);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.leg.set_variable(name, value);
    }
}

#[cfg(test)]
mod tests;

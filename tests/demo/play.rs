//! Plays the stories: all at once, because each waits for people most of its time.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::log::CallName;
use super::stories::{STORIES, Story};
use rust_ivr_testing::office::{BITRIX24_TONE, CALLER_TONE, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Behaviour, Call, Dtmf, Incoming};

/// Longer than the longest way to Bitrix24: a menu and 7 s, or 20 s of ringing.
const LONG: Duration = Duration::from_secs(40);

/// How long a telephone rings before it is picked up.
const PICK_UP: Duration = Duration::from_millis(2500);

/// How long each party of a talk speaks.
const SPEECH: Duration = Duration::from_millis(1500);

/// How loud, also in the conference: less than the prompts, for the sake of whoever listens to the recordings.
pub const LOUDNESS: i16 = 2500;

/// Somebody on the telephone.
pub struct Party {
    /// As the reader knows them: `caller`, `target`, `Bitrix24`; `client`, `manager`, `third`.
    pub who: &'static str,
    /// Their number, or who it is.
    pub number: &'static str,
    /// Keys that they pressed, and when they were released.
    pub keys: Vec<(char, Instant)>,
    /// Their end of the call.
    pub call: Call,
}

/// A call as it went.
pub struct Played {
    /// As it was meant.
    pub story: &'static Story,
    /// How Asterisk's log names it.
    pub name: CallName,
    /// The caller first.
    pub parties: Vec<Party>,
    /// What somebody waited for in vain.
    pub failure: Option<String>,
}

/// A call on its way.
pub struct Scene<'o> {
    pub(super) office: &'o Office,
    pub(super) played: Played,
    bitrix24: Receiver<Incoming>,
}

/// Plays all stories to their end, in the order of [`STORIES`].
///
/// # Panics
/// When a call does not even reach the look-up, or a single button's number does not ring: the demo
/// has nothing to show then.
pub fn play_all(office: &Office) -> Vec<Played> {
    let voice = speech(BITRIX24_TONE);
    office
        .bitrix24
        .on_call(Behaviour::answer_after(PICK_UP, voice));
    thread::scope(|scope| {
        let mut routes = HashMap::new();
        let mut running = Vec::new();
        for story in &STORIES {
            let (route, bitrix24) = channel();
            if story.words.starts_with("FALLBACK") {
                let other = routes.insert(story.phone, route);
                assert!(
                    other.is_none(),
                    "two callers that Bitrix24 cannot tell apart"
                );
            }
            let scene = begin(office, story, bitrix24);
            running.push(scope.spawn(move || scene.finish()));
        }
        let router = scope.spawn(move || route_bitrix24(office, routes));
        let ended = running.into_iter().map(|call| call.join());
        let ended = ended
            .map(|played| played.expect("what panics in a story is caught"))
            .collect();
        // A call that stayed away has failed its story already.
        let _ = router.join();
        ended
    })
}

/// Gives each call at Bitrix24 to the story whose caller it shows. Ends when all have theirs; one
/// that stays away fails its story, whose channel closes.
fn route_bitrix24(office: &Office, mut routes: HashMap<&str, Sender<Incoming>>) {
    while !routes.is_empty() {
        let incoming = office.expect_bitrix24(LONG);
        if let Some(route) = routes.remove(incoming.caller()) {
            // A story that has failed meanwhile takes no more calls.
            let _ = route.send(incoming);
        }
    }
}

/// Places a call and follows it to where it can be told from the others: the look-up in the log
/// and, when there is only one button, its number ringing. What called numbers do from then on is
/// the next story's to say.
fn begin<'o>(office: &'o Office, story: &'static Story, bitrix24: Receiver<Incoming>) -> Scene<'o> {
    office.multifon.on_call(match story.picks_up {
        true => Behaviour::answer_after(PICK_UP, speech(TARGET_TONE)),
        false => Behaviour::Ring,
    });
    let log_mark = office.machine.log_mark();
    let caller = office.call(story.phone);
    let text = format!("looked up {}", story.phone);
    let line = office.machine.wait_log_since(log_mark, &text, SOON);
    let mut scene = Scene {
        office,
        played: Played {
            story,
            name: CallName::of(&line),
            parties: vec![Party {
                who: "caller",
                number: story.phone,
                keys: Vec::new(),
                call: caller,
            }],
            failure: None,
        },
        bitrix24,
    };
    if let Some(number) = story.direct {
        scene.ring("target", number);
    }
    scene
}

impl Scene<'_> {
    fn finish(mut self) -> Played {
        let act = self.played.story.act;
        let played = catch_unwind(AssertUnwindSafe(|| {
            act(&mut self);
            let ending = self.played.name.ending();
            self.office.machine.wait_log(&ending, SOON);
        }));
        for party in &self.played.parties {
            if !party.call.is_over() {
                party.call.hangup();
            }
        }
        self.played.failure = played.err().map(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            let line = text.and_then(|text| text.lines().next());
            line.unwrap_or("the demo has a bug").to_owned()
        });
        self.played
    }

    /// The party at this place; the caller's is 0.
    pub fn call(&self, at: usize) -> &Call {
        &self.played.parties[at].call
    }

    /// The caller listens to a prompt for so long, and nobody is called meanwhile.
    pub fn listen(&self, prompt: &str, time: Duration) {
        let plays = format!("{}: plays {prompt}", self.played.name.channel);
        self.office.machine.wait_log(&plays, SOON);
        self.office.multifon.expect_no_call(time);
    }

    /// The party at this place presses keys.
    pub fn press(&mut self, at: usize, keys: &str) {
        let Party {
            call, keys: all, ..
        } = &mut self.played.parties[at];
        all.extend(
            keys.chars()
                .map(|key| (key, call.press(key, Dtmf::Rfc4733))),
        );
    }

    /// A number is called.
    pub fn ring(&mut self, who: &'static str, number: &'static str) -> Incoming {
        let incoming = self.office.expect_target(number);
        self.add(who, number, incoming.call());
        incoming
    }

    /// Bitrix24 rings and answers.
    pub fn reach_bitrix24(&mut self, who: &'static str, number: &'static str) {
        let incoming = self.bitrix24.recv_timeout(LONG);
        let call = incoming.expect("Bitrix24 was not called").call();
        call.wait_answered(LONG);
        self.add(who, number, call);
    }

    fn add(&mut self, who: &'static str, number: &'static str, call: Call) {
        self.played.parties.push(Party {
            who,
            number,
            keys: Vec::new(),
            call,
        });
    }

    /// Bitrix24 rings and answers, and the caller talks with its manager.
    pub fn talk_with_bitrix24(&mut self) {
        self.reach_bitrix24("Bitrix24", "its manager");
        self.talk(BITRIX24_TONE);
    }

    /// Who was called last picks up and speaks, then the caller does, then hangs up.
    pub fn talk(&self, tone: f64) {
        let (caller, other) = (self.call(0), self.call(self.played.parties.len() - 1));
        other.wait_answered(LONG);
        caller.wait_heard(tone, SOON);
        caller.wait_gone(tone, SOON);
        caller.say(speech(CALLER_TONE));
        other.wait_heard(CALLER_TONE, SOON);
        other.wait_gone(CALLER_TONE, SOON);
        caller.hangup();
        other.wait_ended(SOON);
    }
}

/// A tone that begins and ends softly.
fn speech(hz: f64) -> Source {
    let rate = 8000.0;
    let length = (SPEECH.as_secs_f64() * rate) as usize;
    let soft = 0.05 * rate;
    let sample = |at: usize| {
        let edge = at.min(length - at) as f64;
        let sine = (std::f64::consts::TAU * hz * at as f64 / rate).sin();
        (f64::from(LOUDNESS) * (edge / soft).min(1.0) * sine) as i16
    };
    Source::Samples((0..length).map(sample).collect())
}

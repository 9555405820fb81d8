//! What is known of a played call, brought together from the SIP record, Asterisk's log and the
//! recordings: lanes for the picture, moments for the timeline, and the verdict.

use std::time::{Duration, Instant};

use super::heard::{self, Bar, Sound, Voice};
use super::log::{self, CallName, Clock, Line};
use super::play::{Party, Played};
use super::room::{self, Span};
use super::signals::{self, Signal};
use super::stories::Story;
use rust_ivr_testing::office::Office;
use rust_ivr_testing::sip::Entry;
use rust_ivr_testing::sound::Recording;

/// A party of a call.
pub struct Lane {
    /// As [`Party::who`].
    pub who: &'static str,
    /// Their number, or who it is.
    pub number: &'static str,
    /// Keys that they pressed, and when they were released.
    pub keys: Vec<(char, Instant)>,
    /// SIP messages of their call, and keys pressed.
    pub signals: Vec<Signal>,
    /// What they heard.
    pub bars: Vec<Bar>,
    /// The same as sound, from the caller's INVITE on. None: they never had sound.
    pub recording: Option<Recording>,
}

/// Somebody does something.
pub struct Moment {
    /// When.
    pub at: Instant,
    /// Who.
    pub who: &'static str,
    /// What.
    pub what: String,
}

/// A call's report.
pub struct Report {
    /// What was meant to happen.
    pub story: &'static Story,
    /// The caller's INVITE.
    pub began: Instant,
    /// The last that happened.
    pub ended: Instant,
    /// The caller's first.
    pub lanes: Vec<Lane>,
    /// In the order of time.
    pub moments: Vec<Moment>,
    /// The variables' words at the end; empty when the call had none.
    pub words: String,
    /// The phases of the room; empty when there is none.
    pub spans: Vec<Span>,
    /// Why it did not go as it was meant to. None: it did.
    pub complaint: Option<String>,
}

/// The reports of all calls, in the order of the stories.
pub fn all(office: &Office, played: &[Played], clock: &Clock) -> Vec<Report> {
    let (record, log) = (office.trace.entries(), office.machine.log());
    let report = |played| one(played, &record, &log, clock);
    played.iter().map(report).collect()
}

/// What the module said about a call.
struct Said {
    /// To the caller.
    session: Vec<Line>,
    /// To the manager in a room.
    manager: Vec<Line>,
    /// The room's states.
    room: Vec<Line>,
}

impl Said {
    fn read(log: &str, call: &CallName, clock: &Clock) -> Self {
        Self {
            session: log::session(log, call, clock),
            manager: log::manager(log, call, clock),
            room: log::room(log, call, clock),
        }
    }

    /// About what was played to the party at this place.
    fn to(&self, at: usize) -> &[Line] {
        match at {
            0 => &self.session,
            1 => &self.manager,
            _ => &[],
        }
    }
}

fn one(played: &Played, record: &[Entry], log: &str, clock: &Clock) -> Report {
    let said = Said::read(log, &played.name, clock);
    let call = &played.parties[0].call;
    let began = call.began();
    let lanes = played.parties.iter().enumerate();
    let lanes: Vec<Lane> = lanes
        .map(|(at, party)| lane(party, at == 0, began, record, said.to(at)))
        .collect();
    let spans = room::spans(call.answered().unwrap_or(began), &said.room);
    let mut moments = moments(&lanes, &said, &spans);
    moments.sort_by_key(|moment| moment.at);
    let ended = moments.last().map_or(began, |moment| moment.at);
    let words = log::words(log, &played.name, clock);
    Report {
        story: played.story,
        began,
        ended,
        complaint: complaint(played, &lanes, &words, &spans),
        lanes,
        moments,
        words,
        spans,
    }
}

fn lane(
    party: &Party,
    is_caller: bool,
    began: Instant,
    record: &[Entry],
    session: &[Line],
) -> Lane {
    let call = &party.call;
    let mut signals = signals::of_call(record, call.id(), is_caller);
    signals.extend(party.keys.iter().map(|(key, at)| Signal {
        at: *at,
        words: format!("has pressed {key} (RFC 4733)"),
        label: Some(format!("key {key}")),
    }));
    signals.sort_by_key(|signal| signal.at);
    let end = signals.last().map_or(call.began(), |signal| signal.at);
    let mut bars = ringing(&signals, end);
    let heard = call.answered().map(|_| call.recording());
    if let Some(recording) = &heard {
        bars.extend(heard::in_recording(recording, session, end));
    }
    Lane {
        who: party.who,
        number: party.number,
        keys: party.keys.clone(),
        signals,
        bars,
        recording: heard.map(|recording| Recording {
            started: began,
            samples: recording.slice(began..end),
        }),
    }
}

/// From 180 to whatever ends the ringing.
fn ringing(signals: &[Signal], end: Instant) -> Vec<Bar> {
    let labelled = |label: &str| {
        let found = signals.iter().find(|s| s.label.as_deref() == Some(label));
        found.map(|signal| signal.at)
    };
    let rings = labelled("180").map(|from| Bar {
        time: from..labelled("200").unwrap_or(end),
        sound: Sound::Ringing,
    });
    rings.into_iter().collect()
}

fn moments(lanes: &[Lane], said: &Said, spans: &[Span]) -> Vec<Moment> {
    let session = said.session.iter().chain(&said.manager);
    let mut moments: Vec<Moment> = session
        .map(|line| Moment {
            at: line.at,
            who: "RustIvr",
            what: line.text.clone(),
        })
        .collect();
    let room = spans.iter().filter(|span| !span.phase.state.is_empty());
    moments.extend(room.map(|span| Moment {
        at: span.time.start,
        who: "the room",
        what: format!("is in {}: {}", span.phase.state, span.phase.words),
    }));
    for lane in lanes {
        let who = lane.who;
        moments.extend(lane.signals.iter().map(|signal| Moment {
            at: signal.at,
            who,
            what: signal.words.clone(),
        }));
        let bars = lane.bars.iter();
        let heard = bars.filter_map(|bar| {
            let (at, what) = (bar.time.start, heard_words(bar)?);
            Some(Moment { at, who, what })
        });
        moments.extend(heard);
    }
    moments
}

fn heard_words(bar: &Bar) -> Option<String> {
    let length = (bar.time.end - bar.time.start).as_secs_f64();
    let what = match &bar.sound {
        Sound::Ringing => return None,
        Sound::Ringback => "the ringback tone, 425 Hz,".into(),
        Sound::Prompt { name, cut: false } => name.clone(),
        Sound::Prompt { name, cut: true } => format!("{name}, cut short by the key,"),
        Sound::Notice(name) => format!("the notice {name}"),
        // Shorter ones are the other party's turn in a talk.
        Sound::Silence if length < 2.0 => return None,
        Sound::Music | Sound::Voice(_) | Sound::Silence => bar.sound.as_str().to_owned(),
    };
    Some(format!("hears {what} for {length:.1} s"))
}

/// Compares what was meant with what the variables, the waiting parties and the recordings say.
fn complaint(played: &Played, lanes: &[Lane], words: &str, spans: &[Span]) -> Option<String> {
    let story = played.story;
    let prompts: Vec<&str> = prompts(lanes).collect();
    let (caller, last) = (&lanes[0], &lanes[lanes.len() - 1]);
    let voice = match story.words.starts_with("TARGET") {
        true => Voice::Target,
        false => Voice::Manager,
    };
    if let Some(why) = &played.failure {
        Some(why.clone())
    } else if !words.starts_with(story.words) {
        Some(format!("the call's words are {words:?}"))
    } else if prompts != story.prompts {
        Some(format!("the prompts heard are {prompts:?}"))
    } else if story.is_conference() {
        room::complaint(lanes, spans)
    } else if !heard_for(caller, voice) || !heard_for(last, Voice::Caller) {
        Some(format!(
            "the caller and {} did not hear each other",
            voice.as_str()
        ))
    } else {
        None
    }
}

/// The prompts that the caller heard, in order.
pub fn prompts(lanes: &[Lane]) -> impl Iterator<Item = &str> {
    lanes[0].bars.iter().filter_map(|bar| match &bar.sound {
        Sound::Prompt { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

/// Whether a voice was heard for a second at least.
fn heard_for(lane: &Lane, voice: Voice) -> bool {
    let voices = lane
        .bars
        .iter()
        .filter(|bar| bar.sound == Sound::Voice(voice));
    let length: Duration = voices.map(|bar| bar.time.end - bar.time.start).sum();
    length >= Duration::from_secs(1)
}

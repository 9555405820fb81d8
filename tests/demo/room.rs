//! The phases of the conference, from the room's states in the log, and whether in each of them
//! everybody heard exactly whom they should.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::conference::{CLIENT, MANAGER, THIRD};
use super::heard::{CLIENT_TONE, Sound, THIRD_TONE, tones};
use super::log::Line;
use super::play::LOUDNESS;
use super::report::Lane;
use rust_ivr_testing::office::{BITRIX24_TONE, MUSIC, RINGBACK};
use rust_ivr_testing::sound::Ear;

/// From a line in the log, or a key's release, to where the sound has changed everywhere; longer
/// than a key.
const SETTLE: Duration = Duration::from_millis(400);
/// Part of the time that a voice is heard at least: a busy machine loses a few packets.
const STEADY: f64 = 0.8;
/// Samples in which somebody is overheard: 100 ms.
const WINDOW: usize = 800;
/// Whoever is a tenth as loud as the parties are is overheard, under whatever music.
const SHARP: Ear = Ear {
    share: 0.0,
    amplitude: LOUDNESS as f64 / 10.0,
    silence: 0.0,
};

/// What must be heard while the room is in a state.
pub struct Phase {
    /// The state's word in the log; empty before there is a room.
    pub state: &'static str,
    /// What happens in it.
    pub words: &'static str,
    /// The tones that client, manager and third person hear.
    hears: [&'static [f64]; 3],
    /// What the manager is told.
    notice: Option<&'static str>,
}

/// A phase as it was.
pub struct Span {
    /// As it was meant.
    pub phase: &'static Phase,
    /// From when to when.
    pub time: Range<Instant>,
}

const fn phase(
    state: &'static str,
    words: &'static str,
    hears: [&'static [f64]; 3],
    notice: Option<&'static str>,
) -> Phase {
    Phase {
        state,
        words,
        hears,
        notice,
    }
}

/// All of them, in their order.
static PHASES: [Phase; 8] = [
    phase(
        "",
        "client and manager talk",
        [&[BITRIX24_TONE], &[CLIENT_TONE], &[]],
        None,
    ),
    phase(
        "TALK",
        "they talk on, in the room",
        [&[BITRIX24_TONE], &[CLIENT_TONE], &[]],
        None,
    ),
    phase(
        "CODE",
        "the client is on hold, a code is typed",
        [&[MUSIC], &[], &[]],
        Some("enter-code"),
    ),
    phase(
        "DIAL",
        "the third's telephone rings",
        [&[MUSIC], &[RINGBACK], &[]],
        None,
    ),
    phase(
        "CONSULT",
        "manager and third in private",
        [&[MUSIC], &[THIRD_TONE], &[BITRIX24_TONE]],
        None,
    ),
    phase(
        "CONF",
        "all three talk",
        [
            &[BITRIX24_TONE, THIRD_TONE],
            &[CLIENT_TONE, THIRD_TONE],
            &[CLIENT_TONE, BITRIX24_TONE],
        ],
        None,
    ),
    phase(
        "TALK",
        "the third has left",
        [&[BITRIX24_TONE], &[CLIENT_TONE], &[]],
        Some("third-left"),
    ),
    phase("OVER", "the manager has hung up", [&[], &[], &[]], None),
];

/// The phases that a call went through, as far as they are those that it should; none without a
/// room.
pub fn spans(answered: Instant, room: &[Line]) -> Vec<Span> {
    if room.is_empty() {
        return Vec::new();
    }
    let starts = room.iter().map(|line| (line.text.as_str(), line.at));
    let starts: Vec<_> = std::iter::once(("", answered)).chain(starts).collect();
    let ends = starts.iter().skip(1).chain(starts.last());
    let met = starts.iter().zip(ends).zip(&PHASES);
    met.take_while(|((start, _), phase)| start.0 == phase.state)
        .map(|((start, end), phase)| Span {
            phase,
            time: start.1..end.1,
        })
        .collect()
}

/// Who did not hear whom they should, or heard somebody else.
pub fn complaint(lanes: &[Lane], spans: &[Span]) -> Option<String> {
    if spans.len() < PHASES.len() {
        let next = &PHASES[spans.len()];
        return Some(format!("the room did not come to {}", next.state));
    }
    let wrong = spans.iter().find_map(|span| {
        let why = wrong_in(span, lanes)?;
        Some(format!("{}, {}: {why}", span.phase.state, span.phase.words))
    });
    wrong.or_else(|| overheard(lanes, spans))
}

fn wrong_in(span: &Span, lanes: &[Lane]) -> Option<String> {
    let told = notice(&lanes[MANAGER], &span.time);
    if told.as_ref().map(|(name, _)| *name) != span.phase.notice {
        return Some("the manager was not told what he should be".into());
    }
    // A manager who presses a key does not speak. What he is told covers the others for him, and nobody
    // else.
    let back = told.map_or(span.time.start, |(_, time)| time.end) + SETTLE;
    let (from, to) = (span.time.start + SETTLE, span.time.end - SETTLE);
    let keys = lanes[MANAGER].keys.iter().map(|(_, at)| *at);
    let key = keys.filter(|at| span.time.contains(at)).min();
    let silent_from = key.map_or(to, |at| to.min(at - SETTLE));
    for (at, lane) in lanes.iter().enumerate() {
        let hears = span.phase.hears[at];
        for tone in hears {
            let from = if at == MANAGER { back } else { from };
            let to = if *tone == BITRIX24_TONE {
                silent_from
            } else {
                to
            };
            if !heard(lane, *tone, from..to) {
                return Some(format!("the {} did not hear {}", lane.who, name(*tone)));
            }
        }
        let from = if at == MANAGER { back } else { from };
        if let Some(name) = leak(lane, hears, from..to) {
            return Some(format!("the {} heard {name}", lane.who));
        }
    }
    None
}

/// The hold and the consult as a whole, without the gaps between phases.
fn overheard(lanes: &[Lane], spans: &[Span]) -> Option<String> {
    let private = private(spans);
    [(CLIENT, [MUSIC].as_slice()), (THIRD, &[BITRIX24_TONE])]
        .into_iter()
        .find_map(|(at, hears)| {
            let name = leak(&lanes[at], hears, private.clone())?;
            Some(format!(
                "on hold or in private: the {} heard {name}",
                lanes[at].who
            ))
        })
}

/// From the client's hold to the join key.
fn private(spans: &[Span]) -> Range<Instant> {
    let bounds = |state: &str| {
        let span = spans.iter().find(|span| span.phase.state == state);
        span.map(|span| span.time.start)
    };
    let (hold, join) = (bounds("CODE"), bounds("CONF"));
    let (hold, join) = hold.zip(join).expect("all phases were met");
    hold + SETTLE..join - SETTLE
}

/// The notice that begins in a stretch of time.
fn notice<'l>(lane: &'l Lane, time: &Range<Instant>) -> Option<(&'l str, &'l Range<Instant>)> {
    lane.bars.iter().find_map(|bar| match &bar.sound {
        Sound::Notice(name) if time.contains(&bar.time.start) => Some((name.as_str(), &bar.time)),
        _ => None,
    })
}

/// Whether a tone sounded through a stretch of time; ringback, which has its cadence, at all.
fn heard(lane: &Lane, hz: f64, time: Range<Instant>) -> bool {
    let Some(recording) = &lane.recording else {
        return false;
    };
    match hz == RINGBACK {
        true => recording
            .first_heard(hz, time.start)
            .is_some_and(|at| at < time.end),
        false => {
            let whole = time.end.saturating_duration_since(time.start);
            let bursts = recording.bursts(hz, time).into_iter();
            let sounded: Duration = bursts.map(|burst| burst.end - burst.start).sum();
            !whole.is_zero() && sounded >= whole.mul_f64(STEADY)
        }
    }
}

/// What else was heard.
fn leak(lane: &Lane, allowed: &[f64], time: Range<Instant>) -> Option<&'static str> {
    let samples = lane.recording.as_ref()?.slice(time);
    let others = tones().filter(|(_, hz)| !allowed.contains(hz));
    let mut heard = others.filter(|(_, hz)| {
        let mut parts = samples.chunks_exact(WINDOW);
        parts.any(|part| SHARP.hears(part, *hz))
    });
    heard.next().map(|(sound, _)| sound.as_str())
}

fn name(hz: f64) -> &'static str {
    let sound = tones().find(|(_, other)| *other == hz);
    sound.map_or("a tone", |(sound, _)| sound.as_str())
}

/// What happened, for the verdict.
pub fn summary(spans: &[Span]) -> String {
    let private = private(spans);
    format!(
        "in each of {} phases everybody heard whom they should, and nobody else; \
         for {:.1} s on hold the client heard music alone, and the third never the client",
        spans.len() - 1,
        (private.end - private.start).as_secs_f64()
    )
}

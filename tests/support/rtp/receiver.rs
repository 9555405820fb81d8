//! The receiving half of a stream: keeps each packet with its arrival, the digits in order, and
//! lays the sound out on a wall-clock timeline.

use super::packet::{Packet, TelephoneEvent};
use super::voice::RATE;
use super::{Codec, Shared};
use std::time::{Duration, Instant};

/// A key that the other side pressed, as RFC 4733 told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digit {
    /// The key.
    pub key: char,
    /// Arrival of its first packet.
    pub at: Instant,
    /// Arrival of its first packet that says "released".
    pub released: Option<Instant>,
    /// Length that the last packet claimed.
    pub length: Duration,
    timestamp: u32,
}

/// One packet of sound.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Arrival.
    pub at: Instant,
    /// Start of a talk spurt.
    pub marker: bool,
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// RTP stream.
    pub source: u32,
    /// Decoded sound.
    pub samples: Vec<i16>,
}

/// What was received.
#[derive(Debug, Default)]
pub struct Received {
    /// Sound packets in the order of arrival.
    pub sound: Vec<Heard>,
    /// Keys in the order of arrival.
    pub digits: Vec<Digit>,
}

impl Received {
    /// Takes a packet in. `events` is the payload type that our side gave digits.
    pub fn take(&mut self, at: Instant, packet: &Packet, events: Option<u8>) {
        if Some(packet.payload_type) == events {
            self.take_digit(at, packet);
        } else if let Some(codec) = Codec::of(packet.payload_type) {
            let samples = packet.payload.iter().map(|byte| codec.decode(*byte));
            self.sound.push(Heard {
                at,
                marker: packet.marker,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                source: packet.source,
                samples: samples.collect(),
            });
        }
    }

    fn take_digit(&mut self, at: Instant, packet: &Packet) {
        let Some(event) = TelephoneEvent::parse(&packet.payload) else {
            return;
        };
        let Some(key) = event.key() else { return };
        let known = self
            .digits
            .last()
            .is_some_and(|digit| digit.timestamp == packet.timestamp && digit.key == key);
        if !known {
            self.digits.push(Digit {
                key,
                at,
                released: None,
                length: Duration::ZERO,
                timestamp: packet.timestamp,
            });
        }
        let Some(digit) = self.digits.last_mut() else {
            return;
        };
        digit.length = Duration::from_secs(u64::from(event.duration)) / RATE;
        if event.end && digit.released.is_none() {
            digit.released = Some(at);
        }
    }

    /// Samples that arrived after `since`, as they came.
    pub fn since(&self, since: Instant) -> Vec<i16> {
        let from = self.sound.partition_point(|heard| heard.at < since);
        let heard = self.sound[from..].iter();
        heard
            .flat_map(|heard| heard.samples.iter().copied())
            .collect()
    }

    /// All sound on the clock, from the first packet's arrival on; gaps are silence.
    pub fn timeline(&self) -> Vec<i16> {
        timeline(&self.sound)
    }
}

/// Packets looked ahead for the delay of a stream: what a busy machine may hold up.
const AHEAD: usize = 10;

/// Within a spurt timestamps give the spacing, and the least delay among the packets that follow
/// gives the place: a burst after a stall of this machine is laid out evenly, while a pause that the
/// sender made (its delay stays larger) remains a pause.
fn timeline(sound: &[Heard]) -> Vec<i16> {
    let Some(first) = sound.first() else {
        return Vec::new();
    };
    let arrival = |heard: &Heard| {
        let elapsed = heard.at.duration_since(first.at);
        (elapsed.as_secs_f64() * f64::from(RATE)) as i64
    };
    let mut samples: Vec<i16> = Vec::new();
    for spurt in sound.chunk_by(|one, two| !breaks(one, two)) {
        let base = spurt[0].timestamp;
        let offset = |heard: &Heard| i64::from(heard.timestamp.wrapping_sub(base) as i32);
        for (at, heard) in spurt.iter().enumerate() {
            let ahead = &spurt[at..spurt.len().min(at + 1 + AHEAD)];
            let delay = ahead.iter().map(|next| arrival(next) - offset(next)).min();
            let place = offset(heard) + delay.unwrap_or_default();
            write_at(&mut samples, place.max(0) as usize, &heard.samples);
        }
    }
    samples
}

fn breaks(one: &Heard, two: &Heard) -> bool {
    let steps = two.sequence.wrapping_sub(one.sequence);
    let expected = u32::from(steps) * one.samples.len() as u32;
    let step = two.timestamp.wrapping_sub(one.timestamp);
    one.source != two.source || two.marker || step != expected
}

fn write_at(samples: &mut Vec<i16>, place: usize, sound: &[i16]) {
    let end = place + sound.len();
    if samples.len() < end {
        samples.resize(end, 0);
    }
    samples[place..end].copy_from_slice(sound);
}

/// Runs until the stream is closed.
pub fn run(shared: &Shared) {
    let mut buffer = [0; 2048];
    loop {
        let received = shared.socket.recv_from(&mut buffer);
        let at = Instant::now();
        let mut state = shared.state.lock().unwrap();
        if state.closed {
            return;
        }
        // An error here is an ICMP message about a packet that we sent; the stream goes on.
        let Ok((length, _)) = received else { continue };
        let Some(packet) = Packet::parse(&buffer[..length]) else {
            continue;
        };
        let events = state.events;
        state.received.take(at, &packet, events);
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet whose samples all say its number; arrival in ms.
    fn heard(start: Instant, number: u16, arrival: u64) -> Heard {
        Heard {
            at: start + Duration::from_millis(arrival),
            marker: false,
            sequence: number,
            timestamp: u32::from(number) * 160,
            source: 1,
            samples: vec![number as i16 + 1; 160],
        }
    }

    /// Number of the packet per 20 ms, -1 for silence; blurred borders count as what is mostly there.
    fn layout(sound: &[Heard]) -> Vec<i16> {
        let samples = timeline(sound);
        samples
            .chunks(160)
            .map(|chunk| chunk[chunk.len() / 2] - 1)
            .collect()
    }

    #[test]
    fn a_burst_after_a_stall_is_laid_out_evenly() {
        let start = Instant::now();
        let arrivals = [0, 20, 140, 141, 141, 142, 142, 143, 160, 180];
        let sound: Vec<_> = (0..)
            .zip(arrivals)
            .map(|(n, ms)| heard(start, n, ms))
            .collect();
        assert_eq!(layout(&sound), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_pause_of_the_sender_stays_a_pause() {
        let start = Instant::now();
        let arrival = |n: u64| if n < 5 { n * 20 } else { n * 20 + 60 };
        let sound: Vec<_> = (0..30)
            .map(|n| heard(start, n, arrival(n.into())))
            .collect();
        let mut expected: Vec<i16> = (0..5).collect();
        expected.extend([-1, -1, -1]);
        expected.extend(5..30);
        assert_eq!(layout(&sound), expected);
    }

    #[test]
    fn a_new_stream_is_placed_by_its_arrival() {
        let start = Instant::now();
        let mut sound: Vec<_> = (0..3).map(|n| heard(start, n, u64::from(n) * 20)).collect();
        for n in 3..6 {
            let mut other = heard(start, n, u64::from(n) * 20 + 40);
            other.source = 2;
            other.timestamp = other.timestamp.wrapping_sub(90_000);
            sound.push(other);
        }
        assert_eq!(layout(&sound), [0, 1, 2, -1, -1, 3, 4, 5]);
    }

    #[test]
    fn a_digit_is_one_digit_however_many_packets_tell_it() {
        let mut received = Received::default();
        let at = Instant::now();
        let packet = |timestamp, end, duration| Packet {
            marker: false,
            payload_type: 96,
            sequence: 0,
            timestamp,
            source: 1,
            payload: TelephoneEvent {
                event: 5,
                end,
                duration,
            }
            .to_bytes(),
        };
        for (timestamp, end) in [(0, false), (0, true), (0, true), (800, false), (800, true)] {
            received.take(at, &packet(timestamp, end, 800), Some(96));
        }
        let keys: String = received.digits.iter().map(|digit| digit.key).collect();
        assert_eq!(keys, "55");
        assert_eq!(received.digits[0].length, Duration::from_millis(100));
        assert!(received.digits.iter().all(|digit| digit.released.is_some()));
    }
}

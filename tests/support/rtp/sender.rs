//! The sending half of a stream: a packet every 20 ms by a steady clock, sound or digit.

use super::packet::{Packet, TelephoneEvent};
use super::voice::{FRAME, FRAME_TIME, Source, Voice, key_tones};
use super::{Codec, Route, Shared};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Packets between two keys.
const PAUSE: u32 = 4;
/// RFC 4733 section 2.5.1.4: the end is sent three times.
const ENDS: usize = 3;

/// How a key travels in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As telephone events (RFC 4733).
    Events,
    /// As two tones in the sound.
    InBand,
    /// Both at once, as some gateways do.
    Both,
}

/// A key that waits for its turn or is down.
#[derive(Debug)]
struct Key {
    ticket: u64,
    key: char,
    way: Way,
    /// Packets that it lasts.
    frames: u32,
    /// Packets sent.
    done: u32,
    /// Timestamp of its first packet.
    began: u32,
}

/// What is being sent.
#[derive(Debug)]
pub struct Sending {
    route: Option<Route>,
    voice: Voice,
    muted: bool,
    keys: VecDeque<Key>,
    pause: u32,
    tickets: u64,
    released: Vec<(u64, Instant)>,
    spurt: bool,
    sequence: u16,
    timestamp: u32,
    stream: u32,
}

impl Sending {
    /// Sends nothing until there is a route. `stream` names the RTP stream.
    pub fn new(source: Source, stream: u32) -> Self {
        Self {
            route: None,
            voice: Voice::new(source),
            muted: false,
            keys: VecDeque::new(),
            pause: 0,
            tickets: 0,
            released: Vec::new(),
            spurt: true,
            sequence: stream as u16,
            timestamp: stream,
            stream,
        }
    }

    /// Sends to `route` from the next packet on.
    pub fn set_route(&mut self, route: Route) {
        self.route = Some(route);
    }

    /// Where it is sent now.
    pub fn route(&self) -> Option<Route> {
        self.route
    }

    /// Says something else from the next packet on.
    pub fn set_source(&mut self, source: Source) {
        self.voice = Voice::new(source);
    }

    /// Stops or resumes sending (hold). Time goes on meanwhile.
    pub fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// Puts a key in line; the ticket tells its release.
    pub fn press(&mut self, key: char, way: Way, length: Duration) -> u64 {
        self.tickets += 1;
        self.keys.push_back(Key {
            ticket: self.tickets,
            key,
            way,
            frames: (length.as_millis() / FRAME_TIME.as_millis()).max(1) as u32,
            done: 0,
            began: 0,
        });
        self.tickets
    }

    /// When the key of that ticket was released.
    pub fn released(&self, ticket: u64) -> Option<Instant> {
        let found = self.released.iter().find(|(known, _)| *known == ticket);
        found.map(|(_, at)| *at)
    }

    /// The packets of the next 20 ms.
    fn tick(&mut self) -> Option<(SocketAddr, Vec<Packet>)> {
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        let route = self.route?;
        if self.muted || !self.voice.is_sent() {
            self.spurt = true;
            return None;
        }
        let next = (self.pause == 0).then(|| self.keys.pop_front()).flatten();
        let packets = match next {
            Some(key) => self.key_frame(route, key),
            None => {
                self.pause = self.pause.saturating_sub(1);
                vec![self.sound(route.codec, None)]
            }
        };
        Some((route.to, packets))
    }

    fn key_frame(&mut self, route: Route, mut key: Key) -> Vec<Packet> {
        if key.done == 0 {
            key.began = self.timestamp;
        }
        key.done += 1;
        let (packets, last) = match (key.way, route.events) {
            // One step more, so that the end really comes the key's length after the beginning.
            (Way::Events | Way::Both, Some(kind)) => {
                let last = key.done > key.frames;
                let mut packets = self.event(kind, &key, last);
                if key.way == Way::Both {
                    let tones = key_tones(key.key).filter(|_| !last);
                    packets.push(self.sound(route.codec, tones));
                } else {
                    // The own sound goes on unheard while a key is down.
                    self.voice.next_frame(None);
                }
                (packets, last)
            }
            // Without events agreed the caller's phone has only its voice left.
            _ => {
                let sound = self.sound(route.codec, key_tones(key.key));
                (vec![sound], key.done >= key.frames)
            }
        };
        if last {
            self.released.push((key.ticket, Instant::now()));
            self.pause = PAUSE;
        } else {
            self.keys.push_front(key);
        }
        packets
    }

    fn event(&mut self, kind: u8, key: &Key, last: bool) -> Vec<Packet> {
        let event = TelephoneEvent {
            event: TelephoneEvent::number(key.key).unwrap_or_default(),
            end: last,
            duration: (key.done.min(key.frames) * FRAME as u32) as u16,
        };
        let marker = key.done == 1;
        let copies = if last { ENDS } else { 1 };
        let copy = |sending: &mut Self| sending.packet(kind, marker, key.began, event.to_bytes());
        (0..copies).map(|_| copy(self)).collect()
    }

    fn sound(&mut self, codec: Codec, key: Option<(f64, f64)>) -> Packet {
        let frame = self.voice.next_frame(key);
        let payload = frame.iter().map(|sample| codec.encode(*sample)).collect();
        let marker = std::mem::take(&mut self.spurt);
        self.packet(codec.payload_type(), marker, self.timestamp, payload)
    }

    fn packet(&mut self, kind: u8, marker: bool, timestamp: u32, payload: Vec<u8>) -> Packet {
        self.sequence = self.sequence.wrapping_add(1);
        Packet {
            marker,
            payload_type: kind,
            sequence: self.sequence,
            timestamp,
            source: self.stream,
            payload,
        }
    }
}

/// Runs until the stream is closed.
pub fn run(shared: &Shared) {
    let mut next = Instant::now();
    loop {
        let mut state = shared.state.lock().unwrap();
        loop {
            if state.closed {
                return;
            }
            let wait = next.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                break;
            }
            state = shared.changed.wait_timeout(state, wait).unwrap().0;
        }
        next += FRAME_TIME;
        if let Some((to, packets)) = state.sending.tick() {
            for packet in packets {
                // Nobody listens any more: the far end's business, not a failure of ours.
                let _ = shared.socket.send_to(&packet.to_bytes(), to);
            }
            shared.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sending() -> Sending {
        let mut sending = Sending::new(Source::Silence, 1);
        sending.set_route(Route {
            to: "127.0.0.1:9".parse().unwrap(),
            codec: Codec::Alaw,
            events: Some(101),
        });
        sending
    }

    fn ticks(sending: &mut Sending, count: usize) -> Vec<Packet> {
        let ticks = (0..count).filter_map(|_| sending.tick());
        ticks.flat_map(|(_, packets)| packets).collect()
    }

    #[test]
    fn a_digit_of_100_ms_is_five_steps_and_three_ends_with_one_timestamp() {
        let mut sending = sending();
        ticks(&mut sending, 1);
        let ticket = sending.press('5', Way::Events, Duration::from_millis(100));
        let packets = ticks(&mut sending, 6);
        let events: Vec<_> = packets
            .iter()
            .map(|p| (p.marker, TelephoneEvent::parse(&p.payload).unwrap()))
            .collect();
        assert!(packets.iter().all(|p| p.timestamp == packets[0].timestamp));
        assert!(
            packets
                .windows(2)
                .all(|two| two[1].sequence == two[0].sequence + 1)
        );
        let durations: Vec<_> = events.iter().map(|(_, e)| e.duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800, 800]);
        let ends: Vec<_> = events.iter().map(|(_, e)| e.end).collect();
        assert_eq!(ends, [false, false, false, false, false, true, true, true]);
        let markers: Vec<_> = events.iter().map(|(marker, _)| *marker).collect();
        assert_eq!(
            markers,
            [true, false, false, false, false, false, false, false]
        );
        assert!(sending.released(ticket).is_some());
    }

    #[test]
    fn keys_keep_their_order_and_a_pause_between() {
        let mut sending = sending();
        for key in ['1', '2', '3'] {
            sending.press(key, Way::Events, Duration::from_millis(20));
        }
        let packets = ticks(&mut sending, 15);
        let mut keys: Vec<_> = packets
            .iter()
            .map(|p| match p.payload_type {
                101 => TelephoneEvent::parse(&p.payload).unwrap().key().unwrap(),
                _ => '-',
            })
            .collect();
        keys.dedup();
        assert_eq!(keys, ['1', '-', '2', '-', '3', '-']);
    }

    #[test]
    fn a_muted_stream_says_nothing_and_starts_with_a_marker_again() {
        let mut sending = sending();
        assert!(ticks(&mut sending, 1)[0].marker);
        let before = sending.timestamp;
        sending.set_muted(true);
        assert_eq!(ticks(&mut sending, 10), []);
        sending.set_muted(false);
        let packet = &ticks(&mut sending, 1)[0];
        assert!(packet.marker);
        assert_eq!(packet.timestamp, before + 11 * 160);
    }
}

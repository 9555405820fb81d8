//! Session descriptions (RFC 4566) of one G.711 audio stream: the offer, the answer, and what of the
//! other side's we need to send to it.

use crate::rtp::{Codec, Route};
use std::net::{IpAddr, SocketAddr};

/// Payload type that we offer for RFC 4733 digits.
const OUR_EVENTS: u8 = 101;

/// Who may send, seen from whoever wrote the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Talk.
    SendRecv,
    /// Hold with music: the other side only listens.
    SendOnly,
    /// The other side is told that we only listen.
    RecvOnly,
    /// Hold without music.
    Inactive,
}

impl Direction {
    const ALL: [(Direction, &'static str); 4] = [
        (Direction::SendRecv, "sendrecv"),
        (Direction::SendOnly, "sendonly"),
        (Direction::RecvOnly, "recvonly"),
        (Direction::Inactive, "inactive"),
    ];

    /// The attribute's word.
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("sendrecv", |(_, word)| word)
    }

    /// Whether the writer of this description sends sound.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// What an answer to an offer of this direction says.
    pub fn answered(self) -> Self {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            same => same,
        }
    }
}

/// One audio stream as described by one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Where its sound is to be sent.
    pub address: SocketAddr,
    /// Codecs in order of preference, those that we know.
    pub codecs: Vec<Codec>,
    /// Payload type of RFC 4733 digits, if it takes them.
    pub events: Option<u8>,
    /// Who may send.
    pub direction: Direction,
}

impl Description {
    /// What we offer: `codecs`, with RFC 4733 digits or without.
    pub fn offer(address: SocketAddr, codecs: &[Codec], digits: bool) -> Self {
        Self {
            address,
            codecs: codecs.to_vec(),
            events: digits.then_some(OUR_EVENTS),
            direction: Direction::SendRecv,
        }
    }

    /// Our answer to this offer: its first codec that we may use. None: nothing in common.
    pub fn answer(&self, address: SocketAddr, codecs: &[Codec], digits: bool) -> Option<Self> {
        let codec = self.codecs.iter().find(|codec| codecs.contains(codec))?;
        Some(Self {
            address,
            codecs: vec![*codec],
            events: self.events.filter(|_| digits),
            direction: self.direction.answered(),
        })
    }

    /// How to send to whoever wrote this. None: no codec in common.
    pub fn route(&self) -> Option<Route> {
        Some(Route {
            to: self.address,
            codec: *self.codecs.first()?,
            events: self.events,
        })
    }

    /// Reads a body. None: no audio stream that we understand.
    pub fn parse(body: &str) -> Option<Self> {
        let field = |prefix| body.lines().find_map(|line| line.strip_prefix(prefix));
        let mut media = field("m=audio ")?.split_whitespace();
        let port: u16 = media.next()?.parse().ok()?;
        let types: Vec<u8> = media.skip(1).filter_map(|word| word.parse().ok()).collect();
        let ip: IpAddr = field("c=IN IP4 ")?.trim().parse().ok()?;
        let events = body.lines().find_map(|line| {
            let (number, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            let is_event = name
                .to_ascii_lowercase()
                .starts_with("telephone-event/8000");
            is_event.then(|| number.parse().ok())?
        });
        let direction = body.lines().find_map(|line| {
            let word = line.strip_prefix("a=")?.trim();
            let known = Direction::ALL.iter().find(|(_, name)| *name == word)?;
            Some(known.0)
        });
        Some(Self {
            address: SocketAddr::new(ip, port),
            codecs: types.iter().filter_map(|kind| Codec::of(*kind)).collect(),
            events,
            direction: direction.unwrap_or(Direction::SendRecv),
        })
    }

    /// The body. `version` grows with every description of the same call.
    pub fn to_body(&self, version: u32) -> String {
        let (ip, port) = (self.address.ip(), self.address.port());
        let mut types = String::new();
        let mut maps = String::new();
        for codec in &self.codecs {
            types.push_str(&format!(" {}", codec.payload_type()));
            let (kind, name) = (codec.payload_type(), codec.name());
            maps.push_str(&format!("a=rtpmap:{kind} {name}/8000\r\n"));
        }
        if let Some(kind) = self.events {
            types.push_str(&format!(" {kind}"));
            maps.push_str(&format!(
                "a=rtpmap:{kind} telephone-event/8000\r\na=fmtp:{kind} 0-16\r\n"
            ));
        }
        format!(
            "v=0\r\no=- {port} {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP{types}\r\n{maps}a=ptime:20\r\na={}\r\n",
            self.direction.word()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> SocketAddr {
        "127.91.0.2:40000".parse().unwrap()
    }

    #[test]
    fn a_description_reads_back_as_written() {
        for digits in [true, false] {
            let mut offer = Description::offer(address(), &[Codec::Alaw, Codec::Ulaw], digits);
            for (direction, _) in Direction::ALL {
                offer.direction = direction;
                assert_eq!(Description::parse(&offer.to_body(1)), Some(offer.clone()));
            }
        }
    }

    #[test]
    fn an_answer_takes_one_codec_and_the_offered_payload_type_of_digits() {
        let body = "v=0\r\nc=IN IP4 127.91.0.1\r\nm=audio 10000 RTP/AVP 9 0 8 96\r\n\
                    a=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n";
        let offer = Description::parse(body).unwrap();
        let answer = offer.answer(address(), &[Codec::Alaw], true).unwrap();
        assert_eq!(answer.codecs, [Codec::Alaw]);
        assert_eq!(answer.events, Some(96));
        assert_eq!(answer.direction, Direction::RecvOnly);
        assert_eq!(offer.answer(address(), &[], true), None);
    }
}

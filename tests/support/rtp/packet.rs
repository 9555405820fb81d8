//! RTP packets (RFC 3550 section 5.1) and telephone events (RFC 4733 section 2.3).

/// Header fields and payload of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Start of a talk spurt or of a digit.
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    /// Grows by one per packet.
    pub sequence: u16,
    /// In samples of 1/8000 s.
    pub timestamp: u32,
    /// Names the stream.
    pub source: u32,
    /// Sound or event.
    pub payload: Vec<u8>,
}

impl Packet {
    /// Reads a datagram. None for what is not RTP version 2. Padding and extensions, which Asterisk
    /// does not send here, are skipped over.
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let head = datagram.first_chunk::<12>()?;
        if head[0] >> 6 != 2 {
            return None;
        }
        let mut start = 12 + 4 * usize::from(head[0] & 0x0f);
        if head[0] & 0x10 != 0 {
            let words = datagram.get(start + 2..start + 4)?;
            start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        let padding = match head[0] & 0x20 {
            0 => 0,
            _ => usize::from(*datagram.last()?),
        };
        let payload = datagram.get(start..datagram.len().checked_sub(padding)?)?;
        Some(Self {
            marker: head[1] & 0x80 != 0,
            payload_type: head[1] & 0x7f,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            source: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            payload: payload.to_vec(),
        })
    }

    /// The datagram.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x80, self.payload_type | u8::from(self.marker) << 7];
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.source.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }
}

/// Payload of a telephone event packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// 0..=9, 10 `*`, 11 `#`, 12..=15 A to D.
    pub event: u8,
    /// The key is up.
    pub end: bool,
    /// Samples since the key went down.
    pub duration: u16,
}

/// Power in -dBm0 that our digits claim.
const VOLUME: u8 = 10;
const KEYS: &str = "0123456789*#ABCD";

impl TelephoneEvent {
    /// Event number of a key. None: no such key.
    pub fn number(key: char) -> Option<u8> {
        KEYS.find(key.to_ascii_uppercase()).map(|at| at as u8)
    }

    /// Key of this event. None for other events (flash, modem tones).
    pub fn key(&self) -> Option<char> {
        KEYS.chars().nth(usize::from(self.event))
    }

    /// Reads a payload.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let bytes = payload.first_chunk::<4>()?;
        Some(Self {
            event: bytes[0],
            end: bytes[1] & 0x80 != 0,
            duration: u16::from_be_bytes([bytes[2], bytes[3]]),
        })
    }

    /// The payload.
    pub fn to_bytes(self) -> Vec<u8> {
        let [high, low] = self.duration.to_be_bytes();
        vec![self.event, u8::from(self.end) << 7 | VOLUME, high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_reads_back_as_written() {
        let packet = Packet {
            marker: true,
            payload_type: 101,
            sequence: 65535,
            timestamp: 0xdead_beef,
            source: 7,
            payload: vec![1, 2, 3],
        };
        assert_eq!(Packet::parse(&packet.to_bytes()), Some(packet));
    }

    #[test]
    fn contributors_extension_and_padding_are_skipped() {
        let mut bytes = vec![0xb1, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend([9; 4]);
        bytes.extend([0, 0, 0, 1, 9, 9, 9, 9]);
        bytes.extend([0xd5, 0xd5, 0, 2]);
        assert_eq!(Packet::parse(&bytes).unwrap().payload, [0xd5, 0xd5]);
        for cut in 0..20 {
            assert_eq!(Packet::parse(&bytes[..cut]).map(|p| p.payload), None);
        }
    }

    #[test]
    fn the_bytes_of_rfc_4733() {
        let event = TelephoneEvent {
            event: TelephoneEvent::number('#').unwrap(),
            end: true,
            duration: 800,
        };
        assert_eq!(event.to_bytes(), [11, 0x8a, 0x03, 0x20]);
        assert_eq!(TelephoneEvent::parse(&event.to_bytes()), Some(event));
        assert_eq!(event.key(), Some('#'));
        assert_eq!(TelephoneEvent::number('x'), None);
    }
}

//! G.711 (ITU-T G.711): A-law and mu-law to 16-bit linear and back.

/// The two companding laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// PCMA, payload type 8.
    Alaw,
    /// PCMU, payload type 0.
    Ulaw,
}

impl Codec {
    /// Static RTP payload type.
    pub fn payload_type(self) -> u8 {
        match self {
            Codec::Alaw => 8,
            Codec::Ulaw => 0,
        }
    }

    /// Codec of a static payload type.
    pub fn of(payload_type: u8) -> Option<Self> {
        [Codec::Alaw, Codec::Ulaw]
            .into_iter()
            .find(|codec| codec.payload_type() == payload_type)
    }

    /// Name in rtpmap.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Alaw => "PCMA",
            Codec::Ulaw => "PCMU",
        }
    }

    /// One sample to its byte.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Codec::Alaw => encode_alaw(sample),
            Codec::Ulaw => encode_ulaw(sample),
        }
    }

    /// One byte to its sample.
    pub fn decode(self, byte: u8) -> i16 {
        match self {
            Codec::Alaw => decode_alaw(byte),
            Codec::Ulaw => decode_ulaw(byte),
        }
    }
}

fn encode_alaw(sample: i16) -> u8 {
    // 13 bits; negative values mirror through one's complement as in the ITU's reference code.
    let (magnitude, sign) = if sample >= 0 {
        (i32::from(sample) >> 3, 0x80)
    } else {
        (!i32::from(sample) >> 3, 0)
    };
    let segment = (0..8).find(|s| magnitude < 32 << s).unwrap_or(7);
    let shift = if segment == 0 { 1 } else { segment };
    let mantissa = (magnitude >> shift) & 0x0f;
    ((sign | (segment << 4) | mantissa) as u8) ^ 0x55
}

fn decode_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let segment = (byte & 0x70) >> 4;
    let mantissa = i32::from(byte & 0x0f) << 4;
    let magnitude = match segment {
        0 => mantissa + 8,
        _ => (mantissa + 0x108) << (segment - 1),
    };
    let value = if byte & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    };
    value as i16
}

const ULAW_BIAS: i32 = 0x84;

fn encode_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32635) + ULAW_BIAS;
    let segment = (0..8).find(|s| magnitude < 0x100 << s).unwrap_or(7);
    let mantissa = (magnitude >> (segment + 3)) & 0x0f;
    !((sign | (segment << 4) | mantissa) as u8)
}

fn decode_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let segment = (byte & 0x70) >> 4;
    let magnitude = (((i32::from(byte & 0x0f) << 3) + ULAW_BIAS) << segment) - ULAW_BIAS;
    let value = if byte & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    };
    value as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points() {
        assert_eq!(encode_alaw(0), 0xd5);
        assert_eq!(encode_ulaw(0), 0xff);
        assert_eq!(decode_alaw(0xd5), 8);
        assert_eq!(decode_ulaw(0xff), 0);
        assert_eq!(decode_alaw(0xaa), 32256);
        assert_eq!(decode_alaw(0x2a), -32256);
        assert_eq!(decode_ulaw(0x80), 32124);
        assert_eq!(decode_ulaw(0x00), -32124);
    }

    #[test]
    fn every_byte_survives_a_round_trip() {
        for byte in 0..=255u8 {
            assert_eq!(encode_alaw(decode_alaw(byte)), byte, "A {byte:#x}");
            // mu-law has two zeros; the negative one comes back as the positive.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(encode_ulaw(decode_ulaw(byte)), expected, "mu {byte:#x}");
        }
    }

    #[test]
    fn loss_stays_within_a_segment_step() {
        for codec in [Codec::Alaw, Codec::Ulaw] {
            for sample in i16::MIN..=i16::MAX {
                let back = i32::from(codec.decode(codec.encode(sample)));
                let allowed = i32::from(sample).abs() / 16 + 16;
                let loss = (back - i32::from(sample)).abs();
                assert!(loss <= allowed, "{codec:?} {sample} {back}");
            }
        }
    }
}

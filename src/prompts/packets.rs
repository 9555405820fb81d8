//! The packets of a file. An MP3 may be joined from others, each with a rate and channels of its own
//! and each as if the file began there; the demuxer knows the first one only.

use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::errors::Result;
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// What of an MPEG frame's header a decoder is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    version_and_layer: u8,
    rate: u8,
    is_mono: bool,
}

/// Packets in their order.
pub(super) struct Packets<'f> {
    format: Box<dyn FormatReader + 'f>,
    is_mp3: bool,
    /// When the first part is over, as its header says, padding included; in frames.
    first_part: Option<i64>,
    /// That of the part which is being read.
    shape: Option<Shape>,
    ahead: Option<Packet>,
}

impl<'f> Packets<'f> {
    /// Of a file's track.
    pub fn new(format: Box<dyn FormatReader + 'f>, track: &Track) -> Self {
        let codec = track.codec_params.as_ref().and_then(|codec| codec.audio());
        let frames = |frames: u64| frames + u64::from(track.padding.unwrap_or(0));
        Self {
            format,
            is_mp3: codec.is_some_and(|codec| codec.codec == CODEC_ID_MP3),
            first_part: track.num_frames.and_then(|n| frames(n).try_into().ok()),
            shape: None,
            ahead: None,
        }
    }

    /// The next packet, and whether a part begins with it that needs a decoder of its own.
    ///
    /// # Errors
    /// As the demuxer's.
    pub fn next(&mut self) -> Result<Option<(Packet, bool)>> {
        loop {
            let packet = match self.ahead.take() {
                Some(packet) => packet,
                None => match self.format.next_packet()? {
                    Some(packet) => packet,
                    None => return Ok(None),
                },
            };
            if !self.is_mp3 {
                return Ok(Some((packet, false)));
            }
            let packet = self.untrimmed(packet);
            let shape = shape(&packet);
            if shape == self.shape {
                return Ok(Some((packet, false)));
            }
            // What is damaged may look like another frame; a real one has others of its kind
            // behind it.
            self.ahead = self.format.next_packet().ok().flatten();
            let is_first = self.shape.is_none();
            if is_first || self.ahead.as_ref().and_then(self::shape) == shape {
                self.shape = shape;
                return Ok(Some((packet, !is_first)));
            }
        }
    }

    /// What comes behind the end of the first part is no padding of it.
    fn untrimmed(&self, mut packet: Packet) -> Packet {
        if self.first_part.is_some_and(|end| packet.pts.get() >= end) {
            packet.trim_end = Duration::ZERO;
        }
        packet
    }
}

fn shape(packet: &Packet) -> Option<Shape> {
    let [_, kind, rate, mode] = *packet.data.first_chunk()?;
    Some(Shape {
        version_and_layer: kind & 0x1e,
        rate: rate & 0x0c,
        is_mono: mode >> 6 == 3,
    })
}

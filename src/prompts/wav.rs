//! WAV headers as they are met. Who writes to a pipe cannot know a length, who breaks off leaves
//! an old one, and many forget a pad byte. The sound is there all the same: the chunks are walked
//! here, leniently, and the decoder gets a header that is right.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

/// From here on a length was not known when it was written (0xffffffff, sox's 0x7ffff000): no
/// recording that we take has so many bytes.
const UNKNOWN: u64 = 0x4000_0000;

/// Fewer bytes behind the sound are a tag or padding, not words.
const TAIL: u64 = 1024;

/// More chunks than any file has, so that a hostile one ends.
const MAX_CHUNKS: usize = 1000;

/// How far the sound is looked for behind a chunk whose length is wrong.
const SEARCHED: usize = 64 << 10;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const GSM: u16 = 0x31;
const MP3: u16 = 0x55;

/// Where the sound of a WAV lies, and what it is.
pub(super) struct Wav {
    /// The body of the format chunk.
    format: Vec<u8>,
    start: u64,
    /// How many bytes the header promises; more than there are: the file was cut off.
    bytes: u64,
}

impl Wav {
    /// Looks at the file from `start` on; `None`: no WAV, or no sound in it.
    pub fn find(file: &File, start: u64) -> Option<Self> {
        let head = bytes::<12>(file, start)?;
        let is_riff = matches!(&head[..4], b"RIFF" | b"RF64" | b"BW64");
        if !is_riff || &head[8..] != b"WAVE" {
            return None;
        }
        let end = file.metadata().ok()?.len();
        let (mut format, mut long) = (Vec::new(), None);
        let mut at = start + 12;
        for _ in 0..MAX_CHUNKS {
            let (id, length) = chunk(file, at)?;
            let body = at + 8;
            match &id {
                b"fmt " => format = read(file, body, length.min(64) as usize),
                // The length of a file beyond 4 GB; its own is 0xffffffff then.
                b"ds64" => long = bytes::<16>(file, body).map(|sizes| number(&sizes[8..])),
                b"data" if format.len() >= 16 => {
                    let length = long.filter(|_| length == 0xffff_ffff).unwrap_or(length);
                    let bytes = promised(file, body, length, end);
                    let start = body;
                    return Some(Self {
                        format,
                        start,
                        bytes,
                    });
                }
                _ => {}
            }
            at = match body + length {
                next if next > end => body + search(file, body)?,
                next if length % 2 == 1 && is_padded(file, next) => next + 1,
                next => next,
            };
        }
        None
    }

    /// A file without any header, of which only the extension tells what it is. They are Asterisk's
    /// (formats/format_pcm.c, formats/format_sln.c), whatever their case.
    pub fn raw(file: &File, extension: &str) -> Option<Self> {
        let (encoding, rate, bits) = match extension.to_lowercase().as_str() {
            "ulaw" | "ul" | "ulw" | "mu" | "pcm" => (MU_LAW, 8000, 8),
            "alaw" | "al" | "alw" => (A_LAW, 8000, 8),
            "sln" | "raw" => (PCM, 8000, 16),
            "sln44" => (PCM, 44_100, 16),
            linear => {
                let thousands: u32 = linear.strip_prefix("sln")?.parse().ok()?;
                let is_known = matches!(thousands, 12 | 16 | 24 | 32 | 48 | 96 | 192);
                (PCM, is_known.then_some(thousands * 1000)?, 16)
            }
        };
        let block = bits / 8;
        let mut format = [encoding, 1].map(u16::to_le_bytes).concat();
        format.extend(
            [rate, rate * u32::from(block)]
                .map(u32::to_le_bytes)
                .concat(),
        );
        format.extend([block, bits].map(u16::to_le_bytes).concat());
        Some(Self {
            format,
            start: 0,
            bytes: file.metadata().ok()?.len(),
        })
    }

    /// Whether its sound is GSM, which our decoder does not know.
    pub fn is_gsm(&self) -> bool {
        self.format[..2] == GSM.to_le_bytes()
    }

    /// The file with a header that is right.
    pub fn open(mut self, mut file: File) -> io::Result<Box<dyn Read + Send + Sync>> {
        file.seek(SeekFrom::Start(self.start))?;
        let sound = file.take(self.bytes);
        match u16::from_le_bytes([self.format[0], self.format[1]]) {
            MP3 => return Ok(Box::new(sound)),
            // What may follow the first 16 bytes says nothing, and the decoder is strict about it.
            PCM | FLOAT => self.format.truncate(16),
            A_LAW | MU_LAW => {
                self.format.truncate(16);
                self.format.extend([0, 0]);
            }
            _ => {}
        }
        self.format.resize(self.format.len().next_multiple_of(2), 0);
        let mut head = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
        head.extend((self.format.len() as u32).to_le_bytes());
        head.extend(self.format);
        head.extend(b"data");
        head.extend((self.bytes as u32).to_le_bytes());
        Ok(Box::new(Cursor::new(head).chain(sound)))
    }
}

/// How many bytes the data chunk at `body` means. A length that is plainly wrong means all.
fn promised(file: &File, body: u64, length: u64, end: u64) -> u64 {
    let rest = end.saturating_sub(body);
    let behind = body.saturating_add(length);
    let is_cut_off = length < UNKNOWN && length > rest;
    let ends_there = length <= rest
        && (end - behind < TAIL
            || [behind, behind + 1]
                .iter()
                .any(|at| is_chunk(file, *at, end)));
    if is_cut_off || ends_there {
        length
    } else {
        rest
    }
}

/// Whether the spec's pad byte stands before the next chunk.
fn is_padded(file: &File, at: u64) -> bool {
    bytes::<5>(file, at)
        .is_none_or(|next| !is_name(&next[..4]) || matches!(&next[1..], b"data" | b"fmt "))
}

fn is_chunk(file: &File, at: u64, end: u64) -> bool {
    chunk(file, at).is_some_and(|(id, length)| is_name(&id) && at + 8 + length <= end)
}

fn is_name(id: &[u8]) -> bool {
    id.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// How far from `at` the next data chunk is.
fn search(file: &File, at: u64) -> Option<u64> {
    let near = read(file, at, SEARCHED);
    let found = near.windows(4).position(|id| id == b"data")?;
    Some(found as u64)
}

/// Name and length of a chunk.
fn chunk(file: &File, at: u64) -> Option<([u8; 4], u64)> {
    let [a, b, c, d, length @ ..] = bytes::<8>(file, at)?;
    Some(([a, b, c, d], number(&length)))
}

fn bytes<const N: usize>(file: &File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

/// As much of it as is there.
fn read(file: &File, at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut there = 0;
    while let Ok(more @ 1..) = file.read_at(&mut bytes[there..], at + there as u64) {
        there += more;
    }
    bytes.truncate(there);
    bytes
}

/// Little-endian.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

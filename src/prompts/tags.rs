//! Tags (ID3v1, ID3v2) of an MP3. Nobody hears them, and their bytes may look like sound. They stand
//! at both ends, and in the middle where files were joined.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

const ID3V2_HEAD: usize = 10;
const ID3V1: usize = 128;

/// Steps over ID3v2 tags at the begin (a cover picture may be larger than what the prober
/// searches). Only their length is read: parsing them has had its own bugs. Gives the place
/// behind them.
pub(super) fn skip(file: &mut File) -> io::Result<u64> {
    let mut start = 0;
    loop {
        file.seek(SeekFrom::Start(start))?;
        let mut head = [0; ID3V2_HEAD];
        let is_whole = file.read_exact(&mut head).is_ok();
        match id3v2(&head).filter(|_| is_whole) {
            Some(length) => start += length as u64,
            None => return file.seek(SeekFrom::Start(start)),
        }
    }
}

/// What is left of an MP3 without the tags in its middle: those with a frame behind them.
pub(super) fn without(mut file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let (mut kept, mut at) = (0, 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let tag = if rest.starts_with(b"TAG") {
            Some(ID3V1)
        } else {
            id3v2(rest)
        };
        match tag.filter(|length| rest.get(*length..).is_some_and(is_begin)) {
            Some(length) => at += length,
            None => {
                bytes[kept] = bytes[at];
                (kept, at) = (kept + 1, at + 1);
            }
        }
    }
    bytes.truncate(kept);
    Ok(bytes)
}

/// Whether a frame begins here, or one more tag.
fn is_begin(bytes: &[u8]) -> bool {
    let is_frame = matches!(bytes, [0xff, next, ..] if *next >= 0xe0);
    is_frame || bytes.starts_with(b"ID3") || bytes.starts_with(b"TAG")
}

/// The length of the ID3v2 tag that begins here, if one does.
fn id3v2(bytes: &[u8]) -> Option<usize> {
    let head = bytes.first_chunk::<ID3V2_HEAD>()?;
    let is_tag = head.starts_with(b"ID3") && head[6..].iter().all(|byte| *byte <= 0x7f);
    let size = head[6..]
        .iter()
        .fold(0, |size, byte| size << 7 | usize::from(*byte));
    let footer = if head[5] & 0x10 == 0 { 0 } else { ID3V2_HEAD };
    is_tag.then_some(ID3V2_HEAD + size + footer)
}

//! Sound as a WAV file, which every browser plays.

use crate::ports::Sound;

/// Signed 16-bit mono samples at [`Sound::RATE`], behind the 44 bytes of a header.
pub(super) fn wav(samples: &[i16]) -> Vec<u8> {
    // Ten minutes at most are there, which is far from what the header can say.
    let length = (samples.len() * 2) as u32;
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    // PCM, one channel; bytes per second, per frame; bits.
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(Sound::RATE.to_le_bytes());
    file.extend((Sound::RATE * 2).to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::wav;

    #[test]
    fn a_file_says_how_long_it_is() {
        let file = wav(&[1, -2, 3]);
        assert_eq!(file.len(), 50);
        assert_eq!(file[4..8], 42u32.to_le_bytes());
        assert_eq!(file[24..28], 8000u32.to_le_bytes());
        assert_eq!(file[40..], [6, 0, 0, 0, 1, 0, 0xfe, 0xff, 3, 0]);
    }
}

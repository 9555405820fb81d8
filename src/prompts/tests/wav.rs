//! WAV headers that writers get wrong: what is there is heard, and only a loss is told.

use super::super::testing::{Wav, assert_tone, tone};
use super::{Decoded, HALF, assert_lasts, decoded};

/// One second at 440 Hz.
fn plain() -> Vec<u8> {
    Wav::PLAIN.file(&tone(440.0, 0.5, 8000, 1.0))
}

#[track_caller]
fn assert_whole(file: &[u8]) {
    let Decoded { samples, flaw } = decoded(file).unwrap();
    assert_eq!(flaw, None);
    assert_lasts(&samples, 1.0);
    assert_tone(&samples, 440.0, HALF);
}

/// With something else between the format and the data, or behind the data.
fn with_chunk(before: &[u8], behind: &[u8]) -> Vec<u8> {
    let file = plain();
    [&file[..36], before, &file[36..], behind].concat()
}

fn chunk(name: &[u8; 4], length: u32, body: &[u8]) -> Vec<u8> {
    [name, length.to_le_bytes().as_slice(), body].concat()
}

#[test]
fn a_length_that_is_no_length_does_not_matter() {
    for riff in [0, 1, 36, 1000, 0x7fff_ffff, 0x7fff_f024, u32::MAX] {
        for data in [0, 16_000, 0x7fff_f000, 0x8000_0000, u32::MAX - 8, u32::MAX] {
            let mut file = plain();
            file[4..8].copy_from_slice(&u32::to_le_bytes(riff));
            file[40..44].copy_from_slice(&u32::to_le_bytes(data));
            assert_whole(&file);
        }
    }
}

#[test]
fn a_length_from_the_middle_of_the_recording_does_not_matter() {
    let mut file = plain();
    file[40..44].copy_from_slice(&u32::to_le_bytes(6000));
    assert_whole(&file);
}

#[test]
fn what_stands_around_the_sound_is_not_heard() {
    let noise = [b'x'; 5000];
    for (length, body) in [
        (13, "INFOISFTLavf\0\0"),
        (13, "INFOISFTLavf\0"),
        (14, "INFOISFTLavf\0\0"),
    ] {
        assert_whole(&with_chunk(&chunk(b"LIST", length, body.as_bytes()), b""));
        assert_whole(&with_chunk(b"", &chunk(b"LIST", length, body.as_bytes())));
    }
    assert_whole(&with_chunk(&chunk(b"JUNK", 5000, &noise), b""));
    assert_whole(&with_chunk(b"", &chunk(b"bext", 5000, &noise)));
    let mut unknown_length = with_chunk(b"", &chunk(b"LIST", 5000, &noise));
    unknown_length[4..8].fill(0);
    assert_whole(&unknown_length);
    // A pad byte that is not zero, and a length that leads out of the file.
    assert_whole(&with_chunk(&chunk(b"LIST", 13, b"INFOISFTLavf\0x"), b""));
    assert_whole(&with_chunk(
        &chunk(b"LIST", 0x0100_0000, b"INFOISFTLavf"),
        b"",
    ));
}

#[test]
fn what_was_cut_off_is_told() {
    let file = plain();
    for length in [16_000, 20_000, 0x0010_0000] {
        let mut file = file[..file.len() / 2].to_vec();
        file[40..44].copy_from_slice(&u32::to_le_bytes(length));
        let Decoded { samples, flaw } = decoded(&file).unwrap();
        assert_lasts(&samples, 0.5);
        assert_tone(&samples, 440.0, HALF);
        assert!(flaw.unwrap().contains("store it again"));
    }
}

#[test]
fn long_wav_is_wav() {
    for name in [b"RF64", b"BW64"] {
        for (data, long) in [
            (u32::MAX, 16_000),
            (u32::MAX, 0),
            (u32::MAX, u64::MAX),
            (0, 16_000),
            (16_000, 0),
        ] {
            let sizes = [16_080, long, 8000].map(u64::to_le_bytes).concat();
            let sizes = chunk(b"ds64", 28, &[sizes.as_slice(), &[0; 4]].concat());
            let plain = plain();
            let mut file = [
                &plain[..12],
                &sizes,
                &plain[12..],
                &chunk(b"LIST", 4, b"INFO"),
            ]
            .concat();
            file[..4].copy_from_slice(name);
            file[4..8].fill(0xff);
            file[76..80].copy_from_slice(&data.to_le_bytes());
            assert_whole(&file[..file.len() - if long == 0 { 12 } else { 0 }]);
        }
    }
}

#[test]
fn the_format_may_be_told_at_any_length() {
    let sound = tone(440.0, 0.5, 8000, 1.0);
    for (encoding, bits) in [(1, 16), (3, 32)] {
        let file = Wav {
            encoding,
            bits,
            ..Wav::PLAIN
        }
        .file(&sound);
        let tail = if encoding == 1 { 36 } else { 38 };
        for length in [16, 18, 20, 40] {
            let format = [&file[20..36], &[0; 24]].concat();
            let format = chunk(b"fmt ", length, &format[..length as usize]);
            assert_whole(&[&file[..12], &format, &file[tail..]].concat());
        }
    }
    let law = Wav {
        encoding: 7,
        bits: 8,
        ..Wav::PLAIN
    }
    .around(&[0x9f; 8000]);
    let short = [&law[..12], &chunk(b"fmt ", 16, &law[20..36]), &law[38..]].concat();
    assert_eq!(decoded(&short).unwrap().samples[4000], 8316);
}

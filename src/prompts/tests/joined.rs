//! MP3 files that were joined from others are heard to the end.

use super::super::testing::{assert_tone, fixture};
use super::{HALF, assert_lasts, decoded};

/// Name and pitch of each fixture; each lasts a second.
const PARTS: [(&str, f32); 7] = [
    ("8000-mono", 440.0),
    ("16000-mono", 440.0),
    ("22050-mono", 440.0),
    ("44100-mono", 1000.0),
    ("44100-stereo", 440.0),
    ("48000-vbr-id3", 440.0),
    ("44100-no-header", 440.0),
];

fn file(name: &str) -> Vec<u8> {
    fixture(&format!("{name}.mp3"))
}

#[test]
fn any_part_behind_any_other_is_heard_at_its_pitch() {
    for (first, first_hz) in PARTS {
        for (second, second_hz) in PARTS {
            let joined = decoded(&[file(first), file(second)].concat()).unwrap();
            let shown = format!("{first}, {second}");
            assert_eq!(joined.flaw, None, "{shown}");
            let samples = &joined.samples;
            // The encoder's delay and padding between them is heard as silence.
            assert!(
                (16_000..18_300).contains(&samples.len()),
                "{shown}: {}",
                samples.len()
            );
            for (at, hz) in [(1000..7000, first_hz), (10_000..15_000, second_hz)] {
                assert_tone(&samples[at], hz, HALF);
            }
        }
    }
}

#[test]
fn three_parts_and_tags_between_them_are_heard() {
    // Of the first file's end and of the second one's begin; both have bytes like a frame's.
    let mut tag = [b"TAG".as_slice(), &[0xff; 125], b"ID3\x03\0\0\0\0\x02\0"].concat();
    tag.extend([0xff, 0xfb, 0x90, 0x64].repeat(64));
    let parts = ["44100-mono", "44100-stereo", "44100-mono"].map(file);
    let joined = decoded(&parts.join(tag.as_slice())).unwrap();
    assert_eq!(joined.flaw, None);
    let samples = joined.samples;
    assert!(
        (24_000..26_000).contains(&samples.len()),
        "{}",
        samples.len()
    );
    for (at, hz) in [(1000, 1000.0), (10_000, 440.0), (18_500, 1000.0)] {
        assert_tone(&samples[at..at + 4800], hz, HALF);
    }
}

#[test]
fn one_part_alone_ends_where_its_header_says() {
    for (name, hz) in &PARTS[..6] {
        let samples = decoded(&file(name)).unwrap().samples;
        assert_lasts(&samples, 1.0);
        assert_tone(&samples, *hz, HALF);
    }
}

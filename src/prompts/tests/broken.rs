//! Broken files play as far as they go; what does not play is refused with a cure.

use std::fs::File;

use super::super::testing::{Sounds, Wav, assert_tone, fixture, tone};
use super::{Decoded, HALF, assert_lasts, decode, decoded};

#[test]
fn a_truncated_file_plays_as_far_as_it_goes() {
    let wav = Wav {
        rate: 16_000,
        ..Wav::PLAIN
    }
    .file(&tone(440.0, 0.5, 16_000, 1.0));
    for file in [wav, fixture("44100-stereo.mp3"), fixture("8000-mono.mp3")] {
        let Decoded { samples, flaw } = decoded(&file[..file.len() * 6 / 10]).unwrap();
        assert!((3600..5400).contains(&samples.len()), "{}", samples.len());
        assert_tone(&samples[..3600], 440.0, HALF);
        assert!(flaw.unwrap().contains("store it again"));
    }
}

#[test]
fn a_hole_in_a_file_costs_the_hole() {
    let mut file = fixture("44100-stereo.mp3");
    let hole = file.len() / 2;
    file[hole..hole + 1500].fill(0);
    let Decoded { samples, flaw } = decoded(&file).unwrap();
    assert!(flaw.is_some());
    assert_tone(&samples[..3000], 440.0, HALF);
    assert_tone(&samples[samples.len() - 2000..], 440.0, HALF);
}

#[test]
fn a_wav_written_to_a_pipe_has_no_length_and_plays() {
    let mut file = Wav::PLAIN.file(&tone(440.0, 0.5, 8000, 1.0));
    file[4..8].fill(0xff);
    file[40..44].fill(0xff);
    let Decoded { samples, flaw } = decoded(&file).unwrap();
    assert_lasts(&samples, 1.0);
    assert_eq!(flaw, None);
}

#[track_caller]
fn assert_refused(content: &[u8], word: &str) {
    let why = decoded(content).unwrap_err();
    assert!(why.contains(word), "{why}");
}

#[test]
fn what_is_no_sound_is_refused_with_a_cure() {
    assert_refused(b"", "convert it");
    assert_refused(b"RIFF", "convert it");
    assert_refused(b"<html>not found</html>", "convert it");
    assert_refused(&[0; 4096], "convert it");
    assert_refused(&Wav::PLAIN.file(&[]), "holds no sound");
    assert_refused(
        &Wav {
            channels: 9,
            ..Wav::PLAIN
        }
        .file(&[0.0; 100]),
        "9 channels",
    );
    assert_refused(
        &Wav {
            rate: 1000,
            ..Wav::PLAIN
        }
        .file(&[0.0; 100]),
        "1000 samples",
    );
    assert_refused(
        &Wav {
            rate: 1 << 31,
            ..Wav::PLAIN
        }
        .file(&[0.0; 100]),
        "samples",
    );
    let sounds = Sounds::new();
    let path = sounds.write("scenario/huge.wav", b"");
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len((32 << 20) + 1)
        .unwrap();
    assert!(
        decode(File::open(path).unwrap())
            .unwrap_err()
            .contains("32 MB")
    );
}

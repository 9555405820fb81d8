//! Words in any channel are heard, and what cannot be heard well is told.

use super::super::testing::{Wav, assert_tone, level, loudness, tone};
use super::{Decoded, HALF, assert_lasts, decoded};

/// A file whose channels hold these sounds, all of one length.
fn file(rate: u32, extensible: bool, channels: &[Vec<f32>]) -> Vec<u8> {
    let data: Vec<u8> = (0..channels[0].len())
        .flat_map(|n| channels.iter().map(move |channel| channel[n]))
        .flat_map(|sample| ((sample * 32767.0) as i16).to_le_bytes())
        .collect();
    let wav = Wav {
        rate,
        channels: channels.len() as u16,
        extensible,
        ..Wav::PLAIN
    };
    wav.around(&data)
}

fn heard(rate: u32, channels: &[Vec<f32>]) -> Vec<i16> {
    let [plain, extensible] = [false, true].map(|extensible| {
        let Decoded { samples, flaw } = decoded(&file(rate, extensible, channels)).unwrap();
        assert_eq!(flaw, None);
        samples
    });
    assert!(plain == extensible);
    plain
}

fn scaled(sound: &[f32], by: f32) -> Vec<f32> {
    sound.iter().map(|sample| sample * by).collect()
}

#[test]
fn two_channels_in_opposite_phase_are_heard() {
    let left = tone(440.0, 0.5, 44_100, 1.0);
    for by in [-1.0, -0.99, -0.9, -1.1, -0.5] {
        let heard = heard(44_100, &[left.clone(), scaled(&left, by)]);
        assert_tone(&heard, 440.0, HALF + 20.0 * by.abs().max(1.0).log10());
    }
}

#[test]
fn a_recording_may_be_in_opposite_phase_for_a_while() {
    let left = tone(440.0, 0.5, 8000, 2.0);
    let right = [&left[..8000], &scaled(&left[8000..], -1.0)].concat();
    let heard = heard(8000, &[left, right]);
    assert_tone(&heard[..8000], 440.0, HALF);
    assert_tone(&heard[8000..], 440.0, HALF);
}

#[test]
fn words_in_one_channel_of_many_are_heard() {
    for count in 1..=8 {
        for speaking in 0..count {
            let mut channels = vec![vec![0.0; 44_100]; count];
            channels[speaking] = tone(440.0, 0.5, 44_100, 1.0);
            let heard = heard(44_100, &channels);
            let heard = level(&heard[400..7600], 440.0);
            let shown = format!("{speaking} of {count}: {heard} dB");
            assert!((HALF - 10.1..HALF + 0.1).contains(&heard), "{shown}");
        }
    }
}

#[test]
fn the_same_in_all_channels_is_as_loud_as_in_one() {
    for count in 1..=8 {
        let heard = heard(44_100, &vec![tone(440.0, 0.5, 44_100, 1.0); count]);
        assert_tone(&heard, 440.0, HALF);
    }
}

#[test]
fn words_in_the_centre_are_heard_above_the_music() {
    let mut channels = vec![tone(1000.0, 0.2, 44_100, 1.0); 6];
    channels[2] = tone(440.0, 0.5, 44_100, 1.0);
    let heard = heard(44_100, &channels);
    let (words, music) = (level(&heard, 440.0), level(&heard, 1000.0));
    assert!((words - HALF + 6.0).abs() < 0.5, "{words} dB");
    assert!(words > music + 7.0, "{words} dB, {music} dB");
}

#[track_caller]
fn assert_told(file: &[u8], word: &str) {
    let flaw = decoded(file).unwrap().flaw.unwrap_or_default();
    assert!(flaw.contains(word), "{flaw}");
}

#[test]
fn silence_is_told() {
    for level in [0.0, 0.0001, 0.001] {
        for rate in [8000, 44_100] {
            let wav = Wav { rate, ..Wav::PLAIN };
            assert_told(&wav.file(&tone(440.0, level, rate, 1.0)), "silent");
        }
    }
    let soft = decoded(&Wav::PLAIN.file(&tone(440.0, 0.01, 8000, 1.0)));
    assert_eq!(soft.unwrap().flaw, None);
}

#[test]
fn clipping_is_told() {
    for rate in [8000, 44_100] {
        for (loud, is_clipped) in [(0.9, false), (1.0, false), (1.1, true), (4.0, true)] {
            let clipped = |s: &f32| s.clamp(-1.0, 1.0);
            let sound: Vec<f32> = tone(440.0, loud, rate, 1.0).iter().map(clipped).collect();
            let flaw = decoded(&Wav { rate, ..Wav::PLAIN }.file(&sound))
                .unwrap()
                .flaw;
            assert_eq!(flaw.is_some(), is_clipped, "{loud}: {flaw:?}");
            if is_clipped {
                assert!(flaw.unwrap().contains("clipped"));
                assert_told(
                    &file(rate, false, &[sound, vec![0.0; rate as usize]]),
                    "clipped",
                );
            }
        }
    }
}

#[test]
fn of_a_long_recording_the_begin_is_heard() {
    let eight_bit = Wav {
        bits: 8,
        ..Wav::PLAIN
    };
    let whole = decoded(&eight_bit.file(&tone(440.0, 0.5, 8000, 600.0))).unwrap();
    assert_eq!(whole.flaw, None);
    let Decoded { samples, flaw } =
        decoded(&eight_bit.file(&tone(440.0, 0.5, 8000, 700.0))).unwrap();
    assert!(flaw.unwrap().contains("longer than 10 minutes"));
    assert_lasts(&samples, 600.0);
    assert!((loudness(&samples[4_700_000..]) - HALF).abs() < 1.0);
}

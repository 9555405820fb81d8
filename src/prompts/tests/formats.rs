//! Every rate and format keeps its pitch, level and length.

use super::super::testing::{Wav, assert_tone, fixture, level, loudness, tone};
use super::{Decoded, HALF, assert_lasts, decoded};

#[track_caller]
fn samples(content: &[u8]) -> Vec<i16> {
    let Decoded { samples, flaw } = decoded(content).unwrap();
    assert_eq!(flaw, None);
    samples
}

#[test]
fn wav_of_every_rate_has_its_pitch_level_and_length() {
    for rate in [
        4000, 6000, 8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000,
    ] {
        for channels in [1, 2] {
            let wav = Wav {
                rate,
                channels,
                ..Wav::PLAIN
            };
            let samples = samples(&wav.file(&tone(440.0, 0.5, rate, 1.5)));
            assert_lasts(&samples, 1.5);
            assert_tone(&samples, 440.0, HALF);
        }
    }
}

#[test]
fn wav_of_every_sample_format_is_the_same_sound() {
    let sound = tone(440.0, 0.5, 16_000, 1.0);
    for (encoding, bits) in [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)] {
        for extensible in [false, true] {
            let wav = Wav {
                rate: 16_000,
                channels: 2,
                encoding,
                bits,
                extensible,
            };
            let samples = samples(&wav.file(&sound));
            assert_lasts(&samples, 1.0);
            assert_tone(&samples, 440.0, HALF);
        }
    }
}

#[test]
fn g711_in_wav_is_decoded() {
    // Codes of segment 6, whose values G.711's tables give, as a square wave.
    for (encoding, plus, minus, value) in [(7, 0x9f, 0x1f, 8316), (6, 0xb5, 0x35, 8448)] {
        let wav = Wav {
            encoding,
            bits: 8,
            ..Wav::PLAIN
        };
        let code = |n: u32| {
            if (n / 10).is_multiple_of(2) {
                plus
            } else {
                minus
            }
        };
        let data: Vec<u8> = (0..8000).map(code).collect();
        let samples = samples(&wav.around(&data));
        assert_lasts(&samples, 1.0);
        assert_eq!((samples[4005], samples[4015]), (value, -value));
    }
}

#[test]
fn mp3_of_every_rate_has_its_pitch_level_and_length() {
    for name in [
        "8000-mono",
        "16000-mono",
        "22050-mono",
        "44100-stereo",
        "48000-vbr-id3",
    ] {
        let samples = samples(&fixture(&format!("{name}.mp3")));
        assert_lasts(&samples, 1.0);
        assert_tone(&samples, 440.0, HALF);
    }
}

#[test]
fn vbr_without_a_header_is_not_cut_short() {
    let samples = samples(&fixture("44100-no-header.mp3"));
    // Nothing tells the encoder's padding apart, so it is heard as silence.
    assert!((8000..8500).contains(&samples.len()), "{}", samples.len());
    assert_tone(&samples, 440.0, HALF);
}

#[test]
fn a_cover_picture_of_any_size_is_stepped_over() {
    let picture = [0xff, 0xfb, 0x90, 0x64].repeat(500_000);
    let size = picture.len();
    let syncsafe = [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8);
    let mut file = [b"ID3\x04\0\0".as_slice(), &syncsafe, &picture].concat();
    file.extend(fixture("48000-vbr-id3.mp3"));
    assert_tone(&samples(&file), 440.0, HALF);
}

#[test]
fn what_a_telephone_cannot_carry_does_not_fold_back() {
    for hz in [4600.0, 5000.0, 7000.0, 12_000.0, 20_000.0] {
        let wav = Wav {
            rate: 48_000,
            ..Wav::PLAIN
        };
        let samples = samples(&wav.file(&tone(hz, 0.9, 48_000, 1.0)));
        let middle = &samples[800..7200];
        assert!(loudness(middle) < -70.0, "{hz} Hz: {} dB", loudness(middle));
    }
    let wav = Wav {
        rate: 44_100,
        ..Wav::PLAIN
    };
    for hz in [100.0, 300.0, 3400.0] {
        assert_tone(&samples(&wav.file(&tone(hz, 0.5, 44_100, 1.0))), hz, HALF);
    }
}

#[test]
fn the_filters_delay_is_taken_away() {
    for rate in [6000, 16_000, 44_100, 48_000] {
        let mut sound = vec![0.0; rate as usize];
        sound[rate as usize / 2] = 0.9;
        let samples = samples(&Wav { rate, ..Wav::PLAIN }.file(&sound));
        let peak = (0..samples.len()).max_by_key(|n| samples[*n].unsigned_abs());
        assert!((3999..=4001).contains(&peak.unwrap()), "{rate}: {peak:?}");
    }
}

#[test]
fn eight_khz_is_kept_as_it_is_but_for_the_faded_ends() {
    let sound = tone(440.0, 0.9, 8000, 0.1);
    let file = Wav::PLAIN.file(&sound);
    let heard = samples(&file);
    let written: Vec<i16> = file[44..]
        .chunks(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    assert_eq!(heard[16..heard.len() - 16], written[16..written.len() - 16]);
}

#[test]
fn a_recording_that_is_cut_off_does_not_click() {
    for rate in [8000, 44_100] {
        let constant = vec![0.8; rate as usize / 2];
        let samples = samples(&Wav { rate, ..Wav::PLAIN }.file(&constant));
        let steps = samples
            .windows(2)
            .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
        assert!(steps.max().unwrap() < 32768 / 8);
        assert_eq!((samples[0], samples[samples.len() - 1]), (0, 0));
    }
}

#[test]
fn too_loud_is_clipped_not_wrapped() {
    for rate in [8000, 16_000] {
        let wav = Wav {
            rate,
            encoding: 3,
            bits: 32,
            ..Wav::PLAIN
        };
        let sound = tone(200.0, 3.0, rate, 0.5);
        let Decoded { samples, flaw } = decoded(&wav.file(&sound)).unwrap();
        assert!(flaw.unwrap().contains("clipped"));
        assert_eq!(samples.iter().max(), Some(&i16::MAX));
        assert_eq!(samples.iter().min(), Some(&i16::MIN));
        for (n, sample) in samples.iter().enumerate().skip(40).take(3900) {
            let meant = sound[n * rate as usize / 8000];
            assert!(meant.abs() < 0.5 || meant.signum() == f32::from(*sample).signum());
        }
    }
}

#[test]
fn stereo_is_mixed() {
    let left = tone(440.0, 0.5, 8000, 1.0);
    let right = tone(1000.0, 0.5, 8000, 1.0);
    let data: Vec<u8> = left
        .iter()
        .zip(&right)
        .flat_map(|(left, right)| [left, right].map(|s| ((s * 32767.0) as i16).to_le_bytes()))
        .flatten()
        .collect();
    let samples = samples(
        &Wav {
            channels: 2,
            ..Wav::PLAIN
        }
        .around(&data),
    );
    for hz in [440.0, 1000.0] {
        assert!((level(&samples, hz) - 2.0 * HALF).abs() < 1.0);
    }
}

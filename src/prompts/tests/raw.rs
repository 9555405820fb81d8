//! Files without a header are what their extension says, and Asterisk's other kinds are heard.

use std::fs::File;

use super::super::PromptLibrary;
use super::super::testing::{Sounds, Wav, assert_tone, fixture, scenario, tone};
use super::{HALF, assert_lasts, decode_as, decoded};
use crate::ports::{FileKind, Prompts};

fn raw(content: &[u8], extension: &str) -> Vec<i16> {
    let sounds = Sounds::new();
    let file = sounds.write("scenario/x", content);
    let raw = decode_as(File::open(file).unwrap(), extension).unwrap();
    assert_eq!(raw.flaw, None);
    raw.samples
}

#[test]
fn signed_linear_of_every_rate_has_its_pitch() {
    for (extension, rate) in [
        ("sln", 8000),
        ("raw", 8000),
        ("SLN", 8000),
        ("sln12", 12_000),
        ("sln16", 16_000),
        ("sln24", 24_000),
        ("sln32", 32_000),
        ("sln44", 44_100),
        ("sln48", 48_000),
        ("sln96", 96_000),
        ("sln192", 192_000),
    ] {
        let wav = Wav { rate, ..Wav::PLAIN };
        let samples = raw(&wav.file(&tone(440.0, 0.5, rate, 1.0))[44..], extension);
        assert_lasts(&samples, 1.0);
        assert_tone(&samples, 440.0, HALF);
    }
}

#[test]
fn raw_g711_is_decoded() {
    let laws = [("ulaw", 0x9f, 0x1f, 8316), ("alaw", 0xb5, 0x35, 8448)];
    for (extension, plus, minus, value) in laws {
        let code = |n: u32| {
            if (n / 10).is_multiple_of(2) {
                plus
            } else {
                minus
            }
        };
        let samples = raw(&(0..8000).map(code).collect::<Vec<u8>>(), extension);
        assert_lasts(&samples, 1.0);
        assert_eq!((samples[4005], samples[4015]), (value, -value));
    }
    // Silence of mu-law looks like the begin of MP3 frames.
    assert!(decode_as_silence("ulaw").contains("silent"));
}

fn decode_as_silence(extension: &str) -> String {
    let sounds = Sounds::new();
    let file = sounds.write("scenario/x", &[0xff; 8000]);
    let silence = decode_as(File::open(file).unwrap(), extension).unwrap();
    assert_lasts(&silence.samples, 1.0);
    silence.flaw.unwrap()
}

#[test]
fn a_header_counts_more_than_the_extension() {
    let wav = Wav {
        rate: 44_100,
        ..Wav::PLAIN
    };
    let samples = raw(&wav.file(&tone(440.0, 0.5, 44_100, 1.0)), "sln");
    assert_tone(&samples, 440.0, HALF);
}

#[test]
fn adpcm_and_ogg_are_heard() {
    for name in ["ms-adpcm.wav", "ima-adpcm.wav", "16000.ogg"] {
        let heard = decoded(&fixture(name)).unwrap();
        assert_eq!(heard.flaw, None, "{name}");
        assert!((7900..8700).contains(&heard.samples.len()), "{name}");
        assert_tone(&heard.samples[..7800], 440.0, HALF);
    }
}

#[test]
fn they_are_found_by_the_name_without_an_extension() {
    for extension in ["sln", "sln16", "ulaw", "alaw", "ogg", "SLN16", "Ulaw"] {
        let sounds = Sounds::new();
        let content = match extension {
            "ogg" => fixture("16000.ogg"),
            _ => [0x9f; 8000].to_vec(),
        };
        sounds.write(&format!("scenario/x.{extension}"), &content);
        let library = PromptLibrary::new(sounds.0.clone());
        for name in ["x", "x.wav"] {
            assert!(library.sound(&scenario(name)).is_ok(), "{extension}");
        }
    }
}

#[test]
fn gsm_and_g722_are_read_by_the_host_and_bounded() {
    let gsm_in_wav = Wav {
        encoding: 0x31,
        bits: 8,
        ..Wav::PLAIN
    };
    let files = [
        ("a.gsm", [1; 330].to_vec(), FileKind::Gsm),
        ("b.G722", [1; 330].to_vec(), FileKind::G722),
        ("c.wav", gsm_in_wav.around(&[1; 330]), FileKind::Wav49),
    ];
    let sounds = Sounds::new();
    let library = PromptLibrary::new(sounds.0.clone()).with_host(|_, kind, hear| {
        let hz = 500.0 + 100.0 * kind.format().len() as f32;
        let second: Vec<i16> = tone(hz, 0.5, 8000, 1.0)
            .iter()
            .map(|sample| (sample * 32768.0) as i16)
            .collect();
        while kind == FileKind::G722 && hear(&second) {}
        hear(&second);
        Ok(())
    });
    for (name, content, kind) in files {
        sounds.write(&format!("scenario/{name}"), &content);
        let samples = library.sound(&scenario(&name[..1])).unwrap().samples;
        let hz = 500.0 + 100.0 * kind.format().len() as f32;
        assert_tone(&samples.whole()[..8000], hz, HALF);
        let is_endless = kind == FileKind::G722;
        assert_eq!(samples.len(), if is_endless { 4_800_000 } else { 8000 });
        assert_eq!(samples.flaw().is_some(), is_endless);
    }
    let lacking = PromptLibrary::new(sounds.0.clone())
        .with_host(|_, kind, _| Err(format!("are {} loaded?", kind.modules())));
    let error = lacking.sound(&scenario("a")).unwrap_err().to_string();
    assert!(error.contains("format_gsm.so"), "{error}");
}

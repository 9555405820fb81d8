//! Recordings whose content is known, through G.711 as every real one.

use super::*;
use crate::rtp::Codec;
use std::f64::consts::TAU;

/// Sound of parts `(freq, peak, from_ms, to_ms)` that lasts `length_ms`.
fn recording(parts: &[(f64, f64, u64, u64)], length_ms: u64) -> Recording {
    let sample = |at: u64| {
        let on = |from: u64, to: u64| (from * 8..to * 8).contains(&at);
        let active = parts.iter().filter(|(_, _, from, to)| on(*from, *to));
        let sum: f64 = active
            .map(|(freq, peak, ..)| peak * (TAU * freq * at as f64 / RATE).sin())
            .sum();
        Codec::Alaw.decode(Codec::Alaw.encode(sum as i16))
    };
    Recording {
        started: Instant::now(),
        samples: (0..length_ms * 8).map(sample).collect(),
    }
}

fn ms(recording: &Recording, at: u64) -> Instant {
    recording.started + Duration::from_millis(at)
}

fn near(recording: &Recording, found: Option<Instant>, expected: u64) {
    let found = found.expect("the tone").duration_since(recording.started);
    let expected = Duration::from_millis(expected);
    assert!(
        found.abs_diff(expected) <= EDGE,
        "{found:?}, not {expected:?}"
    );
}

#[test]
fn windows_tell_who_was_heard_when() {
    let parts = [
        (600.0, 8000.0, 500, 2000),
        (900.0, 3000.0, 1500, 3000),
        (1200.0, 5000.0, 1500, 2000),
    ];
    let recording = recording(&parts, 4000);
    let tones = [
        Tone::new("intro", 600.0),
        Tone::new("client", 900.0),
        Tone::new("third", 1200.0),
    ];
    let windows = recording.heard(&tones, Duration::from_millis(500));
    let told: Vec<_> = windows
        .iter()
        .map(|window| {
            let from = window.from.duration_since(recording.started).as_millis();
            let to = window.to.duration_since(recording.started).as_millis();
            (from, to, window.names.join("+"))
        })
        .collect();
    let expected = [
        (0, 500, ""),
        (500, 1500, "intro"),
        (1500, 2000, "intro+client+third"),
        (2000, 3000, "client"),
        (3000, 4000, ""),
    ];
    assert_eq!(
        told,
        expected.map(|(from, to, names)| (from, to, names.to_string()))
    );
}

#[test]
fn the_russian_cadence_is_one_second_on_and_four_off() {
    let on = |from| (425.0, 4000.0, from, from + 1000);
    let recording = recording(&[on(200), on(5200), on(10200)], 12_000);
    let bursts = recording.bursts(425.0, recording.started..recording.ended());
    assert_eq!(bursts.len(), 3, "{bursts:?}");
    for (burst, from) in bursts.iter().zip([200, 5200, 10200]) {
        near(&recording, Some(burst.start), from);
        near(&recording, Some(burst.end), from + 1000);
    }
}

#[test]
fn the_american_ringback_is_both_its_tones() {
    let parts = [(440.0, 3000.0, 0, 2000), (480.0, 3000.0, 0, 2000)];
    let recording = recording(&parts, 6000);
    let tones = [
        Tone::new("440", 440.0),
        Tone::new("480", 480.0),
        Tone::new("ru", 425.0),
    ];
    let windows = recording.heard(&tones, Duration::from_millis(500));
    let names: Vec<_> = windows
        .iter()
        .map(|window| window.names.join("+"))
        .collect();
    assert_eq!(names, ["440+480", ""]);
}

#[test]
fn a_switch_is_found_to_20_ms_beside_a_louder_voice() {
    let parts = [
        (700.0, 9000.0, 0, 3000),
        (500.0, 3000.0, 0, 1234),
        (1000.0, 3000.0, 1294, 3000),
    ];
    let recording = recording(&parts, 3000);
    let all = recording.started..recording.ended();
    near(&recording, recording.last_heard(500.0, all.clone()), 1234);
    near(&recording, recording.switched_at(1000.0, all.clone()), 1294);
    near(
        &recording,
        recording.first_heard(1000.0, ms(&recording, 1294)),
        1294,
    );
    assert_eq!(recording.switched_at(850.0, all.clone()), None);
    assert!(recording.continuous(700.0, all.clone()));
    assert!(!recording.continuous(500.0, all));
}

#[test]
fn a_hole_of_60_ms_is_seen_and_one_of_100_ms_breaks_continuity() {
    let parts = [
        (800.0, 5000.0, 0, 1000),
        (800.0, 5000.0, 1060, 2000),
        (800.0, 5000.0, 2110, 3000),
    ];
    let recording = recording(&parts, 3000);
    let range = |from, to| ms(&recording, from)..ms(&recording, to);
    assert_eq!(recording.bursts(800.0, range(0, 3000)).len(), 3);
    assert!(recording.continuous(800.0, range(0, 2000)));
    assert!(!recording.continuous(800.0, range(0, 3000)));
    assert!(
        !recording.continuous(800.0, range(2500, 3500)),
        "it ends before"
    );
    assert!(!recording.continuous(900.0, range(0, 1000)));
}

#[test]
fn silence_is_told_from_sound_also_where_nothing_was_recorded() {
    let recording = recording(&[(800.0, 5000.0, 0, 2000)], 2500);
    let range = |from, to| ms(&recording, from)..ms(&recording, to);
    assert!(recording.is_silent(range(2000, 2500)));
    assert!(recording.is_silent(range(2000, 9000)));
    assert!(!recording.is_silent(range(1900, 2500)));
}

#[test]
fn a_wav_file_has_its_header_and_its_samples() {
    let recording = recording(&[(800.0, 5000.0, 0, 20)], 20);
    let path = std::env::temp_dir().join(format!("rust-ivr-wav-{}.wav", std::process::id()));
    recording.save_wav(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(&bytes[..16], b"RIFF\x64\x01\0\0WAVEfmt ");
    assert_eq!(&bytes[36..44], b"data\x40\x01\0\0");
    assert_eq!(bytes.len(), 44 + 320);
    assert_eq!(bytes[46..48], recording.samples[1].to_le_bytes());
}

//! Recordings of every sample rate and kind, as callers hear them: the right pitch, the whole
//! length, the file that lies there now.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rust_ivr_testing::machine::repository;
use rust_ivr_testing::office::{
    Database, FLOWERS, INTRO, Office, Rows, SOON, TARGET_TONE, tone_wav,
};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf};
use rust_ivr_testing::sound::{Recording, level, rms};

const NUMBER: &str = "74950000001";

/// The tone of the MP3 fixtures, a second of it each.
const FIXTURE: f64 = 440.0;
const FIXTURES: [&str; 6] = [
    "8000-mono.mp3",
    "16000-mono.mp3",
    "22050-mono.mp3",
    "44100-stereo.mp3",
    "48000-vbr-id3.mp3",
    "44100-no-header.mp3",
];

/// The last prompt of every menu: all others are over when it sounds.
const FLOWERS_FILE: &str = "flowers.mp3";

/// The length of our own WAV files, milliseconds.
const WAV_MS: u64 = 500;

/// How far a heard length may be from the file's: what the edges of a tone are known to, and a frame.
const EDGES: Duration = Duration::from_millis(60);

/// The longest pause between two prompts: there are missing recordings between them, and load.
const PAUSE: Duration = Duration::from_millis(400);

fn messages(office: &Office) -> PathBuf {
    office.run.data_directory().join("sounds/rust_ivr/msgMp3")
}

/// A tone as stereo of 24 bits: 8.388.607 is full scale.
fn stereo_24_wav(hz: f64, ms: u64, rate: u32) -> Vec<u8> {
    let count = u64::from(rate) * ms / 1000;
    let sample = |n: u64| {
        let value = (n as f64 * hz * std::f64::consts::TAU / f64::from(rate)).sin() * 2_500_000.0;
        let bytes = (value as i32).to_le_bytes();
        [bytes[0], bytes[1], bytes[2]]
    };
    let data: Vec<u8> = (0..count)
        .flat_map(|n| [sample(n), sample(n)].concat())
        .collect();
    let length = u32::try_from(data.len()).expect("a short tone");
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 6).to_le_bytes());
    // Six bytes a frame, 24 bits a sample.
    wav.extend([6, 0, 24, 0]);
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(data);
    wav
}

/// Our WAV files: name, tone, bytes. Their tones tell them apart.
fn wavs() -> Vec<(String, f64, Vec<u8>)> {
    let mono = [
        (8000, 600.0),
        (11_025, 800.0),
        (16_000, 1000.0),
        (22_050, 1300.0),
        (44_100, 1500.0),
        (48_000, 1700.0),
    ];
    let mono = mono.map(|(rate, hz)| (format!("{rate}.wav"), hz, tone_wav(hz, WAV_MS, rate)));
    let bytes = stereo_24_wav(1900.0, WAV_MS, 44_100);
    mono.into_iter()
        .chain([("stereo.wav".to_owned(), 1900.0, bytes)])
        .collect()
}

/// A menu that reads out these files, with keys that have no recording.
fn add_menu(office: &Office, phone: &str, files: &[String]) {
    let keys: Vec<_> = (30..30 + files.len()).map(|key| key.to_string()).collect();
    let buttons: Vec<_> = keys
        .iter()
        .zip(files)
        .map(|(key, file)| (key.as_str(), file.as_str(), NUMBER))
        .collect();
    office.add(&Rows {
        phone,
        intro: "NULL",
        buttons: &buttons,
    });
}

/// A tone that comes soon after `from` and before `until`: whole, and right in pitch to 4 percent.
/// 8000 for 11025, 44100 for 48000 and every other mistaken rate is further off. A busy box may
/// stretch it with a pause; nothing may be missing.
fn assert_sounds(heard: &Recording, hz: f64, ms: u64, from: Instant, what: &str) -> Instant {
    let length = Duration::from_millis(ms);
    let mut bursts = heard.bursts(hz, from..from + length + 2 * PAUSE);
    if let Some(end) = bursts.first().map(|first| first.start + length + PAUSE) {
        // Later ones are another prompt of this tone.
        bursts.retain(|burst| burst.start < end);
    }
    let (Some(first), Some(last)) = (bursts.first(), bursts.last()) else {
        panic!("{what}: no {hz} Hz");
    };
    assert!(
        first.start - from < PAUSE,
        "{what}: came after {:?}",
        first.start - from
    );
    let sounded: Duration = bursts.iter().map(|burst| burst.end - burst.start).sum();
    assert!(
        sounded + EDGES > length && sounded < length + PAUSE,
        "{what}: {sounded:?} of {length:?}"
    );
    // The clearest part: without an edge, a pause or a packet that came late.
    let window = Duration::from_millis(200);
    let samples = (0..25).map(|step| {
        let start = first.start + EDGES / 3 * step;
        heard.slice(start..start + window)
    });
    let share = |samples: &Vec<i16>| level(samples, hz).share;
    let clearest = samples
        .max_by(|a, b| share(a).total_cmp(&share(b)))
        .expect("a window");
    let tone = level(&clearest, hz);
    assert!(tone.share > 0.9, "{what}: {tone:?}");
    for beside in [hz * 0.96, hz * 1.04] {
        let other = level(&clearest, beside).amplitude;
        assert!(
            other < tone.amplitude / 5.0,
            "{what}: {hz} Hz is rather {beside} Hz"
        );
    }
    last.end
}

/// The caller presses the first button's key, talks, and ends the call.
fn finish(office: &Office, caller: &Call) {
    caller.press('3', Dtmf::Rfc4733);
    caller.press('0', Dtmf::Rfc4733);
    let talk = office
        .expect_target(NUMBER)
        .answer(Source::tone(TARGET_TONE));
    office.talk(caller, &talk, TARGET_TONE);
}

#[test]
fn every_rate_sounds_at_its_pitch_for_its_length_to_two_callers_at_once() {
    let office = Office::open("rates", Database::Sqlite);
    let wavs = wavs();
    for name in FIXTURES {
        let fixture = repository().join("tests/fixtures/prompts").join(name);
        fs::copy(fixture, messages(&office).join(name)).expect(name);
    }
    for (name, _, bytes) in &wavs {
        fs::write(messages(&office).join(name), bytes).expect("a prompt");
    }
    // Each fixture stands between two WAV files, so that it is a stretch of its own.
    let mut order = Vec::new();
    for (at, (name, hz, _)) in wavs.iter().enumerate() {
        order.push((name.clone(), *hz, WAV_MS));
        order.extend(
            FIXTURES
                .get(at)
                .map(|name| ((*name).to_owned(), FIXTURE, 1000)),
        );
    }
    let phone = "79050000001";
    let names = order.iter().map(|(name, ..)| name.clone());
    let files: Vec<_> = names.chain([FLOWERS_FILE.to_owned()]).collect();
    add_menu(&office, phone, &files);

    let callers = [office.call(phone), office.call(phone)];
    thread::scope(|scope| {
        for caller in &callers {
            scope.spawn(|| {
                let answered = caller.wait_answered(SOON);
                caller.wait_heard(FLOWERS.hz, Duration::from_secs(20));
                let heard = caller.recording();
                // The first sound may take a moment: nobody has decoded anything yet.
                let first = heard
                    .first_heard(order[0].1, answered)
                    .expect("the first prompt");
                assert!(
                    first - answered < Duration::from_secs(1),
                    "{:?}",
                    first - answered
                );
                order.iter().fold(first, |from, (name, hz, ms)| {
                    assert_sounds(&heard, *hz, *ms, from, name)
                });
            });
        }
    });
    callers.iter().for_each(|caller| finish(&office, caller));
    office.assert_nothing_left();
}

#[test]
fn a_long_recording_begins_at_once_and_a_key_cuts_in() {
    let office = Office::open("long", Database::Sqlite);
    let part = repository().join("tests/fixtures/prompts/44100-stereo.mp3");
    let eight_minutes = fs::read(part).expect("a fixture").repeat(480);
    fs::write(messages(&office).join("long.mp3"), eight_minutes).expect("a prompt");
    let phone = "79050000003";
    let files = ["long.mp3", FLOWERS_FILE].map(str::to_owned);
    add_menu(&office, phone, &files);
    let callers = [office.call(phone), office.call(phone)];
    for caller in &callers {
        let answered = caller.wait_answered(SOON);
        caller.wait_heard(FIXTURE, SOON);
        let first = caller.recording().first_heard(FIXTURE, answered);
        let waited = first.expect("the first word") - answered;
        assert!(waited < Duration::from_millis(300), "{waited:?}");
        finish(&office, caller);
    }
    office.assert_nothing_left();
}

#[test]
fn what_asterisks_own_modules_read_is_heard() {
    let office = Office::open_with("own-kinds", Database::Sqlite, |config| {
        let modules = "format_gsm format_wav_gsm format_pcm codec_gsm codec_g722";
        modules
            .split(' ')
            .fold(config, |config, name| config.load(name))
    });
    let fixtures = repository().join("tests/fixtures/prompts");
    let kinds = [
        ("1000.gsm", 1000.0),
        ("600.WAV", 600.0),
        ("800.g722", 800.0),
    ];
    for (name, _) in kinds {
        fs::copy(fixtures.join(name), messages(&office).join(name)).expect(name);
    }
    let phone = "79050000004";
    let names = kinds.iter().map(|(name, _)| (*name).to_owned());
    let files: Vec<_> = names.chain([FLOWERS_FILE.to_owned()]).collect();
    add_menu(&office, phone, &files);
    let caller = office.call(phone);
    let answered = caller.wait_answered(SOON);
    caller.wait_heard(FLOWERS.hz, Duration::from_secs(20));
    let heard = caller.recording();
    let first = heard.first_heard(kinds[0].1, answered).expect("GSM");
    kinds.iter().fold(first, |from, (name, hz)| {
        assert_sounds(&heard, *hz, 1000, from, name)
    });
    finish(&office, &caller);
    office.assert_nothing_left();
}

#[test]
fn a_recording_that_was_replaced_is_heard_by_the_next_caller() {
    let office = Office::open("replaced", Database::Sqlite);
    let phone = "79050000002";
    let file = messages(&office).join("offer.wav");
    add_menu(
        &office,
        phone,
        &["offer.wav".to_owned(), FLOWERS_FILE.to_owned()],
    );
    let hear = |hz: f64, ms: u64, what: &str| {
        let caller = office.call(phone);
        let answered = caller.wait_answered(SOON);
        caller.wait_heard(FLOWERS.hz, SOON);
        let heard = caller.recording();
        let first = heard.first_heard(hz, answered).expect("a prompt");
        assert_sounds(&heard, hz, ms, first, what);
        finish(&office, &caller);
    };
    fs::write(&file, tone_wav(700.0, 400, 16_000)).expect("a prompt");
    hear(700.0, 400, "the first recording");
    hear(700.0, 400, "the first recording again");
    fs::write(&file, tone_wav(900.0, 400, 16_000)).expect("a prompt");
    hear(900.0, 400, "another of the same length in its place");
    let aside = file.with_extension("new");
    fs::write(&aside, tone_wav(1300.0, 600, 44_100)).expect("a prompt");
    fs::rename(&aside, &file).expect("a prompt");
    hear(1300.0, 600, "a file that was moved there");
    // The extension does not matter, and the content decides what it is.
    fs::remove_file(&file).expect("a prompt");
    let mp3 = repository().join("tests/fixtures/prompts/44100-stereo.mp3");
    fs::copy(mp3, file.with_extension("mp3")).expect("a prompt");
    hear(FIXTURE, 1000, "an MP3 in place of a WAV");
    office.assert_nothing_left();
}

/// How loud the last prompt of the menu is for a caller whose channel has this `VOLUME(TX)`: 0 to 32768.
fn loudness(office: &Office, volume: Option<&str>) -> f64 {
    let caller = office.call("70000000002");
    caller.wait_heard(INTRO.hz, SOON);
    if let Some(volume) = volume {
        let calls = office.machine.cli("rustivr show calls");
        let channel = calls
            .split_whitespace()
            .find(|word| word.starts_with("PJSIP/"));
        let channel = channel.expect("a channel");
        office.machine.cli(&format!(
            "dialplan set chanvar {channel} VOLUME(TX) {volume}"
        ));
    }
    let from = caller.wait_heard(FLOWERS.hz, Duration::from_secs(10));
    caller.wait_gone(FLOWERS.hz, SOON);
    let recording = caller.recording();
    let heard = rms(&recording.slice(from..from + Duration::from_millis(200)));
    caller.press('1', Dtmf::Rfc4733);
    let talk = office
        .expect_target(NUMBER)
        .answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    heard
}

#[test]
fn what_an_audio_hook_does_to_a_prompt_stays_in_its_call() {
    let office = Office::open_with("audio-hook", Database::Sqlite, |config| {
        config.load("func_volume")
    });
    let plain = loudness(&office, None);
    for _ in 0..3 {
        let loud = loudness(&office, Some("3"));
        assert!(loud > plain * 1.5, "the hook had no effect: {plain} {loud}");
    }
    let after = loudness(&office, None);
    assert!((after / plain - 1.0).abs() < 0.1, "{plain} before, {after}");
}

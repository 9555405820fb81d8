//! The library as sessions use it: on real files, as they come and go.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::PromptLibrary;
use super::super::load::Loader;
use super::super::testing::{Sounds, Wav, assert_tone, fixture, scenario, tone};
use super::{HALF, speaks};
use crate::ports::PromptFolder;
use crate::ports::PromptName;
use crate::ports::{PromptError, Prompts};

#[test]
fn a_panic_in_a_decoder_is_the_files_fault() {
    let samples = Loader::default().start("x".into(), |_| panic!("hostile"));
    assert!(
        samples
            .unwrap()
            .begin(Duration::ZERO)
            .unwrap_err()
            .contains("decoder")
    );
    let late = Loader::default().start("x".into(), |hear| {
        hear(&[1]);
        panic!("hostile")
    });
    let late = late.unwrap();
    assert_eq!(late.begin(Duration::ZERO), Ok(()));
    assert!(late.flaw().unwrap().contains("decoder"));
}

#[test]
fn a_file_replaced_on_disk_is_heard_at_once() {
    let sounds = Sounds::new();
    let library = PromptLibrary::new(sounds.0.clone());
    sounds.write(
        "scenario/hello.wav",
        &Wav::PLAIN.file(&tone(440.0, 0.5, 8000, 1.0)),
    );
    let first = library.sound(&scenario("hello")).unwrap();
    assert_tone(&first.samples.whole(), 440.0, HALF);
    assert_eq!(first.duration(), Duration::from_secs(1));
    let again = library.sound(&scenario("hello.mp3")).unwrap();
    assert!(first.samples.is_same(&again.samples));

    sounds.write(
        "scenario/hello.wav",
        &Wav::PLAIN.file(&tone(1000.0, 0.5, 8000, 1.0)),
    );
    assert_tone(
        &library.sound(&scenario("hello")).unwrap().samples.whole(),
        1000.0,
        HALF,
    );

    sounds.write("scenario/hello.wav", b"broken");
    let broken = library.sound(&scenario("hello"));
    assert!(
        matches!(broken, Err(PromptError::Undecodable(_))),
        "{broken:?}"
    );

    fs::remove_file(sounds.0.join("scenario/hello.wav")).unwrap();
    // Who only looks is no caller who missed it.
    let looked = library.examine(&scenario("hello"));
    assert_eq!(library.health().missing, 0);
    let missing = library.sound(&scenario("hello"));
    assert!(
        matches!(missing, Err(PromptError::Missing(_))),
        "{missing:?}"
    );
    assert_eq!((looked, library.health().missing), (missing, 1));
}

#[test]
fn a_link_out_of_the_folder_is_refused_also_when_its_target_is_known() {
    let sounds = Sounds::new();
    let library = PromptLibrary::new(sounds.0.clone());
    let file = Wav::PLAIN.file(&tone(440.0, 0.5, 8000, 0.1));
    sounds.write("keyNum/1.wav", &file);
    sounds.write("scenario/inside.wav", &file);
    symlink("../keyNum/1.wav", sounds.0.join("scenario/out.wav")).unwrap();
    symlink("inside.wav", sounds.0.join("scenario/in.wav")).unwrap();
    symlink("..", sounds.0.join("scenario/up")).unwrap();
    let key = PromptName {
        folder: PromptFolder::KeyNum,
        file: "1".into(),
    };
    assert!(library.sound(&key).is_ok());
    assert!(library.sound(&scenario("in")).is_ok());
    for name in ["out", "up/keyNum/1"] {
        let refused = library.sound(&scenario(name));
        assert!(
            matches!(refused, Err(PromptError::Forbidden(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn the_first_word_does_not_wait_for_the_last_one() {
    let sounds = Sounds::new();
    let part = fixture("44100-stereo.mp3");
    sounds.write("scenario/long.mp3", &part.repeat(580));
    let library = PromptLibrary::new(sounds.0.clone());
    let asked = Instant::now();
    let sound = library.sound(&scenario("long")).unwrap();
    let begun = asked.elapsed();
    assert!(begun < Duration::from_millis(300), "{begun:?}");
    assert!(!sound.samples.is_whole());
    // Who asks meanwhile gets the same.
    let second = library.sound(&scenario("long")).unwrap();
    assert!(second.samples.is_same(&sound.samples));
    let flaw = sound.samples.flaw().unwrap_or_default();
    assert!(flaw.contains("10 minutes"), "{flaw}");
    assert_eq!(sound.duration(), Duration::from_secs(600));
    assert_tone(&sound.samples.whole()[1000..7000], 440.0, HALF);
}

#[test]
fn nothing_is_read_on_when_the_library_is_gone() {
    let sounds = Sounds::new();
    sounds.write(
        "scenario/long.mp3",
        &fixture("44100-stereo.mp3").repeat(580),
    );
    let library = PromptLibrary::new(sounds.0.clone());
    drop(library.sound(&scenario("long")).unwrap());
    let dropped = Instant::now();
    drop(library);
    let ended = dropped.elapsed();
    assert!(ended < Duration::from_millis(200), "{ended:?}");
}

#[test]
fn a_channel_threads_stack_is_enough() {
    let sounds = Sounds::new();
    sounds.write("scenario/x", &fixture("44100-stereo.mp3"));
    let library = PromptLibrary::new(sounds.0.clone());
    let caller = thread::Builder::new().stack_size(128 << 10);
    let caller = caller.spawn(move || library.sound(&scenario("x")).is_ok());
    assert!(caller.unwrap().join().unwrap());
}

#[test]
fn every_prompt_of_the_debug_menus_is_there_and_speaks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds");
    let table = fs::read_to_string(folder.join("prompts.ru.txt")).unwrap();
    assert!(table.lines().count() > 0);
    for line in table.lines() {
        let (path, words) = line.split_once('\t').unwrap();
        speaks(&folder.join("rust_ivr").join(path), words);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_files_never_harm_the_caller(
        kind in 0..3usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = match kind {
            0 => fixture("44100-stereo.mp3"),
            1 => fixture("48000-vbr-id3.mp3"),
            _ => Wav { extensible: true, ..Wav::PLAIN }.file(&tone(440.0, 0.5, 8000, 0.1)),
        };
        for (place, value) in damage {
            // Mostly in the headers, where it matters.
            let near = file.len().min(if value % 2 == 0 { 100 } else { usize::MAX });
            let place = place.index(near);
            file[place] = value;
        }
        file.truncate(cut.index(file.len()) + 1);
        let sounds = Sounds::new();
        sounds.write("scenario/x", &file);
        match PromptLibrary::new(sounds.0.clone()).sound(&scenario("x")) {
            Ok(sound) => prop_assert!(!sound.samples.whole().is_empty()),
            Err(e) => prop_assert!(matches!(e, PromptError::Undecodable(_))),
        }
    }
}

//! Notices in the channel's language, on real files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;

use super::super::notices::NoticeLibrary;
use super::super::testing::{Sounds, Wav, assert_tone, fixture, tone};
use super::{HALF, speaks};
use crate::ports::Notice;
use crate::ports::PromptError;

/// Recordings of `Notice::Busy`, one language each, told by their tone.
fn busy(recordings: &[(&str, f32)]) -> (Sounds, NoticeLibrary) {
    let sounds = Sounds::new();
    for (language, hz) in recordings {
        let file = Wav::PLAIN.file(&tone(*hz, 0.5, 8000, 0.5));
        sounds.write(&format!("{language}/busy.wav"), &file);
    }
    let library = NoticeLibrary::new(sounds.0.clone());
    (sounds, library)
}

#[test]
fn the_channels_language_comes_first_then_its_kin_then_english_then_any() {
    let all = [
        ("ru_RU", 300.0),
        ("ru", 500.0),
        ("en", 700.0),
        ("de", 900.0),
        ("fr", 1100.0),
    ];
    for (there, language, heard) in [
        (&all[..], "ru_RU", 300.0),
        (&all, "ru", 500.0),
        (&all, "ru-UA", 500.0),
        (&all, "it_IT", 700.0),
        (&all, "", 700.0),
        (&all[3..], "fr", 1100.0),
        (&all[3..], "it", 900.0),
    ] {
        let (_sounds, library) = busy(there);
        let sound = library.sound(Notice::Busy, language).unwrap();
        assert_tone(&sound.samples.whole(), heard, HALF);
    }
}

#[test]
fn a_notice_of_ones_own_may_be_of_any_kind_and_is_heard_at_once() {
    let (sounds, library) = busy(&[("en", 700.0), ("ru", 500.0)]);
    let first = library.sound(Notice::Busy, "ru").unwrap();
    let again = library.sound(Notice::Busy, "ru_RU").unwrap();
    assert!(first.samples.is_same(&again.samples));

    fs::remove_file(sounds.0.join("ru/busy.wav")).unwrap();
    let english = library.sound(Notice::Busy, "ru").unwrap();
    assert_tone(&english.samples.whole(), 700.0, HALF);

    sounds.write("ru/busy.mp3", &fixture("44100-stereo.mp3"));
    let own = library.sound(Notice::Busy, "ru").unwrap();
    assert_ne!(own, english);
    assert_ne!(own, first);

    sounds.write("ru/busy.mp3", b"broken");
    let broken = library.sound(Notice::Busy, "ru");
    assert!(
        matches!(broken, Err(PromptError::Undecodable(_))),
        "{broken:?}"
    );
}

#[test]
fn folders_and_files_may_be_links() {
    let (elsewhere, _) = busy(&[("x", 500.0)]);
    let (sounds, library) = busy(&[("en", 700.0)]);
    symlink(elsewhere.0.join("x"), sounds.0.join("ru")).unwrap();
    fs::create_dir(sounds.0.join("de")).unwrap();
    symlink("../en/busy.wav", sounds.0.join("de/busy.wav")).unwrap();
    for (language, heard) in [("ru", 500.0), ("de", 700.0)] {
        let sound = library.sound(Notice::Busy, language).unwrap();
        assert_tone(&sound.samples.whole(), heard, HALF);
    }
}

#[test]
fn a_notice_that_is_nowhere_is_named_with_its_place() {
    let (sounds, library) = busy(&[("en", 700.0)]);
    let root = sounds.0.display().to_string();
    for library in [library, NoticeLibrary::new("/nonexistent".into())] {
        let error = library.sound(Notice::NoCall, "ru").unwrap_err();
        let PromptError::Missing(text) = &error else {
            panic!("{error:?}");
        };
        assert!(
            text.contains(&root) || text.contains("/nonexistent"),
            "{text}"
        );
        assert!(text.contains("en/no-call.wav"), "{text}");
    }
}

#[test]
fn every_notice_is_there_in_both_languages_and_speaks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds");
    for language in ["ru", "en"] {
        let table = fs::read_to_string(folder.join(format!("notices.{language}.txt"))).unwrap();
        let mut files: Vec<_> = Notice::ALL
            .map(|notice| format!("{}.wav", notice.file()))
            .into();
        for line in table.lines() {
            let (file, words) = line.split_once('\t').unwrap();
            let at = files.iter().position(|known| known == file).expect(file);
            files.swap_remove(at);
            speaks(&folder.join("rust_conf").join(language).join(file), words);
        }
        assert_eq!(files, [""; 0], "{language}");
    }
}

proptest! {
    #[test]
    fn no_language_leads_out_of_the_directory(
        language in prop_oneof![
            any::<String>(),
            "[./_a-]{1,8}",
            "(\\.\\./|en/|/|x){1,3}",
        ],
    ) {
        let (sounds, _) = busy(&[("en", 700.0), ("en/x", 500.0), ("x", 900.0)]);
        let library = NoticeLibrary::new(sounds.0.join("en"));
        // The only folder under `en` that is a language.
        let sound = library.sound(Notice::Busy, &language).unwrap();
        assert_tone(&sound.samples.whole(), 500.0, HALF);
    }
}

//! A menu's recordings, ready before their turn comes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::super::PromptLibrary;
use super::super::testing::{Sounds, Wav, scenario, tone};
use crate::ports::{FileKind, PromptName, Prompts};

const PATIENT: Duration = Duration::from_secs(20);

fn names(files: &[&str]) -> Vec<PromptName> {
    files.iter().map(|file| scenario(file)).collect()
}

fn sounds(files: &[&str]) -> Sounds {
    let sounds = Sounds::new();
    for file in files {
        sounds.write(
            &format!("scenario/{file}.gsm"),
            b"the reader gives the sound",
        );
    }
    sounds
}

/// What the host's reader read, in order; and how many at once.
static READ: (Mutex<Vec<String>>, Condvar) = (Mutex::new(Vec::new()), Condvar::new());
static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
static TOGETHER: AtomicBool = AtomicBool::new(false);

fn note(path: &Path, _: FileKind, hear: &mut dyn FnMut(&[i16]) -> bool) -> Result<(), String> {
    if AT_ONCE.fetch_add(1, Ordering::SeqCst) > 0 {
        TOGETHER.store(true, Ordering::SeqCst);
    }
    hear(&[1; 800]);
    let name = path.file_stem().unwrap_or_default();
    AT_ONCE.fetch_sub(1, Ordering::SeqCst);
    READ.0.lock().push(name.to_string_lossy().into_owned());
    READ.1.notify_all();
    Ok(())
}

#[test]
fn a_menu_is_read_ahead_in_order_each_once_and_one_at_a_time() {
    let sounds = sounds(&["hello", "one", "two", "three"]);
    let library = PromptLibrary::new(sounds.0.clone()).with_host(note);
    // A menu that is read out twice; what is missing costs the others nothing.
    let menu = names(&["hello", "one", "missing", "two", "one", "missing", "two"]);
    library.prepare(&menu);
    library.prepare(&names(&["hello", "three"]));
    let mut read = READ.0.lock();
    let late = READ
        .1
        .wait_while_for(&mut read, |read| read.len() < 4, PATIENT);
    assert!(!late.timed_out(), "{read:?}");
    drop(read);
    for name in names(&["hello", "one", "two", "three"]) {
        assert_eq!(library.sound(&name).unwrap().samples.whole().len(), 800);
    }
    assert_eq!(*READ.0.lock(), ["hello", "one", "two", "three"]);
    assert!(!TOGETHER.load(Ordering::SeqCst));
}

/// Has no end while anybody listens, nor while somebody may.
fn endless(_: &Path, _: FileKind, hear: &mut dyn FnMut(&[i16]) -> bool) -> Result<(), String> {
    while hear(&[1]) {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[test]
fn a_long_recording_ahead_holds_up_neither_callers_nor_the_librarys_end() {
    let sounds = sounds(&["long", "longer"]);
    let hello = Wav::PLAIN.file(&tone(440.0, 0.5, 8000, 0.1));
    sounds.write("scenario/hello.wav", &hello);
    let library = PromptLibrary::new(sounds.0.clone()).with_host(endless);
    let began = Instant::now();
    // More than may wait.
    for _ in 0..100 {
        library.prepare(&names(&["long", "longer", "hello"]));
    }
    let asked = began.elapsed();
    assert!(asked < Duration::from_millis(300), "{asked:?}");
    assert_eq!(
        library
            .sound(&scenario("hello"))
            .unwrap()
            .samples
            .whole()
            .len(),
        800
    );
    // It is the one that was begun ahead, or is now.
    let long = library.sound(&scenario("long")).unwrap();
    assert!(!long.samples.is_whole());
    drop(long);
    let dropped = Instant::now();
    drop(library);
    let ended = dropped.elapsed();
    assert!(ended < Duration::from_secs(1), "{ended:?}");
}

//! Talk-off: speech and music that a detector takes for a key. Recordings are the caller's sound
//! through menus that wait long for a digit.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rust_ivr_testing::machine::repository;
use rust_ivr_testing::office::{Database, Office, Rows, SOON, inside};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf};

/// Samples per second of a call.
const RATE: usize = 8000;
/// How much of the recordings one caller says: longer than the menu is, shorter than it waits for a digit.
const SHARE: usize = 30 * RATE;

/// Of Debian's asterisk-core-sounds-en-gsm the long ones, and monkeys that scream.
const ASTERISKS: [&str; 12] = [
    "basic-pbx-ivr-main",
    "conf-adminmenu-162",
    "conf-usermenu-162",
    "demo-abouttotry",
    "demo-congrats",
    "demo-echotest",
    "demo-instruct",
    "demo-moreinfo",
    "priv-callee-options",
    "tt-monkeys",
    "vm-msginstruct",
    "vm-options",
];

/// Every spoken prompt of the repository stands in this menu.
const ALL_PROMPTS: Rows<'_> = Rows {
    phone: "79000000030",
    intro: "hello.mp3",
    buttons: &[
        ("0", "cakes.mp3", "74951111110"),
        ("1", "NULL", "74951111111"),
        ("2", "flowers.mp3", "74951111112"),
        ("3", "delivery.mp3", "74951111113"),
        ("4", "NULL", "74951111114"),
        ("5", "NULL", "74951111115"),
        ("6", "NULL", "74951111116"),
        ("7", "NULL", "74951111117"),
        ("8", "NULL", "74951111118"),
        ("9", "NULL", "74951111119"),
        ("*", "NULL", "74951111120"),
        ("#", "NULL", "74951111121"),
        ("10", "NULL", "74951111122"),
        ("11", "NULL", "74951111123"),
        ("12", "NULL", "74951111124"),
    ],
};

#[test]
fn speech_and_music_of_the_caller_are_no_digits() {
    let office = Office::open_spoken("talk-off", Database::Sqlite, |config| {
        config
            .load("res_convert")
            .load("format_gsm")
            .load("codec_gsm")
            .replace(
                "res_rust_ivr.conf",
                "digit_timeout = 7",
                "digit_timeout = 45",
            )
    });
    office.add(&ALL_PROMPTS);
    let mut said = own_recordings();
    said.extend(asterisks_recordings(&office));
    // The prompts' own echo, as loud as they are: what a caller heard of a whole menu.
    let listener = office.call(ALL_PROMPTS.phone);
    let waits = "waits for a digit";
    office
        .machine
        .wait_cli("rustivr show calls", waits, Duration::from_secs(60));
    said.extend(listener.recording().samples);
    listener.hangup();
    println!("{} s of recordings", said.len() / RATE);

    let callers: Vec<Call> = said
        .chunks(SHARE)
        .map(|share| {
            let said = Source::Samples(share.into());
            let caller = office.call(ALL_PROMPTS.phone);
            caller.wait_answered(SOON);
            caller.say(said);
            caller
        })
        .collect();
    std::thread::sleep(Duration::from_secs((SHARE / RATE) as u64));
    // Whom a digit was heard of is with Bitrix24 or a target.
    let calls = office.machine.cli("rustivr show calls");
    assert_eq!(calls.matches(waits).count(), callers.len(), "{calls}");
    let heard = "came in band";
    assert!(!office.machine.log().contains(heard), "a digit was heard");
    // All the while each of them was listened to.
    for caller in &callers {
        caller.press('2', Dtmf::InBand);
        office.expect_target("74951111112");
        caller.hangup();
    }
    office.assert_nothing_left();
}

/// The melody for clients on hold and all notices.
fn own_recordings() -> Vec<i16> {
    let sounds = repository().join("sounds");
    let mut samples = wav(&sounds.join("rust_moh/rust_ivr.wav"));
    for language in ["ru", "en"] {
        let folder = fs::read_dir(sounds.join("rust_conf").join(language)).expect("notices");
        for entry in folder {
            samples.extend(wav(&entry.expect("a notice").path()));
        }
    }
    samples
}

/// The sound of a WAV file of 16 bit, mono, 8 kHz: what stands behind the word `data` and a length.
fn wav(path: &Path) -> Vec<i16> {
    let file = fs::read(path).expect("a recording");
    let rate = RATE as u32;
    assert_eq!(file[24..28], rate.to_le_bytes(), "{}", path.display());
    let data = file.windows(4).position(|word| word == b"data");
    samples(&file[data.expect("a data chunk") + 8..])
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// Recordings of Debian's Asterisk, which decodes them itself.
fn asterisks_recordings(office: &Office) -> Vec<i16> {
    let convert = |name: &&str| {
        let file = format!("data/{name}.sln");
        office.machine.cli(&format!(
            "file convert /usr/share/asterisk/sounds/en_US_f_Allison/{name}.gsm {}",
            inside(&file)
        ));
        let path = office.run.data_directory().join(format!("{name}.sln"));
        let bytes = fs::read(&path).unwrap_or_else(|why| panic!("{name} was not converted: {why}"));
        samples(&bytes)
    };
    ASTERISKS.iter().flat_map(convert).collect()
}

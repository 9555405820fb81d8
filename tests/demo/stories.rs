//! The demo's calls: who calls, what the others do, and what must come of it.

use std::time::Duration;

use super::conference;
use super::play::Scene;
use rust_ivr_testing::office::TARGET_TONE;
use rust_ivr_testing::sip::Ending;

/// Longer than the 20 s that a target may ring.
const LONG: Duration = Duration::from_secs(30);

/// How far into the greeting a hasty caller presses the key.
const HASTE: Duration = Duration::from_millis(3000);

/// A call as it is meant to go.
pub struct Story {
    /// What is special about it.
    pub title: &'static str,
    /// The debug number that calls.
    pub phone: &'static str,
    /// What must happen, in a sentence.
    pub expected: &'static str,
    /// How the line about its end in Asterisk's log must begin.
    pub words: &'static str,
    /// The prompts that the caller must hear, in order.
    pub prompts: &'static [&'static str],
    /// The number that rings without a menu.
    pub direct: Option<&'static str>,
    /// Whether a button's number picks up.
    pub picks_up: bool,
    /// What happens after the look-up. Panics when something does not come.
    pub act: fn(&mut Scene<'_>),
}

/// All of them, in the order of the debug numbers.
pub const STORIES: [Story; 6] = [
    Story {
        title: "no rows in the tables",
        phone: "70000000000",
        expected: "straight to Bitrix24",
        words: "FALLBACK NO_ROWS rows=LIVE digit= target=",
        prompts: &[],
        direct: None,
        picks_up: true,
        act: |scene| scene.talk_with_bitrix24(),
    },
    Story {
        title: "one button",
        phone: "70000000001",
        expected: "its number rings at once, without a menu, and answers",
        words: "TARGET  rows=LIVE digit= target=74950000001",
        prompts: &[],
        direct: Some("74950000001"),
        picks_up: true,
        act: |scene| scene.talk(TARGET_TONE),
    },
    Story {
        title: "one button, nobody picks up",
        phone: "70000000001",
        expected: "its number rings for 20 s, then Bitrix24",
        words: "FALLBACK NO_ANSWER rows=LIVE digit= target=74950000001",
        prompts: &[],
        direct: Some("74950000001"),
        picks_up: false,
        act: |scene| {
            let ended = scene.call(1).wait_ended(LONG).1;
            assert_eq!(ended, Ending::Cancelled, "how the target's call ended");
            scene.talk_with_bitrix24();
        },
    },
    Story {
        title: "several buttons, a key cuts into the greeting",
        phone: "70000000002",
        expected: "the menu stops at key 2, whose number rings and answers",
        words: "TARGET  rows=LIVE digit=2 target=74950000002",
        prompts: &["scenario/hello.mp3"],
        direct: None,
        picks_up: true,
        act: |scene| {
            scene.listen("scenario/hello.mp3", HASTE);
            scene.press(0, "2");
            scene.ring("target", "74950000002");
            scene.talk(TARGET_TONE);
        },
    },
    Story {
        title: "several buttons, no key at all",
        phone: "70000000002",
        expected: "the whole menu, 7 s of silence, then Bitrix24",
        words: "FALLBACK NO_DIGIT rows=LIVE digit= target=",
        prompts: &[
            "scenario/hello.mp3",
            "keyNum/1",
            "msgMp3/cakes.mp3",
            "keyNum/2",
            "msgMp3/flowers.mp3",
        ],
        direct: None,
        picks_up: true,
        act: |scene| scene.talk_with_bitrix24(),
    },
    Story {
        title: "the manager brings a third person in",
        phone: conference::PHONE,
        expected: "RustConfAdd by *7: music for the client, a private word with the third, then all three",
        words: "FALLBACK NO_ROWS rows=LIVE digit= target=",
        prompts: &[],
        direct: None,
        picks_up: true,
        act: conference::play,
    },
];

impl Story {
    /// Whether it goes on in a room, with other voices and checks of its own.
    pub fn is_conference(&self) -> bool {
        self.phone == conference::PHONE
    }
}

//! B1 to B6 with real callers: a manager inside Bitrix24 brings a third person into the call.
//! Each party says its own tone, and who hears whom is measured on what each one received.

mod support;

use std::time::{Duration, Instant};

use support::office::{
    BITRIX24_TONE as MANAGER, CALLER_TONE as CLIENT, Database, MUSIC, Office, RINGBACK, SOON,
    TARGET_TONE as THIRD,
};
use support::rtp::Source;
use support::sip::{Call, Dtmf};

const CLIENT_NUMBER: &str = "70000000000";
/// What the code 1 gives.
const THIRD_NUMBER: &str = "74950000001";

/// A client and a manager in one room, by way of the feature code (W1).
struct Conference {
    office: Office,
    client: Call,
    manager: Call,
}

impl Conference {
    fn open(name: &str) -> Self {
        let office = Office::open_with(name, Database::Sqlite, |config| {
            config
                .file(
                    "features.conf",
                    "[applicationmap]\nconfadd = *7,self,RustConfAdd()\n",
                )
                .replace(
                    "extensions.conf",
                    "[globals]\n",
                    "[globals]\nDYNAMIC_FEATURES = confadd\n",
                )
        });
        let client = office.call(CLIENT_NUMBER);
        let manager = office.expect_bitrix24(SOON).answer(Source::tone(MANAGER));
        client.wait_answered(SOON);
        client.say(Source::tone(CLIENT));
        let conference = Self {
            office,
            client,
            manager,
        };
        conference.hear(&conference.manager, &[CLIENT]);
        conference.hear(&conference.client, &[MANAGER]);
        let mark = conference.office.machine.log_mark();
        conference.press("*7");
        conference
            .office
            .machine
            .wait_log_since(mark, "room-1: TALK", SOON);
        conference.hear(&conference.manager, &[CLIENT]);
        conference.hear(&conference.client, &[MANAGER]);
        conference
    }

    fn press(&self, keys: &str) {
        for key in keys.chars() {
            self.manager.press(key, Dtmf::Rfc4733);
        }
    }

    /// Waits until a party hears exactly these tones of all the parties and the music.
    fn hear(&self, who: &Call, tones: &[f64]) {
        for tone in tones {
            who.wait_heard(*tone, SOON);
        }
        for tone in [MANAGER, CLIENT, THIRD, MUSIC] {
            if !tones.contains(&tone) {
                who.wait_gone(tone, SOON);
            }
        }
    }

    /// The code 1 is typed; the third person's telephone rings.
    fn dial_third(&self) -> support::sip::Incoming {
        self.press("*");
        self.hear(&self.client, &[MUSIC]);
        self.press("1#");
        let third = self.office.expect_target(THIRD_NUMBER);
        third.ring();
        third
    }

    /// The third person answers; the manager consults in private.
    fn consult_third(&self) -> Call {
        let third = self.dial_third().answer(Source::tone(THIRD));
        self.hear(&self.manager, &[THIRD]);
        self.hear(&third, &[MANAGER]);
        self.hear(&self.client, &[MUSIC]);
        third
    }

    fn assert_ended(&self) {
        self.client.wait_ended(SOON);
        self.manager.wait_ended(SOON);
        self.office.assert_nothing_left();
        assert!(
            self.office
                .machine
                .cli("rustivr show rooms")
                .contains("0 room(s)")
        );
    }
}

#[test]
fn the_whole_story_from_talk_to_three_and_back_to_two() {
    let conference = Conference::open("conference-story");
    let third = conference.dial_third();
    conference.manager.wait_heard(RINGBACK, SOON);
    conference.hear(&conference.client, &[MUSIC]);
    let ringing = Instant::now();
    let third = third.answer(Source::tone(THIRD));
    conference.hear(&conference.manager, &[THIRD]);
    conference.hear(&third, &[MANAGER]);
    conference.hear(&conference.client, &[MUSIC]);
    let consulted = Instant::now();
    // Private: neither the third nor the manager was heard by the client, nor the client by them.
    let client = conference.client.recording();
    assert!(client.continuous(MUSIC, ringing..consulted));
    for (who, tone) in [
        (&conference.client, MANAGER),
        (&conference.client, THIRD),
        (&third, CLIENT),
    ] {
        assert_eq!(
            who.recording().first_heard(tone, ringing),
            None,
            "{tone} Hz was overheard"
        );
    }
    let joined = {
        conference.press("#");
        Instant::now()
    };
    conference.hear(&conference.manager, &[CLIENT, THIRD]);
    conference.hear(&conference.client, &[MANAGER, THIRD]);
    conference.hear(&third, &[CLIENT, MANAGER]);
    let music = conference.client.recording();
    let last = music
        .last_heard(MUSIC, consulted..music.ended())
        .expect("music until the join key");
    assert!(
        last < joined + Duration::from_millis(100),
        "music for {:?} more",
        last - joined
    );
    third.hangup();
    conference.hear(&conference.manager, &[CLIENT]);
    conference.hear(&conference.client, &[MANAGER]);
    conference.manager.hangup();
    conference.assert_ended();
}

#[test]
fn cancel_while_typing_while_ringing_and_in_the_consult_leads_back_to_the_client() {
    let conference = Conference::open("conference-cancel");
    let back = || {
        conference.hear(&conference.client, &[MANAGER]);
        conference.hear(&conference.manager, &[CLIENT]);
    };
    conference.press("*");
    conference.hear(&conference.client, &[MUSIC]);
    conference.press("*");
    back();
    let third = conference.dial_third();
    conference.press("*");
    third.call().wait_ended(SOON);
    back();
    let third = conference.consult_third();
    conference.press("*");
    third.wait_ended(SOON);
    back();
    conference.client.hangup();
    conference.assert_ended();
}

#[test]
fn a_third_person_who_cannot_be_had_leads_back_to_the_client() {
    let conference = Conference::open("conference-no-third");
    let back = || {
        conference.hear(&conference.client, &[MANAGER]);
        conference.hear(&conference.manager, &[CLIENT]);
    };
    // Busy, and nothing more typed.
    conference.dial_third().reject(486);
    conference.hear(&conference.client, &[MUSIC]);
    conference
        .client
        .wait_heard(MANAGER, Duration::from_secs(12));
    back();
    // Unknown code, then cancel.
    conference.press("*");
    conference.hear(&conference.client, &[MUSIC]);
    conference.press("77#");
    conference.office.machine.wait_log("no-such-code", SOON);
    conference.press("*");
    back();
    // Hangs up in the consult.
    conference.consult_third().hangup();
    back();
    conference.manager.hangup();
    conference.assert_ended();
}

#[test]
fn two_go_on_when_the_manager_leaves_three() {
    let conference = Conference::open("conference-manager-leaves");
    let third = conference.consult_third();
    conference.press("#");
    conference.hear(&third, &[CLIENT, MANAGER]);
    conference.manager.hangup();
    conference.hear(&third, &[CLIENT]);
    conference.hear(&conference.client, &[THIRD]);
    third.hangup();
    conference.assert_ended();
}

#[test]
fn a_client_on_hold_whose_manager_leaves_goes_to_bitrix24() {
    for state in ["code", "dial", "consult"] {
        let conference = Conference::open(&format!("conference-orphan-{state}"));
        let third = match state {
            "code" => {
                conference.press("*");
                conference.hear(&conference.client, &[MUSIC]);
                None
            }
            "dial" => Some(conference.dial_third().call()),
            _ => Some(conference.consult_third()),
        };
        conference.manager.hangup();
        let other = conference
            .office
            .expect_bitrix24(SOON)
            .answer(Source::tone(MANAGER));
        conference.hear(&conference.client, &[MANAGER]);
        if let Some(third) = third {
            third.wait_ended(SOON);
        }
        conference.client.hangup();
        other.wait_ended(SOON);
        conference.assert_ended();
    }
}

//! A conference in an office: a client and a manager who are in a room, what the manager presses,
//! and who hears whom. Each party says a tone of its own.

use std::time::{Duration, Instant};

use crate::machine::{MachineConfig, PBX_LOGIN, PBX_PASSWORD};
use crate::office::{
    BITRIX24_TONE, CALLER_TONE, Database, MUSIC, Office, RINGBACK, SOON, TARGET_TONE,
};
use crate::rtp::Source;
use crate::sip::{Call, Credentials, Dtmf, Incoming, Invite};
use crate::sound::{level, rms};

/// Who calls in, or is called out to.
pub const CLIENT_NUMBER: &str = "70000000000";
/// What the code 1 gives.
pub const THIRD_NUMBER: &str = "74950000001";
/// What the code 2 gives.
pub const FOURTH_NUMBER: &str = "74950000002";

/// What the manager says, in Hz.
pub const MANAGER: f64 = BITRIX24_TONE;
/// What the client says, in Hz.
pub const CLIENT: f64 = CALLER_TONE;
/// What the third person says, in Hz.
pub const THIRD: f64 = TARGET_TONE;
/// What the fourth person says, in Hz.
pub const FOURTH: f64 = 1500.0;
const EVERYBODY: [f64; 5] = [MANAGER, CLIENT, THIRD, FOURTH, MUSIC];

/// An office whose managers have the feature code `*7` (W1).
pub fn office(name: &str) -> Office {
    office_with(name, |config| config)
}

/// The same with something more changed.
pub fn office_with(name: &str, change: impl FnOnce(MachineConfig) -> MachineConfig) -> Office {
    office_on(name, Database::Sqlite, change)
}

/// The same with another database.
pub fn office_on(
    name: &str,
    database: Database,
    change: impl FnOnce(MachineConfig) -> MachineConfig,
) -> Office {
    Office::open_with(name, database, |config| {
        change(
            config
                .file(
                    "features.conf",
                    "[applicationmap]\nconfadd = *7,self,RustConfAdd()\n",
                )
                .replace(
                    "extensions.conf",
                    "[globals]\n",
                    "[globals]\nDYNAMIC_FEATURES = confadd\n",
                ),
        )
    })
}

/// A client whose call has reached a manager in Bitrix24: client, manager.
pub fn bridged_call(office: &Office) -> (Call, Call) {
    let client = office.call(CLIENT_NUMBER);
    let manager = office.expect_bitrix24(SOON).answer(Source::tone(MANAGER));
    client.wait_answered(SOON);
    client.say(Source::tone(CLIENT));
    hear(&manager, &[CLIENT]);
    hear(&client, &[MANAGER]);
    (client, manager)
}

/// A client whom a manager called through us: client, manager's leg.
pub fn called_out(office: &Office) -> (Call, Call) {
    let first_leg = call_from_bitrix24(office, CLIENT_NUMBER, MANAGER);
    let client = office.expect_target(CLIENT_NUMBER);
    let client = client.answer(Source::tone(CLIENT));
    first_leg.wait_answered(SOON);
    hear(&first_leg, &[CLIENT]);
    hear(&client, &[MANAGER]);
    (client, first_leg)
}

/// A call that Bitrix24 places to one of our extensions.
pub fn call_from_bitrix24(office: &Office, extension: &str, tone: f64) -> Call {
    call_from(office, "101", extension, tone)
}

/// The same by another manager.
pub fn call_from(office: &Office, manager: &str, extension: &str, tone: f64) -> Call {
    let uri = format!("sip:{extension}@{}", office.machine.address());
    let invite = Invite::to(&uri)
        .from(manager)
        .auth(Credentials::new(PBX_LOGIN, PBX_PASSWORD))
        .says(Source::tone(tone));
    office.bitrix24.call(invite)
}

/// Waits until a party hears exactly these tones of all the parties and the music.
pub fn hear(who: &Call, tones: &[f64]) {
    for tone in tones {
        who.wait_heard(*tone, SOON);
    }
    for tone in EVERYBODY {
        if !tones.contains(&tone) {
            who.wait_gone(tone, SOON);
        }
    }
}

/// Waits until somebody has heard a notice since a moment, alone or over those he talks with: 0.4 s of
/// sound that is none of the tones. A tone that begins or ends leaves less.
pub fn wait_told(who: &Call, since: Instant) {
    const WINDOW: Duration = Duration::from_millis(100);
    const WINDOWS: usize = 8;
    let is_speech = |samples: &[i16]| {
        let tones = EVERYBODY.iter().chain(&[RINGBACK]);
        let tones: f64 = tones.map(|tone| level(samples, *tone).share).sum();
        rms(samples) * (1.0 - tones).max(0.0).sqrt() > 200.0
    };
    let (until, mut from, mut heard) = (Instant::now() + SOON, since, 0);
    loop {
        let recording = who.recording();
        while from + WINDOW <= recording.ended() {
            heard += usize::from(is_speech(&recording.slice(from..from + WINDOW)));
            from += WINDOW / 2;
        }
        if heard >= WINDOWS {
            return;
        }
        assert!(Instant::now() < until, "nothing was said");
        std::thread::sleep(WINDOW / 2);
    }
}

/// Nobody is in a room any more, and no channel is left.
pub fn assert_nothing_left(office: &Office) {
    office.assert_nothing_left();
    let rooms = office.machine.cli("rustivr show rooms");
    assert!(rooms.contains("0 room(s)"), "{rooms}");
}

/// A client and a manager in one room.
pub struct Conference<'o> {
    /// Where it takes place.
    pub office: &'o Office,
    /// The client's call.
    pub client: Call,
    /// The call of Bitrix24's manager.
    pub manager: Call,
}

impl<'o> Conference<'o> {
    /// By way of the feature code.
    pub fn begin(office: &'o Office) -> Self {
        let (client, manager) = bridged_call(office);
        let conference = Self {
            office,
            client,
            manager,
        };
        let mark = office.machine.log_mark();
        conference.press("*7");
        office.machine.wait_log_since(mark, ": TALK", SOON);
        conference.assert_talk();
        conference
    }

    /// The manager presses these keys, one after the other (RFC 4733).
    pub fn press(&self, keys: &str) {
        for key in keys.chars() {
            self.manager.press(key, Dtmf::Rfc4733);
        }
    }

    /// Client and manager, and nobody else, hear each other.
    pub fn assert_talk(&self) {
        hear(&self.client, &[MANAGER]);
        hear(&self.manager, &[CLIENT]);
    }

    /// The manager is asked for a code.
    pub fn ask_for_code(&self) {
        self.press("*");
        hear(&self.client, &[MUSIC]);
    }

    /// The code 1 is typed; the third person's telephone rings.
    pub fn dial_third(&self) -> Incoming {
        self.ask_for_code();
        self.press("1#");
        let third = self.office.expect_target(THIRD_NUMBER);
        third.ring();
        third
    }

    /// The third person answers; the manager consults in private.
    pub fn consult_third(&self) -> Call {
        let third = self.dial_third().answer(Source::tone(THIRD));
        hear(&self.manager, &[THIRD]);
        hear(&third, &[MANAGER]);
        hear(&self.client, &[MUSIC]);
        third
    }

    /// All three together.
    pub fn join_third(&self) -> Call {
        let third = self.consult_third();
        self.press("#");
        hear(&self.manager, &[CLIENT, THIRD]);
        hear(&self.client, &[MANAGER, THIRD]);
        hear(&third, &[CLIENT, MANAGER]);
        third
    }

    /// Everybody's call ends, and nothing remains.
    pub fn assert_ended(&self) {
        self.client.wait_ended(SOON);
        self.manager.wait_ended(SOON);
        assert_nothing_left(self.office);
    }
}

/// Client and manager talk, a third person is added, and the manager leaves those two; ends when
/// the client hangs up.
pub fn add_and_leave(conference: &Conference<'_>) {
    conference.assert_talk();
    let third = conference.join_third();
    conference.manager.hangup();
    hear(&conference.client, &[THIRD]);
    hear(&third, &[CLIENT]);
    conference.client.hangup();
    third.wait_ended(SOON);
}

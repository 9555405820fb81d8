//! Panics in a room: the same story each time, until the panic comes. Then somebody is with the client:
//! the manager, the third person, or whom the fallback rings.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{
    CLIENT, MANAGER, THIRD, THIRD_NUMBER, assert_nothing_left, bridged_call, office_with,
};
use rust_ivr_testing::office::{BITRIX24_TONE, Office, SOON};
use rust_ivr_testing::rtp::{Source, Way};
use rust_ivr_testing::sip::{Behaviour, Call};
use rust_ivr_testing::sound::level;

use super::{Armed, chosen};

/// A manager brings a third person in.
pub const ROOM: &[&str] = &[
    "Seat::talk",
    "Seat::hold_party",
    "Seat::play",
    "Seat::wait_digit",
    "Directory::code",
    "Seat::call_third",
    "Seat::await_third",
    "Seat::join_third",
    "Seat::release_party",
    "Seat::leave",
    "Seat::set_variable",
    "Seat::name",
    "Seat::hold_third",
    "Seat::whisper",
    "Seat::drop_third",
    "Seat::answer",
    "asterisk::bridge::call",
    "asterisk::bridge::forget",
    "asterisk::transfer::requested",
    "asterisk::transfer::refused",
];

/// How long a key is held.
const KEY: Duration = Duration::from_millis(100);

const ACCOUNTS: &str = "[crm]\nsecret = crm\nread = all\nwrite = call,reporting\n";

struct Story<'o> {
    office: &'o Office,
    armed: Armed<'o>,
    client: Call,
    manager: Call,
    third: Option<Call>,
}

impl<'o> Story<'o> {
    fn begin(office: &'o Office, point: &'static str) -> Self {
        let (client, manager) = bridged_call(office);
        Self {
            office,
            armed: Armed::at(office, point),
            client,
            manager,
            third: None,
        }
    }

    /// The manager presses these; false once the panic has come, else the room's state is `word`.
    fn press(&mut self, keys: &str, word: &str) -> bool {
        for key in keys.chars() {
            // One whose call the panic has ended has no keys any more.
            let _ = self.manager.rtp().press(key, Way::Events, KEY);
        }
        self.comes_to(word)
    }

    fn comes_to(&self, word: &str) -> bool {
        let until = Instant::now() + SOON;
        loop {
            if !self.armed.waits() {
                return false;
            }
            let rooms = self.office.machine.cli("rustivr show rooms");
            if rooms.contains(word) {
                return true;
            }
            assert!(
                Instant::now() < until,
                "{}: no {word}: {rooms}",
                self.armed.point
            );
        }
    }

    /// The third person has answered at once.
    fn dial_third(&mut self) -> bool {
        let answered = self.press("1#", "CONSULT");
        if answered {
            self.third = Some(self.office.expect_target(THIRD_NUMBER).call());
        }
        answered
    }

    fn ask_to_cancel(&self) {
        let mut ami = TcpStream::connect((self.office.machine.address(), 5038)).expect("AMI");
        let channel = self.office.machine.cli("rustivr show rooms");
        let room = channel.split_whitespace().next().expect("a room");
        let request = format!(
            "Action: Login\r\nUsername: crm\r\nSecret: crm\r\n\r\n\
             Action: RustConfCancel\r\nRoom: {room}\r\n\r\n"
        );
        ami.write_all(request.as_bytes()).expect("an action");
        // The answer, so that the connection lasts until then.
        let _ = self.comes_to("TALK");
    }

    /// The manager's phone asks for a transfer: out of the talk, which is left to us, or out of a room,
    /// where the core refuses it once it is the core's again.
    fn transfer(&mut self) {
        if self.armed.point.ends_with("refused") && self.press("*7", "TALK") {
            let rooms = self.office.machine.cli("rustivr show rooms");
            let mut words = rooms.split([' ', ',', '\n']);
            let channel = words.find(|word| word.starts_with("PJSIP/bitrix24-"));
            let channel = channel.expect("the manager's channel");
            let back = format!("dialplan set chanvar {channel} PJSIP_TRANSFER_HANDLING() core");
            self.office.machine.cli(&back);
        }
        let way = format!("sip:701@{}", self.office.machine.address());
        self.manager.refer(&way);
    }

    fn play(&mut self) {
        let point = self.armed.point;
        if point.contains("::transfer::") {
            return self.transfer();
        }
        let _ = self.press("*7", "TALK")
            && self.press("*", "CODE")
            && self.dial_third()
            && (match point {
                "Seat::drop_third" => self.press("*", "TALK"),
                "Seat::answer" => {
                    self.ask_to_cancel();
                    false
                }
                _ => true,
            })
            && self.press("9", "SWAP")
            && self.press("9", "CONSULT")
            && self.press("#", "CONF");
        if self.armed.waits() {
            match (&self.third, point) {
                (Some(third), "Seat::whisper") => third.hangup(),
                _ => self.manager.hangup(),
            }
        }
    }

    /// Somebody is with the client, now that what was so before the panic has died away.
    fn assert_served(&self) {
        let point = self.armed.point;
        let since = Instant::now() + Duration::from_millis(500);
        let until = since + SOON;
        loop {
            if self.office.bitrix24.untaken_calls() > 0 {
                let other = self.office.expect_bitrix24(SOON);
                let other = other.answer(Source::tone(BITRIX24_TONE));
                other.wait_heard(CLIENT, SOON);
                self.client.wait_heard(BITRIX24_TONE, SOON);
                return;
            }
            let recording = self.client.recording();
            let window = Duration::from_millis(200);
            let from = recording.ended() - window;
            let heard =
                |tone: &f64| level(&recording.slice(from..from + window), *tone).share > 0.2;
            if from > since && [MANAGER, THIRD].iter().any(heard) {
                return;
            }
            assert!(Instant::now() < until, "{point}: nobody is with the client");
            thread::sleep(window);
        }
    }

    fn end(self) {
        let deadline = Instant::now() + SOON;
        while self.armed.waits() {
            assert!(
                Instant::now() < deadline,
                "{}: nobody came by",
                self.armed.point
            );
        }
        self.assert_served();
        self.client.hangup();
        self.manager.hangup();
        if let Some(third) = &self.third {
            third.hangup();
        }
        for peer in [&self.office.multifon, &self.office.bitrix24] {
            while peer.untaken_calls() > 0 {
                peer.expect_call(SOON).call().hangup();
            }
        }
        self.armed.assert_over();
    }
}

fn office(name: &str) -> Office {
    let office = office_with(name, |config| {
        config.with_tls().replace(
            "res_rust_ivr.conf",
            "[conference]\n",
            "[conference]\nswap_key = 9\n",
        )
    });
    office.machine.open_ami(ACCOUNTS);
    let third = Behaviour::answer(Source::tone(THIRD));
    office.multifon.on_call(third);
    office
}

#[test]
fn in_a_room_leaves_nobody_alone() {
    let office = office("panics-room");
    for point in chosen(ROOM, 5) {
        let mut story = Story::begin(&office, point);
        story.play();
        story.end();
        assert_nothing_left(&office);
    }
}

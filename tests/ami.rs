//! Programs that drive calls through Asterisk's manager interface while we have them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use rust_ivr_testing::machine::MachineConfig;
use rust_ivr_testing::office::{Database, INTRO, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::Dtmf;

const TWO_BUTTONS: &str = "70000000002";
const CAKES: &str = "74950000001";

fn with_manager(config: MachineConfig) -> MachineConfig {
    config.load("app_controlplayback")
}

/// Sends an action and returns its response.
fn action(stream: &mut BufReader<TcpStream>, text: &str) -> String {
    let text = format!("{}\r\n\r\n", text.replace('\n', "\r\n"));
    stream
        .get_mut()
        .write_all(text.as_bytes())
        .expect("an action");
    loop {
        let mut message = String::new();
        while stream.read_line(&mut message).expect("an answer") > 2 {}
        if message.contains("Response: ") {
            return message;
        }
    }
}

#[test]
fn control_playback_on_a_caller_in_a_menu_is_ignored_and_digits_count() {
    let office = Office::open_with("ami-control-playback", Database::Sqlite, with_manager);
    office
        .machine
        .open_ami("[test]\nsecret = test\nread = all\nwrite = all\n");
    let stream = TcpStream::connect((office.machine.address(), 5038)).expect("the manager");
    stream.set_read_timeout(Some(SOON)).expect("a timeout");
    let mut stream = BufReader::new(stream);
    let login = action(&mut stream, "Action: Login\nUsername: test\nSecret: test");
    assert!(login.contains("Success"), "{login}");
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(INTRO.hz, SOON);
    let calls = office.machine.cli("rustivr show calls");
    let channel = calls
        .split_whitespace()
        .find(|word| word.starts_with("PJSIP/"))
        .expect("the call");
    for control in ["stop", "forward", "reverse", "pause", "restart"] {
        let text = format!("Action: ControlPlayback\nChannel: {channel}\nControl: {control}");
        let answer = action(&mut stream, &text);
        assert!(answer.contains("Success"), "{control}: {answer}");
    }
    caller.press('1', Dtmf::Rfc4733);
    let talk = office
        .expect_target(CAKES)
        .answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_story(TWO_BUTTONS, "TARGET");
    office.assert_nothing_left();
}

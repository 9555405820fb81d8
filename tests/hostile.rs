//! Rows, prompts' names, callers' numbers and extensions that mean harm. A bad row costs its
//! button, never the call, and nothing but an allowed number is ever dialled.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rust_ivr_testing::machine::MachineConfig;
use rust_ivr_testing::office::{
    BITRIX24_TONE, Database, FLOWERS, INTRO, Office, Rows, SOON, TARGET_TONE, inside, tone_wav,
};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Behaviour, Call, Dtmf, Invite, Kind, Message, user_of};

const FLOWERS_NUMBER: &str = "74950000002";

/// Sounds only when a prompt is read from where it must not be.
const SECRET: f64 = 3000.0;

/// What nobody may dial: injections, strangers, nothing at all, too much, the operator's own no.
fn bad_numbers() -> Vec<String> {
    let digits = "7".repeat(200);
    let numbers = [
        "74951234567&PJSIP/evil",
        "x@y",
        "${SHELL(id)}",
        "74951234567,20,g",
        "",
        "NULL",
        &digits,
        // [numbers] deny of the sample.
        "+7 (809) 123-45-67",
        "74951234567/n@from-multifon",
        "7495123456٧",
        "7495123\r\nAction: Originate",
    ];
    numbers.map(str::to_owned).into()
}

/// The samples with their deny line in force.
fn careful(config: MachineConfig) -> MachineConfig {
    config.replace("res_rust_ivr.conf", ";deny = _7809X.", "deny = _7809X.")
}

/// Bitrix24 answers these callers, each of whom then hangs up.
fn all_reach_bitrix24(office: &Office, calls: &[Call]) {
    for call in calls {
        call.wait_answered(SOON);
        call.hangup();
    }
    for _ in calls {
        office.expect_bitrix24(SOON).call().wait_ended(SOON);
    }
}

/// Asterisk called exactly these destinations, in its own words; and what Multifon was asked for on
/// the wire was among them.
fn assert_dialled(office: &Office, destinations: &[&str]) {
    let log = office.machine.log();
    let called = log.lines().filter_map(|line| line.split_once("Called "));
    let called: BTreeSet<_> = called.map(|(_, to)| to.trim()).collect();
    assert_eq!(called, destinations.iter().copied().collect());
    let asterisk = (office.machine.address(), 5060).into();
    for entry in office.trace.entries() {
        let message = Message::parse(entry.text.as_bytes());
        let invite = message.filter(|m| m.method() == "INVITE" && m.code() == 0);
        if let (Some(invite), Kind::Received(from), "multifon") = (invite, entry.kind, &*entry.peer)
        {
            let destination = format!("PJSIP/{}@multifon", user_of(invite.uri()));
            assert!(
                from == asterisk && called.contains(&*destination),
                "{destination}"
            );
        }
    }
}

#[test]
fn numbers_that_are_none_lead_to_bitrix24_and_their_menu_lives_on() {
    let office = Office::open_with("bad-numbers", Database::Sqlite, careful);
    office
        .bitrix24
        .on_call(Behaviour::answer(Source::tone(BITRIX24_TONE)));
    let numbers = bad_numbers();

    // The only button.
    let phones: Vec<_> = (10..10 + numbers.len())
        .map(|n| format!("790200000{n}"))
        .collect();
    for (phone, number) in phones.iter().zip(&numbers) {
        let buttons = &[("1", "cakes.mp3", number.as_str())];
        office.add(&Rows {
            phone,
            intro: "hello.mp3",
            buttons,
        });
    }
    let calls: Vec<_> = phones.iter().map(|phone| office.call(phone)).collect();
    all_reach_bitrix24(&office, &calls);
    for phone in &phones {
        office.assert_story(phone, "FALLBACK BAD_NUMBER rows=LIVE digit= target= ");
        let tested = office.machine.cli(&format!("rustivr test {phone}"));
        assert!(
            tested.contains("Would be dialled: the fallback, BAD_NUMBER"),
            "{tested}"
        );
    }

    // One button of many; the good one is the last.
    let phone = "79020000099";
    let keys: Vec<_> = (30..30 + numbers.len())
        .map(|key| key.to_string())
        .collect();
    let bad = keys
        .iter()
        .zip(&numbers)
        .map(|(key, number)| (key.as_str(), "NULL", number.as_str()));
    let buttons: Vec<_> = bad.chain([("9", "flowers.mp3", FLOWERS_NUMBER)]).collect();
    office.add(&Rows {
        phone,
        intro: "hello.mp3",
        buttons: &buttons,
    });
    let calls: Vec<_> = keys.iter().map(|_| office.call(phone)).collect();
    let good = office.call(phone);
    thread::scope(|scope| {
        for (call, key) in calls.iter().zip(&keys) {
            scope.spawn(|| {
                call.wait_heard(INTRO.hz, SOON);
                for digit in key.chars() {
                    call.press(digit, Dtmf::Rfc4733);
                }
                call.wait_heard(BITRIX24_TONE, SOON);
            });
        }
        good.wait_heard(FLOWERS.hz, SOON);
        good.press('9', Dtmf::Rfc4733);
    });
    all_reach_bitrix24(&office, &calls);
    for key in &keys {
        let story =
            format!("Ext. s: RustIvr {phone}: FALLBACK BAD_NUMBER rows=LIVE digit={key} target= ");
        office.machine.wait_log(&story, SOON);
    }
    let talk = office
        .expect_target(FLOWERS_NUMBER)
        .answer(Source::tone(TARGET_TONE));
    office.talk(&good, &talk, TARGET_TONE);
    office.assert_nothing_left();
    assert_dialled(&office, &["PJSIP/bitrix24", "PJSIP/74950000002@multifon"]);
    let log = office.machine.log();
    assert!(
        !log.lines().any(|line| line.starts_with("Action: ")),
        "a forged line"
    );
}

/// Prompts' names that lead nowhere, or where they must not.
fn bad_prompts(office: &Office) -> Vec<String> {
    let sounds = office.run.data_directory().join("sounds/rust_ivr");
    fs::write(sounds.join("secret.wav"), tone_wav(SECRET, 500, 16_000)).expect("a file");
    let messages = sounds.join("msgMp3");
    symlink("../secret.wav", messages.join("link.wav")).expect("a link");
    symlink("/etc/passwd", messages.join("passwd.mp3")).expect("a link");
    symlink("loop.wav", messages.join("loop.wav")).expect("a link");
    fs::create_dir(messages.join("folder.wav")).expect("a folder");
    fs::write(messages.join("empty.mp3"), "").expect("a file");
    fs::write(
        messages.join("noise.mp3"),
        [0xff, 0xfb, 0x90, 0x64].repeat(5000),
    )
    .expect("a file");
    let fifo = Command::new("mkfifo")
        .arg(messages.join("fifo.wav"))
        .status();
    assert!(fifo.expect("mkfifo").success());
    let long = "x".repeat(300);
    let names = [
        "../../x",
        "../secret.wav",
        "/etc/passwd",
        &inside("data/sounds/rust_ivr/secret.wav"),
        "http://x/y.mp3",
        "link.wav",
        "passwd.mp3",
        "loop.wav",
        "folder.wav",
        "missing",
        "empty.mp3",
        "noise.mp3",
        "fifo.wav",
        &long,
        "",
        "NULL",
        "a\tb",
        "cakes.mp3&../secret",
        "${SHELL(id)}",
    ];
    names.map(str::to_owned).into()
}

#[test]
fn prompts_that_lead_astray_are_left_out_and_the_keys_work() {
    let office = Office::open("bad-prompts", Database::Sqlite);
    let phone = "79030000001";
    let names = bad_prompts(&office);
    let keys: Vec<_> = (20..20 + names.len()).map(|key| key.to_string()).collect();
    let bad = keys.iter().zip(&names);
    let bad = bad.map(|(key, name)| (key.as_str(), name.as_str(), "74950000001"));
    let buttons: Vec<_> = bad.chain([("1", "flowers.mp3", FLOWERS_NUMBER)]).collect();
    office.add(&Rows {
        phone,
        intro: "../secret.wav",
        buttons: &buttons,
    });

    let caller = office.call(phone);
    let answered = caller.wait_answered(SOON);
    let heard = caller.wait_heard(FLOWERS.hz, SOON);
    assert!(
        heard - answered < Duration::from_secs(3),
        "{:?}",
        heard - answered
    );
    let hurried = office.call(phone);
    hurried.wait_answered(SOON);
    for key in ['2', '7'] {
        hurried.press(key, Dtmf::Rfc4733);
    }
    caller.press('1', Dtmf::Rfc4733);
    let mut talks = Vec::new();
    for _ in 0..2 {
        let target = office.multifon.expect_call(SOON);
        talks.push((
            target.number().to_owned(),
            target.answer(Source::tone(TARGET_TONE)),
        ));
    }
    talks.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        (talks[0].0.as_str(), talks[1].0.as_str()),
        ("74950000001", FLOWERS_NUMBER)
    );
    let recording = caller.recording();
    assert_eq!(recording.first_heard(SECRET, recording.started), None);
    office.talk(&caller, &talks[1].1, TARGET_TONE);
    office.talk(&hurried, &talks[0].1, TARGET_TONE);

    let log = office.machine.log();
    for words in [
        "msgMp3/\"../../x\"",
        "msgMp3/\"link.wav\": a symbolic link leads out",
    ] {
        assert!(log.contains(words), "{words}");
    }
    office.assert_nothing_left();
}

#[test]
fn odd_keys_and_scenarios_cost_their_row_and_forge_no_line() {
    let office = Office::open("odd-rows", Database::MariaDb);
    let phone = "79040000001";
    office.add(&Rows {
        phone,
        intro: "hello.mp3",
        buttons: &[
            ("abc", "cakes.mp3", "74950000003"),
            ("", "cakes.mp3", "74950000004"),
            ("NULL", "cakes.mp3", "74950000005"),
            ("-1", "cakes.mp3", "74950000006"),
            ("2", "flowers.mp3", FLOWERS_NUMBER),
            ("2", "cakes.mp3", "74950000007"),
            ("3", "cakes.mp3", "74950000008"),
        ],
    });
    office.sql(
        "UPDATE sAsterisk_ivr SET scenario = 'a\\r\\nAction: Originate\\r\\n${SHELL(id)}\\0${CHANNEL} %s %n б'
         WHERE phone = '79040000001';",
    );
    let caller = office.call(phone);
    caller.wait_heard(INTRO.hz, SOON);
    caller.wait_heard(FLOWERS.hz, SOON);
    caller.press('2', Dtmf::Rfc4733);
    let talk = office
        .expect_target(FLOWERS_NUMBER)
        .answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    let words = "TARGET  rows=LIVE digit=2 target=74950000002 \
                 scenario=aAction: Originate${SHELL(id)}${CHANNEL} %s %n б";
    office.assert_story(phone, words);
    let log = office.machine.log();
    for words in [
        "keyNum \"abc\" cannot be pressed",
        "keyNum 2 stands in two rows",
    ] {
        assert!(log.contains(words), "{words}");
    }
    let stamped = |line: &str| line.starts_with('[') || line.starts_with("Asterisk Ready");
    let forged: Vec<_> = log
        .lines()
        .filter(|line| line.contains("Action:") && !stamped(line))
        .collect();
    assert!(forged.is_empty(), "{forged:?}");

    // Rows that are nothing but nonsense are no menu.
    let phone = "79040000002";
    let buttons = &[("abc", "NULL", "74950000003"), ("NULL", "cakes.mp3", "x")];
    office.add(&Rows {
        phone,
        intro: "hello.mp3",
        buttons,
    });
    let caller = office.call(phone);
    office.talk_with_bitrix24(&caller, SOON);
    office.assert_story(phone, "FALLBACK NO_ROWS rows=LIVE");
    office.assert_nothing_left();
    assert_dialled(&office, &["PJSIP/bitrix24", "PJSIP/74950000002@multifon"]);
}

/// Users of a SIP URI that are no number, escaped as a URI must be; the last one would be, were it
/// not so long.
const BAD_USERS: [&str; 11] = [
    "%22';DROP%20TABLE%20sAsterisk_ivr;--",
    "70000000001'%20OR%20'1'='1",
    "70000000001%27%20UNION%20SELECT%201,2,3,4,5--",
    "%25s%25n",
    "../../../etc/passwd",
    "7$%7BSHELL(id)%7D&PJSIP%2Fevil%40x,20,g",
    "70000000001%0D%0AAction:%20Originate",
    "anonymous",
    "+",
    "%D9%A7%D9%A8",
    "77777777777777777777777777777777777777777777777777777777777777777777777777777777",
];

/// The entrance of a PBX that keys its menus by the number dialled; and one without a number.
const ENTRANCES: &str = "[from-multifon](+)\n\
    exten => _a.,1,RustIvr(${EXTEN:1})\n\
    exten => empty,1,Set(CALLERID(num)=)\n same => n,RustIvr()\n";

#[test]
fn callers_and_extensions_that_mean_harm_reach_bitrix24_and_nothing_else() {
    let office = Office::open_with("bad-callers", Database::MariaDb, |config| {
        config.append("extensions.conf", ENTRANCES).replace(
            "res_rust_ivr.conf",
            "fallback = PJSIP/bitrix24",
            "fallback = PJSIP/${EXTEN}@bitrix24",
        )
    });
    office.bitrix24.on_call(Behaviour::answer(Source::Silence));
    let calls: Vec<_> = BAD_USERS.iter().map(|caller| office.call(caller)).collect();
    all_reach_bitrix24(&office, &calls);
    let story = "Ext. s: RustIvr : FALLBACK NO_ROWS rows=NONE digit= target= ";
    office.machine.wait_log(story, SOON);
    office.assert_nothing_left();
    let log = office.machine.log();
    assert_eq!(log.matches(story).count(), BAD_USERS.len());

    let dial = |user: &str| {
        let uri = format!("sip:{user}@{}:5060", office.machine.address());
        office
            .multifon
            .call(Invite::to(&uri).from("70000000001").domain("multifon.ru"))
    };
    // What is left of the extension in the destination is letters and digits.
    for (user, left) in [
        ("empty", "empty"),
        ("a70000000001'%20OR%20'1'='1", "a70000000001OR11"),
        ("a7$%7BSHELL(id)%7D&PJSIP%2Fevil", "a7SHELLidPJSIPevil"),
    ] {
        let call = dial(user);
        call.wait_answered(SOON);
        call.hangup();
        let manager = office.expect_bitrix24(SOON);
        assert_eq!(manager.number(), left);
        manager.call().wait_ended(SOON);
    }
    let call = dial("a+70000000001");
    let talk = office
        .expect_target("74950000001")
        .answer(Source::tone(TARGET_TONE));
    office.talk(&call, &talk, TARGET_TONE);
    let tested = office
        .machine
        .cli("rustivr test \"70000000001' OR '1'='1\"");
    assert!(tested.contains("is not a number"), "{tested}");
    office.assert_nothing_left();

    assert_dialled(
        &office,
        &[
            "PJSIP/74950000000@bitrix24",
            "PJSIP/74950000001@multifon",
            "PJSIP/a70000000001OR11@bitrix24",
            "PJSIP/a7SHELLidPJSIPevil@bitrix24",
            "PJSIP/empty@bitrix24",
        ],
    );
}

//! What programs are told of a call and of a conference: AMI events, CDR, CEL and metrics, each read
//! as such a program reads it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{Conference, THIRD_NUMBER, office_with};
use rust_ivr_testing::machine::{Machine, MachineConfig, partly_here, version};
use rust_ivr_testing::office::{INTRO, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::Dtmf;

const CALLER: &str = "79160000077";
const CAKES: &str = "74950000001";
const CDR: &str = "log/cdr-custom/calls.csv";
const CEL: &str = "log/cel-custom/events.csv";

/// Asterisk's own ways to tell programs, but for `res_prometheus`, which comes later.
fn with_listeners(config: MachineConfig) -> MachineConfig {
    let cdr = "[mappings]\ncalls.csv => ${CSV_QUOTE(${CDR(src)})},${CSV_QUOTE(${CDR(rustivr_status)})},\
               ${CSV_QUOTE(${CDR(rustivr_reason)})},${CSV_QUOTE(${CDR(rustivr_source)})},\
               ${CSV_QUOTE(${CDR(rustivr_digit)})},${CSV_QUOTE(${CDR(rustivr_option)})},\
               ${CSV_QUOTE(${CDR(rustivr_target)})},${CSV_QUOTE(${CDR(rustivr_scenario)})},\
               ${CSV_QUOTE(${CDR(rustconf_status)})},${CSV_QUOTE(${CDR(rustconf_client)})},\
               ${CSV_QUOTE(${CDR(rustconf_third)})},${CSV_QUOTE(${CDR(rustconf_room)})}\n";
    let cel = "[mappings]\nevents.csv => ${CSV_QUOTE(${eventtype})},\
               ${CSV_QUOTE(${eventextra})}\n";
    ["res_cdrel_custom", "cdr_custom", "cel_custom"]
        .into_iter()
        .fold(config, MachineConfig::load)
        .file("cdr.conf", "[general]\nenable = yes\n")
        .file("cdr_custom.conf", cdr)
        .file(
            "cel.conf",
            "[general]\nenable = yes\nevents = USER_DEFINED\n",
        )
        .file("cel_custom.conf", cel)
}

/// A program on the manager's interface.
struct Program(BufReader<TcpStream>);

impl Program {
    fn log_in(office: &Office) -> Self {
        let mut stream = TcpStream::connect((office.machine.address(), 5038)).expect("the manager");
        stream.set_read_timeout(Some(SOON)).expect("a timeout");
        stream
            .write_all(b"Action: Login\r\nUsername: test\r\nSecret: test\r\n\r\n")
            .expect("a login");
        let mut program = Self(BufReader::new(stream));
        while !program.message().contains("Response: Success") {}
        program
    }

    fn message(&mut self) -> String {
        let mut message = String::new();
        while self.0.read_line(&mut message).expect("a message") > 2 {}
        message
    }

    /// Everything up to an event, and that.
    fn until(&mut self, event: &str) -> Vec<String> {
        let mut messages = vec![self.message()];
        while !is(messages.last().expect("one"), event) {
            messages.push(self.message());
        }
        messages
    }
}

fn is(message: &str, event: &str) -> bool {
    message.starts_with(&format!("Event: {event}\r\n"))
}

/// A field's value; each must be there exactly once.
fn field<'m>(message: &'m str, name: &str) -> &'m str {
    let name = format!("{name}: ");
    let mut values = message.lines().filter_map(|line| line.strip_prefix(&*name));
    let value = values.next().unwrap_or_else(|| panic!("{name} {message}"));
    assert_eq!(values.next(), None, "{message}");
    value
}

fn fields<const N: usize>(message: &str, expected: [(&str, &str); N]) {
    for (name, value) in expected {
        assert_eq!(field(message, name), value, "{name} {message}");
    }
}

fn ms(message: &str, name: &str) -> Duration {
    Duration::from_millis(field(message, name).parse().expect("milliseconds"))
}

fn wait_line(office: &Office, file: &str, words: &str) -> String {
    let path = office.run.directory().join(file);
    let until = Instant::now() + SOON;
    loop {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.contains(words)) {
            return line.to_owned();
        }
        assert!(Instant::now() < until, "no {words} in {file}: {text}");
    }
}

fn has_prometheus() -> bool {
    version().0 >= 17
}

/// What Prometheus gets from Asterisk, proven to be well formed as a whole.
fn scrape(office: &Office) -> String {
    let mut stream = TcpStream::connect((office.machine.address(), 8088)).expect("HTTP");
    stream.set_read_timeout(Some(SOON)).expect("a timeout");
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let judged = promtool(office, body);
    // Of Asterisk's own metrics it dislikes names; what it cannot read ends with 1.
    assert!(
        !judged.contains("rustivr") && !judged.ends_with("ends: 1\n"),
        "{judged} {body}"
    );
    body.to_owned()
}

fn promtool(office: &Office, text: &str) -> String {
    let script = "promtool check metrics 2>&1; echo ends: $?";
    office.machine.exec(&["sh", "-c", script], text)
}

fn ours(answer: &str) -> String {
    let lines = answer.lines().filter(|line| line.contains("rustivr_"));
    lines.map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn programs_follow_a_call_and_a_conference() {
    let office = office_with("events", with_listeners);
    for file in [CDR, CEL] {
        let path = office.run.directory().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for records");
    }
    let machine = &office.machine;
    machine.open_ami("[test]\nsecret = test\nread = call\nwrite = call\n");
    // At its own address: other tests' Asterisks listen beside it.
    let http = format!(
        "[general]\nenabled = yes\nbindaddr = {}\nbindport = 8088\n",
        machine.address()
    );
    machine.put_file("http.conf", &http);
    machine.cli("module reload http");
    if has_prometheus() {
        load_prometheus(machine);
    }
    office.sql(&format!(
        "INSERT INTO sAsterisk_ivr VALUES (77, '{CALLER}', 'x' || char(13, 10) || 'Event: Hangup', \
         'hello.mp3');
         INSERT INTO sAsterisk_ivr_button (ivrID, keyNum, msgMp3, transferTo) VALUES \
         (77, '1', 'cakes.mp3', '{CAKES}'), (77, '2', 'flowers.mp3', '74950000002');"
    ));
    let mut program = Program::log_in(&office);
    a_call(&office, &mut program);
    if has_prometheus() {
        counted(&office);
    } else {
        partly_here("not with res_prometheus, which came with Asterisk 17");
    }
    a_conference(&office, &mut program);
    let help = office.machine.cli("manager show event RustIvrEnd");
    assert!(
        help.contains("LookupMs") && help.contains("NO_ROWS"),
        "{help}"
    );
}

/// First it declines, and is on the loader's list all the same.
fn load_prometheus(machine: &Machine) {
    let prometheus = "[general]\nenabled = yes\nuri = metrics\n";
    machine.put_file("prometheus.conf", &format!("{prometheus}nonsense = yes\n"));
    machine.cli("module load res_prometheus.so");
    let listed = machine.cli("module show like res_prometheus");
    assert!(listed.contains("Not Running"), "{listed}");
    machine.cli("module unload res_rust_ivr.so");
    machine.cli("module load res_rust_ivr.so");
    machine.put_file("prometheus.conf", prometheus);
    machine.cli("module load res_prometheus.so");
}

fn a_call(office: &Office, program: &mut Program) {
    let began = Instant::now();
    let caller = office.call(CALLER);
    caller.wait_heard(INTRO.hz, SOON);
    caller.press('1', Dtmf::Rfc4733);
    let target = office.expect_target(CAKES);
    target.ring();
    caller.wait_heard(425.0, SOON);
    let target = target.answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &target, TARGET_TONE);
    let events = program.until("RustIvrEnd");
    let whole = began.elapsed();
    let place = |event: &str| {
        let found = events.iter().position(|message| is(message, event));
        found.unwrap_or_else(|| panic!("no {event}: {events:#?}"))
    };
    let order = ["Newchannel", "RustIvrBegin", "RustIvrMenu", "DialBegin"].map(place);
    assert!(order.is_sorted() && place("DialEnd") < events.len() - 1);
    fields(&events[order[1]], [("Phone", CALLER)]);
    let known = [
        ("Status", "TARGET"),
        ("Reason", ""),
        ("Source", "LIVE"),
        ("Digit", "1"),
        ("Option", "cakes"),
        ("Target", CAKES),
        ("Scenario", "x??Event: Hangup"),
        ("Phone", CALLER),
        ("Channel", field(&events[0], "Channel")),
        ("Uniqueid", field(&events[0], "Uniqueid")),
        ("Linkedid", field(&events[0], "Uniqueid")),
    ];
    fields(&events[order[2]], known);
    let end = events.last().expect("the end");
    fields(end, known);
    let phases = ["LookupMs", "MenuMs", "RingMs", "TalkMs"].map(|name| ms(end, name));
    assert!(phases.iter().sum::<Duration>() <= whole, "{whole:?}: {end}");
    let least = [0, 50, 20, 20].map(Duration::from_millis);
    assert!(
        phases.iter().zip(least).all(|(is, least)| *is >= least),
        "{end}"
    );

    let record = wait_line(office, CDR, CALLER);
    let words = format!(
        "\"{CALLER}\",\"TARGET\",\"\",\"LIVE\",\"1\",\"cakes\",\"{CAKES}\",\"x??Event: Hangup\",\"\""
    );
    assert!(record.contains(&words), "{record}");
    let event = wait_line(office, CEL, "RUSTIVR");
    for word in [r#"""Digit"":""1"""#, r#"""Option"":""cakes"""#, "TalkMs"] {
        assert!(event.contains(word), "{word}: {event}");
    }
}

/// The same call in the counters, before and after a reload and a reset.
fn counted(office: &Office) {
    let machine = &office.machine;
    let call = "rustivr_calls_total{status=\"TARGET\",reason=\"\"} 1\n";
    let answer = scrape(office);
    assert!(answer.contains("asterisk_core_scrape_time_ms"), "{answer}");
    assert!(answer.contains(call), "{answer}");
    assert!(
        answer.contains("rustivr_keys_total{scenario=\"x?\\nEvent: Hangup\",key=\"1\"} 1"),
        "{answer}"
    );
    assert!(answer.contains("rustivr_prompts{state=\"cached\"}"));
    let judged = promtool(office, &ours(&answer));
    assert_eq!(judged, "ends: 0\n");
    assert!(
        machine
            .cli("rustivr show keys")
            .contains("x??Event: Hangup")
    );

    machine.cli("module reload res_rust_ivr.so");
    machine.cli("module unload res_prometheus.so");
    machine.cli("module load res_prometheus.so");
    let until = Instant::now() + SOON;
    let answer = loop {
        let answer = scrape(office);
        if answer.contains(call) {
            break answer;
        }
        assert!(Instant::now() < until, "{answer}");
    };
    assert_eq!(answer.matches("# TYPE rustivr_calls gauge").count(), 1);
    machine.cli("rustivr reset stats");
    let stats = machine.cli("rustivr show stats");
    assert!(stats.contains("TARGET       0"), "{stats}");
}

fn a_conference(office: &Office, program: &mut Program) {
    let conference = Conference::begin(office);
    let third = conference.join_third();
    conference.manager.hangup();
    let events = program.until("RustConfEnd");
    third.hangup();
    let states = events
        .iter()
        .filter(|message| is(message, "RustConfState"))
        .map(|message| (field(message, "State"), field(message, "Third")));
    assert_eq!(
        Vec::from_iter(states),
        [
            ("TALK", ""),
            ("CODE", ""),
            ("DIAL", THIRD_NUMBER),
            ("CONSULT", THIRD_NUMBER),
            ("CONF", THIRD_NUMBER),
        ]
    );
    let end = events.last().expect("the end");
    fields(
        end,
        [
            ("Status", "JOINED"),
            ("Client", "70000000000"),
            ("Third", THIRD_NUMBER),
        ],
    );
    assert!(field(end, "Room").starts_with("room-") && !field(end, "Channel").is_empty());
    wait_line(office, CEL, "RUSTCONF");
    let room = field(end, "Room");
    let words = format!("\"JOINED\",\"70000000000\",\"{THIRD_NUMBER}\",\"{room}\"");
    wait_line(office, CDR, &words);
    if has_prometheus() {
        assert!(scrape(office).contains("rustivr_rooms_total{status=\"JOINED\"} 1"));
    }
}

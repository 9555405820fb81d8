//! Panics in calls inside `RustIvr()`, under programs, and in the module's own life.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Instant;

use rust_ivr_testing::machine::{partly_here, version};
use rust_ivr_testing::office::{BITRIX24_TONE, Database, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Behaviour, Call, Dtmf};

use super::{Armed, chosen};

const TWO_BUTTONS: &str = "70000000002";
const ACCOUNTS: &str = "[crm]\nsecret = crm\nread = all\nwrite = call,reporting,command\n";

/// A caller in a menu presses a key.
pub const CALL: &[&str] = &[
    "asterisk::application::run",
    "Application::run",
    "CallLeg::name",
    "CallLeg::variable",
    "CallLeg::set_variable",
    "CallLeg::answer",
    "CallLeg::play",
    "CallLeg::wait_digit",
    "CallLeg::dial",
    "CallLeg::talked",
    "Directory::menu",
    "Prompts::sound",
    "Prompts::prepare",
    "asterisk::generator::alloc",
    "asterisk::generator::generate",
    "asterisk::generator::release",
    "asterisk::answers::answered",
    "asterisk::events::to_ami",
    "asterisk::events::to_cdr",
    "asterisk::events::free",
];

/// A program asks for something.
pub const PROGRAM: &[&str] = &[
    "asterisk::cli::handle",
    "Command::complete",
    "asterisk::manager::handle",
    "Action::run",
    "asterisk::http::requested",
    "Site::answer",
    "asterisk::metrics::write",
    "asterisk::host::is_running",
];

/// The module comes and goes.
pub const LOADER: &[&str] = &[
    "module::host_entry::rust_ivr_reload",
    "module::host_entry::rust_ivr_unload",
    "module::host_entry::rust_ivr_load",
];

fn open(name: &str) -> Office {
    let office = Office::open_with(name, Database::Sqlite, |config| {
        config
            .with_tls()
            .load("res_prometheus")
            .file(
                "prometheus.conf",
                "[general]\nenabled = yes\nuri = metrics\n",
            )
            .append("res_rust_ivr.conf", "[http]\nenabled = yes\n")
    });
    let address = office.machine.address();
    let http = format!("[general]\nenabled = yes\nbindaddr = {address}\nbindport = 8088\n");
    office.machine.put_file("http.conf", &http);
    office.machine.cli("module reload http");
    office
        .bitrix24
        .on_call(Behaviour::answer(Source::tone(BITRIX24_TONE)));
    office
        .multifon
        .on_call(Behaviour::answer(Source::tone(TARGET_TONE)));
    office.machine.open_ami(ACCOUNTS);
    office
}

/// A program that listens to everything and is signed in until it is dropped.
fn listener(office: &Office) -> TcpStream {
    let mut ami = TcpStream::connect((office.machine.address(), 5038)).expect("AMI");
    ami.write_all(b"Action: Login\r\nUsername: crm\r\nSecret: crm\r\n\r\n")
        .expect("a login");
    let mut reader = ami.try_clone().expect("a socket");
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while reader.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
    ami
}

/// Whoever has taken the call, and the tone that it says.
fn somebody(office: &Office, point: &str) -> (Call, f64) {
    let until = Instant::now() + SOON;
    loop {
        for (peer, tone) in [
            (&office.bitrix24, BITRIX24_TONE),
            (&office.multifon, TARGET_TONE),
        ] {
            if peer.untaken_calls() > 0 {
                return (peer.expect_call(SOON).call(), tone);
            }
        }
        assert!(Instant::now() < until, "{point}: nobody was rung");
        thread::yield_now();
    }
}

/// The caller of that very call talks to somebody.
fn call(office: &Office, point: &'static str) {
    let armed = Armed::at(office, point);
    talk_with_somebody(office, point);
    armed.assert_over();
}

fn talk_with_somebody(office: &Office, point: &str) {
    let caller = office.call(TWO_BUTTONS);
    caller.wait_answered(SOON);
    if point != "CallLeg::wait_digit" {
        caller.press('1', Dtmf::Rfc4733);
    }
    let (other, tone) = somebody(office, point);
    office.talk(&caller, &other, tone);
}

#[test]
fn in_a_call_costs_nobody_a_person() {
    let office = open("panics-call");
    let _listener = listener(&office);
    for point in chosen(CALL, 4) {
        call(&office, point);
    }
}

fn http(office: &Office, path: &str) -> String {
    let mut site = TcpStream::connect((office.machine.address(), 8088)).expect("HTTP");
    write!(site, "GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    // Asterisk may close without an answer.
    let _ = site.read_to_string(&mut answer);
    answer
}

fn ask(office: &Office, ami: &mut TcpStream, point: &str) {
    let machine = &office.machine;
    match point {
        "asterisk::cli::handle" => drop(machine.cli("rustivr show status")),
        "asterisk::host::is_running" => drop(machine.cli("rustivr check")),
        "Command::complete" => drop(machine.cli("_command matchesarray \"rustivr test 7\" \"7\"")),
        "asterisk::manager::handle" | "Action::run" => ami
            .write_all(b"Action: RustIvrListCalls\r\n\r\n")
            .expect("an action"),
        "asterisk::metrics::write" => drop(http(office, "/metrics")),
        _ => drop(http(office, "/rustivr/")),
    }
}

#[test]
fn under_a_program_costs_an_answer() {
    let office = open("panics-program");
    let mut ami = listener(&office);
    for point in chosen(PROGRAM, 3) {
        if point == "asterisk::metrics::write" && version().0 < 17 {
            partly_here("not with res_prometheus, which came with Asterisk 17");
            continue;
        }
        let armed = Armed::at(&office, point);
        ask(&office, &mut ami, point);
        armed.assert_over();
    }
}

#[test]
fn of_the_loader_leaves_the_module_as_it_was_or_out() {
    let office = open("panics-loader");
    let machine = &office.machine;
    let armed = Armed::at(&office, LOADER[0]);
    machine.cli("module reload res_rust_ivr.so");
    armed.assert_over();
    let armed = Armed::at(&office, LOADER[1]);
    machine.cli("module unload res_rust_ivr.so");
    // What it says is that it was not unloaded.
    armed.assert_over();
    talk_with_somebody(&office, LOADER[1]);
    office.assert_nothing_left();
    // Its command goes with the module.
    let armed = Armed::at(&office, LOADER[2]);
    machine.cli("module unload res_rust_ivr.so");
    let declined = machine.cli("module load res_rust_ivr.so");
    assert!(!declined.contains("Loaded"), "{declined}");
    machine.cli("module load res_rust_ivr.so");
    armed.assert_over();
}

//! `make bench`: what `RustIvr` adds to a call's setup beside a plain `Dial`, then what a room costs
//! beside a plain `Dial` and beside ConfBridge: Asterisk's processor time while people talk. At last,
//! what it costs a menu to listen for tones; `make bench BENCH=tones` measures that alone.

use std::fs;
use std::thread;
use std::time::Duration;

use rust_ivr_testing::office::{BITRIX24_TONE, CALLER_TONE, Database, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf, Invite};

/// Conversations at a time; enough for a tick of 10 ms to be small beside what is measured.
const CALLS: usize = 10;
/// How long each is measured.
const WINDOW: Duration = Duration::from_secs(10);
/// Rounds in turn, so that a change of the machine's speed meets all alike.
const ROUNDS: usize = 3;

const CLIENT: &str = "70000000000";

fn main() {
    if std::env::args().any(|argument| argument == "tones") {
        return tones();
    }
    setup();
    talks();
    tones();
}

fn talks() {
    let office = open();
    let mut rows: [(&str, Vec<f64>); 5] = [
        ("two, Dial", Vec::new()),
        ("two, room in TALK", Vec::new()),
        ("two, ConfBridge", Vec::new()),
        ("three, room in CONF", Vec::new()),
        ("three, ConfBridge", Vec::new()),
    ];
    for round in 1..=ROUNDS {
        eprintln!(
            "round {round} of {ROUNDS}: {CALLS} conversations of {} s, five kinds",
            WINDOW.as_secs()
        );
        let kinds: [fn(&Office) -> Vec<Call>; 5] = [
            |office| dialled(office, false),
            |office| dialled(office, true),
            |office| bridged(office, 2),
            in_conference,
            |office| bridged(office, 3),
        ];
        for (kind, (_, costs)) in kinds.iter().zip(&mut rows) {
            costs.push(measure(&office, kind));
        }
    }
    print(&rows);
}

fn open() -> Office {
    Office::open_with("bench", Database::Sqlite, |config| {
        config
            .load("app_confbridge")
            .file("confbridge.conf", "")
            .file(
                "features.conf",
                "[applicationmap]\nconfadd = *7,self,RustConfAdd()\n",
            )
            .replace(
                "extensions.conf",
                "[globals]\n",
                "[globals]\nDYNAMIC_FEATURES = confadd\n",
            )
            .append(
                "extensions.conf",
                "[from-multifon](+)\nexten => _99X,1,Answer()\n same => n,ConfBridge(${EXTEN})\n",
            )
    })
}

/// Calls of each kind in [`setup`].
const SETUPS: usize = 200;

/// From the caller's INVITE to the target's: a plain `Dial` beside `RustIvr` with one button.
fn setup() {
    for (name, database) in [
        ("SQLite", Database::Sqlite),
        ("MariaDB, socket", Database::MariaDb),
    ] {
        let office = Office::open_with("bench-setup", database, |config| {
            let plain = "exten => 9974950000001,1,Dial(PJSIP/${EXTEN:2}@multifon,20,R)\n";
            config.append("extensions.conf", &format!("[from-multifon](+)\n{plain}"))
        });
        let plain_to = office.contact_for("9974950000001");
        let (mut plain, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..SETUPS {
            plain.push(one_setup(
                &office,
                office.invite("70000000001").toward(&plain_to),
            ));
            ours.push(one_setup(&office, office.invite("70000000001")));
        }
        let (plain, ours) = (percentiles(plain), percentiles(ours));
        println!("INVITE in to INVITE out, ms, {SETUPS} calls each in turn ({name}):");
        println!("  plain Dial  median {:.2}  p99 {:.2}", plain.0, plain.1);
        println!(
            "  RustIvr     median {:.2}  p99 {:.2}  (adds {:.2})",
            ours.0,
            ours.1,
            ours.0 - plain.0
        );
    }
}

fn one_setup(office: &Office, invite: Invite) -> f64 {
    // A call that was given up late must not be taken for this one.
    while office.multifon.untaken_calls() > 0 {
        office.multifon.expect_call(SOON);
    }
    let caller = office.multifon.call(invite);
    let target = office.expect_target("74950000001");
    let took = target.arrived() - caller.began();
    target.reject(486);
    // `RustIvr` goes on to Bitrix24, a plain `Dial` ends.
    caller.hangup();
    office.assert_nothing_left();
    while office.bitrix24.untaken_calls() > 0 {
        office.expect_bitrix24(SOON);
    }
    took.as_secs_f64() * 1000.0
}

fn percentiles(mut of: Vec<f64>) -> (f64, f64) {
    of.sort_by(f64::total_cmp);
    (of[of.len() / 2], of[of.len() * 99 / 100])
}

/// Milliseconds of processor time per conversation and second.
fn measure(office: &Office, begin: &fn(&Office) -> Vec<Call>) -> f64 {
    let calls = begin(office);
    let before = processor_time(office);
    // The window itself: nothing happens in it but talk.
    thread::sleep(WINDOW);
    let used = processor_time(office) - before;
    calls.iter().for_each(Call::hangup);
    office.assert_nothing_left();
    used.as_secs_f64() * 1000.0 / CALLS as f64 / WINDOW.as_secs_f64()
}

/// Callers who say something in menus that wait for a digit, with `[ivr] tones = yes` and `no`, both at
/// the same time, so that what else the machine does meets both alike.
fn tones() {
    const ROUNDS: usize = 5;
    let offices = ["yes", "no"].map(|tones| {
        Office::open_with(
            &format!("bench-tones-{tones}"),
            Database::Sqlite,
            |config| {
                let file = "res_rust_ivr.conf";
                config
                    .replace(file, "digit_timeout = 7", "digit_timeout = 60")
                    .replace(file, "\ntones = yes", &format!("\ntones = {tones}"))
            },
        )
    });
    let calls: Vec<Call> = (0..CALLS)
        .flat_map(|_| offices.each_ref().map(|office| office.call("70000000002")))
        .collect();
    for call in &calls {
        call.wait_answered(SOON);
        call.say(Source::tone(CALLER_TONE));
    }
    for office in &offices {
        let menu = Duration::from_secs(10);
        let waits = "waits for a digit";
        office.machine.wait_cli("rustivr show calls", waits, menu);
    }
    println!("Asterisk's processor time, ms per caller in a menu and second ({CALLS} at a time)");
    let mut added = Vec::new();
    for _ in 0..ROUNDS {
        let before = offices.each_ref().map(threads_time);
        thread::sleep(WINDOW);
        let after = offices.each_ref().map(threads_time);
        let per_call = |at: usize| {
            (after[at] - before[at]).as_secs_f64() * 1000.0 / CALLS as f64 / WINDOW.as_secs_f64()
        };
        let (yes, no) = (per_call(0), per_call(1));
        println!("  tones = yes {yes:.3}  no {no:.3}  adds {:.3}", yes - no);
        added.push(yes - no);
    }
    added.sort_by(f64::total_cmp);
    println!(
        "  listening for tones adds {:.3} (median)",
        added[ROUNDS / 2]
    );
    calls.iter().for_each(Call::hangup);
    offices.iter().for_each(Office::assert_nothing_left);
}

/// Processor time of Asterisk's threads so far, exact (schedstat: nanoseconds first).
fn threads_time(office: &Office) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{}/task", office.machine.asterisk_pid()));
    let nanoseconds = tasks.expect("Asterisk runs").filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// User and system time of Asterisk so far (proc(5): fields 14 and 15, in ticks of 10 ms).
fn processor_time(office: &Office) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", office.machine.asterisk_pid()))
        .expect("Asterisk runs");
    let after_name = stat.rsplit_once(") ").expect("a name in brackets").1;
    let ticks = |field: usize| -> u64 {
        after_name
            .split(' ')
            .nth(field - 3)
            .and_then(|text| text.parse().ok())
            .expect("a number")
    };
    Duration::from_millis((ticks(14) + ticks(15)) * 10)
}

/// Clients with managers, as `Dial` bridges them, or taken into rooms by the feature code.
fn dialled(office: &Office, rooms: bool) -> Vec<Call> {
    (0..CALLS).flat_map(|_| pair(office, rooms)).collect()
}

fn pair(office: &Office, room: bool) -> [Call; 2] {
    let client = office.call(CLIENT);
    let manager = office
        .expect_bitrix24(SOON)
        .answer(Source::tone(BITRIX24_TONE));
    client.wait_answered(SOON);
    client.say(Source::tone(CALLER_TONE));
    manager.wait_heard(CALLER_TONE, SOON);
    if room {
        let mark = office.machine.log_mark();
        press(&manager, "*7");
        office.machine.wait_log_since(mark, ": TALK", SOON);
    }
    [client, manager]
}

fn in_conference(office: &Office) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let [client, manager] = pair(office, true);
        // Events, not ears: with thirty parties the load generator's own sound may stutter.
        let mark = office.machine.log_mark();
        press(&manager, "*1#");
        let target = office.expect_target("74950000001");
        let third = target.answer(Source::tone(TARGET_TONE));
        office.machine.wait_log_since(mark, ": CONSULT", SOON);
        press(&manager, "#");
        office.machine.wait_log_since(mark, ": CONF", SOON);
        calls.extend([client, manager, third]);
    }
    calls
}

fn bridged(office: &Office, people: usize) -> Vec<Call> {
    let tones = [CALLER_TONE, BITRIX24_TONE, TARGET_TONE];
    let mut calls = Vec::new();
    for room in 0..CALLS {
        let to = office.contact_for(&format!("99{room}"));
        let members: Vec<Call> = tones[..people]
            .iter()
            .map(|tone| {
                let invite = office
                    .invite("79160000000")
                    .toward(&to)
                    .says(Source::tone(*tone));
                let call = office.multifon.call(invite);
                call.wait_answered(SOON);
                call
            })
            .collect();
        calls.extend(members);
    }
    calls
}

fn press(manager: &Call, keys: &str) {
    for key in keys.chars() {
        manager.press(key, Dtmf::Rfc4733);
    }
}

fn print(rows: &[(&str, Vec<f64>)]) {
    let median = |costs: &[f64]| {
        let mut sorted = costs.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let dial = median(&rows[0].1);
    println!(
        "Asterisk's processor time, ms per conversation and second of talk ({CALLS} at a time, {ROUNDS} rounds)"
    );
    println!(
        "{:<22} {:>8} {:>8} {:>8} {:>12}",
        "", "min", "median", "max", "to Dial"
    );
    for (name, costs) in rows {
        let (min, max) = (
            costs.iter().copied().fold(f64::MAX, f64::min),
            costs.iter().copied().fold(0.0, f64::max),
        );
        println!(
            "{name:<22} {min:>8.2} {:>8.2} {max:>8.2} {:>11.2}x",
            median(costs),
            median(costs) / dial
        );
    }
}

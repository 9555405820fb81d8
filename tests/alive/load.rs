//! The load under which a database fails: callers at a steady pace, each with a target of its own,
//! and what became of every one of them.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::table;
use rust_ivr_testing::machine::version;
use rust_ivr_testing::office::{Office, SOON};
use rust_ivr_testing::sip::Call;

/// Callers that have rows.
pub const CALLERS: usize = 200;
/// Callers after it, and before the first: 1.5 s of them.
pub const FEW: usize = 30;
/// From one caller to the next.
const PACE: Duration = Duration::from_millis(50);
/// `[database] timeout`, and what a call may take beyond it.
const TIMEOUT: Duration = Duration::from_millis(300);
const MARGIN: Duration = Duration::from_millis(100);
/// What one call in ten may take instead, where other tests keep both cores busy.
const BUSY_MARGIN: Duration = Duration::from_millis(700);

/// Callers while a fault lasts: all for the table of `make faults`, else 4 s of them.
pub fn crowd() -> usize {
    if table::is_written() { CALLERS } else { 80 }
}

/// A caller's number, and the number on its only button.
pub fn phone(caller: usize) -> String {
    format!("7902{caller:07}")
}

pub fn target(caller: usize) -> String {
    format!("7495{caller:07}")
}

/// What became of a caller. One that rang no target, or another's, has failed the test.
#[derive(Clone, Copy, Debug)]
pub struct Fate {
    pub began: Instant,
    /// From its INVITE to the target's 180.
    pub waited: Duration,
    /// Whether its rows were live; else they came out of the snapshot.
    pub live: bool,
}

/// Calls come at their pace; each must ring its own target and leave nothing behind.
pub fn callers(office: &Office, count: usize) -> Vec<Fate> {
    let mark = office.machine.log_mark();
    let begin = Instant::now();
    let rung = thread::scope(|scope| {
        scope.spawn(|| ring_targets(office, count));
        let (place, placed) = mpsc::channel::<Call>();
        let rung = scope.spawn(move || {
            let wait = |call: Call| {
                let rung = (call.began(), call.wait_ringing(SOON) - call.began());
                call.hangup();
                rung
            };
            placed.into_iter().map(wait).collect::<Vec<_>>()
        });
        for n in 0..count {
            let at = begin + PACE * u32::try_from(n).expect("few");
            // The pace of the load, not a wait for anything.
            thread::sleep(at.saturating_duration_since(Instant::now()));
            place.send(office.call(&phone(n))).expect("a listener");
        }
        drop(place);
        rung.join().expect("every caller rang its target")
    });
    let live = sources(office, mark, count);
    office.assert_nothing_left();
    office.multifon.forget_calls();
    let fates = rung.into_iter().zip(live);
    fates
        .map(|((began, waited), live)| Fate {
            began,
            waited,
            live,
        })
        .collect()
}

fn ring_targets(office: &Office, count: usize) {
    for _ in 0..count {
        let incoming = office.multifon.expect_call(SOON);
        let own = incoming.caller().replacen("7902", "7495", 1);
        incoming.ring();
        assert_eq!(incoming.number(), own, "a wrong target");
    }
}

/// For each caller, whether its rows were live, as a hangup handler of the samples tells it.
fn sources(office: &Office, mark: usize, count: usize) -> Vec<bool> {
    let source = |n| {
        let words = format!("Ext. s: RustIvr {}: ", phone(n));
        let story = office.machine.wait_log_since(mark, &words, SOON);
        let (live, copied) = (
            story.contains(" rows=LIVE "),
            story.contains(" rows=SNAPSHOT "),
        );
        assert!(live != copied, "{story}");
        live
    };
    (0..count).map(source).collect()
}

/// Callers during a fault and some after its end: all in time, rows live again within
/// a second, nothing left in Asterisk or at the server.
pub fn endure(
    office: &mut Office,
    sound: &Footprint,
    fault: &str,
    begin: impl FnOnce(&mut Office),
    end: impl FnOnce(&mut Office),
) {
    begin(office);
    let during = callers(office, crowd());
    end(office);
    let ended = Instant::now();
    let after = callers(office, FEW);
    assert_in_time(fault, &[&during[..], &after].concat());
    table::record(fault, &during, table::last_copied(&after, ended));
    sound.assert_unchanged(office);
}

/// How many threads Asterisk's own pools may have more after load, which they keep for a while: on 16 ten
/// were seen, and stasis's may grow to 50 (main/stasis.c); a call that left a thread would leave more than
/// that. Ours are counted by name.
fn pooled() -> usize {
    if version().0 < 20 { 50 } else { 0 }
}

/// `make faults` has the machine to itself and lets no call be late.
fn assert_in_time(fault: &str, fates: &[Fate]) {
    let late: Vec<_> = fates
        .iter()
        .filter(|fate| fate.waited > TIMEOUT + MARGIN)
        .collect();
    let few = !table::is_written() && late.len() * 10 <= fates.len();
    let in_time = |fate: &&Fate| few && fate.waited <= TIMEOUT + BUSY_MARGIN;
    assert!(late.iter().all(in_time), "{fault}: {late:?}");
}

/// What a sound office holds on to while nobody calls.
#[derive(Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Asterisk's threads, and the module's own among them by name.
    threads: usize,
    own: Vec<String>,
    descriptors: usize,
    /// At the server.
    statements: u32,
}

impl Footprint {
    /// Taken when there has been some load, for which Asterisk starts threads that it keeps.
    pub fn of(office: &Office) -> Self {
        let machine = &office.machine;
        Self {
            threads: machine.threads().len(),
            own: machine.own_threads(),
            descriptors: machine.descriptors(),
            statements: statements(office),
        }
    }

    /// Nothing more is held now.
    fn assert_unchanged(&self, office: &Office) {
        let until = Instant::now() + SOON;
        loop {
            let now = Self::of(office);
            let same = now.own == self.own && now.statements == self.statements;
            if same && now.threads <= self.threads + pooled() && now.descriptors <= self.descriptors
            {
                return;
            }
            assert!(Instant::now() < until, "{self:?} became {now:?}");
        }
    }
}

/// Statements that the server keeps prepared for the module.
fn statements(office: &Office) -> u32 {
    let mariadb = office.mariadb.as_ref().expect("MariaDB");
    let status = mariadb.sql("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    let number = status.split_whitespace().last().expect("a number");
    number.parse().expect("a number")
}

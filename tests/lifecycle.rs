//! The module's life inside a running Asterisk: load, unload, reload and mistakes in the
//! configuration, always with calls before, during and after.

use std::fs;
use std::time::{Duration, Instant};

use rust_ivr_testing::office::{
    BITRIX24_TONE, CALLER_TONE, Database, INTRO, Office, RINGBACK, SOON, TARGET_TONE,
};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Behaviour, Dtmf, Ending};

const NO_ROWS: &str = "70000000000";
const ONE_BUTTON: &str = "70000000001";
const TWO_BUTTONS: &str = "70000000002";
const CAKES_NUMBER: &str = "74950000001";
const CONF: &str = "res_rust_ivr.conf";

/// The operator's file as it is now.
fn configuration(office: &Office) -> String {
    fs::read_to_string(office.run.directory().join("etc").join(CONF)).expect("the configuration")
}

/// Changes one place of the operator's file.
fn edit(office: &Office, from: &str, to: &str) {
    let text = configuration(office);
    assert_eq!(text.matches(from).count(), 1, "{from:?} in\n{text}");
    office.machine.put_file(CONF, &text.replacen(from, to, 1));
}

/// A call that Bitrix24 takes by itself, and that the caller ends.
fn short_call(office: &Office) {
    let caller = office.call(NO_ROWS);
    caller.wait_answered(SOON);
    caller.hangup();
    office.expect_bitrix24(SOON).call().wait_ended(SOON);
}

/// Waits until `measured` is `wanted`.
fn wait_until<T: PartialEq + std::fmt::Debug>(wanted: T, what: &str, measured: impl Fn() -> T) {
    let until = Instant::now() + SOON;
    loop {
        let now = measured();
        if now == wanted {
            return;
        }
        assert!(
            Instant::now() < until,
            "{what}: {now:?} instead of {wanted:?}"
        );
        std::thread::yield_now();
    }
}

#[test]
fn ten_loads_in_one_process_leave_no_thread_descriptor_or_connection() {
    let office = Office::open("ten-loads", Database::MariaDb);
    let machine = &office.machine;
    let mariadb = office.mariadb.as_ref().expect("MariaDB");
    let connected = || -> String {
        let users = "SELECT count(*) FROM information_schema.processlist WHERE user = 'asterisk'";
        mariadb.sql(users).trim().to_owned()
    };
    office.bitrix24.on_call(Behaviour::answer(Source::Silence));
    // What calls themselves leave open once: Asterisk's, not ours.
    short_call(&office);
    office.assert_nothing_left();
    machine.cli("module unload res_rust_ivr.so");
    wait_until(Vec::new(), "our threads", || machine.own_threads());
    let files = machine.descriptors();
    for time in 1..=10 {
        let mark = machine.log_mark();
        machine.cli("module load res_rust_ivr.so");
        machine.wait_log_since(mark, "Loaded res_rust_ivr.so", SOON);
        short_call(&office);
        if time == 10 {
            // A login has a thread until it is in.
            let threads = || {
                let threads = machine.own_threads().into_iter();
                threads.filter(|name| name != "rustivr-login").collect()
            };
            let idle: Vec<String> = threads();
            wait_until("8".into(), "idle connections", connected);
            let busy = machine.descriptors();
            for _ in 0..20 {
                short_call(&office);
            }
            wait_until(busy, "descriptors after calls", || machine.descriptors());
            assert_eq!(threads(), idle, "calls add no thread");
        }
        let shown = machine.cli("module show like res_rust_ivr");
        assert!(shown.contains("0          Running"), "{shown}");
        machine.cli("module unload res_rust_ivr.so");
        wait_until(Vec::new(), "our threads", || machine.own_threads());
        wait_until(files, "descriptors", || machine.descriptors());
    }
    wait_until("0".into(), "connections", connected);
    let shown = machine.cli("module show like res_rust_ivr");
    assert!(shown.contains("Not Running"), "{shown}");
    // All of them reached Bitrix24 through the module.
    let story = format!("Ext. s: RustIvr {NO_ROWS}: FALLBACK NO_ROWS rows=LIVE");
    assert_eq!(machine.log().matches(&story).count(), 31);
    assert!(machine.alive());
}

#[test]
fn unloading_and_stopping_wait_for_no_frozen_database() {
    let office = Office::open("frozen", Database::MariaDb);
    let machine = &office.machine;
    let mariadb = office.mariadb.as_ref().expect("MariaDB");
    mariadb.stop();
    // This call meets the frozen server; from then on the keeper knocks at it.
    machine.cli(&format!("rustivr test {NO_ROWS}"));
    let begin = Instant::now();
    machine.cli("module unload res_rust_ivr.so");
    assert!(begin.elapsed() < SOON / 2, "{:?}", begin.elapsed());
    wait_until(Vec::new(), "our threads", || machine.own_threads());

    machine.cli("module load res_rust_ivr.so");
    machine.cli(&format!("rustivr test {NO_ROWS}"));
    let how = machine.stop_asterisk(SOON);
    assert!(how.ends_with("exit status: 0"), "{how}");
    mariadb.cont();
}

#[test]
fn a_caller_in_the_menu_is_not_left_in_silence_by_a_graceful_stop() {
    let office = Office::open_with("graceful", Database::Sqlite, |config| {
        config.replace(CONF, "digit_timeout = 7", "digit_timeout = 60")
    });
    let machine = &office.machine;
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(INTRO.hz, SOON);

    // The one that README names refuses nobody. It is in force when what is stopped first is gone
    // (main/asterisk.c: can_safely_quit, ast_msg_shutdown).
    machine.begin_cli("core stop when convenient");
    wait_until(false, "the message queue", || {
        machine
            .cli("core show taskprocessors")
            .contains("ast_msg_queue")
    });
    let other = office.call(NO_ROWS);
    office.talk_with_bitrix24(&other, SOON);

    machine.begin_cli("core stop gracefully");
    machine.wait_cli("core show uptime", "cannot be run during shutdown", SOON);
    let pressed = caller.press('1', Dtmf::Rfc4733);
    machine.wait_log("refuses every new call: callers who are inside", SOON);
    // The sample's congestion tone: 0.175 s on, 0.175 s off.
    caller.wait_heard(RINGBACK, SOON);
    caller.wait_gone(RINGBACK, SOON);
    caller.wait_heard(RINGBACK, SOON);
    let heard = caller.recording();
    let tone = heard.first_heard(RINGBACK, pressed).expect("a tone");
    assert!(
        tone - pressed < Duration::from_secs(1),
        "{:?}",
        tone - pressed
    );
    let shut_out = office.call(NO_ROWS).wait_ended(SOON).1;
    assert!(
        matches!(shut_out, Ending::Refused(500..=699)),
        "{shut_out:?}"
    );
    caller.hangup();
    office.assert_story(TWO_BUTTONS, "UNANSWERED UNAVAILABLE rows=LIVE digit=1");
    let told = machine.log().matches("refuses every new call").count();
    assert_eq!(told, 1, "two dials were refused, told once");
    office.multifon.expect_no_call(Duration::ZERO);
    office.bitrix24.expect_no_call(Duration::ZERO);
    let how = machine.wait_stopped(SOON);
    assert!(how.ends_with("exit status: 0"), "{how}");
}

#[test]
fn a_call_inside_survives_unload_reloads_and_mistakes_with_the_settings_it_began_with() {
    let office = Office::open("reload", Database::Sqlite);
    let machine = &office.machine;
    let caller = office.call(TWO_BUTTONS);
    caller.wait_heard(INTRO.hz, SOON);

    let refused = machine.cli("module unload res_rust_ivr.so");
    assert!(refused.contains("Unable to unload"), "{refused}");
    let shown = machine.cli("module show like res_rust_ivr");
    let used = shown.lines().find(|line| line.contains("res_rust_ivr.so"));
    let words: Vec<_> = used.expect("the module").split_whitespace().collect();
    assert!(
        words.windows(2).any(|pair| pair == ["1", "Running"]),
        "{shown}"
    );
    let calls = machine.cli("rustivr show calls");
    assert!(
        calls.contains("1 call(s)") && calls.contains("PJSIP/multifon-"),
        "{calls}"
    );

    // A mistake: the old configuration stays, and the log says what to do.
    let good = configuration(&office);
    edit(&office, "ring_timeout = 20", "ring_timeout = 20s");
    let line = 1 + good
        .lines()
        .take_while(|l| *l != "ring_timeout = 20")
        .count();
    let mark = machine.log_mark();
    machine.cli("module reload res_rust_ivr");
    let where_and_cure = format!(
        "line {line}: [ivr] ring_timeout = 20s: write seconds as a whole number without a unit"
    );
    machine.wait_log_since(mark, &where_and_cure, SOON);
    machine.wait_log_since(mark, "keeps its old configuration", SOON);

    // Mended: later calls have the new one.
    edit(&office, "ring_timeout = 20s", "ring_timeout = 2");
    for command in ["module reload res_rust_ivr", "core reload"] {
        let mark = machine.log_mark();
        machine.cli(command);
        machine.wait_log_since(mark, "the new configuration is in use", SOON);
    }
    caller.press('1', Dtmf::Rfc4733);
    let first = office.expect_target(CAKES_NUMBER);
    first.ring();
    let later = office.call(ONE_BUTTON);
    let second = office.expect_target(CAKES_NUMBER);
    second.ring();
    let (given_up, ending) = second.call().wait_ended(SOON);
    assert_eq!(ending, Ending::Cancelled);
    let rang = given_up - second.arrived();
    assert!(
        rang.abs_diff(Duration::from_secs(2)) < Duration::from_millis(700),
        "{rang:?}"
    );
    office.talk_with_bitrix24(&later, SOON);
    assert!(
        !first.call().is_over(),
        "the call before the reload still rings"
    );
    let talk = first.answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_story(TWO_BUTTONS, "TARGET  rows=LIVE digit=1 target=74950000001");

    let status = machine.cli("rustivr show status");
    for words in [
        "sqlite",
        "Calls inside: 0",
        "TARGET       1",
        "NO_ANSWER    1",
    ] {
        assert!(status.contains(words), "{words}: {status}");
    }
    office.assert_nothing_left();
    machine.cli("module unload res_rust_ivr.so");
    let shown = machine.cli("module show like res_rust_ivr");
    assert!(shown.contains("Not Running"), "{shown}");
}

#[test]
fn a_bad_configuration_declines_the_module_and_calls_still_reach_bitrix24() {
    let office = Office::open_with("bad-configuration", Database::Sqlite, |config| {
        config
            .replace(CONF, "driver = sqlite", "driver = oracle")
            .replace(CONF, "country_code = 7", "contry_code = 7")
            .replace(
                CONF,
                "outbound = PJSIP/${NUMBER}@multifon",
                "outbound = ${SHELL(id)}",
            )
    });
    let machine = &office.machine;
    let text = configuration(&office);
    let number_of = |wanted: &str| 1 + text.lines().take_while(|l| *l != wanted).count();
    let log = machine.log();
    for (line, sentence) in [
        (
            "driver = oracle",
            "[database] driver = oracle: write sqlite or mysql",
        ),
        (
            "contry_code = 7",
            "contry_code is not a known option; did you mean country_code?",
        ),
        (
            "outbound = ${SHELL(id)}",
            "[general] outbound = ${SHELL(id)}: ",
        ),
    ] {
        let place = format!("line {}: ", number_of(line));
        let told: Vec<_> = log.lines().filter(|l| l.contains(sentence)).collect();
        assert_eq!(told.len(), 1, "{sentence}: {told:?}");
        assert!(
            told[0].contains(&place) && told[0].contains("ERROR"),
            "{told:?}"
        );
        assert_eq!(
            told[0].matches("line ").count(),
            1,
            "one sentence a line: {told:?}"
        );
    }
    let shown = machine.cli("module show like res_rust_ivr");
    assert!(shown.contains("Not Running"), "{shown}");

    // The sample dialplan does without the module.
    let caller = office.call(TWO_BUTTONS);
    office.talk_with_bitrix24(&caller, SOON);

    // A file that Asterisk cannot parse is declined, too; then it is mended.
    machine.put_file(CONF, "[general\nfallback = PJSIP/bitrix24\n");
    let mark = machine.log_mark();
    machine.cli("module load res_rust_ivr.so");
    machine.wait_log_since(mark, "res_rust_ivr is not loaded: ", SOON);
    machine.put_file(CONF, "[general]\nfallback = PJSIP/bitrix24\n");
    let mark = machine.log_mark();
    machine.cli("module load res_rust_ivr.so");
    machine.wait_log_since(mark, "Loaded res_rust_ivr.so", SOON);
    let caller = office.call(ONE_BUTTON);
    let target = office.expect_target(CAKES_NUMBER);
    let talk = target.answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);

    // No file at all: at reload the old one stays, at load all is default, with a word about it.
    fs::remove_file(office.run.directory().join("etc").join(CONF)).expect("the configuration");
    let mark = machine.log_mark();
    machine.cli("module reload res_rust_ivr");
    let kept = "res_rust_ivr keeps its old configuration: res_rust_ivr.conf is missing";
    machine.wait_log_since(mark, kept, SOON);
    machine.cli("module unload res_rust_ivr");
    let mark = machine.log_mark();
    machine.cli("module load res_rust_ivr.so");
    machine.wait_log_since(mark, "res_rust_ivr.conf is missing: every option", SOON);
    let caller = office.call(NO_ROWS);
    office.talk_with_bitrix24(&caller, SOON);
    office.assert_story(NO_ROWS, "FALLBACK NO_ROWS rows=LIVE");
    office.assert_nothing_left();
}

#[test]
fn the_operator_is_told_what_the_application_does_and_what_a_phone_gets() {
    let office = Office::open("operator", Database::Sqlite);
    let machine = &office.machine;
    let help = machine.cli("core show application RustIvr");
    for word in [
        "RustIvr",
        "phone",
        "RUSTIVR_STATUS",
        "RUSTIVR_REASON",
        "FALLBACK",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(!help.contains("Not available"), "{help}");

    let tested = machine.cli("rustivr test +70000000002 2");
    for words in [
        "70000000002: 2 row(s), LIVE",
        "scenario/hello.mp3: 1.0 s",
        "keyNum/1: 0.4 s",
        "msgMp3/flowers.mp3: 0.6 s",
        "Would be dialled: PJSIP/74950000002@multifon",
    ] {
        assert!(tested.contains(words), "{words}: {tested}");
    }
    for (arguments, end) in [
        (ONE_BUTTON, "Would be dialled: PJSIP/74950000001@multifon"),
        (NO_ROWS, "Would be dialled: the fallback, NO_ROWS"),
        (
            TWO_BUTTONS,
            "Would be dialled: after no digit the fallback, NO_DIGIT",
        ),
        ("70000000002 9", "Would be dialled: the fallback, BAD_DIGIT"),
        ("anonymous", "is not a number"),
        ("", "Usage: rustivr test PHONE [DIGITS]"),
    ] {
        let tested = machine.cli(&format!("rustivr test {arguments}"));
        assert!(tested.contains(end), "{arguments}: {tested}");
    }
    office.multifon.expect_no_call(Duration::ZERO);

    let caller = office.call(NO_ROWS);
    let manager = office.expect_bitrix24(SOON);
    let calls = machine.cli("rustivr show calls");
    assert!(
        calls.contains("rings PJSIP/bitrix24") && calls.contains("1 call(s)"),
        "{calls}"
    );
    let talk = manager.answer(Source::tone(BITRIX24_TONE));
    caller.say(Source::tone(CALLER_TONE));
    office.talk(&caller, &talk, BITRIX24_TONE);
    office.assert_nothing_left();
}

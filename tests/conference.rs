//! B1 to B6 with real callers: a manager inside Bitrix24 brings a third person into the call.
//! Each party says its own tone, and who hears whom is measured on what each one received.

use std::thread;
use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{
    CLIENT, Conference, FOURTH, FOURTH_NUMBER, MANAGER, THIRD, THIRD_NUMBER, hear, office,
    office_on, office_with, wait_told,
};
use rust_ivr_testing::office::{Database, MUSIC, Office, RINGBACK, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf, Ending};
use rust_ivr_testing::sound::level;

const AT_ONCE: Duration = Duration::from_millis(100);

/// What a carrier says instead of ringback.
const ANNOUNCEMENT: f64 = 1100.0;

/// Short waits, and a number that must not be dialled.
fn strict_office(name: &str) -> Office {
    office_with(name, |config| {
        config
            .replace("res_rust_ivr.conf", "ring_timeout = 45", "ring_timeout = 3")
            .replace("res_rust_ivr.conf", "code_timeout = 5", "code_timeout = 2")
            .replace(
                "res_rust_ivr.conf",
                ";deny = _7809X.",
                "deny = _74950000002",
            )
    })
}

/// The music that somebody heard ends with the join key.
fn assert_music_ends_at_once(who: &Call, since: Instant, joined: Instant) {
    let heard = who.recording();
    let last = heard
        .last_heard(MUSIC, since..heard.ended())
        .expect("music until the join key");
    assert!(
        last < joined + AT_ONCE,
        "music for {:?} more",
        last - joined
    );
}

/// Nothing of these tones was heard since a moment.
fn assert_never_heard(who: &Call, tones: &[f64], since: Instant) {
    for tone in tones {
        let first = who.recording().first_heard(*tone, since);
        assert_eq!(first, None, "{tone} Hz was overheard");
    }
}

#[test]
fn the_whole_story_from_two_to_three_to_four_and_back() {
    let office = office("conference-story");
    let conference = Conference::begin(&office);
    let (client, manager) = (&conference.client, &conference.manager);

    let third = conference.dial_third();
    manager.wait_heard(RINGBACK, SOON);
    let ringing = Instant::now();
    let third = third.answer(Source::tone(THIRD));
    hear(manager, &[THIRD]);
    hear(&third, &[MANAGER]);
    hear(client, &[MUSIC]);
    let consulted = Instant::now();
    assert!(client.recording().continuous(MUSIC, ringing..consulted));
    assert_never_heard(client, &[MANAGER, THIRD], ringing);
    assert_never_heard(&third, &[CLIENT], ringing);

    conference.press("#");
    let joined = Instant::now();
    hear(manager, &[CLIENT, THIRD]);
    hear(client, &[MANAGER, THIRD]);
    hear(&third, &[CLIENT, MANAGER]);
    assert_music_ends_at_once(client, consulted, joined);

    // Again with a fourth: the whole party waits.
    conference.press("*");
    hear(client, &[MUSIC]);
    hear(&third, &[MUSIC]);
    let asked = Instant::now();
    conference.press("2#");
    let fourth = office
        .expect_target(FOURTH_NUMBER)
        .answer(Source::tone(FOURTH));
    hear(manager, &[FOURTH]);
    hear(&fourth, &[MANAGER]);
    let consulted = Instant::now();
    for waiting in [client, &third] {
        assert!(waiting.recording().continuous(MUSIC, asked..consulted));
        assert_never_heard(waiting, &[MANAGER, FOURTH], asked);
    }
    conference.press("#");
    let joined = Instant::now();
    hear(manager, &[CLIENT, THIRD, FOURTH]);
    hear(client, &[MANAGER, THIRD, FOURTH]);
    hear(&third, &[CLIENT, MANAGER, FOURTH]);
    hear(&fourth, &[CLIENT, MANAGER, THIRD]);
    assert_music_ends_at_once(client, consulted, joined);
    assert_music_ends_at_once(&third, consulted, joined);

    let mark = office.machine.log_mark();
    third.hangup();
    office
        .machine
        .wait_log_since(mark, "say third-left -> CONF", SOON);
    hear(&fourth, &[CLIENT, MANAGER]);
    fourth.hangup();
    conference.assert_talk();
    manager.hangup();
    conference.assert_ended();
}

#[test]
fn cancel_while_typing_while_ringing_and_in_the_consult_leads_back_to_the_client() {
    let office = office("conference-cancel");
    let conference = Conference::begin(&office);
    conference.ask_for_code();
    conference.press("1*");
    conference.assert_talk();
    let third = conference.dial_third();
    conference.press("*");
    assert_eq!(third.call().wait_ended(SOON).1, Ending::Cancelled);
    conference.assert_talk();
    let third = conference.consult_third();
    conference.press("*");
    third.wait_ended(SOON);
    conference.assert_talk();
    conference.client.hangup();
    conference.assert_ended();
}

#[test]
fn a_third_person_who_cannot_be_had_is_told_and_the_manager_types_again() {
    let office = strict_office("conference-no-third");
    let conference = Conference::begin(&office);
    for (why, told) in [
        ("busy", "say busy -> CODE"),
        ("refused", "say unreachable -> CODE"),
        ("forwarded", "say unreachable -> CODE"),
        ("silent", "say no-answer -> CODE"),
    ] {
        let third = conference.dial_third();
        let (mark, since) = (office.machine.log_mark(), Instant::now());
        match why {
            "busy" => third.reject(486),
            "refused" => third.reject(503),
            "forwarded" => third.redirect("sip:79990000000@multifon.ru"),
            _ => assert_eq!(third.call().wait_ended(SOON).1, Ending::Cancelled),
        }
        office.machine.wait_log_since(mark, told, SOON);
        wait_told(&conference.manager, since);
        hear(&conference.client, &[MUSIC]);
        // Nothing typed: back, as after the cancel key.
        match why {
            "busy" => drop(office.machine.wait_log_since(mark, "no key: release", SOON)),
            _ => conference.press("*"),
        }
        conference.assert_talk();
        assert_eq!(office.multifon.untaken_calls(), 0, "{why}: another call");
    }
    let third = conference.consult_third();
    let (mark, since) = (office.machine.log_mark(), Instant::now());
    third.hangup();
    office
        .machine
        .wait_log_since(mark, "release, say third-left -> TALK", SOON);
    wait_told(&conference.manager, since);
    conference.assert_talk();
    conference.manager.hangup();
    conference.assert_ended();
}

#[test]
fn codes_that_lead_nowhere_lead_back_and_a_code_ends_by_itself() {
    let office = strict_office("conference-codes");
    let conference = Conference::begin(&office);
    conference.ask_for_code();
    for (code, told) in [
        ("77#", "say no-such-code -> CODE"),
        // On the deny list.
        ("2#", "say not-allowed -> CODE"),
        ("78#", "release, say no-such-code -> TALK"),
    ] {
        let mark = office.machine.log_mark();
        conference.press(code);
        let since = Instant::now();
        office.machine.wait_log_since(mark, told, SOON);
        wait_told(&conference.manager, since);
    }
    conference.assert_talk();
    assert_eq!(office.multifon.untaken_calls(), 0, "a call");

    conference.ask_for_code();
    conference.press("1");
    let third = office.expect_target(THIRD_NUMBER);
    third.progress(Source::tone(ANNOUNCEMENT));
    conference.manager.wait_heard(ANNOUNCEMENT, SOON);
    conference.manager.wait_gone(RINGBACK, SOON);
    let third = third.answer(Source::tone(THIRD));
    hear(&conference.manager, &[THIRD]);
    conference.press("#");
    hear(&third, &[CLIENT, MANAGER]);
    conference.client.hangup();
    hear(&third, &[MANAGER]);
    third.hangup();
    conference.assert_ended();
}

#[test]
fn the_music_ends_each_time_that_a_client_comes_back() {
    let office = office("conference-music");
    let rooms = [(); 5].map(|()| Conference::begin(&office));
    thread::scope(|scope| {
        for room in &rooms {
            scope.spawn(|| {
                for _ in 0..20 {
                    room.ask_for_code();
                    room.press("*");
                    room.assert_talk();
                }
            });
        }
    });
    for room in &rooms {
        room.client.hangup();
    }
    rooms.iter().for_each(Conference::assert_ended);
}

#[test]
fn a_code_comes_out_of_the_snapshot_while_the_database_is_gone() {
    let mut office = office_on("conference-copy", Database::MariaDb, |config| config);
    let copied = "; 2 codes, ";
    office.machine.wait_cli("rustivr show status", copied, SOON);
    office.mariadb.as_mut().expect("MariaDB").kill();
    let conference = Conference::begin(&office);
    let third = conference.dial_third().answer(Source::tone(THIRD));
    hear(&conference.manager, &[THIRD]);
    conference.press("#");
    hear(&third, &[CLIENT, MANAGER]);
    hear(&conference.client, &[MANAGER, THIRD]);
    third.hangup();
    conference.client.hangup();
    conference.assert_ended();
}

#[test]
fn the_keys_of_the_client_and_of_the_third_person_do_nothing_and_nobody_hears_them() {
    let office = office("conference-keys");
    let conference = Conference::begin(&office);
    let (client, manager) = (&conference.client, &conference.manager);
    let press = |who: &Call| {
        let mark = office.machine.log_mark();
        who.press('*', Dtmf::Rfc4733);
        who.press('#', Dtmf::Rfc4733);
        let name = "DTMF end '#' received on PJSIP/multifon";
        office.machine.wait_log_since(mark, name, SOON);
    };
    press(client);
    conference.assert_talk();
    let third = conference.consult_third();
    press(client);
    press(&third);
    hear(manager, &[THIRD]);
    hear(&third, &[MANAGER]);
    hear(client, &[MUSIC]);
    conference.press("#");
    hear(client, &[MANAGER, THIRD]);
    press(client);
    press(&third);
    hear(manager, &[CLIENT, THIRD]);
    hear(&third, &[CLIENT, MANAGER]);
    let rooms = office.machine.cli("rustivr show rooms");
    assert!(rooms.contains("CONF"), "{rooms}");
    for who in [client, manager, &third] {
        assert!(who.digits().is_empty(), "{:?}", who.digits());
    }
    manager.hangup();
    third.hangup();
    conference.assert_ended();
}

/// A third person's number that turned out to be an auto-attendant, and a client's own menu.
#[test]
fn keys_that_are_none_of_ours_reach_who_hears_the_manager_and_nobody_else() {
    for pass in ["yes", "no"] {
        let office = office_with(&format!("conference-pass-{pass}"), |config| {
            let line = format!("pass_digits = {pass}");
            config.replace("res_rust_ivr.conf", "pass_digits = yes", &line)
        });
        let conference = Conference::begin(&office);
        let client = &conference.client;
        let heard = |who: &Call, keys: &str| {
            if pass == "yes" {
                who.wait_digits(keys, SOON);
            }
        };
        conference.press("12#");
        heard(client, "12#");
        let third = conference.consult_third();
        conference.press("305");
        heard(&third, "305");
        conference.press("#");
        hear(&third, &[CLIENT, MANAGER]);
        conference.press("7");
        heard(&third, "3057");
        heard(client, "12#7");
        let all = |who: &Call| {
            who.digits()
                .iter()
                .map(|digit| digit.key)
                .collect::<String>()
        };
        match pass {
            "yes" => assert_eq!((all(client), all(&third)), ("12#7".into(), "3057".into())),
            _ => assert_eq!((all(client), all(&third)), (String::new(), String::new())),
        }
        conference.client.hangup();
        third.hangup();
        conference.manager.wait_ended(SOON);
        office.assert_nothing_left();
    }
}

#[test]
fn a_notice_in_the_talk_is_heard_over_it_and_takes_nobody_out() {
    let office = office("conference-whisper");
    let conference = Conference::begin(&office);
    let third = conference.join_third();
    let left = Instant::now();
    third.hangup();
    // Two seconds of words, by the client's own clock.
    let until = left + Duration::from_secs(2);
    while conference.client.recording().ended() < until + AT_ONCE {
        conference.client.wait_heard(MANAGER, SOON);
    }
    let client = conference.client.recording();
    assert!(
        client.continuous(MANAGER, left + AT_ONCE..until),
        "the client missed words of the manager"
    );
    // The manager heard the notice, some 1.5 s of speech, over the client's words.
    let manager = conference.manager.recording();
    let heard = manager.slice(left..until);
    let share = |samples: &[i16]| level(samples, CLIENT).share;
    assert!(share(&heard) < 0.9, "no notice: {}", share(&heard));
    let later = conference.manager.recording().ended();
    while conference.manager.recording().ended() < later + Duration::from_secs(1) {
        conference.manager.wait_heard(CLIENT, SOON);
    }
    conference.assert_talk();
    // Keys count over a notice.
    let third = conference.join_third();
    third.hangup();
    conference.press("*");
    hear(&conference.client, &[MUSIC]);
    conference.press("*");
    conference.assert_talk();
    conference.manager.hangup();
    conference.assert_ended();
}

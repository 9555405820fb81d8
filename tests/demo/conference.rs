//! The demo's conference: a client's manager types the feature code and brings a third person in.
//! Everybody speaks all the time, so that whoever must not be heard would be.

use std::thread;
use std::time::{Duration, Instant};

use super::heard::{CLIENT_TONE, THIRD_TONE};
use super::play::{LOUDNESS, Scene};
use rust_ivr_testing::office::{BITRIX24_TONE, MUSIC, RINGBACK, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Behaviour, Call};

/// Has no rows, and no other call of the demo shows Bitrix24 this number.
pub const PHONE: &str = "70000000003";
/// Where each party stands among those of the call.
pub const CLIENT: usize = 0;
pub const MANAGER: usize = 1;
pub const THIRD: usize = 2;

/// How long the parties of each phase talk.
const TALK: Duration = Duration::from_millis(2000);
/// A notice is over when this was silent.
const SILENCE: Duration = Duration::from_millis(300);

/// The whole story.
pub fn play(scene: &mut Scene<'_>) {
    scene.played.parties[CLIENT].who = "client";
    begin(scene);
    consult(scene);
    together(scene);
}

/// Client and manager talk, first as in any call, then in a room.
fn begin(scene: &mut Scene<'_>) {
    scene.reach_bitrix24("manager", "in Bitrix24");
    let (client, manager) = (scene.call(CLIENT).clone(), scene.call(MANAGER).clone());
    client.wait_answered(SOON);
    client.say(voice(CLIENT_TONE));
    manager.say(voice(BITRIX24_TONE));
    hear(&client, &[BITRIX24_TONE]);
    hear(&manager, &[CLIENT_TONE]);
    thread::sleep(TALK);
    press(scene, "*7", ": TALK");
    hear(&client, &[BITRIX24_TONE]);
    hear(&manager, &[CLIENT_TONE]);
    thread::sleep(TALK);
}

/// The manager types the code, hears the telephone ring, and talks to the third person alone.
fn consult(scene: &mut Scene<'_>) {
    let (client, manager) = (scene.call(CLIENT).clone(), scene.call(MANAGER).clone());
    press(scene, "*", "say enter-code -> CODE");
    hear(&client, &[MUSIC]);
    hear_out(&manager);
    // The other calls have reached their targets by now.
    scene.office.multifon.on_call(Behaviour::Ring);
    press(scene, "1#", ": DIAL");
    let third = scene.ring("third", "74950000001");
    manager.wait_heard(RINGBACK, SOON);
    manager.wait_gone(RINGBACK, SOON);
    let third = third.answer(voice(THIRD_TONE));
    hear(&manager, &[THIRD_TONE]);
    hear(&third, &[BITRIX24_TONE]);
    thread::sleep(TALK);
}

/// All three talk, then the third person leaves, and at last the manager.
fn together(scene: &mut Scene<'_>) {
    let (client, manager) = (scene.call(CLIENT).clone(), scene.call(MANAGER).clone());
    let third = scene.call(THIRD).clone();
    press(scene, "#", ": CONF");
    hear(&client, &[BITRIX24_TONE, THIRD_TONE]);
    hear(&manager, &[CLIENT_TONE, THIRD_TONE]);
    hear(&third, &[CLIENT_TONE, BITRIX24_TONE]);
    thread::sleep(TALK);
    let machine = &scene.office.machine;
    let mark = machine.log_mark();
    third.hangup();
    machine.wait_log_since(mark, "say third-left -> TALK", SOON);
    hear(&client, &[BITRIX24_TONE]);
    // The manager is told, over the talk.
    thread::sleep(TALK * 2);
    manager.hangup();
    client.wait_ended(SOON);
}

/// The manager presses keys, and the module's log says what came of it.
fn press(scene: &mut Scene<'_>, keys: &str, outcome: &str) {
    let mark = scene.office.machine.log_mark();
    scene.press(MANAGER, keys);
    let machine = &scene.office.machine;
    machine.wait_log_since(mark, outcome, SOON);
}

fn hear(who: &Call, tones: &[f64]) {
    for tone in tones {
        who.wait_heard(*tone, SOON);
    }
}

/// Waits until a notice that begins now has been said. Nothing in the log tells its end.
fn hear_out(who: &Call) {
    let began = Instant::now();
    while began.elapsed() < SILENCE
        || !who
            .recording()
            .is_silent(Instant::now() - SILENCE..Instant::now())
    {
        assert!(began.elapsed() < SOON, "the notice does not end");
        thread::sleep(SILENCE / 10);
    }
}

fn voice(freq_hz: f64) -> Source {
    Source::Tone {
        freq_hz,
        amplitude: LOUDNESS,
    }
}

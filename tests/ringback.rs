//! What a manager hears while a third person's telephone rings.

use std::thread;
use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{
    Conference, FOURTH_NUMBER, MANAGER, THIRD, THIRD_NUMBER, hear, office, wait_told,
};
use rust_ivr_testing::office::{MUSIC, RINGBACK, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::Ending;

/// What a carrier says instead of ringback.
const ANNOUNCEMENT: f64 = 1100.0;

/// Ringback is one second in five.
const NEXT_BURST: Duration = Duration::from_secs(6);

#[test]
fn ringback_lasts_until_the_first_sound_and_comes_back_after_a_notice() {
    let office = office("conference-ringback");
    let conference = Conference::begin(&office);
    let manager = &conference.manager;
    conference.ask_for_code();
    conference.press("1#");
    // 183 with SDP, no sound, then 180.
    let third = office.expect_target(THIRD_NUMBER);
    third.progress(Source::Nothing).ring();
    manager.wait_heard(RINGBACK, SOON);
    manager.wait_gone(RINGBACK, SOON);
    // The next burst: the first had begun before the 183.
    manager.wait_heard(RINGBACK, NEXT_BURST);
    third.call().say(Source::tone(ANNOUNCEMENT));
    manager.wait_heard(ANNOUNCEMENT, SOON);
    let third = third.answer(Source::tone(THIRD));
    hear(manager, &[THIRD]);
    conference.press("#");
    hear(&conference.client, &[MANAGER, THIRD]);

    // A fourth rings, and one of those who wait leaves.
    conference.press("*");
    hear(&third, &[MUSIC]);
    conference.press("2#");
    let fourth = office.expect_target(FOURTH_NUMBER);
    fourth.ring();
    manager.wait_heard(RINGBACK, SOON);
    let (mark, left) = (office.machine.log_mark(), Instant::now());
    third.hangup();
    office
        .machine
        .wait_log_since(mark, "say third-left -> DIAL", SOON);
    wait_told(manager, left);
    let told = manager.recording().ended();
    let until = Instant::now() + NEXT_BURST;
    while manager.recording().first_heard(RINGBACK, told).is_none() {
        assert!(Instant::now() < until, "the notice took the ringback away");
        thread::sleep(Duration::from_millis(50));
    }
    conference.press("*");
    assert_eq!(fourth.call().wait_ended(SOON).1, Ending::Cancelled);
    conference.assert_talk();
    conference.client.hangup();
    conference.assert_ended();
}

//! A call that comes back to `RustIvr()`: forwards (302), and destinations that lead back into it.

use rust_ivr_testing::office::{BITRIX24_TONE, Database, Office, SOON, TARGET_TONE};
use rust_ivr_testing::rtp::Source;

/// Callers of the debug menus: one button at once.
const ONE_BUTTON: &str = "70000000001";
/// What that button rings.
const CAKES: &str = "74950000001";
/// Forwarded to.
const ELSEWHERE: &str = "79990000000";

fn office(name: &str, lines: &str) -> Office {
    Office::open_with(name, Database::Sqlite, |config| {
        config
            .replace(
                "res_rust_ivr.conf",
                "follow_forwards = no",
                "follow_forwards = yes",
            )
            .replace(
                "res_rust_ivr.conf",
                "\n[ivr]\n",
                &format!("{lines}\n[ivr]\n"),
            )
            .append(
                "extensions.conf",
                "[circle]\nexten => _X.,1,RustIvr(70000000001)\n same => n,Hangup()\n",
            )
    })
}

#[test]
fn a_forward_is_followed_once_and_only_to_a_number_that_may_be_dialled() {
    let office = office("circles-forward", "deny = _78095X.\n");
    let caller = office.call(ONE_BUTTON);
    office
        .expect_target(CAKES)
        .redirect(&format!("sip:{ELSEWHERE}@multifon.ru"));
    let other = office.expect_target(ELSEWHERE);
    other.ring();
    caller.wait_ringing(SOON);
    let talk = other.answer(Source::tone(TARGET_TONE));
    office.talk(&caller, &talk, TARGET_TONE);
    office.assert_story(ONE_BUTTON, "TARGET");
    office.assert_nothing_left();

    // Forwarded again, denied, or no number at all: Bitrix24 rings.
    for (first, second) in [
        (ELSEWHERE, Some("79990000001")),
        ("78095123456", None),
        ("88095123456", None),
        ("sales", None),
    ] {
        let caller = office.call(ONE_BUTTON);
        office
            .expect_target(CAKES)
            .redirect(&format!("sip:{first}@multifon.ru"));
        if let Some(second) = second {
            office
                .expect_target(first)
                .redirect(&format!("sip:{second}@multifon.ru"));
        }
        office.talk_with_bitrix24(&caller, SOON);
        assert_eq!(office.multifon.untaken_calls(), 0, "{first} was dialled");
        office.assert_nothing_left();
    }
}

#[test]
fn a_target_that_leads_back_into_the_application_goes_to_the_fallback_at_once() {
    let office = office("circles-target", "");
    let conf = "res_rust_ivr.conf";
    let path = office.run.directory().join("etc").join(conf);
    let text = std::fs::read_to_string(path).expect("the configuration");
    let change = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        office.machine.put_file(conf, &text.replace(from, to));
        let mark = office.machine.log_mark();
        office.machine.cli("module reload res_rust_ivr");
        let said = "the new configuration is in use";
        office.machine.wait_log_since(mark, said, SOON);
    };
    change(
        "outbound = PJSIP/${NUMBER}@multifon",
        "outbound = Local/${NUMBER}@circle/n",
    );
    let caller = office.call(ONE_BUTTON);
    let manager = office
        .expect_bitrix24(SOON)
        .answer(Source::tone(BITRIX24_TONE));
    office.talk(&caller, &manager, BITRIX24_TONE);
    office.assert_nothing_left();
    assert_eq!(office.bitrix24.untaken_calls(), 0, "it rang in circles");

    // A fallback that leads back reaches nobody, and says so.
    change(
        "fallback = PJSIP/bitrix24",
        "fallback = Local/${EXTEN}@circle/n",
    );
    let mark = office.machine.log_mark();
    let caller = office.call("70000000000");
    let said = "the fallback leads back into RustIvr()";
    office.machine.wait_log_since(mark, said, SOON);
    caller.wait_ended(SOON + SOON + SOON);
    office.assert_story("70000000000", "UNANSWERED");
    office.assert_nothing_left();
}

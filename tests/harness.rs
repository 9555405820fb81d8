//! Tests of the test harness itself: what judges the module must be right first. Stand-in peers call
//! each other over loopback; the parts' own tests are beside them in `support/`.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use rust_ivr_testing::rtp::{Codec, Source};
use rust_ivr_testing::sip::{
    Asker, Behaviour, Call, Credentials, Demand, Direction, Dtmf, Ending, Invite, Message, Peer,
    Trace, user_of,
};

const SOON: Duration = Duration::from_secs(3);
const CALLER_TONE: f64 = 600.0;
const CALLEE_TONE: f64 = 900.0;

/// Two peers whose messages are in one record.
fn pair() -> (Peer, Peer) {
    let trace = Trace::in_memory();
    let any = || SocketAddr::from(([127, 0, 0, 1], 0));
    let multifon = Peer::bind(any(), "multifon", &trace);
    let bitrix = Peer::bind(any(), "bitrix24", &trace);
    (multifon, bitrix)
}

fn invite(to: &Peer) -> Invite {
    let source = Source::tone(CALLER_TONE);
    Invite::to(&to.uri("74951234567"))
        .from("79001112233")
        .says(source)
}

/// A call that was answered and acknowledged, as each side sees it.
fn talk(multifon: &Peer, bitrix: &Peer) -> (Call, Call) {
    let near = multifon.call(invite(bitrix));
    let far = bitrix.expect_call(SOON).answer(Source::tone(CALLEE_TONE));
    near.wait_answered(SOON);
    far.wait_acked(SOON);
    (near, far)
}

#[test]
fn a_call_from_invite_to_bye_with_ringing_and_early_media() {
    let (multifon, bitrix) = pair();
    let near = multifon.call(invite(&bitrix).display("Ivan").header("X-Line", "one"));
    let incoming = bitrix.expect_call(SOON);
    assert_eq!(incoming.number(), "74951234567");
    assert_eq!(incoming.caller(), "79001112233");
    assert!(incoming.invite().text("From").starts_with("\"Ivan\" <"));
    assert_eq!(incoming.invite().text("X-Line"), "one");
    incoming.ring();
    let ringing = near.wait_ringing(SOON);
    incoming.progress(Source::tone(425.0));
    let early = near.wait_early_media(SOON);
    near.wait_heard(425.0, SOON);
    let far = incoming.answer(Source::tone(CALLEE_TONE));
    let answered = near.wait_answered(SOON);
    assert!(near.began() < ringing && ringing < early && early < answered);
    near.wait_heard(CALLEE_TONE, SOON);
    far.wait_heard(CALLER_TONE, SOON);
    near.hangup();
    assert_eq!(far.wait_ended(SOON).1, Ending::Theirs);
    assert_eq!(near.wait_ended(SOON).1, Ending::Ours);
    near.wait_for(|event| event.is_reply("BYE", 200), SOON);
    let recording = near.recording();
    let switched = recording
        .first_heard(CALLEE_TONE, answered)
        .expect("the callee");
    assert!(
        switched - answered < Duration::from_millis(60),
        "{:?}",
        switched - answered
    );
    assert!(recording.continuous(CALLEE_TONE, switched..recording.ended()));
    let story = multifon.trace().story();
    assert_eq!(story[0], "INVITE 74951234567 ->");
    assert!(
        story.contains(&"<- 183 Session Progress (INVITE)".to_string()),
        "{story:?}"
    );
}

#[test]
fn digits_arrive_by_each_way() {
    let (multifon, bitrix) = pair();
    let (near, far) = talk(&multifon, &bitrix);
    let released = near.press('4', Dtmf::Rfc4733);
    near.press('#', Dtmf::Rfc4733);
    let digit = far.wait_digits("4#", SOON);
    assert_eq!(digit.length, Duration::from_millis(100));
    let first = &far.digits()[0];
    let arrived = first.released.expect("released");
    let late = arrived.max(released) - arrived.min(released);
    assert!(late < Duration::from_millis(20), "{late:?}");
    near.press('7', Dtmf::Info);
    let info = far.wait_request("INFO", SOON);
    let body = &info.message().expect("INFO").body;
    assert_eq!(body, "Signal=7\r\nDuration=100\r\n");
    near.say(Source::Silence);
    let before = Instant::now();
    near.press('9', Dtmf::InBand);
    far.wait_gone(852.0, SOON);
    let recording = far.recording();
    for freq in [852.0, 1477.0] {
        let bursts = recording.bursts(freq, before..recording.ended());
        let lengths: Vec<_> = bursts.iter().map(|burst| burst.end - burst.start).collect();
        assert_eq!(lengths.len(), 1, "{lengths:?}");
        let away = lengths[0].abs_diff(Duration::from_millis(120));
        assert!(away <= Duration::from_millis(20), "{lengths:?}");
    }
}

#[test]
fn refusals_redirects_and_silence_reach_the_caller() {
    let (multifon, bitrix) = pair();
    for code in [404, 486, 503, 603] {
        bitrix.on_call(Behaviour::Reject(code));
        let near = multifon.call(invite(&bitrix));
        assert_eq!(near.wait_ended(SOON).1, Ending::Refused(code));
        assert_eq!(near.answered(), None);
    }
    bitrix.on_call(Behaviour::Redirect("sip:evil@127.0.0.9".into()));
    let near = multifon.call(invite(&bitrix));
    let moved = near.wait_reply(302, SOON);
    assert_eq!(
        moved.message().expect("302").contact(),
        "sip:evil@127.0.0.9"
    );
    for _ in 0..5 {
        bitrix.expect_call(SOON);
    }
    bitrix.expect_no_call(Duration::from_millis(10));
    bitrix.on_call(Behaviour::Manual);
    let near = multifon.call(invite(&bitrix));
    bitrix.expect_call(SOON).trying().ring().reject(480);
    near.wait_ringing(SOON);
    assert_eq!(near.wait_ended(SOON).1, Ending::Refused(480));
    multifon.call(invite(&bitrix));
    bitrix.expect_call(SOON).ignore();
    // The repetition of the INVITE is no second call.
    let invites = || {
        let lines = bitrix.trace().story().into_iter();
        lines.filter(|line| line == "<- INVITE 74951234567").count()
    };
    let before = invites();
    bitrix.expect_no_call(Duration::from_millis(700));
    assert_eq!(invites(), before + 1);
}

#[test]
fn the_caller_gives_up_before_the_answer() {
    let (multifon, bitrix) = pair();
    let near = multifon.call(invite(&bitrix));
    let incoming = bitrix.expect_call(SOON);
    // No response yet: CANCEL must wait for one.
    near.hangup();
    incoming.ring();
    assert_eq!(incoming.call().wait_ended(SOON).1, Ending::Cancelled);
    assert_eq!(near.wait_ended(SOON).1, Ending::Ours);
    assert!(near.wait_reply(487, SOON).message().is_some());
}

#[test]
fn an_answer_comes_after_its_time() {
    let (multifon, bitrix) = pair();
    let after = Duration::from_millis(300);
    bitrix.on_call(Behaviour::answer_after(after, Source::Silence));
    let near = multifon.call(invite(&bitrix));
    let ringing = near.wait_ringing(SOON);
    let answered = near.wait_answered(SOON);
    let waited = answered - ringing;
    assert!(
        waited >= after - Duration::from_millis(20) && waited < after * 2,
        "{waited:?}"
    );
}

#[test]
fn who_calls_must_know_the_password() {
    let (multifon, bitrix) = pair();
    bitrix.on_call(Behaviour::answer(Source::Silence));
    for asker in [Asker::Server, Asker::Proxy] {
        let right = Credentials::new("sip17", "secret");
        bitrix.demand(Demand::new(asker, "bitrixphone.com", right.clone()));
        let near = multifon.call(invite(&bitrix));
        assert_eq!(near.wait_ended(SOON).1, Ending::Refused(asker.code()));
        let near = multifon.call(invite(&bitrix).auth(Credentials::new("sip17", "guess")));
        assert_eq!(near.wait_ended(SOON).1, Ending::Refused(403));
        let near = multifon.call(invite(&bitrix).auth(right));
        near.wait_answered(SOON);
        near.wait_for(|event| event.is_reply("INVITE", asker.code()), SOON);
        near.hangup();
        near.wait_for(|event| event.is_reply("BYE", 200), SOON);
        let count = bitrix.gate_count();
        assert_eq!((count.missing, count.wrong, count.right), (3, 1, 1));
    }
    assert_eq!(bitrix.untaken_calls(), 2);
}

#[test]
fn hold_silences_the_held_side_and_resume_brings_it_back() {
    let (multifon, bitrix) = pair();
    let (near, far) = talk(&multifon, &bitrix);
    near.wait_heard(CALLEE_TONE, SOON);
    near.hold(Direction::Inactive);
    far.wait_request("INVITE", SOON);
    near.wait_gone(CALLEE_TONE, SOON);
    far.wait_gone(CALLER_TONE, SOON);
    near.hold(Direction::SendOnly);
    far.wait_heard(CALLER_TONE, SOON);
    near.wait_gone(CALLEE_TONE, SOON);
    near.resume();
    near.wait_heard(CALLEE_TONE, SOON);
    far.wait_heard(CALLER_TONE, SOON);
    assert!(!near.is_over() && !far.is_over());
}

#[test]
fn transfers_are_asked_for_in_the_dialog() {
    let (multifon, bitrix) = pair();
    let (near, far) = talk(&multifon, &bitrix);
    near.refer("sip:500@127.0.0.9");
    let refer = far.wait_request("REFER", SOON);
    let refer_to = |message: &Message| message.text("Refer-To").to_string();
    assert_eq!(
        refer_to(refer.message().expect("REFER")),
        "<sip:500@127.0.0.9>"
    );
    let (consult, third) = talk(&multifon, &bitrix);
    near.refer_replacing(&consult);
    let replaces = |event: &rust_ivr_testing::sip::Event| {
        event.is_request("REFER")
            && event
                .message()
                .is_some_and(|m| refer_to(m).contains("Replaces"))
    };
    let refer = far.wait_for(replaces, SOON);
    let text = refer_to(refer.message().expect("REFER"));
    let id = third.id().replace('@', "%40");
    assert!(
        text.contains(&format!("?Replaces={id}%3Bto-tag%3D")),
        "{text}"
    );
}

#[test]
fn one_codec_is_agreed_and_used_both_ways() {
    for codec in [Codec::Alaw, Codec::Ulaw] {
        let (multifon, bitrix) = pair();
        let near = multifon.call(invite(&bitrix));
        let incoming = bitrix.expect_call(SOON);
        let far = incoming
            .take_only(&[codec], false)
            .answer(Source::tone(CALLEE_TONE));
        near.wait_heard(CALLEE_TONE, SOON);
        far.wait_heard(CALLER_TONE, SOON);
        let refused = near
            .rtp()
            .press('1', rust_ivr_testing::rtp::Way::Events, SOON);
        assert!(refused.is_err(), "no digits were agreed");
    }
}

#[test]
fn a_call_by_domain_goes_where_it_is_sent_and_offers_what_it_is_told() {
    let (multifon, bitrix) = pair();
    let invite = Invite::to("sip:74951234567@multifon.ru")
        .via(bitrix.address())
        .from("79001112233")
        .domain("multifon.ru")
        .codecs(&[Codec::Ulaw])
        .without_events()
        .header("P-Asserted-Identity", "<sip:79001112233@multifon.ru>");
    let near = multifon.call(invite);
    let incoming = bitrix.expect_call(SOON);
    assert_eq!(incoming.invite().uri(), "sip:74951234567@multifon.ru");
    assert!(incoming.invite().text("From").contains("@multifon.ru>"));
    assert_eq!(incoming.asserted(), "79001112233");
    let offer = &incoming.invite().body;
    assert!(offer.contains("PCMU") && !offer.contains("PCMA") && !offer.contains("event"));
    incoming.answer(Source::Samples(vec![4000; 8000].into()));
    near.wait_answered(SOON);
    near.press('1', Dtmf::InBand);
    assert!(near.recording().samples.iter().any(|sample| *sample > 3800));
}

#[test]
fn a_peer_that_goes_ends_its_calls_and_leaves_its_record_in_the_file() {
    let name = format!("rust-ivr-trace-{}.sip", std::process::id());
    let path = std::env::temp_dir().join(name);
    let trace = Trace::to_file(&path);
    let any = || SocketAddr::from(([127, 0, 0, 1], 0));
    let multifon = Peer::bind(any(), "multifon", &trace);
    let bitrix = Peer::bind(any(), "bitrix24", &trace);
    let (near, _far) = talk(&multifon, &bitrix);
    let address = bitrix.address();
    drop(bitrix);
    assert_eq!(near.wait_ended(SOON).1, Ending::Theirs);
    // The address is free again.
    Peer::bind(address, "bitrix24", &trace);
    let text = std::fs::read_to_string(&path).expect("the file");
    std::fs::remove_file(&path).expect("the file");
    assert!(text.contains("bitrix24 -> ") && text.contains("BYE sip:multifon@"));
}

#[test]
fn ten_calls_at_once_keep_apart() {
    let (multifon, bitrix) = pair();
    let calls: Vec<_> = (0..10u32)
        .map(|n| {
            let tone = Source::tone(f64::from(500 + n * 200));
            let user = format!("7900{n}");
            multifon.call(Invite::to(&bitrix.uri("1")).from(&user).says(tone))
        })
        .collect();
    thread::scope(|scope| {
        for _ in &calls {
            let incoming = bitrix.expect_call(SOON);
            scope.spawn(move || {
                let number: u32 = incoming.caller()[4..].parse().expect("a number");
                let far = incoming.answer(Source::Silence);
                far.wait_heard(f64::from(500 + number * 200), SOON);
            });
        }
    });
    assert!(
        calls
            .iter()
            .all(|call| call.answered().is_some() && !call.is_over())
    );
    assert_eq!(user_of(calls[3].invite().text("From")), "79003");
}

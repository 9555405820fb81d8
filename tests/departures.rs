//! Who leaves when, in every state and also two at once: nobody is left on hold, two talk on, one
//! alone goes, and nothing of the call remains in Asterisk.

use std::time::{Duration, Instant};

use rust_ivr_testing::conference::{
    CLIENT, Conference, MANAGER, THIRD, assert_nothing_left, hear, office, office_with,
};
use rust_ivr_testing::office::{MUSIC, Office, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Call, Dtmf, Incoming};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Talk,
    Code,
    Dial,
    Consult,
    Conf,
}

/// What is left of the call when somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Everybody's call has ended.
    Nobody,
    /// Client and manager talk.
    Talk,
    /// The manager may type another code.
    Code,
    /// The client was on hold and goes to Bitrix24.
    Fallback,
    /// Either of them, as Asterisk hears first of one or the other.
    FallbackOrNobody,
    /// The client and the third person talk on.
    ClientAndThird,
    /// The manager and the third person talk on.
    ManagerAndThird,
}

/// A conference in some state, and the third person where there is one.
struct Scene<'o> {
    talk: Conference<'o>,
    third: Option<Call>,
    /// While it rings.
    ringing: Option<Incoming>,
}

impl<'o> Scene<'o> {
    fn reach(office: &'o Office, state: State) -> Self {
        let talk = Conference::begin(office);
        let (mut third, mut ringing) = (None, None);
        match state {
            State::Talk => {}
            State::Code => talk.ask_for_code(),
            State::Dial => ringing = Some(talk.dial_third()),
            State::Consult => third = Some(talk.consult_third()),
            State::Conf => third = Some(talk.join_third()),
        }
        if let Some(incoming) = &ringing {
            third = Some(incoming.call());
        }
        let rooms = office.machine.cli("rustivr show rooms");
        let word = format!("{state:?}").to_uppercase();
        assert!(rooms.contains(&word), "{word}: {rooms}");
        Self {
            talk,
            third,
            ringing,
        }
    }

    fn third(&self) -> &Call {
        self.third.as_ref().expect("a third person")
    }

    /// `m`anager, `c`lient, `t`hird person, or an operator who `e`nds the room.
    fn leave(&self, who: char) {
        match (who, &self.ringing) {
            ('m', _) => self.talk.manager.hangup(),
            ('c', _) => self.talk.client.hangup(),
            ('t', Some(ringing)) => ringing.reject(486),
            ('t', None) => self.third().hangup(),
            _ => {
                let machine = &self.talk.office.machine;
                let rooms = machine.cli("rustivr show rooms");
                let id = rooms.split_whitespace().next().expect("a room");
                let answer = machine.cli(&format!("rustivr room end {id}"));
                assert!(answer.contains("ends"), "{answer}");
            }
        }
    }

    /// Asserts what is left, and ends it.
    fn assert_rest(&self, rest: Rest) {
        let (client, manager) = (&self.talk.client, &self.talk.manager);
        match rest {
            Rest::Nobody => {}
            Rest::Talk => {
                self.talk.assert_talk();
                client.hangup();
            }
            Rest::Code => {
                hear(client, &[MUSIC]);
                self.talk.press("*");
                self.talk.assert_talk();
                manager.hangup();
            }
            Rest::Fallback => self.assert_fallback(),
            Rest::FallbackOrNobody => {
                let until = Instant::now() + SOON;
                while !client.is_over() && self.talk.office.bitrix24.untaken_calls() == 0 {
                    assert!(Instant::now() < until, "the client is left behind");
                    std::thread::sleep(Duration::from_millis(20));
                }
                if !client.is_over() {
                    self.assert_fallback();
                }
            }
            Rest::ClientAndThird => {
                hear(client, &[THIRD]);
                hear(self.third(), &[CLIENT]);
                client.hangup();
            }
            Rest::ManagerAndThird => {
                hear(manager, &[THIRD]);
                hear(self.third(), &[MANAGER]);
                manager.hangup();
            }
        }
        let calls = [Some(client), Some(manager), self.third.as_ref()];
        calls.into_iter().flatten().for_each(|call| {
            call.wait_ended(SOON);
        });
        assert_nothing_left(self.talk.office);
        // Bitrix24 may have begun to ring for a client who left in that moment. A call that was
        // given up can be cancelled once it rings.
        while self.talk.office.bitrix24.untaken_calls() > 0 {
            let late = self.talk.office.expect_bitrix24(SOON);
            late.ring();
            late.call().wait_ended(SOON);
        }
    }

    fn assert_fallback(&self) {
        let other = self.talk.office.expect_bitrix24(SOON);
        let other = other.answer(Source::tone(MANAGER));
        hear(&self.talk.client, &[MANAGER]);
        hear(&other, &[CLIENT]);
        self.talk.client.hangup();
        other.wait_ended(SOON);
    }
}

/// What a call may not leave behind in Asterisk.
#[derive(Debug)]
struct Traces {
    descriptors: usize,
    bridges: Vec<String>,
    /// Those that serve calls. Asterisk's own pools breathe.
    threads: usize,
}

impl Traces {
    fn of(office: &Office) -> Self {
        let bridges = office.machine.cli("bridge show all");
        let threads = office.machine.cli("core show threads");
        let of_calls = ["pbx_thread", "softmix", "bridge_channel", "res_rust_ivr"];
        Self {
            descriptors: office.machine.descriptors(),
            bridges: bridges.lines().skip(1).map(str::to_owned).collect(),
            threads: threads
                .lines()
                .filter(|line| of_calls.iter().any(|name| line.contains(name)))
                .count(),
        }
    }

    /// No more than this is left. Asterisk frees some of it a moment after the call, so what was
    /// counted after another call may have been more.
    fn assert_no_more(&self, office: &Office) {
        let until = Instant::now() + SOON;
        loop {
            let now = Self::of(office);
            let as_before = now.bridges == self.bridges && now.threads <= self.threads;
            if as_before && now.descriptors <= self.descriptors {
                return;
            }
            assert!(Instant::now() < until, "{now:?} after {self:?}");
        }
    }
}

fn play(office: &Office, state: State, table: &[(&str, Rest)]) {
    // What Asterisk opens once and keeps is opened by the first call.
    let scene = Scene::reach(office, state);
    scene.leave('e');
    scene.assert_rest(Rest::Nobody);
    let before = Traces::of(office);
    assert!(before.bridges.is_empty(), "{before:?}");
    for (leavers, rest) in table {
        println!("{state:?}: {leavers} leave: {rest:?}");
        let scene = Scene::reach(office, state);
        leavers.chars().for_each(|who| scene.leave(who));
        scene.assert_rest(*rest);
    }
    before.assert_no_more(office);
}

#[test]
fn in_talk_and_while_a_code_is_typed() {
    let office = office("departures-talk-code");
    play(
        &office,
        State::Talk,
        &[
            ("m", Rest::Nobody),
            ("c", Rest::Nobody),
            ("mc", Rest::Nobody),
            ("cm", Rest::Nobody),
        ],
    );
    play(
        &office,
        State::Code,
        &[
            ("m", Rest::Fallback),
            ("c", Rest::Nobody),
            ("mc", Rest::Nobody),
            ("cm", Rest::Nobody),
        ],
    );
}

#[test]
fn while_the_third_persons_telephone_rings() {
    let office = office("departures-dial");
    play(
        &office,
        State::Dial,
        &[
            ("m", Rest::Fallback),
            ("c", Rest::Nobody),
            ("t", Rest::Code),
            ("mc", Rest::Nobody),
            ("cm", Rest::Nobody),
            ("mt", Rest::Fallback),
            ("tm", Rest::Fallback),
            ("ct", Rest::Nobody),
            ("tc", Rest::Nobody),
        ],
    );
}

#[test]
fn in_the_consult() {
    let office = office("departures-consult");
    play(
        &office,
        State::Consult,
        &[
            ("m", Rest::Fallback),
            ("c", Rest::ManagerAndThird),
            ("t", Rest::Talk),
            ("mc", Rest::Nobody),
            ("cm", Rest::Nobody),
            ("mt", Rest::FallbackOrNobody),
            ("tm", Rest::FallbackOrNobody),
            ("ct", Rest::Nobody),
            ("tc", Rest::Nobody),
        ],
    );
}

#[test]
fn in_the_conference_of_three() {
    let office = office("departures-conf");
    play(
        &office,
        State::Conf,
        &[
            ("m", Rest::ClientAndThird),
            ("c", Rest::ManagerAndThird),
            ("t", Rest::Talk),
            ("mc", Rest::Nobody),
            ("cm", Rest::Nobody),
            ("mt", Rest::Nobody),
            ("tm", Rest::Nobody),
            ("ct", Rest::Nobody),
            ("tc", Rest::Nobody),
        ],
    );
}

#[test]
fn two_who_went_on_without_the_manager_can_be_ended_by_an_operator() {
    let office = office("departures-operator");
    let scene = Scene::reach(&office, State::Conf);
    scene.leave('m');
    hear(&scene.talk.client, &[THIRD]);
    scene.leave('e');
    scene.assert_rest(Rest::Nobody);
}

#[test]
fn an_orphan_hangs_up_where_that_is_configured() {
    let office = office_with("departures-hangup", |config| {
        config.replace("res_rust_ivr.conf", "orphan = fallback", "orphan = hangup")
    });
    for state in [State::Code, State::Dial, State::Consult] {
        let scene = Scene::reach(&office, state);
        scene.leave('m');
        scene.assert_rest(Rest::Nobody);
    }
}

#[test]
fn an_orphan_waits_with_music_where_that_is_configured() {
    let office = office_with("departures-wait", |config| {
        config.replace("res_rust_ivr.conf", "orphan = fallback", "orphan = wait")
    });
    for state in [State::Code, State::Dial, State::Consult] {
        let scene = Scene::reach(&office, state);
        scene.leave('m');
        scene.talk.manager.wait_ended(SOON);
        let since = Instant::now();
        hear(&scene.talk.client, &[MUSIC]);
        while scene.talk.client.recording().ended() < since + Duration::from_millis(500) {
            scene.talk.client.wait_heard(MUSIC, SOON);
        }
        let heard = scene.talk.client.recording();
        assert!(heard.continuous(MUSIC, since..since + Duration::from_millis(500)));
        scene.leave('e');
        scene.assert_rest(Rest::Nobody);
    }
}

#[test]
fn nobody_is_stranded_who_leaves_on_the_way_into_the_room() {
    let office = office("departures-way-in");
    for leavers in ["c", "m", "mc", "cm"] {
        let (client, manager) = rust_ivr_testing::conference::bridged_call(&office);
        manager.press('*', Dtmf::Rfc4733);
        manager.press('7', Dtmf::Rfc4733);
        for who in leavers.chars() {
            if who == 'c' { &client } else { &manager }.hangup();
        }
        let scene = Scene {
            talk: Conference {
                office: &office,
                client,
                manager,
            },
            third: None,
            ringing: None,
        };
        scene.assert_rest(Rest::FallbackOrNobody);
    }
}

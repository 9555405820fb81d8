//! Every state against every event, and long random walks, beside a small model of who is where.

use proptest::prelude::*;

use super::*;

/// Where a third person is who does not belong to the party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consult {
    Nobody,
    Rings,
    Consulted,
    Held,
}

/// Who is where, by the acts alone.
#[derive(Clone, Copy, Debug)]
struct Model {
    on_hold: bool,
    consult: Consult,
    client: bool,
    thirds: u32,
}

impl Model {
    fn of(state: &State) -> Self {
        Self {
            on_hold: on_hold(&state.phase),
            consult: consult(&state.phase),
            client: state.others.client,
            thirds: state.others.thirds,
        }
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Happened(Happened::PartyLeft(Party::Client)) => self.client = false,
            Event::Happened(Happened::PartyLeft(Party::Third)) => {
                self.thirds = self.thirds.saturating_sub(1);
            }
            Event::Happened(Happened::Dialled(end)) if self.consult == Consult::Rings => {
                self.consult = match end {
                    Dialled::Answered => Consult::Consulted,
                    Dialled::Gone => Consult::Rings,
                    _ => Consult::Nobody,
                };
            }
            Event::Happened(Happened::ConsultLeft)
                if matches!(self.consult, Consult::Consulted | Consult::Held) =>
            {
                self.consult = Consult::Nobody;
            }
            _ => {}
        }
    }

    fn does(&mut self, act: &Act) {
        match act {
            Act::Hold => assert!(!std::mem::replace(&mut self.on_hold, true)),
            Act::Release => assert!(std::mem::replace(&mut self.on_hold, false)),
            Act::Call(_) => {
                assert_eq!((self.on_hold, self.consult), (true, Consult::Nobody));
                self.consult = Consult::Rings;
            }
            Act::Join => {
                assert_eq!(self.consult, Consult::Consulted);
                self.consult = Consult::Nobody;
                self.thirds += 1;
            }
            Act::Drop => {
                assert_ne!(self.consult, Consult::Nobody);
                self.consult = Consult::Nobody;
            }
            Act::HoldThird => {
                assert_eq!((self.on_hold, self.consult), (true, Consult::Consulted));
                self.consult = Consult::Held;
            }
            Act::ReleaseThird => {
                assert_eq!(self.consult, Consult::Held);
                self.consult = Consult::Consulted;
            }
        }
    }

    /// One step of the machine and of the model, which must agree afterwards.
    fn follow(&mut self, state: State, event: &Event) -> State {
        let was_over = matches!(state.phase, Phase::Over { .. });
        let step = step(&RULES, state.clone(), event.clone());
        if was_over {
            assert_eq!(
                step,
                go(state.others, state.phase),
                "a finished machine does nothing"
            );
            return step.state;
        }
        self.happens(event);
        step.acts.iter().for_each(|act| self.does(act));
        let next = step.state;
        assert_eq!(
            (self.client, self.thirds),
            (next.others.client, next.others.thirds)
        );
        match next.phase {
            Phase::Over { farewell, .. } => self.check_end(farewell, *event == ENDED),
            ref phase => {
                assert_eq!(
                    (self.on_hold, self.consult),
                    (on_hold(phase), consult(phase))
                );
                assert!(self.party() > 0, "nobody is left to talk to");
                assert_ne!(
                    (self.on_hold, self.consult),
                    (true, Consult::Held),
                    "everybody is on hold"
                );
                assert!(
                    self.on_hold || matches!(self.consult, Consult::Nobody | Consult::Held),
                    "the party overhears a consult"
                );
            }
        }
        next
    }

    fn party(&self) -> u32 {
        u32::from(self.client) + self.thirds
    }

    fn check_end(&self, farewell: Farewell, by_operator: bool) {
        assert_eq!(self.consult, Consult::Nobody);
        match farewell {
            Farewell::LeaveTogether => assert!(!self.on_hold && self.party() >= 2),
            Farewell::CallBack => assert!(self.client && self.thirds == 0),
            Farewell::Orphan => assert!(self.on_hold && self.client && self.thirds == 0),
            Farewell::EndRoom if by_operator => {}
            Farewell::EndRoom => {
                assert!(self.party() < 2, "two could have gone on");
                assert!(
                    !(self.on_hold && self.client),
                    "a client on hold is given up"
                );
            }
        }
    }
}

fn on_hold(phase: &Phase) -> bool {
    !matches!(phase, Phase::Together | Phase::Swap | Phase::Over { .. })
}

fn consult(phase: &Phase) -> Consult {
    match phase {
        Phase::Dial => Consult::Rings,
        Phase::Consult => Consult::Consulted,
        Phase::Swap => Consult::Held,
        _ => Consult::Nobody,
    }
}

fn events() -> Vec<Event> {
    let mut all = vec![
        Event::Found(number()),
        Event::Unknown,
        Event::NotAllowed,
        Event::Failed,
        SILENCE,
        CONSULT_LEFT,
        left(Party::Client),
        left(Party::Third),
        GONE,
        TRANSFERRED,
        ENDED,
        asked(Ask::Add(number())),
        asked(Ask::Join),
        asked(Ask::Cancel),
        asked(Ask::Swap),
    ];
    all.extend("0123456789*#ABCD".chars().map(key));
    all.extend(
        [
            Dialled::Answered,
            Dialled::NoAnswer,
            Dialled::Busy,
            Dialled::Unavailable,
            Dialled::Gone,
        ]
        .map(dialled),
    );
    all
}

pub fn states() -> Vec<State> {
    let mut phases = vec![Phase::Together, Phase::Dial, Phase::Consult, Phase::Swap];
    for wrong in 0..RULES.tries {
        phases.extend(["", "1", "1234567891234567"].map(|keys| typed(keys, wrong)));
        phases.push(looking_up(wrong));
    }
    for status in [Status::Joined, Status::Talked, Status::Hangup] {
        for farewell in [
            Farewell::LeaveTogether,
            Farewell::EndRoom,
            Farewell::Orphan,
            Farewell::CallBack,
        ] {
            phases.push(Phase::Over { status, farewell });
        }
    }
    let parties = [CLIENT, TWO, THIRD, TWO.and_a_third(), THIRD.and_a_third()];
    let of = |phase: &Phase| {
        parties.map(|others| State {
            others,
            phase: phase.clone(),
        })
    };
    phases.iter().flat_map(of).collect()
}

#[test]
fn every_state_answers_every_event_and_the_model_agrees() {
    for state in states() {
        for event in events() {
            println!("{state:?} {event:?}");
            let next = Model::of(&state).follow(state.clone(), &event);
            if event == GONE || event == ENDED {
                assert_eq!(next.word(), "OVER");
            }
        }
    }
}

proptest! {
    /// Whatever happens in whatever order: the model agrees, and the manager's leaving ends it.
    #[test]
    fn a_random_walk_strands_nobody(
        happenings in proptest::collection::vec(proptest::sample::select(events()), 60)
    ) {
        let mut model = Model::of(&State::START);
        let mut state = State::START;
        for event in happenings.iter().chain([&GONE]) {
            state = model.follow(state, event);
        }
        prop_assert_eq!(state.word(), "OVER");
    }
}

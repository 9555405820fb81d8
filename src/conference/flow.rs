//! The state machine of a manager who adds third persons, pure: a state and an event give what to
//! do at once, what the manager is told, and the next state, which says what is waited for.
//! No clock, no lock, no log.
//!
//! | event | TALK | CONF | CODE | DIAL | CONSULT | SWAP |
//! |---|---|---|---|---|---|---|
//! | add key | hold, say enter-code -> CODE | hold, say enter-code -> CODE | -> CODE | | | |
//! | join key | | | look up -> CODE | | join, release -> CONF | release the third, join -> CONF |
//! | cancel key | | | release -> TALK | drop, release -> TALK | drop, release -> TALK | drop -> TALK |
//! | swap key | | | | | hold the third, release -> SWAP | hold, release the third -> CONSULT |
//! | a program adds a number | hold, call -> DIAL | hold, call -> DIAL | call -> DIAL | | | |
//! | another of 0-9 * # | | | -> CODE | | | |
//! | no key in `code_timeout` | | | look up -> CODE | | | |
//! | the same, nothing typed | | | release -> TALK | | | |
//! | the code has a number | | | call -> DIAL | | | |
//! | no such code | | | say no-such-code -> CODE | | | |
//! | the number may not be dialled | | | say not-allowed -> CODE | | | |
//! | the database fails | | | say try-again -> CODE | | | |
//! | no such code, `tries` in a row | | | release, say no-such-code -> TALK | | | |
//! | the third answers | | | | -> CONSULT | | |
//! | is busy | | | | say busy -> CODE | | |
//! | is silent for `ring_timeout` | | | | say no-answer -> CODE | | |
//! | cannot be reached | | | | say unreachable -> CODE | | |
//! | the consulted third leaves | | | | | release, say third-left -> TALK | say third-left -> TALK |
//! | the client leaves, a third stays | - | say client-left -> CONF | say client-left -> CODE | say client-left -> DIAL | say client-left -> CONSULT | say client-left -> SWAP |
//! | a third leaves, the client stays | - | say third-left -> TALK | say third-left -> CODE | say third-left -> DIAL | say third-left -> CONSULT | say third-left -> SWAP |
//! | the client leaves, nobody stays | say client-left -> OVER, the room ends | - | say client-left -> OVER, the room ends | drop, say client-left -> OVER, the room ends | join, release, say client-left -> CONF | release the third, join, say client-left -> CONF |
//! | a third leaves, nobody stays | - | say third-left -> OVER, the room ends | say third-left -> OVER, the room ends | drop, say third-left -> OVER, the room ends | join, release, say third-left -> CONF | release the third, join, say third-left -> CONF |
//! | the manager leaves a client | -> OVER, the room ends | - | -> OVER, orphan decides | drop -> OVER, orphan decides | drop -> OVER, orphan decides | drop -> OVER, the room ends |
//! | the manager leaves a third | - | -> OVER, the room ends | -> OVER, the room ends | drop -> OVER, the room ends | drop -> OVER, the room ends | drop -> OVER, the room ends |
//! | the manager leaves two or more | - | -> OVER, they go on | release -> OVER, they go on | drop, release -> OVER, they go on | drop, release -> OVER, they go on | drop -> OVER, they go on |
//! | the manager transfers a client | -> OVER, the manager is called back | - | -> OVER, the manager is called back | drop -> OVER, the manager is called back | drop -> OVER, the manager is called back | drop -> OVER, the manager is called back |
//! | an operator ends the room | -> OVER, the room ends | -> OVER, the room ends | -> OVER, the room ends | drop -> OVER, the room ends | drop -> OVER, the room ends | drop -> OVER, the room ends |
//!
//! Empty: nothing changes. `-`: cannot be. TALK stands for CONF where a third person is in the
//! party, and CONF for TALK where none is left. In CODE, DIAL and CONSULT the party is on hold, in
//! SWAP the consulted third is. `swap_key` may be none. What a program asks for is what the key does:
//! join, cancel and swap where the key would end or change a DIAL, CONSULT or SWAP, cancel in CODE as
//! well; elsewhere it is refused.
//! Where `add_key` and `cancel_key` are one key, it cancels wherever there is something to cancel.
//! Who has left is told over the talk, while all talk on. That a code leads nowhere is said before
//! the party comes back.
//! A key typed into "enter-code" or into what went wrong cuts it and counts.
//!
//! The manager transfers who ends the leg behind a transfer of its own that was not carried out
//! because the room is where it leads; with a third person in the party it counts as leaving.
//!
//! Who leaves is told to the manager at once, in every state. The machine sums up a call as
//! JOINED once a third person joined; else HANGUP when the manager hangs up while the party is on
//! hold, and TALKED in every other case.

mod refused;
mod shown;

pub use refused::refused;

use super::Status;
use crate::numbers::Number;
use crate::ports::{Ask, Dialled, Farewell, Happened, Notice, Party};
use crate::settings::Keys;

/// The longest code, in keys. One more key looks up what was typed so far.
pub const MAX_CODE: usize = 16;

/// What an operator chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The manager's keys.
    pub keys: Keys,
    /// After so many codes in a row that lead nowhere the manager is back with the party; 1 at least.
    pub tries: u32,
}

/// Where a manager stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Who else is joined, on hold or not.
    pub others: Others,
    /// What is waited for.
    pub phase: Phase,
}

/// The party: who is joined besides the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Others {
    /// The client.
    pub client: bool,
    /// Third persons.
    pub thirds: u32,
    /// A third person joined, whether still there or not.
    pub added: bool,
}

/// What is waited for, and the data of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Talking with the party: `TALK` or `CONF`.
    Together,
    /// The party is on hold, a code is typed.
    Code {
        /// So far.
        typed: String,
        /// Codes in a row that led nowhere.
        wrong: u32,
    },
    /// A code is looked up; still `CODE` for everybody else.
    LookingUp {
        /// What was typed; never empty.
        code: String,
        /// Codes in a row that led nowhere before.
        wrong: u32,
    },
    /// The third person's telephone rings.
    Dial,
    /// In private with the third person.
    Consult,
    /// With the party again, while the third person is on hold.
    Swap,
    /// Nothing more to do.
    Over {
        /// How it ended.
        status: Status,
        /// What becomes of the party.
        farewell: Farewell,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// In the room.
    Happened(Happened),
    /// The code's number, which may be dialled.
    Found(Number),
    /// There is no such code.
    Unknown,
    /// The code's number may not be dialled, or is none.
    NotAllowed,
    /// The database did not answer, or refused.
    Failed,
}

/// What to do at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Put the party on hold.
    Hold,
    /// Bring the party back.
    Release,
    /// Dial the third person.
    Call(Number),
    /// The third person who was consulted belongs to the party.
    Join,
    /// Give the attempt up, or hang up on the third person who was consulted.
    Drop,
    /// Put the third person who was consulted on hold.
    HoldThird,
    /// Bring that person back.
    ReleaseThird,
}

/// The answer to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// First: to be done, in this order.
    pub acts: Vec<Act>,
    /// Then: to be said to the manager. Whatever cuts it is the next event.
    pub say: Option<Notice>,
    /// Then: where the manager is now.
    pub state: State,
}

impl State {
    /// The manager has come together with the client.
    pub const START: Self = Self {
        others: Others {
            client: true,
            thirds: 0,
            added: false,
        },
        phase: Phase::Together,
    };

    /// The state's word for operators: `TALK`, `CONF`, `CODE`, `DIAL`, `CONSULT`, `SWAP` or
    /// `OVER`.
    pub const fn word(&self) -> &'static str {
        match self.phase {
            Phase::Together if self.others.thirds == 0 => "TALK",
            Phase::Together => "CONF",
            Phase::Code { .. } | Phase::LookingUp { .. } => "CODE",
            Phase::Dial => "DIAL",
            Phase::Consult => "CONSULT",
            Phase::Swap => "SWAP",
            Phase::Over { .. } => "OVER",
        }
    }
}

impl Others {
    const fn count(self) -> u32 {
        self.thirds + self.client as u32
    }

    const fn and_a_third(self) -> Self {
        Self {
            thirds: self.thirds + 1,
            added: true,
            ..self
        }
    }

    /// Those who stay; `None` when nobody of the kind was there.
    fn without(self, who: Party) -> Option<Self> {
        match who {
            Party::Client => self.client.then_some(Self {
                client: false,
                ..self
            }),
            Party::Third => Some(Self {
                thirds: self.thirds.checked_sub(1)?,
                ..self
            }),
        }
    }

    const fn status(self) -> Status {
        if self.added {
            Status::Joined
        } else {
            Status::Talked
        }
    }
}

/// One step.
pub fn step(rules: &Rules, State { others, phase }: State, event: Event) -> Step {
    use Happened::{Asked, ConsultLeft, Digit, Ended, Gone, Nothing, PartyLeft, Transferred};
    use Phase::{Code, Consult, Dial, LookingUp, Over, Swap, Together};
    let keys = rules.keys;
    let event = match event {
        Event::Happened(happened) => happened,
        looked_up => return after_look_up(rules, others, phase, looked_up),
    };
    let cancels = event == Digit(keys.cancel) || event == Asked(Ask::Cancel);
    let joins = event == Digit(keys.join) || event == Asked(Ask::Join);
    let swaps = keys.swap.map(Digit) == Some(event.clone()) || event == Asked(Ask::Swap);
    match (phase, event) {
        (phase @ Over { .. }, _) => go(others, phase),
        (phase, Gone | Happened::Dialled(Dialled::Gone)) => manager_gone(others, &phase),
        (phase, Transferred) if others.client && others.thirds == 0 => {
            manager_over(others, &phase, Farewell::CallBack)
        }
        (phase, Transferred) => manager_gone(others, &phase),
        (phase, Ended) => end(others, &phase),
        (phase, PartyLeft(who)) => party_left(others, phase, who),

        (Together, Digit(key)) if key == keys.add => go(others, code(0))
            .doing([Act::Hold])
            .saying(Notice::EnterCode),

        (phase @ (Together | Code { .. }), Asked(Ask::Add(number))) => go(others, Dial)
            .doing((phase == Together).then_some(Act::Hold))
            .doing([Act::Call(number)]),

        (phase @ (Code { .. } | Dial | Consult | Swap), _) if cancels => go(others, Together)
            .doing(give_up(&phase))
            .doing(on_hold(&phase).then_some(Act::Release)),

        (Code { typed, wrong }, Digit(key)) => go(others, typed_in(keys, typed, wrong, key)),
        (Code { typed, .. }, Nothing) if typed.is_empty() => back(others),
        (Code { typed: code, wrong }, Nothing) => go(others, LookingUp { code, wrong }),

        (Dial, Happened::Dialled(Dialled::Answered)) => go(others, Consult),
        (Dial, Happened::Dialled(end)) => go(others, code(0)).saying(match end {
            Dialled::Busy => Notice::Busy,
            Dialled::NoAnswer => Notice::NoAnswer,
            _ => Notice::Unreachable,
        }),

        (phase @ (Consult | Swap), _) if joins => join(others, &phase),
        (Consult, _) if swaps => go(others, Swap).doing([Act::HoldThird, Act::Release]),
        (Swap, _) if swaps => go(others, Consult).doing([Act::Hold, Act::ReleaseThird]),
        (Consult, ConsultLeft) => back(others).saying(Notice::ThirdLeft),
        (Swap, ConsultLeft) => go(others, Together).saying(Notice::ThirdLeft),

        (phase, _) => go(others, phase),
    }
}

fn after_look_up(rules: &Rules, others: Others, phase: Phase, event: Event) -> Step {
    let Phase::LookingUp { wrong, .. } = phase else {
        return go(others, phase);
    };
    let notice = match event {
        Event::Found(number) => return go(others, Phase::Dial).doing([Act::Call(number)]),
        Event::Unknown => Notice::NoSuchCode,
        Event::NotAllowed => Notice::NotAllowed,
        Event::Failed | Event::Happened(_) => Notice::TryAgain,
    };
    let wrong = wrong + 1;
    if wrong >= rules.tries {
        back(others).saying(notice)
    } else {
        go(others, code(wrong)).saying(notice)
    }
}

fn typed_in(keys: Keys, typed: String, wrong: u32, key: char) -> Phase {
    let ends = key == keys.join || typed.len() >= MAX_CODE;
    match key {
        _ if ends && !typed.is_empty() => Phase::LookingUp { code: typed, wrong },
        '0'..='9' | '*' | '#' if !ends => Phase::Code {
            typed: format!("{typed}{key}"),
            wrong,
        },
        _ => Phase::Code { typed, wrong },
    }
}

fn party_left(others: Others, phase: Phase, who: Party) -> Step {
    let Some(others) = others.without(who) else {
        return go(others, phase);
    };
    let step = match phase {
        phase if others.count() > 0 => go(others, phase),
        phase @ (Phase::Consult | Phase::Swap) => join(others, &phase),
        phase => end(others, &phase),
    };
    step.saying(match who {
        Party::Client => Notice::ClientLeft,
        Party::Third => Notice::ThirdLeft,
    })
}

fn manager_gone(others: Others, phase: &Phase) -> Step {
    let farewell = match others.count() {
        2.. => Farewell::LeaveTogether,
        1 if on_hold(phase) && others.client => Farewell::Orphan,
        _ => Farewell::EndRoom,
    };
    manager_over(others, phase, farewell)
}

fn manager_over(others: Others, phase: &Phase, farewell: Farewell) -> Step {
    let status = match others.status() {
        Status::Talked if on_hold(phase) => Status::Hangup,
        status => status,
    };
    let step = go(others, Phase::Over { status, farewell }).doing(give_up(phase));
    if on_hold(phase) && farewell == Farewell::LeaveTogether {
        step.doing([Act::Release])
    } else {
        step
    }
}

fn end(others: Others, phase: &Phase) -> Step {
    let over = Phase::Over {
        status: others.status(),
        farewell: Farewell::EndRoom,
    };
    go(others, over).doing(give_up(phase))
}

/// What is to be done about a third person who does not belong to the party yet.
fn give_up(phase: &Phase) -> Option<Act> {
    matches!(phase, Phase::Dial | Phase::Consult | Phase::Swap).then_some(Act::Drop)
}

/// Whether the party hears music.
const fn on_hold(phase: &Phase) -> bool {
    !matches!(phase, Phase::Together | Phase::Swap)
}

fn join(others: Others, phase: &Phase) -> Step {
    go(others.and_a_third(), Phase::Together).doing(match phase {
        Phase::Swap => [Act::ReleaseThird, Act::Join],
        _ => [Act::Join, Act::Release],
    })
}

fn back(others: Others) -> Step {
    go(others, Phase::Together).doing([Act::Release])
}

const fn code(wrong: u32) -> Phase {
    Phase::Code {
        typed: String::new(),
        wrong,
    }
}

const fn go(others: Others, phase: Phase) -> Step {
    Step {
        acts: Vec::new(),
        say: None,
        state: State { others, phase },
    }
}

impl Step {
    fn doing(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.acts.extend(acts);
        self
    }

    fn saying(self, notice: Notice) -> Self {
        Self {
            say: Some(notice),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;

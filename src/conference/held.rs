//! W2: which client a manager means, who calls while calls of the same endpoint are on hold. Pure.
//!
//! Never a wrong client: a call is taken without digits only when something proves that it is the
//! manager's; a call that is proven to be another manager's is never taken, whatever is typed.

use crate::numbers::{NumberPlan, Phone};

/// So many digits name a client whose call need not be seen on hold: a cloud's hold may not reach
/// us as SIP.
pub const ENOUGH_DIGITS: usize = 4;

/// A call of the manager's endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The client's number.
    pub number: String,
    /// The client hears music.
    pub held: bool,
    /// The manager's extension, as far as the first leg tells it: who placed it, who is connected,
    /// who was dialled. `None`: nothing to go by.
    pub manager: Option<String>,
}

/// What a first leg says of its manager, as the channels have it.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// The caller id of a first leg that the manager placed.
    pub placed_by: Option<String>,
    /// Whom the client is connected to, as the other side told it.
    pub connected: String,
    /// What `Dial` dialled: `DIALEDPEERNUMBER`, such as `101@bitrix24`.
    pub dialled: String,
    /// What the client dialled: known to be no manager.
    pub office: [String; 2],
}

/// What is known before anything is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Option `a`: the digits are always asked for.
    pub always_ask: bool,
    /// `one_held_is_enough`: the only held call needs no proof.
    pub one_is_enough: bool,
}

/// What to do about a manager who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This call, by its place in the list.
    Take(usize),
    /// The client's last digits are needed.
    Ask,
    /// There is no call to choose from.
    Nobody,
}

impl Traces {
    /// The manager's extension, by the best trace that names one. City numbers name a line and not
    /// a person: `plan` tells them by their length.
    pub fn manager(&self, plan: &NumberPlan) -> Option<String> {
        let user = |text: &str| {
            let text = text.rsplit_once('/').map_or(text, |(_, user)| user);
            let text = text.trim_start_matches("sip:");
            text.split('@').next().unwrap_or_default().to_owned()
        };
        let traces = match &self.placed_by {
            Some(placed_by) => vec![placed_by.clone()],
            None => vec![self.connected.clone(), user(&self.dialled)],
        };
        let mut named = traces.into_iter().filter(|trace| {
            is_extension(trace, plan) && self.office.iter().all(|office| office != trace)
        });
        named.next()
    }
}

/// Whether a text is an extension: digits, and fewer than a city number has.
fn is_extension(text: &str, plan: &NumberPlan) -> bool {
    (1..plan.national_length).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Chooses before anything is typed. `caller`: the number of the manager who calls now.
pub fn choose(calls: &[Seen], caller: &str, rules: Rules, plan: &NumberPlan) -> Choice {
    let open = |call: &&(usize, &Seen)| proof(call.1, caller, plan) != Some(false);
    let calls: Vec<_> = calls.iter().enumerate().collect();
    if !calls.iter().any(|call| open(&call)) {
        return Choice::Nobody;
    }
    let held = || calls.iter().filter(|(_, call)| call.held).filter(open);
    let mut proven = held().filter(|(_, call)| proof(call, caller, plan) == Some(true));
    match (proven.next(), proven.next()) {
        _ if rules.always_ask => Choice::Ask,
        (Some((place, _)), None) => Choice::Take(*place),
        (None, None) if rules.one_is_enough => {
            let mut held = held();
            match (held.next(), held.next()) {
                (Some((place, _)), None) => Choice::Take(*place),
                _ => Choice::Ask,
            }
        }
        _ => Choice::Ask,
    }
}

/// Chooses by the last digits of the client's number. `before`: the calls when the manager began to
/// type; one that was on hold then and is not any more was resumed, and is left alone.
pub fn choose_by_digits(
    calls: &[Seen],
    before: &[Seen],
    caller: &str,
    digits: &str,
    plan: &NumberPlan,
) -> Option<usize> {
    let fits = |call: &Seen| {
        let resumed = || before.iter().any(|b| b.number == call.number && b.held);
        let there = call.held || (digits.len() >= ENOUGH_DIGITS && !resumed());
        there && ends_with(&call.number, digits, plan)
    };
    let found: Vec<_> = calls.iter().enumerate().filter(|(_, c)| fits(c)).collect();
    let only = |wanted: fn(Option<bool>) -> bool| {
        let mut those = found
            .iter()
            .filter(|(_, call)| wanted(proof(call, caller, plan)));
        match (those.next(), those.next()) {
            (Some((place, _)), None) => Some(*place),
            _ => None,
        }
    };
    only(|proof| proof != Some(false)).or_else(|| only(|proof| proof == Some(true)))
}

/// Whether the call is the caller's own: `None` is nothing to go by.
fn proof(call: &Seen, caller: &str, plan: &NumberPlan) -> Option<bool> {
    let manager = call.manager.as_ref()?;
    is_extension(caller, plan).then(|| manager == caller)
}

/// Whether a number ends with the digits, or is the one that they write in another form.
fn ends_with(number: &str, digits: &str, plan: &NumberPlan) -> bool {
    let phone = |text| Phone::parse(text, plan);
    let canonical = phone(number).map_or_else(|| number.to_owned(), |p| p.canonical().to_owned());
    let whole = || {
        digits.len() > plan.national_length
            && phone(digits).is_some_and(|phone| phone.canonical() == canonical)
    };
    let some = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    some && (canonical.ends_with(digits) || whole())
}

#[cfg(test)]
mod tests;

//! What becomes of transfers that Asterisk leaves to us: one to an extension that runs
//! `RustConfAdd` brings both legs into a room, and the transferer's leg stays (W4); any other is
//! carried out as the core would have done it.
//!
//! Where the host cannot do this the core transfers, and `RustConfAdd` calls the manager back.
//!
//! A phone that ends its leg within moments of asking has transferred, whatever it was told: it is
//! remembered for so long who asked.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};

use super::context::{APPLICATION, DIAL_OPTION};
use crate::asterisk::context;
use crate::asterisk::host;
use crate::asterisk::reference::ChannelRef;
use crate::asterisk::transfer::TransferRequest;
use crate::conference::ways::{endpoint_of, endpoint_of_channel, user_of_uri};
use crate::numbers::Extension;

/// Who ends a leg so soon after asking for its transfer has transferred, and not left. Telephones
/// end it at once, when the transfer is accepted, or when it is refused; a manager who stays on the
/// line talks longer.
const BEHIND: Duration = Duration::from_secs(3);

/// How long the news of a transfer may take to us through the host's pool of threads: a telephone
/// that ends its leg at once may outrun it. So much later is everybody's end who has not transferred.
const NEWS: Duration = Duration::from_millis(300);

/// Transfers that were asked for lately.
static ASKED: Mutex<Vec<Asked>> = Mutex::new(Vec::new());
static NEWS_CAME: Condvar = Condvar::new();

struct Asked {
    leg: String,
    manager: String,
    when: Instant,
    stage: Stage,
}

/// Who sees to the client of a transfer to a room: the host's thread that was told of it, or the
/// client's own, whose `Dial` ended because the leg did. Never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody yet.
    Asked,
    /// Both sides are being sent to the room.
    Moving,
    /// Both sides have been sent.
    Moved,
    /// The client's own thread calls the manager back.
    Left,
}

/// Remembers who asks for a transfer: the names of its legs, and a Referred-By header or nothing.
pub fn asked(legs: &[String], referred_by: &str) {
    // Some name their line or themselves, which is nobody to call back.
    let manager = Extension::parse(user_of_uri(referred_by));
    let manager = manager.map_or_else(|_| String::new(), |manager| manager.as_str().to_owned());
    let mut asked = ASKED.lock();
    asked.retain(|asked| asked.when.elapsed() < BEHIND);
    asked.extend(legs.iter().filter(|leg| !leg.is_empty()).map(|leg| Asked {
        leg: leg.clone(),
        manager: manager.clone(),
        when: Instant::now(),
        stage: Stage::Asked,
    }));
    NEWS_CAME.notify_all();
}

/// Whether a leg that ends now does so behind a transfer of its own: the number of the manager that
/// the transfer names, perhaps empty.
pub fn transferred(leg: &str) -> Option<String> {
    find(&ASKED.lock(), leg)
}

/// The same for a leg that has just ended: the news may still be on its way.
pub fn has_transferred(leg: &str) -> Option<String> {
    find(&await_news(leg), leg)
}

/// The same for a leg whose end has ended the client's `Dial`. `None` as well when both sides have
/// been sent to the room; else the client is the caller's to see to.
pub fn left_behind(leg: &str) -> Option<String> {
    // Only of those legs are transfers left to us.
    if MANAGERS.read().as_deref() != Some(endpoint_of_channel(leg)) {
        return None;
    }
    let mut asked = await_news(leg);
    let manager = find(&asked, leg)?;
    let mut moved = false;
    for entry in asked.iter_mut().filter(|asked| asked.leg == leg) {
        moved |= entry.stage == Stage::Moved;
        entry.stage = Stage::Left;
    }
    (!moved).then_some(manager)
}

/// Waits until a transfer of the leg is known and nobody is just moving its client.
fn await_news(leg: &str) -> MutexGuard<'static, Vec<Asked>> {
    let until = Instant::now() + NEWS;
    let mut asked = ASKED.lock();
    let is_open = |asked: &mut Vec<Asked>| {
        let mut of_leg = asked.iter().filter(|asked| asked.leg == leg).peekable();
        of_leg.peek().is_none() || of_leg.any(|asked| asked.stage == Stage::Moving)
    };
    // Transfers are SIP's.
    if leg.starts_with("PJSIP/") {
        NEWS_CAME.wait_while_until(&mut asked, is_open, until);
    }
    asked
}

/// Moves both sides of a leg's call, unless the client's own thread sees to the client already.
fn move_once(leg: &str, bring_in: impl FnOnce() -> bool) {
    let change = |from: Stage, to: Stage| {
        let mut asked = ASKED.lock();
        let mut of_leg = asked
            .iter_mut()
            .filter(|asked| asked.leg == leg && asked.stage == from);
        let changed = of_leg.next_back().map(|asked| asked.stage = to).is_some();
        NEWS_CAME.notify_all();
        changed
    };
    if change(Stage::Asked, Stage::Moving) {
        let moved = bring_in();
        change(
            Stage::Moving,
            if moved { Stage::Moved } else { Stage::Asked },
        );
    }
}

/// One transfer may be told twice: as asked for, and as refused by the core, without a name.
fn find(asked: &[Asked], leg: &str) -> Option<String> {
    let lately = |asked: &&Asked| asked.leg == leg && asked.when.elapsed() < BEHIND;
    let lately = asked.iter().filter(lately).map(|asked| &asked.manager);
    lately.max_by_key(|manager| !manager.is_empty()).cloned()
}

/// The endpoint whose legs are the managers', while transfers are ours.
static MANAGERS: RwLock<Option<String>> = RwLock::new(None);

/// Names the managers' endpoint, as `PJSIP/bitrix24`: new legs there leave their transfers to us.
/// `None`: nobody's are.
pub fn handle_for(endpoint: Option<String>) {
    let can_prepare = host::is_known(c"app_stack.so");
    *MANAGERS.write() = endpoint.filter(|name| can_prepare && name.starts_with("PJSIP/"));
}

/// Whether some endpoint's transfers are left to us.
pub fn are_handled() -> bool {
    MANAGERS.read().is_some()
}

/// The options of `Dial` for a destination: a manager's leg leaves its transfers to us.
pub fn dial_option(destination: &str) -> &'static str {
    let managers = MANAGERS.read();
    if managers.is_some() && *managers == endpoint_of(destination) {
        DIAL_OPTION
    } else {
        ""
    }
}

/// Carries a transfer out. False tells the transferer's phone that the call stays where it is: in
/// the room that `bring_in` takes it to, if it can.
pub fn carry_out(request: &TransferRequest, bring_in: impl FnOnce(&ChannelRef) -> bool) -> bool {
    let transferer = &request.transferer;
    // The second leg of an attended transfer that runs `RustConfAdd` has pulled the client already
    // (W2), so there is nothing to transfer; any other is the core's business.
    if let Some(target) = &request.target {
        let (from, to) = (transferer.name(), target.name());
        log::info!("{from}: attended transfer to {to}");
        return done(&from, request.transfer_attended(target));
    }
    let (context, extension) = (transferer.transfer_context(), &request.extension);
    if context::extension_runs(&context, extension, APPLICATION) {
        move_once(&transferer.name(), || bring_in(transferer));
        return false;
    }
    let from = transferer.name();
    log::info!("{from}: transfer to {extension}@{context}");
    done(&from, request.transfer_blind(&context))
}

/// The end of a leg whose transfer was carried out means nothing more.
fn done(leg: &str, transferred: bool) -> bool {
    if transferred {
        ASKED.lock().retain(|asked| asked.leg != leg);
    }
    transferred
}

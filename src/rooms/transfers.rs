//! What becomes of transfers that Asterisk leaves to us: one to an extension that runs
//! `RustConfAdd` brings both legs into a room, and the transferer's leg stays (W4); any other is
//! carried out as the core would have done it.
//!
//! Where the host cannot do this, nothing is subscribed, the core transfers, and `RustConfAdd`
//! calls the manager back.

use parking_lot::RwLock;

use super::context::{APPLICATION, DIAL_OPTION};
use crate::asterisk::context;
use crate::asterisk::host;
use crate::asterisk::reference::ChannelRef;
use crate::asterisk::transfer::TransferRequest;
use crate::conference::ways::endpoint_of;

/// The endpoint whose legs are the managers', while transfers are ours.
static MANAGERS: RwLock<Option<String>> = RwLock::new(None);

/// Names the managers' endpoint, as `PJSIP/bitrix24`: new legs there leave their transfers to us.
/// `None`: nobody's are.
pub fn handle_for(endpoint: Option<String>) {
    let can_prepare = host::is_loaded(c"app_stack.so");
    *MANAGERS.write() = endpoint.filter(|name| can_prepare && name.starts_with("PJSIP/"));
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
/// the room that `bring_in` takes it to.
pub fn carry_out(request: &TransferRequest, bring_in: impl FnOnce(&ChannelRef)) -> bool {
    let transferer = &request.transferer;
    // The second leg of an attended transfer that runs `RustConfAdd` has pulled the client already
    // (W2), so there is nothing to transfer; any other is the core's business.
    if let Some(target) = &request.target {
        let (from, to) = (transferer.name(), target.name());
        log::info!("{from}: attended transfer to {to}");
        return request.transfer_attended(target);
    }
    let (context, extension) = (transferer.transfer_context(), &request.extension);
    if context::extension_runs(&context, extension, APPLICATION) {
        bring_in(transferer);
        return false;
    }
    log::info!("{}: transfer to {extension}@{context}", transferer.name());
    request.transfer_blind(&context)
}

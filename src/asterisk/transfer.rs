//! SIP transfers (REFER) of legs whose `PJSIP_TRANSFER_HANDLING()` is `ari-only`: Asterisk 22.3 and
//! its like accept them and leave the rest to us. A transfer to an extension that runs
//! `RustConfAdd` brings both legs into a room, and the transferer's leg stays (W4); any other is
//! carried out as the core would have done it.
//!
//! Where the host cannot do this, nothing is subscribed, the core transfers, and `RustConfAdd`
//! calls the manager back.

use std::ffi::CStr;
use std::os::raw::c_int;
use std::ptr::{self, NonNull};

use parking_lot::RwLock;

use super::channel::{ChannelRef, Lock};
use super::{c_string, copied, host, sys};
use crate::conference::ways::endpoint_of;

const APPLICATION: &CStr = c"RustConfAdd";

/// The option of `Dial` that leaves a new leg's transfers to us (ways.rs makes the subroutine).
pub(super) const DIAL_OPTION: &str = "b(res_rust_ivr-room^transfers^1)";

/// The endpoint whose legs are the managers', while transfers are ours.
static MANAGERS: RwLock<Option<String>> = RwLock::new(None);

/// Whether a leg to this destination is a manager's, and its transfers can be left to us.
pub(super) fn is_kept(destination: &str) -> bool {
    let managers = MANAGERS.read();
    managers.is_some() && *managers == endpoint_of(destination)
}

/// The subscription, as long as it lives.
pub struct Transfers(NonNull<sys::stasis_subscription>);

// SAFETY: a reference counted object of the host; only `drop` uses it.
unsafe impl Send for Transfers {}
// SAFETY: as above.
unsafe impl Sync for Transfers {}

impl Transfers {
    /// Takes transfers over, if this Asterisk can leave them to us.
    pub fn take_over() -> Option<Self> {
        // SAFETY: the callback is static and the library is never unmapped.
        NonNull::new(unsafe { sys::rust_ivr_transfers_subscribe() }).map(Self)
    }
}

/// Names the managers' endpoint, as `PJSIP/bitrix24`: new legs there leave their transfers to us.
pub fn keep(endpoint: Option<String>) {
    let can_prepare = host::is_loaded(c"app_stack.so");
    *MANAGERS.write() = endpoint.filter(|name| can_prepare && name.starts_with("PJSIP/"));
}

impl Drop for Transfers {
    fn drop(&mut self) {
        *MANAGERS.write() = None;
        // SAFETY: ours; waits for a callback under way, which takes no lock of the loader.
        unsafe { sys::rust_ivr_transfers_unsubscribe(self.0.as_ptr()) };
    }
}

/// A transferer's phone asks; `target` is the channel of an attended transfer, or empty. Runs on
/// a thread of the host's pool, no lock held. `bring_in` takes the transferer's call into a room.
pub(super) fn requested(
    transferer: &str,
    exten: &str,
    target: &str,
    bring_in: impl FnOnce(&ChannelRef),
) {
    let Some(transferer) = by_name(transferer) else {
        return;
    };
    // SAFETY: locks the channel itself, and none is locked; the reference keeps it.
    unsafe { sys::rust_ivr_wait_for_signalling(transferer.as_ptr()) };
    let _stays = Stays::until_told(&transferer);
    let done = match by_name(target) {
        Some(target) => attended(&transferer, &target),
        None => blind(&transferer, exten, bring_in),
    };
    // SAFETY: as above.
    unsafe { sys::rust_ivr_transfer_reply(transferer.as_ptr(), c_int::from(done)) };
}

/// Keeps a leg from leaving its bridge until its phone is told how the transfer went: a transfer
/// that went well ends the leg, and a leg that ends untold is told 503.
struct Stays<'c>(&'c ChannelRef);

impl<'c> Stays<'c> {
    fn until_told(transferer: &'c ChannelRef) -> Self {
        // SAFETY: locks the channel itself; the reference keeps it.
        unsafe { sys::rust_ivr_dual_redirect_wait(transferer.as_ptr(), 1) };
        Self(transferer)
    }
}

impl Drop for Stays<'_> {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { sys::rust_ivr_dual_redirect_wait(self.0.as_ptr(), 0) };
    }
}

/// False tells the transferer's phone that the call stays where it is: in the room.
fn blind(transferer: &ChannelRef, exten: &str, bring_in: impl FnOnce(&ChannelRef)) -> bool {
    let context = transfer_context(transferer);
    let (context_c, exten_c) = (c_string(&context), c_string(exten));
    // SAFETY: NUL-terminated strings; takes the dialplan's lock only.
    let ours = unsafe {
        sys::rust_ivr_extension_runs(context_c.as_ptr(), exten_c.as_ptr(), APPLICATION.as_ptr())
            != 0
    };
    if ours {
        bring_in(transferer);
        return false;
    }
    log::info!("{}: transfer to {exten}@{context}", transferer.name());
    // SAFETY: no channel is locked; strings are copied.
    let result = unsafe {
        sys::ast_bridge_transfer_blind(
            1,
            transferer.as_ptr(),
            exten_c.as_ptr(),
            context_c.as_ptr(),
            None,
            ptr::null_mut(),
        )
    };
    result == sys::AST_BRIDGE_TRANSFER_SUCCESS
}

/// The second leg of an attended transfer that runs `RustConfAdd` has pulled the client already
/// (W2), so there is nothing to transfer; any other is the core's business.
fn attended(transferer: &ChannelRef, target: &ChannelRef) -> bool {
    log::info!(
        "{}: attended transfer to {}",
        transferer.name(),
        target.name()
    );
    // SAFETY: no channel is locked.
    let result = unsafe { sys::ast_bridge_transfer_attended(transferer.as_ptr(), target.as_ptr()) };
    result == sys::AST_BRIDGE_TRANSFER_SUCCESS
}

fn by_name(name: &str) -> Option<ChannelRef> {
    if name.is_empty() {
        return None;
    }
    let name = c_string(name);
    // SAFETY: returns a reference for us, or NULL.
    unsafe { ChannelRef::given(sys::ast_channel_get_by_name(name.as_ptr())) }
}

/// Where the core would look the extension up: `TRANSFER_CONTEXT`, else the channel's context.
fn transfer_context(channel: &ChannelRef) -> String {
    let lock = Lock::take(channel.as_non_null());
    // SAFETY: strings of the locked channel.
    let (wanted, own) = unsafe {
        (
            copied(sys::pbx_builtin_getvar_helper(
                lock.as_ptr(),
                c"TRANSFER_CONTEXT".as_ptr(),
            )),
            copied(sys::ast_channel_context(lock.as_ptr())),
        )
    };
    if wanted.is_empty() { own } else { wanted }
}

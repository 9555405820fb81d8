//! SIP transfers (REFER) of legs whose `PJSIP_TRANSFER_HANDLING()` is `ari-only`: Asterisk 22.3 and
//! its like accept them and leave the rest to us. A trait to implement, and the subscription as a
//! guard.

use std::os::raw::{c_char, c_int};
use std::ptr::{self, NonNull};

use super::guard::entry;
use super::reference::{ChannelRef, StaysInBridge};
use super::{c_string, copied, sys};

/// A phone asks for a transfer of its call.
pub struct TransferRequest {
    /// The leg whose phone asks.
    pub transferer: ChannelRef,
    /// The extension of a blind transfer.
    pub extension: String,
    /// The leg that an attended transfer names (REFER with Replaces).
    pub target: Option<ChannelRef>,
}

/// Carries transfers out.
pub trait TransferHandler {
    /// Runs on a thread of the host's pool, no lock held. The result is what the transferer's
    /// phone is told: true, done; false, the call stays where it is.
    fn requested(request: &TransferRequest) -> bool;
}

impl TransferRequest {
    /// Transfers the call as the core would: to the extension of the context.
    pub fn transfer_blind(&self, context: &str) -> bool {
        let (context, extension) = (c_string(context), c_string(&self.extension));
        // SAFETY: no channel is locked; strings are copied (main/bridge.c:
        // ast_bridge_transfer_blind).
        let result = unsafe {
            sys::ast_bridge_transfer_blind(
                1,
                self.transferer.as_ptr(),
                extension.as_ptr(),
                context.as_ptr(),
                None,
                ptr::null_mut(),
            )
        };
        result == sys::AST_BRIDGE_TRANSFER_SUCCESS
    }

    /// Joins the call with that of `target`, as the core would.
    pub fn transfer_attended(&self, target: &ChannelRef) -> bool {
        // SAFETY: no channel is locked (main/bridge.c: ast_bridge_transfer_attended).
        let result =
            unsafe { sys::ast_bridge_transfer_attended(self.transferer.as_ptr(), target.as_ptr()) };
        result == sys::AST_BRIDGE_TRANSFER_SUCCESS
    }
}

/// While it lives, transfers that are left to us reach the handler.
pub struct Transfers(NonNull<sys::stasis_subscription>);

// SAFETY: a reference counted object of the host (main/stasis.c); only `drop` uses it.
unsafe impl Send for Transfers {}
// SAFETY: as above.
unsafe impl Sync for Transfers {}

impl Transfers {
    /// Takes transfers over; one subscription at a time. `None`: this Asterisk cannot leave them
    /// to us.
    pub fn subscribe<H: TransferHandler>() -> Option<Self> {
        // SAFETY: the callback is static and the library is never unmapped (main/stasis.c:
        // stasis_subscribe_pool).
        NonNull::new(unsafe { sys::rust_ivr_transfers_subscribe(requested::<H>) }).map(Self)
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        // SAFETY: ours; waits for a callback under way, which takes no lock of the loader
        // (main/stasis.c: stasis_unsubscribe_and_join).
        unsafe { sys::rust_ivr_transfers_unsubscribe(self.0.as_ptr()) };
    }
}

entry! {
    /// shim.c: a phone asks for a transfer.
    fn requested[H: TransferHandler](
        transferer: *const c_char,
        extension: *const c_char,
        target: *const c_char,
    ), or (); {
        // SAFETY: strings of the message, which outlives the callback, or NULL (main/stasis.c).
        let (transferer, extension, target) =
            unsafe { (copied(transferer), copied(extension), copied(target)) };
        let Some(transferer) = ChannelRef::by_name(&transferer) else {
            return;
        };
        // SAFETY: shim.c locks the channel itself, and none is locked; the reference keeps it.
        unsafe { sys::rust_ivr_wait_for_signalling(transferer.as_ptr()) };
        let request = TransferRequest {
            transferer,
            extension,
            target: ChannelRef::by_name(&target),
        };
        // Until the phone is told: a transfer that went well ends the leg, and a leg that ends
        // untold is told 503.
        let _stays = StaysInBridge::hold(&request.transferer);
        let done = H::requested(&request);
        // SAFETY: as above.
        unsafe {
            sys::rust_ivr_transfer_reply(request.transferer.as_ptr(), c_int::from(done));
        }
    }
}

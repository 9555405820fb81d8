//! SIP transfers (REFER) of legs whose `PJSIP_TRANSFER_HANDLING()` is `ari-only`: Asterisk 22.3 and
//! its like accept them and leave the rest to us. A trait to implement, and the subscription as a
//! guard.

use std::os::raw::{c_char, c_int};
use std::ptr::{self, NonNull};

use super::guard::entry;
use super::reference::{ChannelRef, StaysInBridge};
use super::{c_string, copied, sys};

/// Leaves the transfers of a leg to us. Nothing happens where this Asterisk leaves none to modules, and
/// when the leg has just ended.
pub fn leave_to_us(leg: &str) {
    if let Some(leg) = ChannelRef::by_name(leg) {
        // SAFETY: no channel is locked; marks the leg's session under the leg's own lock
        // (channels/pjsip/dialplan_functions.c: pjsip_transfer_handling_write).
        unsafe {
            sys::pbx_builtin_setvar_helper(
                leg.as_ptr(),
                c"PJSIP_TRANSFER_HANDLING()".as_ptr(),
                c"ari-only".as_ptr(),
            );
        }
    }
}

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
    /// A phone has asked for a transfer that is left to us, or for one that the core has refused:
    /// `legs` are the names of its channels, one or two, `referred_by` its Referred-By header, empty
    /// when unknown. Told at once, on a thread of the host's pool: what the phone does next may come
    /// any moment.
    fn asked(legs: &[String], referred_by: &str);
    /// Carries out one that is left to us. Runs on a thread of the host's pool, no lock held. The
    /// result is what the transferer's phone is told: true, done; false, the call stays where it is.
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

/// While it lives, transfers that are left to us, and those that the core refuses, reach the
/// handler.
pub struct Transfers {
    refused: NonNull<sys::stasis_subscription>,
    /// `None`: this Asterisk leaves no transfers to us.
    requests: Option<NonNull<sys::stasis_subscription>>,
}

// SAFETY: a reference counted object of the host (main/stasis.c); only `drop` uses it.
unsafe impl Send for Transfers {}
// SAFETY: as above.
unsafe impl Sync for Transfers {}

impl Transfers {
    /// Takes transfers over; one subscription at a time. `None`: no memory.
    pub fn subscribe<H: TransferHandler>() -> Option<Self> {
        // SAFETY: the callbacks are static and the library is never unmapped (main/stasis.c:
        // stasis_subscribe_pool).
        let (refused, requests) = unsafe {
            (
                sys::rust_ivr_refused_transfers_subscribe(refused::<H>),
                sys::rust_ivr_transfers_subscribe(requested::<H>),
            )
        };
        NonNull::new(refused).map(|refused| Self {
            refused,
            requests: NonNull::new(requests),
        })
    }

    /// Whether this Asterisk leaves transfers to us.
    pub fn are_ours(&self) -> bool {
        self.requests.is_some()
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        // SAFETY: ours; waits for a callback under way, which takes no lock of the loader
        // (main/stasis.c: stasis_unsubscribe_and_join).
        unsafe {
            sys::rust_ivr_transfers_unsubscribe(self.refused.as_ptr());
            if let Some(requests) = self.requests {
                sys::rust_ivr_transfers_unsubscribe(requests.as_ptr());
            }
        }
    }
}

entry! {
    /// shim_transfer.c: the core has refused a transfer.
    fn refused[H: TransferHandler](leg: *const c_char, other: *const c_char), or (); {
        // SAFETY: as for `requested` (main/stasis.c).
        let legs = unsafe { [copied(leg), copied(other)] };
        H::asked(&legs, "");
    }

    /// shim_transfer.c: a phone asks for a transfer.
    fn requested[H: TransferHandler](
        transferer: *const c_char,
        extension: *const c_char,
        target: *const c_char,
        referred_by: *const c_char,
    ), or (); {
        // SAFETY: strings of the message, which outlives the callback, or NULL (main/stasis.c).
        let (transferer, extension, target, referred_by) = unsafe {
            (
                copied(transferer),
                copied(extension),
                copied(target),
                copied(referred_by),
            )
        };
        H::asked(&[transferer.clone(), target.clone()], &referred_by);
        let Some(transferer) = ChannelRef::by_name(&transferer) else {
            return;
        };
        // SAFETY: shim_transfer.c locks the channel itself, and none is locked; the reference keeps it.
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

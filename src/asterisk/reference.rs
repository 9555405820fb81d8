//! References to channels that other threads run.

use std::ffi::CStr;
use std::os::raw::c_int;
use std::ptr::NonNull;

use super::context::{Place, Position};
use super::lock::Lock;
use super::{c_string, sys};

/// A counted reference to a channel. The channel may hang up meanwhile; the object stays. The last
/// reference frees the channel and what it carries: never drop one under a lock of ours.
pub struct ChannelRef(NonNull<sys::ast_channel>);

// SAFETY: the count is atomic (main/astobj2.c); each method below calls what any thread may call.
unsafe impl Send for ChannelRef {}
// SAFETY: as above.
unsafe impl Sync for ChannelRef {}

impl ChannelRef {
    /// The pointer stands in a value that keeps the channel alive during the call.
    pub(super) fn to(channel: &NonNull<sys::ast_channel>) -> Self {
        // SAFETY: alive, see above (main/astobj2.c: the count is atomic).
        unsafe { sys::rust_ivr_ref(channel.as_ptr().cast()) };
        Self(*channel)
    }

    /// # Safety
    /// `channel` is a reference that the caller gives away, or NULL.
    pub(super) unsafe fn given(channel: *mut sys::ast_channel) -> Option<Self> {
        NonNull::new(channel).map(Self)
    }

    /// The channel of this name, if there is one.
    pub fn by_name(name: &str) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let name = c_string(name);
        // SAFETY: a reference for us, or NULL (main/channel.c: ast_channel_get_by_name).
        unsafe { Self::given(sys::ast_channel_get_by_name(name.as_ptr())) }
    }

    /// All channels of this Asterisk at this moment.
    pub fn all() -> Vec<Self> {
        let mut channels = Vec::new();
        // SAFETY: the iterator is ours; each channel that it returns is a reference for us
        // (main/channel.c: ast_channel_iterator_next).
        unsafe {
            let iterator = sys::ast_channel_iterator_all_new();
            if iterator.is_null() {
                return channels;
            }
            while let Some(channel) = Self::given(sys::ast_channel_iterator_next(iterator)) {
                channels.push(channel);
            }
            sys::ast_channel_iterator_destroy(iterator);
        }
        channels
    }

    /// The name now.
    pub fn name(&self) -> String {
        self.lock().text(sys::ast_channel_name)
    }

    /// The number of whoever is at the other end of this channel; empty when unknown.
    pub fn caller_number(&self) -> String {
        self.lock().text(sys::rust_ivr_caller_number)
    }

    /// The number of whoever this channel is connected to (`CONNECTEDLINE(num)`); empty when unknown.
    pub fn connected_number(&self) -> String {
        self.lock().text(sys::rust_ivr_connected_number)
    }

    /// As [`super::channel::Channel::dialled_number`].
    pub fn dialled_number(&self) -> String {
        self.lock().text(sys::rust_ivr_dialled_number)
    }

    /// A channel variable; empty when unset.
    pub fn variable(&self, name: &CStr) -> String {
        self.lock().variable(name)
    }

    /// Whether the reference is to the same channel.
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// The extension of the dialplan that it is at; a leg that `Dial` called has that of its caller
    /// (apps/app_dial.c: dial_exec_full).
    pub fn extension(&self) -> String {
        self.lock().text(sys::ast_channel_exten)
    }

    /// Where it is in the dialplan. `None`: it runs none, such as a leg that `Dial` called.
    pub fn position(&self) -> Option<Position> {
        let lock = self.lock();
        (!lock.read(sys::ast_channel_pbx).is_null()).then(|| Position {
            context: c_string(&lock.text(sys::ast_channel_context)),
            extension: c_string(&lock.text(sys::ast_channel_exten)),
            priority: lock.read(sys::ast_channel_priority),
        })
    }

    /// Where a transfer of this channel looks extensions up: `TRANSFER_CONTEXT`, else the
    /// channel's own context, as the core does (main/bridge.c: ast_bridge_transfer_blind's users).
    pub fn transfer_context(&self) -> String {
        let lock = self.lock();
        match lock.variable(c"TRANSFER_CONTEXT") {
            unset if unset.is_empty() => lock.text(sys::ast_channel_context),
            wanted => wanted,
        }
    }

    /// The other side of a bridge of two.
    pub fn bridge_peer(&self) -> Option<Self> {
        // SAFETY: takes the locks itself and returns a reference for us, or NULL (main/channel.c:
        // ast_channel_bridge_peer).
        unsafe { Self::given(sys::ast_channel_bridge_peer(self.as_ptr())) }
    }

    /// Whether the other side holds this channel: it was told so by AST_CONTROL_HOLD, which
    /// main/channel.c: ast_indicate_data keeps.
    pub fn is_held(&self) -> bool {
        self.lock().read(sys::ast_channel_hold_state) == sys::AST_CONTROL_HOLD as c_int
    }

    /// Ends the channel's stay in its bridge, if it has one; its thread goes on.
    pub fn take_out_of_bridge(&self) {
        // SAFETY: the reference keeps the channel; no lock is held (main/bridge_channel.c:
        // ast_bridge_channel_leave_bridge).
        unsafe { sys::rust_ivr_take_out_of_bridge(self.as_ptr()) };
    }

    /// Ends the call, as if the other side had hung up; the channel's thread sees to it.
    pub fn hang_up(&self) {
        // SAFETY: the reference keeps the channel; it is locked inside, and no lock is held
        // (main/channel.c: ast_softhangup).
        unsafe { sys::ast_softhangup(self.as_ptr(), sys::AST_SOFTHANGUP_EXPLICIT as c_int) };
    }

    /// Sends two channels of one bridge to a place of the dialplan at once: neither is hung up
    /// because the other left. False: Asterisk would not send one of them.
    pub fn send_both(both: [&Self; 2], to: Place) -> bool {
        let _stay = both.map(StaysInBridge::hold);
        both.map(|channel| channel.send(to))
            .iter()
            .all(|sent| *sent)
    }

    fn send(&self, to: Place) -> bool {
        let (context, extension) = (to.context.as_ptr(), to.extension.as_ptr());
        // SAFETY: a live channel, no lock held, strings are copied (main/bridge_after.c;
        // main/pbx.c: ast_async_goto).
        unsafe {
            sys::ast_bridge_discard_after_goto(self.as_ptr());
            sys::ast_async_goto(self.as_ptr(), context, extension, 1) == 0
        }
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.0.as_ptr()
    }

    pub(super) fn lock(&self) -> Lock<'_> {
        Lock::take(&self.0)
    }
}

impl Clone for ChannelRef {
    fn clone(&self) -> Self {
        Self::to(&self.0)
    }
}

impl Drop for ChannelRef {
    fn drop(&mut self) {
        // SAFETY: our own reference (main/astobj2.c).
        unsafe { sys::rust_ivr_unref(self.0.as_ptr().cast()) };
    }
}

/// While it lives, the channel does not leave its bridge because the other side left, as for AMI's
/// Redirect with ExtraChannel (main/manager.c: action_redirect). The bridge's thread spins
/// meanwhile (main/bridge_channel.c: bridge_channel_internal_join), so it must not live long.
pub(super) struct StaysInBridge<'c>(&'c ChannelRef);

impl<'c> StaysInBridge<'c> {
    pub(super) fn hold(channel: &'c ChannelRef) -> Self {
        let stays = Self(channel);
        stays.set(true);
        stays
    }

    fn set(&self, on: bool) {
        // SAFETY: locks the channel itself (main/channel.c: ast_channel_set_flag).
        unsafe { sys::rust_ivr_dual_redirect_wait(self.0.as_ptr(), c_int::from(on)) };
    }
}

impl Drop for StaysInBridge<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

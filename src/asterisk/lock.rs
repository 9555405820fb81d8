//! A channel's lock, and what may be read under it.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::raw::c_char;
use std::ptr::NonNull;

use super::{copied, sys};

/// One of the host's readers, which only looks at the channel.
type Reader<T> = unsafe extern "C" fn(*const sys::ast_channel) -> T;

/// A channel's lock, for reading its strings; released on drop.
pub(super) struct Lock<'c>(NonNull<sys::ast_channel>, PhantomData<&'c ()>);

impl<'c> Lock<'c> {
    /// The pointer stands in a value that keeps the channel alive, and the lock borrows it.
    pub(super) fn take(channel: &'c NonNull<sys::ast_channel>) -> Self {
        // SAFETY: alive, see above; an ao2 lock is recursive (main/astobj2.c).
        unsafe { sys::rust_ivr_channel_lock(channel.as_ptr()) };
        Self(*channel, PhantomData)
    }

    pub(super) fn as_ptr(&self) -> *mut sys::ast_channel {
        self.0.as_ptr()
    }

    /// What one of the host's readers says.
    pub(super) fn read<T>(&self, read: Reader<T>) -> T {
        // SAFETY: an accessor of the host (main/channel_internal_api.c, main/channel.c) on a live
        // and locked channel.
        unsafe { read(self.as_ptr()) }
    }

    /// A copy of one of the channel's strings.
    pub(super) fn text(&self, read: Reader<*const c_char>) -> String {
        // SAFETY: the string of a channel stays until it is unlocked (asterisk/channel.h).
        unsafe { copied(self.read(read)) }
    }

    /// A copy of a variable, the dialplan's or a global one; empty when unset.
    pub(super) fn variable(&self, name: &CStr) -> String {
        // SAFETY: the value is a string of the locked channel, or NULL (main/pbx_variables.c:
        // pbx_builtin_getvar_helper).
        unsafe { copied(sys::pbx_builtin_getvar_helper(self.as_ptr(), name.as_ptr())) }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // SAFETY: locked by this thread in `take` (main/astobj2.c).
        unsafe { sys::rust_ivr_channel_unlock(self.0.as_ptr()) };
    }
}

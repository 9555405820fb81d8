//! Datastores: values of ours that ride on a channel until somebody takes them or it ends.

use std::any::Any;
use std::ffi::CStr;
use std::os::raw::c_void;

use super::guard::entry;
use super::reference::ChannelRef;
use super::sys;

/// A value that a channel can carry, at most one of each type. It is dropped when the channel
/// ends: then its `Drop` runs on the thread of whoever let the last reference to the channel go,
/// with the dead channel locked (main/channel.c: ast_channel_destructor), so it takes no lock
/// under which anybody waits for a channel.
pub trait Datastore: Any + Send {
    /// Tells the values of different types apart (the datastore's `uid`).
    const NAME: &'static CStr;
}

type Carried = Box<dyn Any + Send>;

/// The host compares its address, so it must not move; nobody writes to it.
struct Info(sys::ast_datastore_info);

// SAFETY: constants and function pointers (asterisk/datastore.h).
unsafe impl Sync for Info {}

static INFO: Info = Info(sys::ast_datastore_info {
    type_: c"res_rust_ivr".as_ptr(),
    duplicate: None,
    destroy: Some(destroy),
    chan_fixup: None,
    chan_breakdown: None,
});

impl ChannelRef {
    /// Gives the channel a value to carry. False: it carries one of the type already, or there is no
    /// memory for it; the value has been dropped.
    pub fn carry<T: Datastore>(&self, value: T) -> bool {
        let (info, name) = (&raw const INFO.0, T::NAME.as_ptr());
        // SAFETY: allocated here; the list is searched and changed under the lock, as
        // main/channel.c: ast_channel_datastore_add wants it; the box is the host's until `destroy`
        // or `take`, and a datastore that nobody got is freed with its box, unlocked.
        unsafe {
            let datastore = sys::rust_ivr_datastore_alloc(info, name);
            if datastore.is_null() {
                return false;
            }
            let carried: Carried = Box::new(value);
            sys::rust_ivr_datastore_set(datastore, Box::into_raw(Box::new(carried)).cast());
            let lock = self.lock();
            let free = sys::ast_channel_datastore_find(lock.as_ptr(), info, name).is_null();
            if free {
                sys::ast_channel_datastore_add(lock.as_ptr(), datastore);
            }
            drop(lock);
            if !free {
                sys::ast_datastore_free(datastore);
            }
            free
        }
    }

    /// Takes the value of this type off the channel, if it carries one.
    pub fn take<T: Datastore>(&self) -> Option<T> {
        // SAFETY: the list is searched and changed under the lock (main/channel.c:
        // ast_channel_datastore_find); the data is a box of `carry`, taken out before the
        // datastore is freed without the lock.
        let carried = unsafe {
            let lock = self.lock();
            let chan = lock.as_ptr();
            let datastore =
                sys::ast_channel_datastore_find(chan, &raw const INFO.0, T::NAME.as_ptr());
            if datastore.is_null() {
                return None;
            }
            sys::ast_channel_datastore_remove(chan, datastore);
            drop(lock);
            let data = sys::rust_ivr_datastore_take(datastore);
            sys::ast_datastore_free(datastore);
            Box::from_raw(data.cast::<Carried>())
        };
        carried.downcast().ok().map(|value| *value)
    }
}

entry! {
    /// The channel ended with the value still on it.
    fn destroy(data: *mut c_void), or (); {
        if !data.is_null() {
            // SAFETY: a box of `carry`, given back once (main/datastore.c: ast_datastore_free).
            drop(unsafe { Box::from_raw(data.cast::<Carried>()) });
        }
    }
}

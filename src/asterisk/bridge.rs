//! Bridges: where channels hear each other, or music, and what they may do there.

use std::ffi::{CStr, CString};
use std::os::raw::{c_int, c_void};
use std::ptr::{self, NonNull};

use super::channel::{Channel, Outgoing};
use super::guard::entry;
use super::reference::ChannelRef;
use super::{c_string, sys};

/// What `bridge_holding` calls the part of somebody who waits, and its options.
const WAITING: &CStr = c"holding_participant";
const CREATOR: &CStr = c"res_rust_ivr";

/// Milliseconds between two keys that are sent, as `Dial` has it (apps/app_dial.c: dial_exec_full).
const BETWEEN_KEYS: c_int = 250;

/// Nobody else may merge, swap or transfer our bridges away, and they never end by themselves:
/// who leaves may come back.
const FLAGS: u32 = sys::AST_BRIDGE_FLAG_MERGE_INHIBIT_FROM
    | sys::AST_BRIDGE_FLAG_MERGE_INHIBIT_TO
    | sys::AST_BRIDGE_FLAG_SWAP_INHIBIT_FROM
    | sys::AST_BRIDGE_FLAG_SWAP_INHIBIT_TO
    | sys::AST_BRIDGE_FLAG_TRANSFER_PROHIBITED;

/// A bridge; dropping it sends everybody in it away.
pub struct Bridge(NonNull<sys::ast_bridge>);

// SAFETY: bridges have a lock of their own, and every function below takes it (asterisk/bridge.h).
unsafe impl Send for Bridge {}
// SAFETY: as above.
unsafe impl Sync for Bridge {}

impl Bridge {
    /// For talk. Two talk without mixing; a third brings the mixer in and takes it along again
    /// (a "smart" bridge). Not native: hooks must see keys, and between two channels a native bridge
    /// would come and go within a millisecond while a third joins them.
    pub fn for_talk(name: &str) -> Result<Self, String> {
        let capabilities = sys::AST_BRIDGE_CAPABILITY_1TO1MIX | sys::AST_BRIDGE_CAPABILITY_MULTIMIX;
        Self::new(name, capabilities, FLAGS | sys::AST_BRIDGE_FLAG_SMART)
            .ok_or_else(|| "no bridge for talk: load bridge_simple.so and bridge_softmix.so".into())
    }

    /// For waiting with music.
    pub fn for_hold(name: &str) -> Result<Self, String> {
        Self::new(name, sys::AST_BRIDGE_CAPABILITY_HOLDING, FLAGS)
            .ok_or_else(|| "no bridge for hold: load bridge_holding.so".into())
    }

    fn new(name: &str, capabilities: u32, flags: u32) -> Option<Self> {
        let name = c_string(name);
        // SAFETY: NUL-terminated strings, copied; NULL makes a unique id (main/bridge.c:
        // ast_bridge_base_new).
        let bridge = unsafe {
            sys::ast_bridge_base_new(
                capabilities,
                flags,
                CREATOR.as_ptr(),
                name.as_ptr(),
                ptr::null(),
            )
        };
        NonNull::new(bridge).map(Self)
    }

    /// Keeps the channel in the bridge, on its own thread, until something takes it out. It may
    /// be moved to other bridges meanwhile. False: it could not join, be it that it is in a bridge
    /// already.
    pub fn join(&self, channel: &mut Channel, features: Features) -> bool {
        // SAFETY: the channel is on its own thread, unlocked, and only this thread could bring it
        // into a bridge; the features stay ours and outlive the stay. No lock is held
        // (main/bridge.c: ast_bridge_join).
        !channel.is_bridged()
            && unsafe {
                sys::ast_bridge_join(
                    self.0.as_ptr(),
                    channel.as_ptr(),
                    ptr::null_mut(),
                    features.0.as_ptr(),
                    ptr::null_mut(),
                    0,
                ) == 0
            }
    }

    /// Gives an answered leg to the bridge, which runs it on a thread of its own and hangs it up
    /// when it leaves. False: it could not be taken, and has been hung up.
    pub fn impart(&self, leg: Outgoing, features: Features) -> bool {
        // SAFETY: the leg is ours, without PBX, thread or bridge; the features are the bridge's
        // from here on, in any case, the leg only on success (main/bridge.c: ast_bridge_impart).
        let taken = unsafe {
            sys::ast_bridge_impart(
                self.0.as_ptr(),
                leg.as_ptr(),
                ptr::null_mut(),
                features.into_raw(),
                sys::AST_BRIDGE_IMPART_CHAN_INDEPENDENT,
            ) == 0
        };
        if taken {
            leg.give();
        }
        taken
    }

    /// Moves a channel here out of another bridge. False: it is just leaving.
    pub fn take_from(&self, from: &Self, channel: &ChannelRef) -> bool {
        // SAFETY: bridges and channel are alive; no lock is held. A channel that is not in `from`
        // is an error result, not an error of ours (main/bridge.c: ast_bridge_move).
        unsafe {
            sys::ast_bridge_move(
                self.0.as_ptr(),
                from.0.as_ptr(),
                channel.as_ptr(),
                ptr::null_mut(),
                1,
            ) == 0
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // SAFETY: our reference, given away here (main/bridge.c: ast_bridge_destroy).
        unsafe { sys::ast_bridge_destroy(self.0.as_ptr(), 0) };
    }
}

/// What a channel hears in a hold bridge: the class of `musiconhold.conf`. To be set before the
/// channel is moved there, because the bridge reads it when the channel arrives.
pub fn hold_with_music(channel: &ChannelRef, class: &str) {
    let class = c_string(class);
    // SAFETY: the functions lock the channel and copy the strings (main/bridge_roles.c).
    unsafe {
        sys::ast_channel_add_bridge_role(channel.as_ptr(), WAITING.as_ptr());
        for (option, value) in [
            (c"idle_mode", c"musiconhold"),
            (c"moh_class", class.as_c_str()),
        ] {
            sys::ast_channel_set_bridge_role_option(
                channel.as_ptr(),
                WAITING.as_ptr(),
                option.as_ptr(),
                value.as_ptr(),
            );
        }
    }
}

/// The end of [`hold_with_music`], after the channel was moved or has left.
///
/// The hold bridge itself stops the music when a channel leaves, on the thread of whoever moves
/// it; but while the channel's own thread is writing a piece of music, that does nothing and the
/// music goes on for ever (main/channel.c: generator_force hides the generator's data from
/// ast_deactivate_generator meanwhile). So it is stopped once more on the channel's own thread.
pub fn end_hold_music(channel: &ChannelRef) {
    // SAFETY: both lock the channel; no lock is held (main/bridge_roles.c; main/bridge_channel.c:
    // ast_bridge_channel_queue_callback).
    unsafe {
        sys::ast_channel_remove_bridge_role(channel.as_ptr(), WAITING.as_ptr());
        sys::rust_ivr_stop_music_in_bridge(channel.as_ptr());
    }
}

/// What a hook decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// The channel stays in the bridge.
    In,
    /// The channel leaves; its thread goes on.
    Out,
}

/// When a hook runs.
enum Moment {
    Joined,
    Left,
    Pressed(CString),
}

type Hook = Box<dyn Fn() -> Stay + Send + Sync>;

/// Who hears the digits of a channel in a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// Nobody.
    Swallowed,
    /// The others, but for the keys that have a hook.
    Passed,
}

/// What a channel may do in a bridge and what we want to know of it.
pub struct Features(NonNull<sys::ast_bridge_features>);

impl Features {
    pub fn new(digits: Digits) -> Option<Self> {
        let pass = c_int::from(digits == Digits::Passed);
        // SAFETY: allocates (main/bridge.c: ast_bridge_features_new).
        NonNull::new(unsafe { sys::rust_ivr_room_features(pass) }).map(Self)
    }

    /// Runs on the channel's thread when it has joined.
    pub fn on_join(&self, hook: impl Fn() -> Stay + Send + Sync + 'static) {
        self.add(&Moment::Joined, Box::new(hook));
    }

    /// Runs on the channel's thread when it has left, not when it is moved to another bridge.
    pub fn on_leave(&self, hook: impl Fn() + Send + Sync + 'static) {
        let hook = move || {
            hook();
            Stay::In
        };
        self.add(&Moment::Left, Box::new(hook));
    }

    /// Sends keys to a channel when it has joined, `0-9 * # w`: it hears nothing else meanwhile, and
    /// the bridge nothing of it.
    pub fn send_on_join(&self, channel: ChannelRef, keys: &str) {
        let keys = c_string(keys);
        self.on_join(move || {
            // SAFETY: hooks run on the channel's own thread, unlocked, and while they do the bridge
            // leaves the channel alone (main/bridge_channel.c: bridge_channel_event_join_leave). No
            // peer: nobody else waits (main/app.c: ast_dtmf_stream).
            unsafe {
                sys::ast_dtmf_stream(
                    channel.as_ptr(),
                    ptr::null_mut(),
                    keys.as_ptr(),
                    BETWEEN_KEYS,
                    0,
                );
            }
            Stay::In
        });
    }

    /// Runs on the channel's thread when it presses the key.
    pub fn on_key(&self, key: char, hook: impl Fn() -> Stay + Send + Sync + 'static) {
        let key = c_string(key.encode_utf8(&mut [0; 4]));
        self.add(&Moment::Pressed(key), Box::new(hook));
    }

    /// The hook is the host's until it calls `forget`; if it did not take it, it is freed here
    /// (main/bridge.c: a hook that could not be linked does not call its destructor).
    fn add(&self, moment: &Moment, hook: Hook) {
        let features = self.0.as_ptr();
        let pvt = Box::into_raw(Box::new(hook));
        let data = pvt.cast();
        // SAFETY: features of ours, in no bridge yet; the key is copied; the box is given away, and
        // taken back when the host did not take it (main/bridge.c: bridge_other_hook,
        // ast_bridge_dtmf_hook).
        unsafe {
            let linked = match moment {
                Moment::Joined => {
                    sys::ast_bridge_join_hook(features, Some(call), data, Some(forget), 0)
                }
                Moment::Left => {
                    sys::ast_bridge_leave_hook(features, Some(call), data, Some(forget), 0)
                }
                Moment::Pressed(key) => {
                    let key = key.as_ptr();
                    sys::ast_bridge_dtmf_hook(features, key, Some(call), data, Some(forget), 0)
                }
            };
            if linked != 0 {
                drop(Box::from_raw(pvt));
            }
        }
    }

    fn into_raw(self) -> *mut sys::ast_bridge_features {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw
    }
}

impl Drop for Features {
    fn drop(&mut self) {
        // SAFETY: ours, used by no bridge any more; frees the hooks (main/bridge.c:
        // ast_bridge_features_destroy).
        unsafe { sys::ast_bridge_features_destroy(self.0.as_ptr()) };
    }
}

entry! {
    /// Any hook. Returning -1 would remove it.
    fn call(bridge_channel: *mut sys::ast_bridge_channel, pvt: *mut c_void) -> c_int, or 0; {
        // SAFETY: the box of `add`, alive until `forget`, and the bridge channel whose hook it is;
        // hooks run unlocked on the channel's thread (main/bridge_channel.c:
        // bridge_channel_event_join_leave, bridge_channel_feature).
        unsafe {
            let stay = pvt.cast::<Hook>().as_ref().map_or(Stay::In, |hook| hook());
            if stay == Stay::Out {
                sys::rust_ivr_leave_bridge(bridge_channel);
            }
        }
        0
    }

    fn forget(pvt: *mut c_void), or (); {
        // SAFETY: the box of `add`, given back once (main/bridge.c: bridge_other_hook).
        drop(unsafe { Box::from_raw(pvt.cast::<Hook>()) });
    }
}

//! Plays sound from memory to a channel: a generator that Asterisk asks for the next 20 ms.

use std::os::fd::RawFd;
use std::os::raw::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::channel::{Waited, wait_key};
use super::guard::guard;
use super::sys;
use crate::ports::Sound;

/// A generator is asked every 20 ms; the call that finds no more sound comes one tick late.
const TICK: Duration = Duration::from_millis(20);

/// How much longer than its sound a prompt may take before we go on without its end. Without a
/// timing module Asterisk asks for sound only when the caller sends some.
const PATIENCE: Duration = Duration::from_millis(500);

/// One prompt on its way. Asterisk holds it while the generator is active.
struct Playing {
    sound: Sound,
    next: usize,
    over: Arc<AtomicBool>,
}

/// Plays until the sound ends, a key is released or `bell` becomes readable.
///
/// # Safety
/// `channel` is live, unlocked, and this is its own thread.
pub(super) unsafe fn play(
    channel: NonNull<sys::ast_channel>,
    sound: &Sound,
    bell: RawFd,
) -> Waited {
    let chan = channel.as_ptr();
    let over = Arc::new(AtomicBool::new(false));
    let playing = Box::new(Playing {
        sound: sound.clone(),
        next: 0,
        over: Arc::clone(&over),
    });
    // SAFETY: own thread, unlocked. The format is kept by a reference of ours until it is
    // restored. The generator takes the box in `alloc`, which is always called, and `release`
    // gives it back, which is called exactly once (main/channel.c: ast_activate_generator).
    unsafe {
        let before = sys::ast_channel_writeformat(chan);
        sys::rust_ivr_ref(before.cast());
        let heard = if sys::ast_set_write_format(chan, sys::ast_format_slin) == 0 {
            sys::ast_activate_generator(
                chan,
                (&raw const GENERATOR.0).cast_mut(),
                Box::into_raw(playing).cast(),
            );
            let heard = listen(channel, sound.duration(), &over, bell);
            sys::ast_deactivate_generator(chan);
            if !before.is_null() {
                sys::ast_set_write_format(chan, before);
            }
            heard
        } else {
            log::warn!(
                "a prompt is left out: this channel's codec cannot be made from signed linear"
            );
            Waited::Nothing
        };
        sys::rust_ivr_unref(before.cast());
        heard
    }
}

/// # Safety
/// As for [`play`].
unsafe fn listen(
    channel: NonNull<sys::ast_channel>,
    length: Duration,
    over: &AtomicBool,
    bell: RawFd,
) -> Waited {
    let started = Instant::now();
    loop {
        let remaining = length.saturating_sub(started.elapsed()).max(TICK);
        // SAFETY: the caller's promise.
        match unsafe { wait_key(channel, remaining, bell) } {
            Waited::Nothing if over.load(Ordering::Acquire) => return Waited::Nothing,
            Waited::Nothing if started.elapsed() > length + PATIENCE => return Waited::Nothing,
            Waited::Nothing => {}
            other => return other,
        }
    }
}

/// The host keeps a pointer to it and never writes through it.
struct Generator(sys::ast_generator);

// SAFETY: a table of function pointers; nobody changes it.
unsafe impl Sync for Generator {}

static GENERATOR: Generator = Generator(sys::ast_generator {
    alloc: Some(alloc),
    release: Some(release),
    generate: Some(generate),
    digit: None,
    write_format_change: None,
});

/// The parameters are the state.
unsafe extern "C" fn alloc(_: *mut sys::ast_channel, params: *mut c_void) -> *mut c_void {
    params
}

/// Called with the channel locked: only memory is freed here.
unsafe extern "C" fn release(_: *mut sys::ast_channel, data: *mut c_void) {
    guard((), || {
        // SAFETY: the box of `play`, given back once.
        drop(unsafe { Box::from_raw(data.cast::<Playing>()) });
    });
}

/// Writes the next `samples`; non-zero ends the prompt.
unsafe extern "C" fn generate(
    chan: *mut sys::ast_channel,
    data: *mut c_void,
    _len: c_int,
    samples: c_int,
) -> c_int {
    guard(1, || {
        // SAFETY: the box of `play`; only the channel's thread calls this, one call at a time.
        let Some(playing) = (unsafe { data.cast::<Playing>().as_mut() }) else {
            return 1;
        };
        let rest = playing.sound.samples.get(playing.next..).unwrap_or(&[]);
        let block = &rest[..rest.len().min(usize::try_from(samples).unwrap_or(0))];
        if block.is_empty() {
            playing.over.store(true, Ordering::Release);
            return 1;
        }
        playing.next += block.len();
        let count = c_int::try_from(block.len()).unwrap_or(0);
        // SAFETY: the channel is unlocked here (main/channel.c: generator timing); the samples
        // live in the shared sound, and ast_write copies or encodes them before it returns.
        let failed = unsafe { sys::rust_ivr_write_slin(chan, block.as_ptr(), count) } != 0;
        if failed {
            playing.over.store(true, Ordering::Release);
        }
        c_int::from(failed)
    })
}

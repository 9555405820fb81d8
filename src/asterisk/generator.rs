//! Plays sound from memory to a channel: a generator that Asterisk asks for the next 20 ms.

use std::os::fd::BorrowedFd;
use std::os::raw::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::channel::Channel;
use super::guard::entry;
use super::sys;
use super::wait::Woken;
use crate::ports::Sound;

/// A generator is asked every 20 ms; the call that finds no more sound comes one tick late.
const TICK: Duration = Duration::from_millis(20);

/// How much longer than its sound a recording may take before we go on without its end. Without a
/// timing module Asterisk asks for sound only when the caller sends some.
const PATIENCE: Duration = Duration::from_millis(500);

/// The same while its file is still being read, from a disk that is slow.
const PATIENCE_WITH_DISK: Duration = Duration::from_secs(5);

/// One recording on its way. Asterisk holds it while the generator is active.
struct Playing {
    sound: Sound,
    next: usize,
    /// What the host gets: it may change the samples that it is given (main/channel.c:
    /// ast_write_stream hands them to audiohooks), and the sound is shared by all calls.
    block: Vec<i16>,
    over: Arc<AtomicBool>,
}

impl Playing {
    /// A copy of the next samples, `wanted` at most; `None` at the end. None at all: those that
    /// come next have not been read yet.
    fn next_block(&mut self, wanted: c_int) -> Option<&mut [i16]> {
        let wanted = usize::try_from(wanted).unwrap_or(0);
        let more = self.sound.samples.read(self.next, wanted, &mut self.block);
        self.next += self.block.len();
        more.then_some(&mut self.block)
    }
}

impl Channel {
    /// Plays until the sound ends ([`Woken::Elapsed`]), a key is released or `alert` becomes
    /// readable. The channel's write format is put back afterwards.
    pub fn play(&mut self, sound: &Sound, alert: Option<BorrowedFd<'_>>) -> Woken {
        let over = Arc::new(AtomicBool::new(false));
        let playing = Box::new(Playing {
            sound: sound.clone(),
            next: 0,
            block: Vec::new(),
            over: Arc::clone(&over),
        });
        let Some(_format) = WriteFormat::slin(self) else {
            log::warn!(
                "{}: a recording is left out: this channel's codec cannot be made from signed \
                 linear",
                self.name()
            );
            return Woken::Elapsed;
        };
        // SAFETY: own thread, unlocked. The generator takes the box in `alloc`, which is always
        // called, and `release` gives it back, which is called exactly once (main/channel.c:
        // ast_activate_generator).
        unsafe {
            sys::ast_activate_generator(
                self.as_ptr(),
                (&raw const GENERATOR.0).cast_mut(),
                Box::into_raw(playing).cast(),
            );
        }
        let woken = self.listen(sound, &over, alert);
        // SAFETY: own thread, unlocked; one that is over is gone already (main/channel.c:
        // ast_deactivate_generator).
        unsafe { sys::ast_deactivate_generator(self.as_ptr()) };
        woken
    }

    fn listen(&mut self, sound: &Sound, over: &AtomicBool, alert: Option<BorrowedFd<'_>>) -> Woken {
        let started = Instant::now();
        loop {
            let is_whole = sound.samples.is_whole();
            let length = sound.duration();
            let patience = if is_whole {
                PATIENCE
            } else {
                PATIENCE_WITH_DISK
            };
            let until = (started + length).max(Instant::now() + TICK);
            match self.wait(until, alert, None) {
                Woken::Elapsed if over.load(Ordering::Acquire) => return Woken::Elapsed,
                Woken::Elapsed if started.elapsed() > length + patience => return Woken::Elapsed,
                Woken::Elapsed => {}
                other => return other,
            }
        }
    }
}

/// While it lives, the channel is written signed linear; then its earlier format is put back.
struct WriteFormat {
    channel: *mut sys::ast_channel,
    before: *mut sys::ast_format,
}

impl WriteFormat {
    /// `None`: the channel's codec cannot be made from signed linear.
    fn slin(channel: &mut Channel) -> Option<Self> {
        let raw = channel.as_ptr();
        // SAFETY: own thread, unlocked. An older generator ends first: its release sets the format
        // back (main/channel.c: ast_deactivate_generator). The format is read and counted under
        // the lock, since a re-INVITE replaces it under that lock (res/res_pjsip_sdp_rtp.c:
        // set_caps). ast_format_slin is static (main/format_cache.c).
        unsafe {
            sys::ast_deactivate_generator(raw);
            let lock = channel.lock();
            let before = sys::ast_channel_writeformat(raw);
            sys::rust_ivr_ref(before.cast());
            drop(lock);
            let format = Self {
                channel: raw,
                before,
            };
            (sys::ast_set_write_format(raw, sys::ast_format_slin) == 0).then_some(format)
        }
    }
}

impl Drop for WriteFormat {
    fn drop(&mut self) {
        // SAFETY: as in `slin`; our reference is given back. Setting the format that is set does
        // nothing (main/channel.c: set_format).
        unsafe {
            if !self.before.is_null() {
                sys::ast_set_write_format(self.channel, self.before);
            }
            sys::rust_ivr_unref(self.before.cast());
        }
    }
}

/// The host keeps a pointer to it and never writes through it.
struct Generator(sys::ast_generator);

// SAFETY: a table of function pointers; nobody changes it (asterisk/channel.h).
unsafe impl Sync for Generator {}

static GENERATOR: Generator = Generator(sys::ast_generator {
    alloc: Some(alloc),
    release: Some(release),
    generate: Some(generate),
    digit: None,
    write_format_change: None,
});

entry! {
    /// The parameters are the state.
    fn alloc(_chan: *mut sys::ast_channel, params: *mut c_void) -> *mut c_void, or params; {
        params
    }

    /// Called with the channel locked: only memory is freed here.
    fn release(_chan: *mut sys::ast_channel, data: *mut c_void), or (); {
        // SAFETY: the box of `play`, given back once (main/channel.c: generator's release).
        drop(unsafe { Box::from_raw(data.cast::<Playing>()) });
    }

    /// Writes the next `samples`; non-zero ends the sound.
    fn generate(
        chan: *mut sys::ast_channel,
        data: *mut c_void,
        _len: c_int,
        samples: c_int,
    ) -> c_int, or 1; {
        // SAFETY: the box of `play`; only the channel's thread calls this, one call at a time, with
        // the channel unlocked (main/channel.c: ast_read_generator_actions). The samples are this
        // recording's own, and ast_write copies or encodes them before it returns.
        unsafe {
            let Some(playing) = data.cast::<Playing>().as_mut() else {
                return 1;
            };
            let written = playing.next_block(samples).is_some_and(|block| {
                let count = c_int::try_from(block.len()).unwrap_or(0);
                count == 0 || sys::rust_ivr_write_slin(chan, block.as_mut_ptr(), count) == 0
            });
            if !written {
                playing.over.store(true, Ordering::Release);
            }
            c_int::from(!written)
        }
    }
}

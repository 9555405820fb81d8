//! Our metrics in the answer of Asterisk's own `res_prometheus`, when that is loaded: before us,
//! after us, or again.

use std::ptr::NonNull;

use super::guard::entry;
use super::{c_string, host, sys};

const MODULE: &std::ffi::CStr = c"res_prometheus.so";

/// Who writes the metrics.
pub trait Metrics: 'static {
    /// All of them, in Prometheus' text format. Runs on the thread of an HTTP request; must not wait
    /// for the loader (`module load`).
    fn text() -> String;
}

/// While it lives, `res_prometheus` has our metrics.
pub struct Scraped(Option<NonNull<sys::stasis_subscription>>);

// SAFETY: a reference counted object of the host (main/stasis.c); only `drop` uses it.
unsafe impl Send for Scraped {}
// SAFETY: as above.
unsafe impl Sync for Scraped {}

impl Scraped {
    /// One at a time, from load.
    pub fn by_prometheus<M: Metrics>() -> Self {
        // SAFETY: a static callback of a library that is never unmapped (shim_events.c).
        let loads = unsafe { sys::rust_ivr_metrics_subscribe(write::<M>) };
        if host::is_loaded(MODULE) {
            // SAFETY: as above; a second time does nothing more.
            unsafe { sys::rust_ivr_metrics_attach(write::<M>) };
        }
        Self(NonNull::new(loads))
    }
}

impl Drop for Scraped {
    fn drop(&mut self) {
        if let Some(loads) = self.0 {
            // SAFETY: ours; waits for a callback under way, which takes no lock of the loader
            // (main/stasis.c: stasis_unsubscribe_and_join).
            unsafe { sys::rust_ivr_unsubscribe(loads.as_ptr()) };
        }
        if host::is_loaded(MODULE) {
            // SAFETY: it is asked for by name, and waits for an answer that is being written
            // (res/res_prometheus.c). An unload of it in the same microseconds is not guarded against.
            unsafe { sys::rust_ivr_metrics_detach() };
        }
    }
}

entry! {
    /// res/res_prometheus.c: somebody asks for metrics.
    fn write[M: Metrics](output: *mut *mut sys::ast_str), or (); {
        let text = c_string(&M::text());
        // SAFETY: res_prometheus' own string, which grows (asterisk/strings.h: ast_str_append).
        unsafe { sys::rust_ivr_str_append(output, text.as_ptr()) };
    }
}

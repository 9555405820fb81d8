//! Our metrics in the answer of Asterisk's own `res_prometheus`, when that is loaded: before us,
//! after us, or again.

use std::ptr::NonNull;

use super::guard::entry;
use super::{c_string, sys};

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
        // SAFETY: a static callback of a library that is never unmapped; load has the loader's lock
        // (shim_events.c).
        unsafe { sys::rust_ivr_metrics_want(Some(write::<M>)) };
        // SAFETY: gives a subscription of ours, or NULL (shim_events.c).
        Self(NonNull::new(unsafe { sys::rust_ivr_metrics_subscribe() }))
    }
}

/// From unload.
impl Drop for Scraped {
    fn drop(&mut self) {
        if let Some(loads) = self.0 {
            // SAFETY: ours; what still comes of it finds that nothing is wanted (shim_events.c).
            unsafe { sys::rust_ivr_metrics_unsubscribe(loads.as_ptr()) };
        }
        // SAFETY: unload has the loader's lock; it waits for an answer that is being written, which must
        // not wait for the loader (res/res_prometheus.c; [`Metrics`]).
        unsafe { sys::rust_ivr_metrics_want(None) };
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

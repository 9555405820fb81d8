//! The panic boundary: every function that C calls is one `guard` call long.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body`; after a panic returns `failed` instead. The panic's text and place are
/// logged by the hook of [`super::log`].
pub fn guard<T>(failed: T, body: impl FnOnce() -> T) -> T {
    // What a panic left half done belongs to one call or one command, and ends with it.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(failed)
}

//! The dialplan: contexts of ours, and questions about the operator's.

use std::ffi::{CStr, CString};
use std::os::raw::c_int;
use std::ptr;

use super::{c_string, sys};

/// Whose contexts these are. `dialplan reload` leaves them alone, because the registrar is not
/// pbx_config's (main/pbx.c: ast_merge_contexts_and_delete).
const REGISTRAR: &CStr = c"res_rust_ivr";

/// A place in the dialplan of ours that channels can be sent to: priority 1 of an extension.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// A context that is registered.
    pub context: &'static CStr,
    /// An extension in it.
    pub extension: &'static CStr,
}

/// Where a channel is in the operator's dialplan: the priority whose application runs.
#[derive(Clone, Debug)]
pub struct Position {
    pub(super) context: CString,
    pub(super) extension: CString,
    pub(super) priority: c_int,
}

/// One step of an extension: an application and its arguments, which are expanded when it runs.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The application.
    pub application: &'static CStr,
    /// Its arguments.
    pub arguments: Option<&'static CStr>,
}

/// Our contexts; dropping it takes all of them out of the dialplan. At most one lives at a time.
pub struct Context(());

impl Context {
    /// Makes a context of the extensions: each with its steps from priority 1 on. The error says
    /// that Asterisk refused it.
    pub fn register(
        name: &'static CStr,
        extensions: &[(&'static CStr, &[Step])],
    ) -> Result<Self, String> {
        // SAFETY: static strings; NULL tables are the global ones (main/pbx.c:
        // ast_context_find_or_create).
        let context = unsafe {
            sys::ast_context_find_or_create(
                ptr::null_mut(),
                ptr::null_mut(),
                name.as_ptr(),
                REGISTRAR.as_ptr(),
            )
        };
        let guard = Self(());
        let made = !context.is_null()
            && extensions.iter().all(|(extension, steps)| {
                (1..)
                    .zip(*steps)
                    .all(|(priority, step)| add(name, extension, priority, step))
            });
        made.then_some(guard)
            .ok_or_else(|| format!("Asterisk refused the context {}", name.to_string_lossy()))
    }
}

fn add(context: &CStr, extension: &CStr, priority: i32, step: &Step) -> bool {
    // SAFETY: static strings, which nobody frees because there is no destructor (main/pbx.c:
    // ast_add_extension2 copies the other names).
    unsafe {
        sys::ast_add_extension(
            context.as_ptr(),
            1,
            extension.as_ptr(),
            priority,
            ptr::null(),
            ptr::null(),
            step.application.as_ptr(),
            step.arguments
                .map_or(ptr::null(), CStr::as_ptr)
                .cast_mut()
                .cast(),
            None,
            REGISTRAR.as_ptr(),
        ) == 0
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: destroys what this registrar made, and nothing else (main/pbx.c:
        // __ast_context_destroy).
        unsafe { sys::ast_context_destroy(ptr::null_mut(), REGISTRAR.as_ptr()) };
    }
}

/// Whether an extension of any context runs the application in one of its first nine priorities.
pub fn extension_runs(context: &str, extension: &str, application: &CStr) -> bool {
    let (context, extension) = (c_string(context), c_string(extension));
    // SAFETY: NUL-terminated strings; the shim holds the dialplan's lock while it looks, as
    // main/pbx.c: pbx_extension_helper does.
    unsafe {
        sys::rust_ivr_extension_runs(context.as_ptr(), extension.as_ptr(), application.as_ptr())
            != 0
    }
}

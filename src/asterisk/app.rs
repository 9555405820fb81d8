//! Dialplan applications: registration as a guard.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int};
use std::ptr;

use super::sys;

/// What Asterisk calls: the channel, never NULL, and the arguments, never NULL.
pub type Exec = unsafe extern "C" fn(*mut sys::ast_channel, *const c_char) -> c_int;

/// A registered application; dropping it takes it out of the dialplan.
#[derive(Debug)]
pub struct Application(&'static CStr);

impl Application {
    /// Registers `name`. Synopsis and description come from the XML documentation. The module's
    /// own pointer makes `pbx_exec` count calls inside, so that unload is refused meanwhile.
    pub fn register(name: &'static CStr, exec: Exec) -> Result<Self, String> {
        // SAFETY: the name and the function are static; NULL texts mean "see the XML documentation".
        let failed = unsafe {
            sys::ast_register_application2(
                name.as_ptr(),
                Some(exec),
                ptr::null(),
                ptr::null(),
                sys::rust_ivr_self().cast(),
            )
        } != 0;
        if failed {
            let name = name.to_string_lossy();
            return Err(format!(
                "Asterisk refused the application {name}: another module has that name; unload it"
            ));
        }
        Ok(Self(name))
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // SAFETY: registered by us under this static name.
        unsafe { sys::ast_unregister_application(self.0.as_ptr()) };
    }
}

//! Dialplan applications: a trait to implement, and registration as a guard.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int};
use std::ptr::{self, NonNull};

use super::channel::Channel;
use super::guard::{entry, guard};
use super::{copied, sys};

/// What the dialplan does after an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The next priority.
    GoOn,
    /// The call is over: the dialplan hangs up.
    Over,
}

/// A dialplan application.
pub trait Application {
    /// Its name in the dialplan, the same as in the XML documentation.
    const NAME: &'static CStr;
    /// One run, on the channel's own thread. `arguments` is what stands between the brackets,
    /// expanded by the dialplan.
    fn run(channel: &mut Channel, arguments: &str) -> After;
    /// What is left to do after a panic in [`Self::run`]. After another one here the dialplan goes on
    /// with the next priority.
    fn rescue(_channel: &mut Channel) -> After {
        After::GoOn
    }
}

/// A registered application; dropping it takes it out of the dialplan.
#[derive(Debug)]
pub struct Registered(&'static CStr);

impl Registered {
    /// Registers `A`. Synopsis and description come from the XML documentation. The module's own
    /// pointer makes the host count the channels inside, so that unload is refused meanwhile
    /// (main/pbx_app.c: pbx_exec). The error says that the name is taken.
    pub fn new<A: Application>() -> Result<Self, String> {
        // SAFETY: name and function are static, NULL texts mean "see the XML documentation"
        // (main/pbx_app.c: ast_register_application2 copies the name).
        let failed = unsafe {
            sys::ast_register_application2(
                A::NAME.as_ptr(),
                Some(run::<A>),
                ptr::null(),
                ptr::null(),
                sys::rust_ivr_self().cast(),
            )
        } != 0;
        if failed {
            let name = A::NAME.to_string_lossy();
            return Err(format!(
                "Asterisk refused the application {name}: another module has that name; unload it"
            ));
        }
        Ok(Self(A::NAME))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: registered by us under this static name (main/pbx_app.c:
        // ast_unregister_application compares names under its own lock).
        unsafe { sys::ast_unregister_application(self.0.as_ptr()) };
    }
}

entry! {
    /// What Asterisk calls: 0 goes to the next priority, -1 ends the call.
    fn run[A: Application](chan: *mut sys::ast_channel, data: *const c_char) -> c_int, or 0; {
        let Some(chan) = NonNull::new(chan) else {
            return 0;
        };
        // SAFETY: the live channel and the string that main/pbx_app.c: pbx_exec passes on the
        // channel's own thread; the value ends with this closure.
        let (mut channel, arguments) =
            unsafe { (Channel::inside_application(chan), copied(data)) };
        let run = || Some(A::run(&mut channel, &arguments));
        let after = guard("Application::run", None, run);
        match after.unwrap_or_else(|| A::rescue(&mut channel)) {
            After::GoOn => 0,
            After::Over => -1,
        }
    }
}

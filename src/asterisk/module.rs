//! The module's life as Asterisk drives it: load, reload, unload.

use std::os::raw::c_int;

use super::sys;

/// What a loadable module does for its host. load, reload and unload run under the loader's lock,
/// one at a time (main/loader.c); `load` may run again in the same image after `unload`, which is
/// never unmapped (build.rs: `-z nodelete`).
pub trait Module {
    /// Whether the module is ready; if not, it has said why in the log, and Asterisk goes on
    /// without it.
    fn load() -> bool;
    /// Takes a new configuration; false: the old one stays, and the log says why.
    fn reload() -> bool;
    /// Takes everything back. Asterisk calls it only when no call is inside
    /// (main/loader.c: ast_unload_resource looks at the use count).
    fn unload();
}

/// Never `AST_MODULE_LOAD_FAILURE`: that one stops Asterisk itself.
pub(crate) const DECLINED: c_int = sys::AST_MODULE_LOAD_DECLINE as c_int;
pub(crate) const SUCCESS: c_int = sys::AST_MODULE_LOAD_SUCCESS as c_int;

/// What the loader gets for a yes or a no.
pub(crate) const fn loaded(yes: bool) -> c_int {
    if yes { SUCCESS } else { DECLINED }
}

/// Makes a [`Module`] the one that `shim.c` registers (`ast_module_info`): once per library.
macro_rules! asterisk_module {
    ($module:ty) => {
        #[allow(unsafe_code)] // Names that C knows.
        mod host_entry {
            use std::os::raw::c_int;

            use super::*;
            use $crate::asterisk::guard::entry;
            use $crate::asterisk::module::{DECLINED, Module, loaded};

            entry! {
                #[unsafe(no_mangle)]
                fn rust_ivr_load() -> c_int, or DECLINED; { loaded(<$module as Module>::load()) }

                #[unsafe(no_mangle)]
                fn rust_ivr_reload() -> c_int, or DECLINED; { loaded(<$module as Module>::reload()) }

                #[unsafe(no_mangle)]
                fn rust_ivr_unload() -> c_int, or -1; {
                    <$module as Module>::unload();
                    0
                }
            }
        }
    };
}
pub(crate) use asterisk_module;

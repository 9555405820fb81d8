//! Questions to the host that are not about a channel: which Asterisk it is, where its
//! directories are, what it has loaded.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::guard::entry;
use super::{copied, sys};

/// The oldest and newest major version whose interface this module was checked against.
const SUPPORTED: std::ops::RangeInclusive<u32> = 16..=23;

/// The major version of the Asterisk whose headers the module was built with (build.rs). The minor one does
/// not count: what we touch is alike in all of them, as tests/minors shows (docs/en/developers.md), and what
/// only some have is asked for by name (shim_transfer.c, shim_events.c).
const BUILT_FOR: &str = env!("RUST_IVR_BUILT_FOR");

/// Refuses an Asterisk that this module was not made for. The loader's own check, the
/// build-option sum, is the same for Debian's 16 and 22, so it does not protect anybody.
pub fn check_version() -> Result<(), String> {
    // SAFETY: both return static strings (asterisk/ast_version.h).
    let (text, number) = unsafe {
        (
            copied(sys::ast_get_version()),
            copied(sys::ast_get_version_num()),
        )
    };
    judge_version(&text, &number, BUILT_FOR)
}

/// `number` is the version as Asterisk counts it: 221001 for 22.10.1. Structures, flags and the
/// arguments behind macros are of the headers' major version.
fn judge_version(text: &str, number: &str, built_for: &str) -> Result<(), String> {
    let ours = concat!("res_rust_ivr ", env!("CARGO_PKG_VERSION"));
    match number.parse::<u32>().map(|n| n / 10_000) {
        Ok(major) if SUPPORTED.contains(&major) && major.to_string() == built_for => Ok(()),
        Ok(major) if SUPPORTED.contains(&major) => Err(format!(
            "this is Asterisk {text}, and this {ours} was built with the headers of Asterisk \
             {built_for}: build it again with those of Asterisk {major} and install that"
        )),
        _ => Err(format!(
            "this is Asterisk {text}, and {ours} was made for Asterisk {} to {}: install the \
             res_rust_ivr that was built for your Asterisk",
            SUPPORTED.start(),
            SUPPORTED.end(),
        )),
    }
}

/// Asterisk's directories, as asterisk.conf says. Set once before modules load and never changed
/// (main/options.c: load_asterisk_conf).
pub struct Directories {
    /// `astetcdir`: configuration files.
    pub config: PathBuf,
    /// `astdatadir`: sounds and documentation.
    pub data: PathBuf,
    /// `astvarlibdir`: what Asterisk writes itself.
    pub var: PathBuf,
}

/// Where Asterisk keeps its files.
pub fn directories() -> Directories {
    // SAFETY: static strings (main/options.c).
    let [config, data, var] = unsafe {
        [
            copied(sys::ast_config_AST_CONFIG_DIR),
            copied(sys::ast_config_AST_DATA_DIR),
            copied(sys::ast_config_AST_VAR_DIR),
        ]
    }
    .map(PathBuf::from);
    Directories { config, data, var }
}

/// Whether a module is on the loader's list: while Asterisk starts, before it runs; one that declined
/// to load, or that was unloaded and stays mapped, for ever.
pub fn is_known(module: &CStr) -> bool {
    // SAFETY: a NUL-terminated name; main/loader.c: ast_module_check takes its
    // recursive lock only.
    unsafe { sys::ast_module_check(module.as_ptr()) != 0 }
}

/// Whether a module runs: not one that declined, nor one that has not yet begun.
pub fn runs(module: &CStr) -> bool {
    // SAFETY: a NUL-terminated name, which is handed on to the callback; main/loader.c takes its
    // recursive lock only, and adds up what the callback says.
    unsafe { sys::ast_update_module_list(Some(is_running), module.as_ptr()) > 0 }
}

entry! {
    /// main/loader.c: ast_update_module_list, for each module.
    fn is_running(
        module: *const c_char,
        _description: *const c_char,
        _uses: c_int,
        status: *const c_char,
        wanted: *const c_char,
        _level: sys::ast_module_support_level,
    ) -> c_int, or 0; {
        // SAFETY: NUL-terminated texts, while the loader's lock is held (main/loader.c).
        let [module, status, wanted] = unsafe { [copied(module), copied(status), copied(wanted)] };
        c_int::from(module == wanted && status == "Running")
    }
}

/// Tells, once for each stop of Asterisk, why nobody can be called any more: a graceful stop refuses
/// every new channel at once (main/channel.c: __ast_channel_alloc_ap) and then waits for the
/// callers who are inside. Asterisk's own words name neither the command nor what helps.
pub fn tell_if_shutting_down() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    // SAFETY: reads one number (main/asterisk.c: ast_shutting_down).
    let is_shutting_down = unsafe { sys::ast_shutting_down() != 0 };
    // A stop may be taken back, and another one come.
    let told = TOLD.swap(is_shutting_down, Ordering::Relaxed);
    if is_shutting_down && !told {
        log::error!(
            "Asterisk is told to stop gracefully and refuses every new call: callers who are inside \
             reach nobody, and their dialplan goes on with UNANSWERED or NO_MANAGER. \
             'core abort shutdown' lets them through again; 'core stop when convenient' and \
             'core restart when convenient' refuse nobody"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::judge_version;

    #[test]
    fn each_supported_version_has_a_module_of_its_own() {
        for (number, built_for) in [
            ("162800", "16"),
            ("182604", "18"),
            ("202001", "20"),
            ("221001", "22"),
            ("230401", "23"),
        ] {
            assert_eq!(judge_version("x", number, built_for), Ok(()));
        }
    }

    #[test]
    fn the_headers_of_another_version_are_refused_with_a_cure() {
        for (number, major) in [("202001", 20), ("230401", 23), ("162800", 16)] {
            assert_eq!(
                judge_version("20.20.1", number, "22"),
                Err(format!(
                    "this is Asterisk 20.20.1, and this res_rust_ivr {} was built with the headers \
                     of Asterisk 22: build it again with those of Asterisk {major} and install that",
                    env!("CARGO_PKG_VERSION")
                ))
            );
        }
    }

    #[test]
    fn the_headers_say_their_version() {
        let major: u32 = super::BUILT_FOR.parse().unwrap();
        assert!(super::SUPPORTED.contains(&major), "{major}");
    }

    #[test]
    fn any_other_version_is_refused_with_a_cure() {
        for number in ["131800", "240100", "999999", "", "GIT-master"] {
            let why = judge_version("24.1.0", number, "22").expect_err(number);
            assert!(
                why.contains("Asterisk 24.1.0") && why.contains("install"),
                "{why}"
            );
        }
    }
}

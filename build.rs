//! For the feature `module`: finds Asterisk's headers, compiles the C shim, generates the bindings.

use std::env;
use std::fs::{self, File};
use std::panic;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The part of the border that only C can write.
const SHIM: [&str; 6] = [
    "src/asterisk/shim.c",
    "src/asterisk/shim_events.c",
    "src/asterisk/shim_http.c",
    "src/asterisk/shim_sound.c",
    "src/asterisk/shim_survey.c",
    "src/asterisk/shim_transfer.c",
];

/// What Asterisk's own build passes to every module (Makefile.moddir_rules).
const MODULE_DEFINES: [(&str, &str); 2] = [
    ("AST_MODULE", "\"res_rust_ivr\""),
    ("AST_MODULE_SELF_SYM", "__internal_res_rust_ivr_self"),
];

fn main() {
    for input in SHIM
        .iter()
        .chain(&["build.rs", "wrapper.h", "asterisk-headers"])
    {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rerun-if-env-changed=ASTERISK_INCLUDE_DIR");
    if env::var_os("CARGO_FEATURE_MODULE").is_none() {
        return;
    }

    let include = match find_headers() {
        Ok(dir) => dir,
        Err(why) => {
            println!("cargo::error={why}");
            return;
        }
    };
    // host.rs: an Asterisk of another major version is refused.
    match major_version(&include) {
        Ok(major) => println!("cargo::rustc-env=RUST_IVR_BUILT_FOR={major}"),
        Err(why) => {
            println!("cargo::error={why}");
            return;
        }
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    watch(&include, &out);
    if let Err(why) = compile_shim(&include, &out).and_then(|()| generate_bindings(&include, &out))
    {
        println!("cargo::error={why}");
        return;
    }

    // Rust's thread-locals keep a library mapped in ways that make Asterisk call into
    // an unmapped one later; so it is never unmapped (docs/en/operations.md, "A new version of the module").
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
}

/// The directory that holds `asterisk.h`: the variable, else our own copy, else the system's.
fn find_headers() -> Result<PathBuf, String> {
    if let Some(dir) = env::var_os("ASTERISK_INCLUDE_DIR") {
        let dir = PathBuf::from(dir);
        return if dir.join("asterisk.h").is_file() {
            Ok(dir)
        } else {
            Err(format!(
                "ASTERISK_INCLUDE_DIR is {}, but there is no asterisk.h in it: point it at the \
                 directory that holds asterisk.h, or unset it",
                dir.display()
            ))
        };
    }
    let own = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("asterisk-headers");
    [own, PathBuf::from("/usr/include")]
        .into_iter()
        .find(|dir| dir.join("asterisk.h").is_file())
        .ok_or_else(|| {
            "Asterisk's headers are missing: install the package asterisk-dev of the Asterisk that \
             will load the module, or set ASTERISK_INCLUDE_DIR to the directory that holds asterisk.h"
                .to_owned()
        })
}

/// The major version of the Asterisk that the headers are of.
fn major_version(include: &Path) -> Result<u32, String> {
    let file = include.join("asterisk/autoconfig.h");
    let text = fs::read_to_string(&file).unwrap_or_default();
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("#define PACKAGE_VERSION "))
        .map(|value| value.trim_matches('"').to_owned())
        .ok_or_else(|| {
            let file = file.display();
            format!("{file} names no PACKAGE_VERSION: install Asterisk's headers anew")
        })?;
    // "22", "certified/20.7" or, up to 20.0, "trunk" (configure.ac of each branch).
    let number = named.rsplit('/').next().and_then(|n| n.split('.').next());
    match number.and_then(|number| number.parse().ok()) {
        Some(major) => Ok(major),
        None if named == "trunk" => Ok(major_of_trunk(include)),
        None => Err(format!(
            "these are the headers of Asterisk {named:?}, a version in development: take those of \
             a release"
        )),
    }
}

/// Told by the headers that each of them brought.
fn major_of_trunk(include: &Path) -> u32 {
    let has = |header: &str| include.join("asterisk").join(header).is_file();
    if !has("stasis_state.h") {
        16
    } else if has("res_aeap.h") {
        20
    } else if has("logger_category.h") {
        19
    } else if has("res_pjsip_session_caps.h") {
        18
    } else {
        17
    }
}

/// Another Asterisk's headers make other bindings. Cargo looks at times only, and a package brings
/// files that are older than the last build: so there is a list of what the headers hold as well,
/// which `make` compares and takes away when it is wrong.
fn watch(include: &Path, out: &Path) {
    let list = out.join("headers.sha256");
    let headers = [include.join("asterisk.h"), include.join("asterisk")];
    for watched in headers.iter().chain([&list]) {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let sums = Command::new("find")
        .arg("-L") // The directories may be links, from one Asterisk to the next.
        .args(&headers)
        .args(["-name", "*.h", "-exec", "sha256sum", "{}", "+"])
        .output();
    // Without these two commands only the times count.
    if let Ok(sums) = sums
        && sums.status.success()
    {
        fs::write(&list, sums.stdout).expect("OUT_DIR is writable");
        // Older than any build, or cargo would take it for changed by the one that wrote it.
        File::options()
            .write(true)
            .open(&list)
            .and_then(|list| list.set_modified(SystemTime::UNIX_EPOCH))
            .expect("OUT_DIR is writable");
    }
}

fn compile_shim(include: &Path, out: &Path) -> Result<(), String> {
    let channel_messages = fs::read_to_string(include.join("asterisk/stasis_channels.h"));
    let channel_messages = channel_messages.unwrap_or_default();
    let mut shim = cc::Build::new();
    shim.files(SHIM)
        // As a system directory: warnings about Asterisk's own headers are not ours to mend.
        .flag(format!("-isystem{}", include.display()))
        .flag("-std=gnu99")
        .flag("-fvisibility=hidden")
        // What these headers lack, or have otherwise, older compilers only warn of.
        .flag("-Werror=implicit-function-declaration")
        .flag("-Werror=incompatible-pointer-types")
        .flag("-Werror=int-conversion")
        .cargo_metadata(false);
    for (name, value) in MODULE_DEFINES {
        shim.define(name, value);
    }
    for (define, sign) in OPTIONAL {
        if channel_messages.contains(sign) {
            shim.define(define, None);
        }
    }
    shim.try_compile("rust_ivr_shim").map_err(|error| {
        let why = first_line(&error.to_string());
        format!(
            "the C shim in src/asterisk cannot be compiled; is the package gcc installed? {why}"
        )
    })?;
    // Only the module gets the shim, and all of it: nothing in Rust refers to its
    // constructor, and unit tests must not (they have no Asterisk to link with).
    println!(
        "cargo::rustc-link-arg-cdylib=-Wl,--whole-archive,{}/librust_ivr_shim.a,--no-whole-archive",
        out.display()
    );
    Ok(())
}

/// Of a message with a backtrace.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What not every supported Asterisk has, by what its asterisk/stasis_channels.h then holds.
const OPTIONAL: [(&str, &str); 2] = [
    // 22.3, 21.8, 20.13 and later can leave a SIP transfer to us.
    (
        "RUST_IVR_TRANSFER_REQUESTS",
        "struct ast_ari_transfer_message",
    ),
    // Since 17 a snapshot of a channel has parts.
    (
        "RUST_IVR_SNAPSHOT_PARTS",
        "struct ast_channel_snapshot_base",
    ),
];

/// bindgen panics where there is no libclang, with a backtrace and its own build's paths.
fn find_libclang() -> Result<(), String> {
    let default = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let found = panic::catch_unwind(bindgen::clang_version);
    panic::set_hook(default);
    found.map(|_version| ()).map_err(|_panic| {
        "libclang is missing, which reads Asterisk's headers: install the package libclang-dev \
         (Debian) or clang-devel (Red Hat), or set LIBCLANG_PATH to the directory that holds \
         libclang.so"
            .to_owned()
    })
}

fn generate_bindings(include: &Path, out: &Path) -> Result<(), String> {
    find_libclang()?;
    let mut builder = bindgen::Builder::default()
        .header("wrapper.h")
        .clang_arg(format!("-I{}", include.display()))
        // Under clang RAII_VAR is written with blocks.
        .clang_args(["-std=gnu99", "-fblocks"])
        .generate_comments(false)
        .layout_tests(false)
        .derive_default(true)
        .prepend_enum_name(false)
        .rust_edition(bindgen::RustEdition::Edition2024)
        .wrap_unsafe_ops(true);
    for name in OPAQUE {
        builder = builder
            .opaque_type(name)
            .blocklist_type(format!("{name}(__bindgen_ty.*)?"))
            .raw_line(format!(
                "#[repr(C)] #[derive(Debug)] pub struct {name} {{ _opaque: [u8; 0] }}"
            ));
    }
    for (name, value) in MODULE_DEFINES {
        builder = builder.clang_arg(format!("-D{name}={value}"));
    }
    for function in FUNCTIONS {
        builder = builder.allowlist_function(function);
    }
    for item in ITEMS {
        builder = builder.allowlist_type(item).allowlist_var(item);
    }
    let bindings = builder.generate().map_err(|error| {
        let include = include.display();
        let why = first_line(&error.to_string());
        format!(
            "bindgen cannot read Asterisk's headers in {include}; are the packages clang and \
             libc6-dev installed? {why}"
        )
    })?;
    check_bindings(&bindings.to_string(), include)?;
    bindings
        .write_to_file(out.join("bindings.rs"))
        .expect("OUT_DIR is writable");
    Ok(())
}

/// What these headers lack, in one sentence: what they have under another signature rustc tells.
fn check_bindings(bindings: &str, include: &Path) -> Result<(), String> {
    let lacks = |name: &&&str| !bindings.contains(&format!("pub fn {name}("));
    let lacking: Vec<&str> = FUNCTIONS.iter().filter(lacks).copied().collect();
    if !lacking.is_empty() {
        return Err(format!(
            "Asterisk's headers in {} lack what the module calls: {}; take those of a newer Asterisk, at least 16.16, 18.2, 19",
            include.display(),
            lacking.join(", ")
        ));
    }
    let holds = |name: &&&str| bindings.contains(&format!(": {name},"));
    match OPAQUE.iter().find(holds) {
        Some(name) => Err(format!(
            "a structure that the module uses holds a struct {name} whose size it must not know: take \
             {name} off the list OPAQUE of build.rs"
        )),
        None => Ok(()),
    }
}

/// Their size and layout change between releases of one major version (tests/minors): Rust has pointers
/// to them and no more.
const OPAQUE: &[&str] = &[
    "ast_audiohook",
    "ast_bridge",
    "ast_bridge_channel",
    "ast_bridge_features",
    "ast_channel",
    "ast_channel_tech",
    "ast_context",
    "ast_custom_function",
    "ast_dsp",
    "ast_endpoint",
    "ast_format",
    "ast_frame",
    "ast_json",
    "ast_manager_event_blob",
    "ast_module",
    "ast_str",
    "ast_tcptls_session_instance",
    "message",
    "stasis_subscription",
];

/// The host's functions that we call, and no others.
const FUNCTIONS: &[&str] = &[
    "ast_activate_generator",
    "ast_add_extension",
    "ast_answer",
    "ast_async_goto",
    "ast_bridge_base_new",
    "ast_bridge_destroy",
    "ast_bridge_discard_after_goto",
    "ast_bridge_dtmf_hook",
    "ast_bridge_features_destroy",
    "ast_bridge_impart",
    "ast_bridge_join",
    "ast_bridge_join_hook",
    "ast_bridge_leave_hook",
    "ast_bridge_move",
    "ast_call",
    "ast_category_browse",
    "ast_channel_add_bridge_role",
    "ast_channel_bridge_peer",
    "ast_channel_call_forward",
    "ast_channel_context",
    "ast_channel_get_by_name",
    "ast_bridge_transfer_attended",
    "ast_bridge_transfer_blind",
    "ast_channel_context_set",
    "ast_channel_datastore_add",
    "ast_channel_datastore_find",
    "ast_channel_datastore_remove",
    "ast_channel_exten",
    "ast_channel_exten_set",
    "ast_channel_hangupcause",
    "ast_channel_hold_state",
    "ast_channel_is_bridged",
    "ast_channel_iterator_all_new",
    "ast_channel_iterator_destroy",
    "ast_channel_iterator_next",
    "ast_cdr_is_enabled",
    "ast_cdr_setvar",
    "ast_cel_check_enabled",
    "ast_channel_language",
    "ast_channel_linkedid",
    "ast_channel_make_compatible",
    "ast_channel_name",
    "ast_channel_pbx",
    "ast_channel_priority",
    "ast_channel_priority_set",
    "ast_channel_publish_dial",
    "ast_channel_remove_bridge_role",
    "ast_channel_set_bridge_role_option",
    "ast_channel_uniqueid",
    "ast_channel_writeformat",
    "ast_check_hangup",
    "ast_check_realtime",
    "ast_cli",
    "__ast_cli_register_multiple",
    "ast_cli_unregister_multiple",
    "ast_config_destroy",
    "ast_config_load2",
    "ast_context_destroy",
    "ast_context_find",
    "ast_context_find_or_create",
    "ast_custom_function_find",
    "ast_datastore_free",
    "ast_deactivate_generator",
    "ast_dtmf_stream",
    "ast_endpoint_find_by_id",
    "ast_func_read",
    "ast_get_channel_tech",
    "ast_get_version",
    "ast_get_version_num",
    "ast_hangup",
    "ast_http_get_auth",
    "ast_http_get_post_vars",
    "ast_http_manid_from_vars",
    "ast_http_uri_link",
    "ast_http_uri_unlink",
    "ast_indicate",
    "ast_json_object_create",
    "ast_json_object_set",
    "ast_json_string_create",
    "ast_log",
    "ast_manager_register2",
    "ast_manager_unregister",
    "ast_manager_check_enabled",
    "ast_manager_event_blob_create",
    "ast_module_check",
    "ast_moh_start",
    "ast_moh_stop",
    "ast_read",
    "ast_register_application2",
    "ast_set_write_format",
    "ast_shutting_down",
    "ast_softhangup",
    "ast_unregister_application",
    "ast_update_module_list",
    "ast_variable_browse",
    "ast_variables_destroy",
    "__ast_verbose",
    "ast_waitfor_nandfds",
    "astman_append",
    "astman_get_header",
    "astman_send_error",
    "astman_send_list_complete_start",
    "astman_send_listack",
    "ast_write",
    "astman_verify_session_readpermissions",
    "astman_verify_session_writepermissions",
    "pbx_builtin_getvar_helper",
    "pbx_builtin_setvar_helper",
    "pbx_exec",
    "pbx_findapp",
];

/// Types, constants and variables.
const ITEMS: &[&str] = &[
    "ast_bridge_capability",
    "AST_BRIDGE_CAPABILITY_.*",
    "AST_BRIDGE_FLAG_.*",
    "AST_BRIDGE_TRANSFER_.*",
    "ast_transfer_result",
    "ast_bridge_feature_flags",
    "ast_bridge_impart_flags",
    "ast_build_date",
    "AST_CAUSE_.*",
    "BUILD_DATE",
    "ast_cli_args",
    "ast_cli_command",
    "ast_cli_entry",
    "ast_config_AST_CONFIG_DIR",
    "ast_config_AST_DATA_DIR",
    "ast_config_AST_VAR_DIR",
    "AST_CONTROL_.*",
    "ast_control_frame_type",
    "ast_datastore_info",
    "ast_format_slin",
    "AST_FRAME_.*",
    "AST_SOFTHANGUP_EXPLICIT",
    "ast_frame_type",
    "ast_generator",
    "ast_http_method",
    "ast_http_uri",
    "ast_module_load_result",
    "ast_variable",
    "EVENT_FLAG_CALL",
    "EVENT_FLAG_REPORTING",
    "ast_verb_sys_level",
    "__LOG_.*",
];

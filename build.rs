//! For the feature `module`: finds Asterisk's headers, compiles the C shim, generates the bindings.

use std::env;
use std::path::{Path, PathBuf};

/// What Asterisk's own build passes to every module (Makefile.moddir_rules).
const MODULE_DEFINES: [(&str, &str); 2] = [
    ("AST_MODULE", "\"res_rust_ivr\""),
    ("AST_MODULE_SELF_SYM", "__internal_res_rust_ivr_self"),
];

fn main() {
    for input in [
        "build.rs",
        "wrapper.h",
        "src/asterisk/shim.c",
        "asterisk-headers",
    ] {
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
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    compile_shim(&include, &out);
    generate_bindings(&include, &out);

    // Rust's thread-locals keep a library mapped in ways that make Asterisk call into
    // an unmapped one later; so it is never unmapped (README, "New versions").
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

fn compile_shim(include: &Path, out: &Path) {
    let mut shim = cc::Build::new();
    shim.file("src/asterisk/shim.c")
        // As a system directory: warnings about Asterisk's own headers are not ours to mend.
        .flag(format!("-isystem{}", include.display()))
        .flag("-std=gnu99")
        .flag("-fvisibility=hidden")
        .cargo_metadata(false);
    for (name, value) in MODULE_DEFINES {
        shim.define(name, value);
    }
    if has_transfer_requests(include) {
        shim.define("RUST_IVR_TRANSFER_REQUESTS", None);
    }
    shim.compile("rust_ivr_shim");
    // Only the module gets the shim, and all of it: nothing in Rust refers to its
    // constructor, and unit tests must not (they have no Asterisk to link with).
    println!(
        "cargo::rustc-link-arg-cdylib=-Wl,--whole-archive,{}/librust_ivr_shim.a,--no-whole-archive",
        out.display()
    );
}

/// Asterisk 22.3, 21.8, 20.13 and later can leave a SIP transfer to us.
fn has_transfer_requests(include: &Path) -> bool {
    std::fs::read_to_string(include.join("asterisk/stasis_channels.h"))
        .is_ok_and(|header| header.contains("struct ast_ari_transfer_message"))
}

fn generate_bindings(include: &Path, out: &Path) {
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
        .wrap_unsafe_ops(true)
        // Their layout changes between releases: pointers only, accessors only.
        .opaque_type("ast_channel")
        .opaque_type("ast_format")
        .opaque_type("ast_module")
        .opaque_type("ast_bridge")
        .opaque_type("ast_bridge_channel")
        .opaque_type("ast_bridge_features")
        .opaque_type("ast_frame");
    for (name, value) in MODULE_DEFINES {
        builder = builder.clang_arg(format!("-D{name}={value}"));
    }
    for function in FUNCTIONS {
        builder = builder.allowlist_function(function);
    }
    for item in ITEMS {
        builder = builder.allowlist_type(item).allowlist_var(item);
    }
    match builder.generate() {
        Ok(bindings) => bindings
            .write_to_file(out.join("bindings.rs"))
            .expect("OUT_DIR is writable"),
        Err(error) => println!(
            "cargo::error=bindgen cannot read Asterisk's headers in {}: {error}",
            include.display()
        ),
    }
}

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
    "ast_bridge_remove",
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
    "ast_channel_language",
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
    "ast_cli",
    "__ast_cli_register_multiple",
    "ast_cli_unregister_multiple",
    "ast_config_destroy",
    "ast_config_load2",
    "ast_context_destroy",
    "ast_context_find_or_create",
    "ast_datastore_free",
    "ast_deactivate_generator",
    "ast_get_version",
    "ast_get_version_num",
    "ast_hangup",
    "ast_indicate",
    "ast_log",
    "ast_module_check",
    "ast_moh_start",
    "ast_moh_stop",
    "ast_read",
    "ast_register_application2",
    "ast_set_write_format",
    "ast_unregister_application",
    "ast_variable_browse",
    "__ast_verbose",
    "ast_waitfor_nandfds",
    "ast_write",
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
    "AST_CAUSE_.*",
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
    "ast_frame_type",
    "ast_generator",
    "ast_module_load_result",
    "ast_variable",
    "ast_verb_sys_level",
    "__LOG_.*",
];

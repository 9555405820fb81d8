//! The configuration that a test's Asterisk starts with: what an installation
//! always has, written out, and on top of it what the test is about.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::container::{documentation_directory, modules_directory};
use super::run::repository;
use super::{INSIDE, Run, samples};

/// Loaded by name, so that a start takes half a second and nothing unexpected answers a call.
const LOADED: &[&str] = &[
    "app_dial app_exec app_playback app_senddtmf app_stack app_system app_userevent app_verbose",
    "bridge_builtin_features bridge_builtin_interval_features bridge_holding bridge_native_rtp",
    "bridge_simple bridge_softmix chan_pjsip codec_alaw codec_resample codec_ulaw format_pcm",
    "format_sln format_wav func_callerid func_cdr func_channel func_cut func_db func_dialplan",
    "func_global func_hangupcause func_logic func_module func_pjsip_contact func_pjsip_endpoint",
    "func_strings func_timeout func_uri func_uuid pbx_config res_clioriginate res_pjproject",
    "res_pjsip res_pjsip_acl res_pjsip_authenticator_digest res_pjsip_caller_id",
    "res_pjsip_diversion res_pjsip_dlg_options res_pjsip_dtmf_info res_pjsip_empty_info",
    "res_pjsip_endpoint_identifier_anonymous res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_logger res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration res_pjsip_path",
    "res_pjsip_pubsub res_pjsip_refer res_pjsip_registrar res_pjsip_rfc3326 res_pjsip_sdp_rtp",
    "res_pjsip_session res_rtp_asterisk res_security_log res_sorcery_astdb res_sorcery_config",
    "res_musiconhold res_sorcery_memory res_timing_timerfd",
];

/// The module that is tested, and every file of Asterisk's configuration directory.
pub struct MachineConfig {
    /// The variable that tells where the module is.
    module: Option<&'static str>,
    more_modules: Vec<String>,
    pub(super) environment: Vec<&'static str>,
    files: BTreeMap<String, String>,
}

impl MachineConfig {
    /// An Asterisk that knows no calls yet: no dialplan, no SIP, the module without its own file.
    fn bare() -> Self {
        let empty = [
            "acl",
            "ccss",
            "cdr",
            "cel",
            "features",
            "manager",
            "pjproject",
            "udptl",
        ];
        let mut files: BTreeMap<_, _> = empty
            .into_iter()
            .map(|name| (format!("{name}.conf"), String::new()))
            .collect();
        for (name, text) in [
            ("asterisk.conf", asterisk_conf()),
            ("extensions.conf", String::new()),
            ("indications.conf", INDICATIONS.into()),
            ("logger.conf", LOGGER.into()),
            (
                "musiconhold.conf",
                format!("[default]\nmode = files\ndirectory = {INSIDE}/data/moh\n"),
            ),
            ("pjsip.conf", String::new()),
            ("rtp.conf", RTP.into()),
        ] {
            files.insert(name.into(), text);
        }
        Self {
            module: Some("RUST_IVR_MODULE"),
            more_modules: Vec::new(),
            environment: Vec::new(),
            files,
        }
    }

    /// The repository's own `dialplan/*.conf.sample`, filled in for this run's stand-in peers.
    pub fn samples(run: &Run) -> Self {
        let samples = samples::filled_in(&repository().join("dialplan"), run);
        samples
            .into_iter()
            .fold(Self::bare(), |config, (name, text)| {
                config.file(&name, &text)
            })
    }

    /// Without the module: Asterisk as its distribution ships it.
    pub fn without_module(mut self) -> Self {
        self.module = None;
        self
    }

    /// With the module as it is built with the features `tls` and `panics`.
    pub fn with_tls(mut self) -> Self {
        self.module = Some("RUST_IVR_MODULE_WITH_TLS");
        self
    }

    /// Adds `NAME=value` to what Asterisk finds in its environment.
    pub fn environment(mut self, variable: &'static str) -> Self {
        self.environment.push(variable);
        self
    }

    /// Loads one more module of Asterisk's own.
    pub fn load(mut self, name: &str) -> Self {
        self.more_modules.push(name.into());
        self
    }

    /// Adds a configuration file, or replaces it.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.insert(name.into(), text.into());
        self
    }

    /// Changes one place of a file. `from` must be there exactly once, so that a test
    /// cannot go on with a change that no longer changes anything.
    pub fn replace(mut self, name: &str, from: &str, to: &str) -> Self {
        let text = self
            .files
            .get_mut(name)
            .unwrap_or_else(|| panic!("no file {name}"));
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {name}:\n{text}");
        *text = text.replacen(from, to, 1);
        self
    }

    /// Adds lines at the end of a file.
    pub fn append(mut self, name: &str, text: &str) -> Self {
        self.files
            .entry(name.into())
            .or_default()
            .push_str(&format!("\n{text}\n"));
        self
    }

    /// What must be seen inside the container besides the run's directory.
    pub(super) fn mounts(&self) -> Vec<String> {
        let Some(variable) = self.module else {
            return Vec::new();
        };
        let module = module_from_environment(variable);
        let modules = modules_directory();
        vec![format!("{}:{modules}/res_rust_ivr.so:ro", module.display())]
    }

    /// Makes Asterisk's directories and files under the run's directory.
    pub(super) fn write(&self, run: &Run) {
        for directory in ["etc", "lib", "log", "run", "spool"] {
            let directory = run.directory().join(directory);
            fs::create_dir_all(&directory).expect("a directory for Asterisk");
        }
        for (name, text) in &self.files {
            write_file(run, name, text);
        }
        write_file(run, "modules.conf", &self.modules_conf());
        let data = run.data_directory();
        link_core_documentation(&data.join("documentation"));
        if self.module.is_some() {
            install_data(&data);
        }
    }

    fn modules_conf(&self) -> String {
        let ours = self.module.map(|_| "res_rust_ivr");
        let more = self.more_modules.iter().map(String::as_str);
        let names = LOADED
            .iter()
            .flat_map(|line| line.split(' '))
            .chain(more)
            .chain(ours);
        let loads: String = names.map(|name| format!("load = {name}.so\n")).collect();
        format!("[modules]\nautoload = no\n{loads}")
    }
}

/// The built module, named by `RUST_IVR_MODULE`.
fn module_from_environment(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_default();
    assert!(
        path.is_absolute() && path.is_file(),
        "{variable} is to be the full path of the built module and is {path:?}; \
         run `make test`, which builds it and sets this"
    );
    path
}

/// Writes a file into Asterisk's configuration directory.
pub(super) fn write_file(run: &Run, name: &str, text: &str) {
    let path = run.directory().join("etc").join(name);
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Asterisk reads the defaults of its own options out of its documentation and does not start
/// without it. The links lead into the image and are good inside the container only.
fn link_core_documentation(documentation: &Path) {
    fs::create_dir_all(documentation).expect("a directory for documentation");
    for name in ["core-en_US.xml", "appdocsxml.dtd", "appdocsxml.xslt"] {
        let target = format!("{}/{name}", documentation_directory());
        std::os::unix::fs::symlink(target, documentation.join(name)).expect(name);
    }
}

/// What `make install` puts under Asterisk's data directory: documentation and prompts.
fn install_data(data: &Path) {
    let thirdparty = data.join("documentation/thirdparty");
    fs::create_dir_all(&thirdparty).expect("a directory for documentation");
    let xml = "res_rust_ivr-en_US.xml";
    fs::copy(
        repository().join("dialplan").join(xml),
        thirdparty.join(xml),
    )
    .expect(xml);
    for folder in [
        "rust_ivr/scenario",
        "rust_ivr/keyNum",
        "rust_ivr/msgMp3",
        "rust_conf/ru",
        "rust_conf/en",
    ] {
        let prompts = repository().join("sounds").join(folder);
        let to = data.join("sounds").join(folder);
        fs::create_dir_all(&to).expect("a directory for prompts");
        for entry in fs::read_dir(prompts).expect("the repository's prompts") {
            let entry = entry.expect("a prompt");
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a prompt");
        }
    }
}

fn asterisk_conf() -> String {
    let modules = modules_directory();
    format!(
        "[directories]
astmoddir => {modules}
astetcdir => {INSIDE}/etc
astvarlibdir => {INSIDE}/lib
astdbdir => {INSIDE}/lib
astkeydir => {INSIDE}/lib
astdatadir => {INSIDE}/data
astspooldir => {INSIDE}/spool
astrundir => {INSIDE}/run
astlogdir => {INSIDE}/log
[options]
verbose = 5
nocolor = yes
"
    )
}

/// The container's log: standard output also carries what is said before the logger runs.
const LOGGER: &str = "[general]
dateformat = %F %T.%3q
[logfiles]
/dev/stderr => notice,warning,error,verbose(5),dtmf
";

const RTP: &str = "[general]
rtpstart = 10000
rtpend = 20000
icesupport = no
";

/// Russian ringback is 425 Hz, one second in five.
const INDICATIONS: &str = "[general]
country = ru
[ru]
description = Russian Federation
ringcadence = 1000,4000
dial = 425
busy = 425/350,0/350
ring = 425/1000,0/4000
congestion = 425/175,0/175
callwaiting = 425/200,0/5000
dialrecall = 425/400,0/40
record = 1400/400,0/15000
info = 950/330,1400/330,1800/330,0/1000
stutter = 425
";

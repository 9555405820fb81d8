//! The Asterisk around us: its version, what it has loaded, and whether it will load us again.

use super::Finding;
use crate::ports::Line;

/// Modules of Asterisk that calls need, and what is missing without each.
pub const NEEDED: [(&str, &str); 5] = [
    (
        "app_dial.so",
        "no number can be dialled, and no call reaches the fallback",
    ),
    ("bridge_simple.so", "RustConfAdd mixes also where two talk"),
    (
        "bridge_softmix.so",
        "RustConfAdd cannot bring three together",
    ),
    ("bridge_holding.so", "RustConfAdd cannot hold a client"),
    ("res_musiconhold.so", "a client on hold hears nothing"),
];

/// Any of them will do.
pub const TIMING: [&str; 3] = [
    "res_timing_timerfd.so",
    "res_timing_dahdi.so",
    "res_timing_pthread.so",
];

/// What is known of it.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Which of [`NEEDED`] and [`TIMING`] are loaded.
    pub loaded: Vec<&'static str>,
    /// As `core show version` has it.
    pub version: String,
    /// When it was built, as it says itself; empty when unknown.
    pub built: String,
    /// The same of the Asterisk whose headers the module was built with.
    pub headers_built: String,
    /// modules.conf; `None`: it cannot be read.
    pub modules: Option<Vec<Line>>,
    /// Asterisk's own recordings are there.
    pub has_sounds: bool,
}

/// Judges it.
pub fn host(facts: &Host) -> Vec<Finding> {
    let missing = NEEDED
        .iter()
        .filter(|(name, _)| !facts.loaded.contains(name));
    let mut findings: Vec<Finding> = missing
        .map(|(name, effect)| {
            Finding::problem(
                format!("{name} is not loaded: {effect}"),
                format!("write load = {name} into modules.conf, then module load {name}"),
            )
        })
        .collect();
    if !TIMING.iter().any(|name| facts.loaded.contains(name)) {
        findings.push(Finding::problem(
            "no res_timing module is loaded: prompts may stutter for callers who send no sound, and \
             nobody hears anything in a room",
            format!("write load = {} into modules.conf, then restart Asterisk", TIMING[0]),
        ));
    }
    let known = !facts.built.is_empty() && !facts.headers_built.is_empty();
    if known && facts.built != facts.headers_built {
        findings.push(Finding::note(
            format!(
                "this module was built with the headers of another build of the same major \
                 version ({}) than this Asterisk {} ({})",
                facts.headers_built, facts.version, facts.built
            ),
            "build it again with the headers of this Asterisk when you can, and install that",
        ));
    }
    findings.extend(facts.modules.as_deref().and_then(next_start));
    if !facts.has_sounds {
        findings.push(Finding::note(
            "Asterisk's own recordings are missing: its voicemail and Playback() are silent",
            "install its sounds, such as the package asterisk-core-sounds-en",
        ));
    }
    findings
}

/// Whether the next start loads the module (main/loader.c: loader_config_init).
fn next_start(modules: &[Line]) -> Option<Finding> {
    let ours = |value: &str| value.strip_suffix(".so").unwrap_or(value) == "res_rust_ivr";
    let lines = || modules.iter().filter(|line| line.section == "modules");
    let named = |keys: &[&str]| {
        let has = |key: &str| keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted));
        lines().find(|line| has(&line.key) && ours(&line.value))
    };
    if let Some(line) = named(&["noload"]) {
        return Some(Finding::problem(
            "noload = res_rust_ivr in modules.conf: after the next start the module is not there",
            format!("take line {} out of modules.conf", line.line),
        ));
    }
    // The first one counts (main/config.c: ast_variable_retrieve).
    let autoload = lines().find(|line| line.key.eq_ignore_ascii_case("autoload"));
    let is_on = autoload.is_some_and(|line| is_true(&line.value));
    let loads = named(&["load", "preload", "require", "preload-require"]);
    (!is_on && loads.is_none()).then(|| {
        Finding::problem(
            "autoload is off in modules.conf and no line loads res_rust_ivr: after the next start \
             the module is not there",
            "write load = res_rust_ivr.so into modules.conf, section [modules]",
        )
    })
}

/// As main/utils.c: ast_true.
fn is_true(value: &str) -> bool {
    let words = ["yes", "true", "y", "t", "1", "on"];
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    fn line(key: &str, value: &str) -> Line {
        Line {
            section: "modules".to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
            line: 7,
            included: None,
        }
    }

    fn good() -> Host {
        let needed = NEEDED.iter().map(|(name, _)| *name);
        Host {
            loaded: needed.chain([TIMING[2]]).collect(),
            version: "22.10.1".to_owned(),
            built: "2026-07-20".to_owned(),
            headers_built: "2026-07-20".to_owned(),
            modules: Some(vec![line("autoload", "yes")]),
            has_sounds: true,
        }
    }

    #[test]
    fn nothing_is_said_of_a_good_one() {
        assert_eq!(host(&good()), []);
        let unknown = Host {
            built: String::new(),
            modules: None,
            ..good()
        };
        assert_eq!(host(&unknown), []);
    }

    #[test]
    fn every_missing_module_is_told() {
        let bare = Host {
            loaded: Vec::new(),
            ..good()
        };
        let found = host(&bare);
        assert_eq!(found.len(), NEEDED.len() + 1);
        for ((name, _), finding) in NEEDED.iter().zip(&found) {
            assert!(finding.what.contains(name) && finding.cure.contains(name));
            assert_eq!(finding.severity, Severity::Problem);
        }
        assert!(found[NEEDED.len()].what.contains("res_timing"));
    }

    #[test]
    fn headers_of_another_build_are_a_note() {
        let other = Host {
            headers_built: "2026-01-01".to_owned(),
            ..good()
        };
        let [finding] = &host(&other)[..] else {
            panic!()
        };
        assert!(finding.what.contains("2026-01-01") && finding.what.contains("22.10.1"));
        assert_eq!(finding.severity, Severity::Note);
    }

    #[test]
    fn a_start_without_us_is_foreseen() {
        let told = |lines: Vec<Line>| next_start(&lines).map(|finding| finding.cure);
        let load = line("load", "res_rust_ivr.so");
        assert_eq!(told(vec![line("autoload", "no"), load.clone()]), None);
        assert_eq!(told(vec![line("require", "res_rust_ivr")]), None);
        let other = vec![line("autoload", "no"), line("load", "res_rust_ivr_2.so")];
        assert!(told(other).unwrap().contains("load = res_rust_ivr.so"));
        assert!(told(vec![]).is_some());
        let noload = vec![line("autoload", "yes"), line("noload", "res_rust_ivr.so")];
        assert!(told(noload).unwrap().contains("line 7"));
    }

    #[test]
    fn missing_sounds_are_a_note() {
        let silent = Host {
            has_sounds: false,
            ..good()
        };
        assert!(host(&silent)[0].cure.contains("asterisk-core-sounds"));
    }
}

//! The operator's commands about what was counted.

use std::ffi::CStr;

use crate::asterisk::cli::{Command, Entry, command};
use crate::service::current as service;

/// All commands, for registration.
pub fn commands() -> Vec<Entry> {
    vec![
        command::<ShowKeys>(),
        command::<ShowStats>(),
        command::<ResetStats>(),
    ]
}

struct ShowKeys;

impl Command for ShowKeys {
    const WORDS: &'static CStr = c"rustivr show keys";
    const SUMMARY: &'static CStr = c"Show which keys callers press";
    const USAGE: &'static CStr = c"Usage: rustivr show keys\n       \
        One line for each scenario and key: how often a menu ended with it. 'wrong' is a key\n       \
        that no row has, 'none' no key at all. 64 scenarios are told apart.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let service = arguments.is_empty().then(service)??;
        Some(service.stats.keys())
    }
}

struct ShowStats;

impl Command for ShowStats {
    const WORDS: &'static CStr = c"rustivr show stats";
    const SUMMARY: &'static CStr = c"Show how calls, rooms and look-ups ended";
    const USAGE: &'static CStr = c"Usage: rustivr show stats\n       \
        Counts since the module was loaded, or since 'rustivr reset stats'.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let service = arguments.is_empty().then(service)??;
        Some(service.stats.describe())
    }
}

struct ResetStats;

impl Command for ResetStats {
    const WORDS: &'static CStr = c"rustivr reset stats";
    const SUMMARY: &'static CStr = c"Count from zero again";
    const USAGE: &'static CStr = c"Usage: rustivr reset stats\n       \
        Sets all counts to zero, those of the metrics as well: Prometheus takes that for a restart.\n";

    fn run(arguments: &[String]) -> Option<String> {
        let service = arguments.is_empty().then(service)??;
        service.stats.reset();
        Some("All counts are zero\n".to_owned())
    }
}

//! Turns the samples of `dialplan/` into the configuration of a run, changing
//! only what each sample tells an operator to fill in.

use std::fs;
use std::path::Path;

use super::Run;

/// The account at Multifon that the samples show.
pub const MULTIFON_NUMBER: &str = "74950000000";
/// Its password in tests.
pub const MULTIFON_PASSWORD: &str = "password-of-multifon";
/// The SIP line that the samples show, as Bitrix24 names it.
pub const BITRIX24_LINE: &str = "sip1";
/// Its password in tests: our calls to Bitrix24.
pub const BITRIX24_PASSWORD: &str = "password-of-bitrix24";
/// The login that Bitrix24 is given for its calls to us.
pub const PBX_LOGIN: &str = "bitrix24";
/// Its password in tests.
pub const PBX_PASSWORD: &str = "password-of-our-pbx";

/// Each `*.conf.sample` as the file it becomes, filled in for this run.
pub fn filled_in(samples: &Path, run: &Run) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(samples).expect("the samples") {
        let path = entry.expect("a sample").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let Some(name) = name.strip_suffix(".sample") else {
            continue;
        };
        let text = fs::read_to_string(&path).expect("a sample");
        files.push((name.to_owned(), fill_in(name, text, run)));
    }
    files
}

fn fill_in(name: &str, text: String, run: &Run) -> String {
    match name {
        "pjsip.conf" => substitute(
            text,
            &[
                ("0.0.0.0", &run.asterisk().to_string()),
                // Asterisk's SIP resolver asks DNS servers and never reads /etc/hosts.
                ("sbc.megafon.ru", &run.multifon().to_string()),
                (
                    "ip.b24-0000-0000000000.bitrixphone.com",
                    &run.bitrix24().to_string(),
                ),
                ("CHANGE-ME-multifon", MULTIFON_PASSWORD),
                ("CHANGE-ME-bitrix24", BITRIX24_PASSWORD),
                ("CHANGE-ME-pbx", PBX_PASSWORD),
            ],
        ),
        _ => text,
    }
}

/// Replaces every occurrence; each must be there, or the sample and this table have parted.
fn substitute(text: String, table: &[(&str, &str)]) -> String {
    table.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "the sample no longer holds {from:?}");
        text.replace(from, to)
    })
}

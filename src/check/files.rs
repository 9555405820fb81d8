//! The configuration file as it lies there now, and what Asterisk's user may do with our files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::ports::Line;
use crate::settings::Settings;

/// Judges the file's lines, read anew, against the settings that are in use. `Err`: it cannot be read.
pub fn configuration(
    name: &str,
    lines: &Result<Option<Vec<Line>>, String>,
    in_use: &Settings,
) -> Option<Finding> {
    match lines {
        Err(why) => Some(Finding::problem(
            format!("the next start finds no configuration: {why}"),
            "mend the file; until then the old configuration stays in use",
        )),
        Ok(None) => Some(Finding::note(
            format!("{name} is missing: every option has its default"),
            "copy the sample and change what differs at your site",
        )),
        Ok(Some(lines)) => match Settings::parse(lines) {
            Err(error) => {
                let problems = error.problems();
                let first = problems.first().map_or("", String::as_str);
                let more = match problems.len() {
                    0 | 1 => String::new(),
                    n => format!(" (and {} more)", n - 1),
                };
                Some(Finding::problem(
                    format!("{name} would be refused at the next start: {first}{more}"),
                    "mend it, then module reload res_rust_ivr",
                ))
            }
            Ok(settings) if settings != *in_use => Some(Finding::note(
                format!("{name} was changed and is not in use yet"),
                "module reload res_rust_ivr",
            )),
            Ok(_) => None,
        },
    }
}

/// Judges what may be read and written. `open` are the files with a password that everybody reads;
/// `var`, where the snapshot is kept, is `None` where that is no matter.
pub fn places(open: &BTreeSet<PathBuf>, var: Option<(&Path, bool)>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = open
        .iter()
        .map(|path| {
            let path = path.display();
            Finding::problem(
                format!("{path} holds a password and everybody on this machine may read it"),
                format!("chown root:asterisk {path}; chmod 0640 {path}"),
            )
        })
        .collect();
    if let Some((var, false)) = var {
        let var = var.display();
        findings.push(Finding::problem(
            format!(
                "Asterisk's user may not write into {var}: the snapshot of the tables does not \
                 survive a restart"
            ),
            format!("chown asterisk {var}"),
        ));
    }
    findings
}

/// The files with a password that everybody on the machine can read, of the lines of the
/// configuration file `main`: that is told, not refused.
pub fn readable_passwords(main: &Path, lines: &[Line]) -> BTreeSet<PathBuf> {
    let everybody_reads = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o004 != 0)
    };
    lines
        .iter()
        .filter(|line| line.key.eq_ignore_ascii_case("password"))
        .map(|line| line.included.clone().unwrap_or_else(|| main.to_owned()))
        .filter(everybody_reads)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;
    use crate::check::Severity;

    fn file(directory: &Path, name: &str, mode: u32) -> PathBuf {
        let path = directory.join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn line(key: &str, included: Option<&PathBuf>) -> Line {
        Line {
            section: "database".to_owned(),
            key: key.to_owned(),
            value: "secret".to_owned(),
            line: 1,
            included: included.cloned(),
        }
    }

    #[test]
    fn the_file_that_holds_the_password_is_looked_at() {
        let directory = env::temp_dir().join(format!("rust-ivr-readers-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let own = file(&directory, "res_rust_ivr.conf", 0o644);
        let open = file(&directory, "open.conf", 0o644);
        let closed = file(&directory, "closed.conf", 0o640);
        for (lines, told) in [
            (vec![line("Password", None)], vec![&own]),
            (
                vec![line("user", None), line("password", Some(&closed))],
                vec![],
            ),
            (
                vec![line("password", Some(&open)), line("password", None)],
                vec![&open, &own],
            ),
            (
                vec![line("password", Some(&directory.join("gone.conf")))],
                vec![],
            ),
        ] {
            let found = readable_passwords(&own, &lines);
            assert_eq!(Vec::from_iter(&found), told);
        }
        let told = places(&readable_passwords(&own, &[line("password", None)]), None);
        assert!(told[0].cure.contains("chmod 0640"));
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_told() {
        let none = BTreeSet::new();
        let var = Path::new("/var/lib/asterisk");
        assert_eq!(places(&none, Some((var, true))), []);
        assert_eq!(places(&none, None), []);
        let told = places(&none, Some((var, false)));
        assert!(told[0].cure.contains("chown asterisk /var/lib/asterisk"));
    }

    #[test]
    fn a_file_that_is_not_what_is_in_use_is_told() {
        let judged = |lines| configuration("res_rust_ivr.conf", &lines, &Settings::default());
        let of = |key: &str, value: &str| {
            let mut line = line(key, None);
            line.section = "ivr".to_owned();
            line.value = value.to_owned();
            Ok(Some(vec![line]))
        };
        assert_eq!(judged(of("repeat", "1")), None);
        assert_eq!(
            judged(of("repeat", "2")).unwrap().cure,
            "module reload res_rust_ivr"
        );
        let wrong = judged(of("repeat", "often")).unwrap();
        assert!(wrong.what.contains("repeat") && wrong.severity == Severity::Problem);
        assert_eq!(judged(Ok(None)).unwrap().severity, Severity::Note);
        assert!(
            judged(Err("it is closed".to_owned()))
                .unwrap()
                .what
                .contains("it is closed")
        );
    }
}

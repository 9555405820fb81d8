//! `rustivr check`.

use std::ffi::CStr;

use super::text::Report;
use crate::apps::check::findings;
use crate::asterisk::cli::Command;
use crate::check::{Finding, Severity, brief};
use crate::service::current as service;

/// The command.
pub struct Check;

impl Command for Check {
    const WORDS: &'static CStr = c"rustivr check";
    const SUMMARY: &'static CStr = c"Show what is wrong with this installation, and what to do";
    const USAGE: &'static CStr = c"Usage: rustivr check [brief]\n       \
        Looks at the host, the configuration, the database, its rows and the recordings,\n       \
        and tells what is wrong, each with its cure. Places no call; takes seconds at most.\n       \
        brief: one line for a monitor, 'OK' or 'n problems' (notes do not count):\n       \
        asterisk -rx 'rustivr check brief' | grep -qx OK\n";

    fn run(arguments: &[String]) -> Option<String> {
        let is_brief = match arguments {
            [] => false,
            [word] if word == "brief" => true,
            _ => return None,
        };
        let findings = findings(&*service()?);
        Some(match is_brief {
            true => brief(&findings) + "\n",
            false => report(&findings),
        })
    }

    fn complete(arguments: &[String], _: &str) -> Vec<String> {
        match arguments {
            [] => vec!["brief".to_owned()],
            _ => Vec::new(),
        }
    }
}

fn report(findings: &[Finding]) -> String {
    let mut report = Report::default();
    let of = |severity| findings.iter().filter(move |f| f.severity == severity);
    let ordered = of(Severity::Problem).chain(of(Severity::Note));
    for (finding, number) in ordered.zip(1..) {
        let note = match finding.severity {
            Severity::Problem => "",
            Severity::Note => "Note: ",
        };
        report.wrapped(&format!("{number:>2}. {note}"), &finding.what);
        report.wrapped("    -> ", &finding.cure);
    }
    let notes = of(Severity::Note).count();
    let notes = match notes {
        0 => String::new(),
        1 => ", 1 note".to_owned(),
        n => format!(", {n} notes"),
    };
    report.line(brief(findings) + &notes);
    report.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_followed_by_its_cure_and_problems_come_first() {
        let findings = [
            Finding::note("dull", "wait"),
            Finding::problem("broken \u{1b}[2J", "mend it"),
        ];
        let right =
            " 1. broken ?[2J\n    -> mend it\n 2. Note: dull\n    -> wait\n1 problem, 1 note\n";
        assert_eq!(report(&findings), right);
        assert_eq!(report(&[]), "OK\n");
    }
}

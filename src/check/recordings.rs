//! Prompts and notices: those that are missing or cannot be played, and files that nothing names.

use super::{Finding, Several};

/// What was found of them.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    /// Of prompts that callers are to hear, what is wrong: a sentence each.
    pub prompts: Vec<String>,
    /// The same of the conferences' notices.
    pub notices: Vec<String>,
    /// Files that no row names.
    pub unused: Vec<String>,
    /// There were more prompts than could be looked at in time: so many were not.
    pub left_out: usize,
}

/// Judges them.
pub fn recordings(facts: &Recordings) -> Vec<Finding> {
    let told = |texts: &[String], what| texts.iter().collect::<Several>().told(what);
    let mut findings = Vec::new();
    if let Some(what) = told(&facts.prompts, "prompts are passed over in menus") {
        findings.push(Finding::problem(
            what,
            "put the recordings there, readable for Asterisk's user, or correct the rows; \
             [ivr] sounds names the directory",
        ));
    }
    if let Some(what) = told(&facts.notices, "notices of RustConfAdd are silent") {
        findings.push(Finding::problem(
            what,
            "install the module's sounds/rust_conf (make install); [conference] sounds names the \
             directory",
        ));
    }
    if let Some(what) = told(&facts.unused, "recordings are named by no row") {
        findings.push(Finding::note(
            what,
            "nothing to do, or name them in a row, or take them away",
        ));
    }
    if facts.left_out > 0 {
        findings.push(Finding::note(
            format!(
                "{} more prompts were not looked at, for want of time",
                facts.left_out
            ),
            "rustivr show menu PHONE looks at those of one phone",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    #[test]
    fn each_kind_is_told_once() {
        let text = |text: &str| vec![text.to_owned(); 5];
        let facts = Recordings {
            prompts: text("prompt msgMp3/\"x.mp3\": no such file"),
            notices: text("notice busy: nowhere"),
            unused: text("msgMp3/old.mp3"),
            left_out: 3,
        };
        let found = recordings(&facts);
        let words: Vec<_> = found
            .iter()
            .map(|f| (f.severity, f.what.as_str()))
            .collect();
        assert!(words[0].1.starts_with("5 prompts") && words[0].1.ends_with("and 2 more"));
        assert!(words[1].1.contains("notice busy"));
        assert!(words[2].1.contains("msgMp3/old.mp3"));
        assert!(words[3].1.contains("3 more prompts"));
        use Severity::{Note, Problem};
        let severities: Vec<_> = words.iter().map(|word| word.0).collect();
        assert_eq!(severities, [Problem, Problem, Note, Note]);
        assert_eq!(recordings(&Recordings::default()), []);
    }
}

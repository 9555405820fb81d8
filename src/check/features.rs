//! The code in the talk (W1): features.conf and the global `DYNAMIC_FEATURES`.

use super::Finding;
use crate::ports::Line;

/// What is known of them.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// features.conf; empty when there is none.
    pub lines: Vec<Line>,
    /// The global `DYNAMIC_FEATURES`; empty when it is not set.
    pub global: String,
    /// The dialplan sets the variable as well, so that calls may have other features than the global's.
    pub set_in_dialplan: bool,
}

/// A line of `[applicationmap]`.
struct Entry<'l> {
    name: &'l str,
    keys: &'l str,
    side: &'l str,
    is_ours: bool,
}

/// Judges them.
pub fn features(facts: &Features) -> Vec<Finding> {
    let entries: Vec<Entry<'_>> = facts
        .lines
        .iter()
        .filter(|line| line.section == "applicationmap")
        .filter_map(entry)
        .collect();
    let ours: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.is_ours).collect();
    let Some(first) = ours.first() else {
        return vec![Finding::note(
            "no code in features.conf runs RustConfAdd(): a manager cannot bring a third person \
             in by keys in the talk",
            "write confadd = *7,self,RustConfAdd() under [applicationmap] in features.conf, and its \
             name into the global DYNAMIC_FEATURES",
        )];
    };
    let mut findings: Vec<Finding> = ours
        .iter()
        .filter(|entry| !matches!(&*entry.side.to_ascii_lowercase(), "self" | "caller"))
        .map(|entry| {
            let (name, keys, side) = (entry.name, entry.keys, entry.side);
            Finding::problem(
                format!(
                    "{name} in features.conf runs RustConfAdd() on the side {side:?}: the client's, \
                     who may not add anybody"
                ),
                format!("write {name} = {keys},self,RustConfAdd()"),
            )
        })
        .collect();
    if facts.set_in_dialplan {
        return findings;
    }
    let named: Vec<&str> = facts.global.split('#').collect();
    let is_named = |entry: &Entry<'_>| {
        named.iter().any(|name| {
            name.eq_ignore_ascii_case(entry.name) || in_group(&facts.lines, name, entry.name)
        })
    };
    if !ours.iter().any(|entry| is_named(entry)) {
        let name = first.name;
        let right = match &*facts.global {
            "" => name.to_owned(),
            others => format!("{others}#{name}"),
        };
        findings.push(Finding::problem(
            format!("the global DYNAMIC_FEATURES does not name {name}: its code does nothing"),
            format!(
                "write DYNAMIC_FEATURES = {right} under [globals] in extensions.conf, then dialplan \
                 reload"
            ),
        ));
        return findings;
    }
    let others: Vec<&str> = entries
        .iter()
        .filter(|entry| !entry.is_ours && !is_named(entry))
        .map(|entry| entry.name)
        .collect();
    if !others.is_empty() {
        let mut all = others.clone();
        all.push(&facts.global);
        findings.push(Finding::problem(
            format!(
                "the global DYNAMIC_FEATURES names our code and no longer {}, which features.conf \
                 has: that does nothing",
                others.join(", ")
            ),
            format!(
                "join them: DYNAMIC_FEATURES = {} under [globals], or take the line out of \
                 features.conf",
                all.join("#")
            ),
        ));
    }
    findings
}

/// main/features_config.c: applicationmap_handler. `None`: the host ignores the line.
fn entry(line: &Line) -> Option<Entry<'_>> {
    let mut parts = line.value.split(',').map(str::trim);
    let (keys, side, application) = (parts.next()?, parts.next()?, parts.next()?);
    let application = application.split('(').next().unwrap_or_default().trim();
    Some(Entry {
        name: &line.key,
        keys,
        // An older syntax has a second word, which does not count.
        side: side.split('/').next().unwrap_or_default(),
        is_ours: application.eq_ignore_ascii_case("RustConfAdd"),
    })
}

/// Any other section is a group of features.
fn in_group(lines: &[Line], group: &str, name: &str) -> bool {
    lines.iter().any(|line| {
        !matches!(&*line.section, "general" | "featuremap" | "applicationmap")
            && line.section.eq_ignore_ascii_case(group)
            && line.key.eq_ignore_ascii_case(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Severity, line};

    fn ours() -> Line {
        line("applicationmap", "confadd", "*7,self,RustConfAdd()")
    }

    fn told(lines: Vec<Line>, global: &str) -> Vec<Finding> {
        features(&Features {
            lines,
            global: global.to_owned(),
            set_in_dialplan: false,
        })
    }

    fn recording() -> Line {
        line("applicationmap", "apprecord", "*1,caller,Macro,one-touch")
    }

    #[test]
    fn a_code_that_is_named_is_right() {
        assert_eq!(told(vec![ours()], "confadd"), []);
        assert_eq!(told(vec![ours(), recording()], "apprecord#ConfAdd"), []);
        let old = line(
            "applicationmap",
            "x",
            "*7, caller/both, rustconfadd, ,default",
        );
        assert_eq!(told(vec![old], "x"), []);
        let grouped = vec![ours(), line("ours", "confadd", "*8")];
        assert_eq!(told(grouped, "ours"), []);
    }

    #[test]
    fn a_code_that_nothing_names_does_nothing() {
        for (global, right) in [("", "= confadd "), ("apprecord", "= apprecord#confadd ")] {
            let [finding] = &told(vec![ours(), recording()], global)[..] else {
                panic!()
            };
            assert!(finding.cure.contains(right), "{}", finding.cure);
        }
        let elsewhere = Features {
            lines: vec![ours()],
            global: String::new(),
            set_in_dialplan: true,
        };
        assert_eq!(features(&elsewhere), []);
    }

    #[test]
    fn others_that_were_replaced_are_joined() {
        let [finding] = &told(vec![ours(), recording()], "confadd")[..] else {
            panic!()
        };
        assert!(finding.what.contains("apprecord"));
        assert!(finding.cure.contains("= apprecord#confadd "));
    }

    #[test]
    fn the_wrong_side_and_no_code_are_told() {
        let peer = line("applicationmap", "confadd", "*7,peer,RustConfAdd()");
        let [finding] = &told(vec![peer], "confadd")[..] else {
            panic!()
        };
        assert!(finding.cure.contains("*7,self,RustConfAdd()"));
        let [finding] = &told(vec![recording()], "")[..] else {
            panic!()
        };
        assert_eq!(finding.severity, Severity::Note);
    }
}

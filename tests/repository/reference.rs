//! The pages against the source: options, commands, variables, actions, events, metrics and
//! make's targets, each way round and in both languages.

use std::collections::BTreeSet;

use super::markdown::{Page, files, pages, read};

const REFERENCES: [&str; 2] = ["docs/en/reference.md", "docs/ru/reference.md"];

type Names = BTreeSet<String>;

/// What is documented and not there, or there and not documented, is named.
fn same(page: &str, documented: &Names, there: &Names) {
    let invented: Vec<_> = documented.difference(there).collect();
    let missing: Vec<_> = there.difference(documented).collect();
    assert!(
        invented.is_empty(),
        "{page} names what is not there: {invented:?}"
    );
    assert!(missing.is_empty(), "{page} lacks {missing:?}");
}

/// Section, option and value of each line of the sample that sets one, or would without its `;`.
fn sample() -> Vec<(String, String, String)> {
    let mut options = Vec::new();
    let mut section = String::new();
    for line in read("dialplan/res_rust_ivr.conf.sample").lines() {
        let line = line.strip_prefix(';').unwrap_or(line);
        let named = |key: &&str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if line.starts_with('[') {
            section = line.to_owned();
        } else if let Some((key, value)) = line.split_once(" =").filter(|(key, _)| named(key)) {
            options.push((section.clone(), key.to_owned(), value.trim().to_owned()));
        }
    }
    options
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// What stands in backticks, if nothing stands beside it.
fn only(cell: &str) -> Option<&str> {
    let text = cell.strip_prefix('`')?.strip_suffix('`')?;
    (!text.contains('`')).then_some(text)
}

#[test]
fn every_option_is_in_the_references_and_the_reverse() {
    let sample = sample();
    let there: Names = sample.iter().map(|(s, k, _)| format!("{s} {k}")).collect();
    let sections: BTreeSet<&str> = sample.iter().map(|(s, ..)| s.as_str()).collect();
    for name in REFERENCES {
        let page = Page::new(name);
        let mut documented = Names::new();
        for section in &sections {
            for row in page.rows_under(&format!("### {section}")) {
                for option in quoted(&row[0]) {
                    documented.insert(format!("{section} {option}"));
                    if let Some(default) = only(&row[1]) {
                        let told = sample
                            .iter()
                            .any(|(s, k, value)| s == section && k == option && value == default);
                        assert!(told, "{name}: {section} {option} has another default");
                    }
                }
            }
        }
        same(name, &documented, &there);
    }
}

/// The words of each command, such as `rustivr show status`.
fn commands() -> Names {
    let mut commands = Names::new();
    for file in files("src", ".rs") {
        for rest in read(&file).split("c\"rustivr ").skip(1) {
            let words = rest.split('"').next().unwrap();
            commands.insert(format!("rustivr {words}"));
        }
    }
    commands
}

/// The one of `commands` that `text` begins with: the longest whose words stand there.
fn command_in(text: &str, commands: &Names) -> Option<String> {
    let begins = |command: &&String| {
        let rest = text.strip_prefix(command.as_str());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    let found = commands.iter().filter(begins);
    found.max_by_key(|command| command.len()).cloned()
}

/// No page names what is not there, and the pages of each language name all that is.
fn both_ways(there: &Names, named: impl Fn(&Page) -> Names) {
    for language in ["docs/en/", "docs/ru/", ""] {
        let mut documented = Names::new();
        for page in pages()
            .iter()
            .filter(|page| page.name.starts_with(language))
        {
            let named = named(page);
            let invented: Vec<_> = named.difference(there).collect();
            assert!(
                invented.is_empty(),
                "{} names what is not there: {invented:?}",
                page.name
            );
            documented.extend(named);
        }
        same(language, &documented, there);
    }
}

#[test]
fn every_command_is_documented_and_every_named_one_is_there() {
    let there = commands();
    assert!(there.contains("rustivr test code"), "{there:?}");
    both_ways(&there, |page| {
        let mut named = Names::new();
        for code in page.code() {
            for (at, _) in code.match_indices("rustivr ") {
                let command = command_in(&code[at..], &there);
                let shown = command.unwrap_or_else(|| code[at..].to_owned());
                named.insert(shown);
            }
        }
        named
    });
}

/// The words of `text` that `is` holds for.
fn words(text: &str, is: impl Fn(&str) -> bool) -> Names {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    parts.filter(|word| is(word)).map(str::to_owned).collect()
}

/// A variable or function of the dialplan.
fn variable(word: &str) -> bool {
    let begins = word.starts_with("RUSTIVR_") || word.starts_with("RUSTCONF_");
    begins && !word.ends_with('_')
}

/// An application, AMI action or event.
fn action(word: &str) -> bool {
    let rest = word
        .strip_prefix("RustIvr")
        .or(word.strip_prefix("RustConf"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase()))
        // The list actions' events that Asterisk's own helper makes.
        && !word.ends_with("Complete")
        && word != "RustConf"
}

#[test]
fn applications_variables_actions_and_events_are_those_of_the_documentation() {
    let xml = read("dialplan/res_rust_ivr-en_US.xml");
    let names = xml.split(" name=\"").skip(1);
    let names: Vec<&str> = names.map(|rest| rest.split('"').next().unwrap()).collect();
    for is in [variable as fn(&str) -> bool, action] {
        let there = names.iter().filter(|name| is(name));
        let there: Names = there.map(|name| (*name).to_owned()).collect();
        assert!(!there.is_empty());
        both_ways(&there, |page| words(&page.text(), is));
    }
}

/// Behind `rustivr_`: what a CDR holds of a call, `CDR(rustivr_digit)`, and no metric.
const RECORDED: [&str; 8] = [
    "status", "reason", "source", "digit", "option", "target", "scenario", "phone",
];

/// The names of metrics, of a histogram without its parts' endings.
fn metrics(text: &str) -> Names {
    let metric = |word: &str| {
        let rest = word.strip_prefix("rustivr_");
        rest.is_some_and(|rest| !rest.is_empty() && !RECORDED.contains(&rest))
    };
    let whole = |word: String| {
        let parts = ["_bucket", "_sum", "_count"];
        let whole = parts.iter().find_map(|part| word.strip_suffix(part));
        whole.unwrap_or(&word).to_owned()
    };
    words(text, metric).into_iter().map(whole).collect()
}

#[test]
fn every_metric_is_documented_and_the_reverse() {
    let sources = files("src", ".rs");
    let there: Names = sources.iter().flat_map(|f| metrics(&read(f))).collect();
    both_ways(&there, |page| metrics(&page.text()));
}

/// Of Asterisk's own Makefile.
const FOREIGN: [&str; 2] = ["install-headers", "menuselect"];

#[test]
fn every_target_of_make_is_on_the_developers_page_and_the_reverse() {
    let makefile = read("Makefile");
    let named = |name: &str| {
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        plain && name.starts_with(|c: char| c.is_ascii_lowercase())
    };
    let target = |line: &str| {
        let (name, _) = line.split_once(": ##")?;
        named(name).then(|| name.to_owned())
    };
    let there: Names = makefile.lines().filter_map(target).collect();
    assert!(there.contains("test"), "{there:?}");
    for page in pages() {
        let mut documented = Names::new();
        for code in page.code() {
            let words: Vec<&str> = code.split_whitespace().collect();
            for pair in words.windows(2).filter(|pair| pair[0] == "make") {
                let target = pair[1].trim_end_matches(';');
                // Neither an option nor a variable.
                if named(target) && !FOREIGN.contains(&target) {
                    assert!(there.contains(target), "{}: make {target}", page.name);
                    documented.insert(target.to_owned());
                }
            }
        }
        if page.name.ends_with("/developers.md") {
            documented.insert("all".to_owned()); // Its row is `make`.
            same(&page.name, &documented, &there);
        }
    }
}

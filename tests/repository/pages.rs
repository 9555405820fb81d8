//! The pages as a reader finds them: links lead somewhere, both languages say the same, and what is
//! named is there.

use std::path::Path;

use super::markdown::{Page, Part, files, pages, read, top};

/// Of a README; the rest belongs in `docs/`.
const README_LINES: usize = 170;

#[test]
fn a_readme_is_short() {
    for name in ["README.md", "README.ru.md"] {
        let lines = read(name).lines().count();
        assert!(lines <= README_LINES, "{name} has {lines} lines");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        for link in page.links() {
            if !link.contains("://") && !leads(&page, &link) {
                broken.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn leads(page: &Page, link: &str) -> bool {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = match file {
        "" => page.name.clone(),
        _ => from_top(&page.name, file),
    };
    let there = top().join(&path).exists();
    there && (anchor.is_empty() || Page::new(&path).anchors().iter().any(|a| a == anchor))
}

/// `link` in the page `name`, from the repository's top.
fn from_top(name: &str, link: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "{name}: {link} leads out"),
            "" | "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn links_and_anchors_are_read_as_a_browser_does() {
    let page = Page::new("docs/en/reference.md");
    for anchor in ["numbers", "numbers-1", "rustivrphone", "database"] {
        assert!(page.anchors().iter().any(|a| a == anchor), "{anchor}");
        assert!(leads(&page, &format!("#{anchor}")));
    }
    assert!(leads(&page, "../../README.md"));
    for wrong in ["#nothing", "nothing.md", "database.md#nothing"] {
        assert!(!leads(&page, wrong), "{wrong}");
    }
}

/// Both languages of each page: English, Russian.
fn pairs() -> Vec<(Page, Page)> {
    let mut names = vec![
        ("README.md".to_owned(), "README.ru.md".to_owned()),
        (
            "sounds/README.md".to_owned(),
            "sounds/README.ru.md".to_owned(),
        ),
    ];
    let russian = |name: &String| name.replace("docs/en/", "docs/ru/");
    let english = files("docs/en", ".md");
    let translated: Vec<_> = english.iter().map(russian).collect();
    assert_eq!(
        files("docs/ru", ".md"),
        translated,
        "a page in one language"
    );
    names.extend(english.into_iter().zip(translated));
    let read = |(english, russian): (String, String)| (Page::new(&english), Page::new(&russian));
    names.into_iter().map(read).collect()
}

/// What two languages share of a part: levels, numbers of cells, code but for its comments.
fn shape(part: &Part) -> String {
    match part {
        Part::Heading(level) => format!("heading {level}"),
        Part::Row(cells) => format!("row of {}", cells.len()),
        Part::Code(_) => "line of code".to_owned(),
    }
}

#[test]
fn both_languages_have_the_same_structure() {
    for (english, russian) in pairs() {
        let (left, right) = (english.parts(), russian.parts());
        for (at, (left, right)) in left.iter().zip(&right).enumerate() {
            let pages = format!("part {at} of {} and {}", english.name, russian.name);
            assert_eq!(shape(left), shape(right), "{pages}: {left:?}, {right:?}");
        }
        let pages = format!("{} and {}", english.name, russian.name);
        assert_eq!(left.len(), right.len(), "{pages}: one goes on");
    }
}

/// What a step of the table of states says in any language: the notice, the next state, how many
/// things are done.
fn step<'a>(cell: &'a str, say: &str) -> (Option<&'a str>, Option<&'a str>, usize) {
    let after = |word: &str| {
        let mut words = cell.split([' ', ',']);
        words.find(|w| *w == word)?;
        words.next()
    };
    (after(say), after("->"), cell.split(',').count())
}

#[test]
fn the_table_of_states_is_the_same_in_russian() {
    let english = Page::new("docs/en/third-person.md").rows_under("## States and events");
    let russian = Page::new("docs/ru/third-person.md").rows_under("## Состояния и события");
    assert!(english.len() > 20, "{english:?}");
    for (english, russian) in english.iter().zip(&russian) {
        for (left, right) in english.iter().zip(russian).skip(1) {
            let same = step(left, "say") == step(right, "сказать");
            assert!(same, "{english:?}, {russian:?}");
        }
    }
}

/// A line of the page of packages as the README has it: by hand what sed does, on the console what a
/// shell asks for, and where a clone of the repository has it.
fn in_the_readme(line: &str) -> String {
    if let Some((_, set)) = line.split_once("= .*,") {
        return set.split_once(',').expect("an end").0.to_owned();
    }
    let console = line.strip_prefix("asterisk -rx 'channel ");
    console.map_or(in_a_clone(line, "$FILE"), |rest| {
        format!("channel {}", rest.trim_end_matches('\''))
    })
}

/// The same where the repository was built and installed.
fn in_a_clone(line: &str, database: &str) -> String {
    line.replace("/usr/share/doc/asterisk-rust-ivr/examples/", "dialplan/")
        .replace("/var/lib/asterisk/rust_ivr.sqlite3", database)
}

#[test]
fn the_first_call_is_everywhere_the_one_that_tests_place() {
    // tests/packages.rs runs these lines of the page, on Debian's package.
    let placed = Page::new("docs/en/install-debian-forky.md").code_under("## A call");
    let placed = || {
        placed
            .iter()
            .take_while(|line| !line.contains("show status"))
    };
    assert_eq!(placed().count(), 8);
    for (name, title) in [
        ("README.md", "## The first call"),
        ("README.ru.md", "## Первый звонок"),
    ] {
        let said = Page::new(name).code_under(title);
        let mut said = said.iter();
        for line in placed().map(|line| in_the_readme(line)) {
            let found = said.any(|other| *other == line);
            assert!(found, "{name} lacks, or has in another order: {line}");
        }
    }
    for (language, title) in [("en", "## A call"), ("ru", "## Звонок")] {
        for platform in ["debian-forky", "debian-12-13", "freepbx-17"] {
            let page = Page::new(&format!("docs/{language}/install-{platform}.md"));
            let said = page.code_under(title).into_iter();
            let said: Vec<_> = said
                .filter(|line| !line.starts_with("DATA=") && !line.contains("show status"))
                .map(|line| in_a_clone(&line, "$DATA/rust_ivr.sqlite3"))
                .map(|line| line.replace("extensions_custom.conf", "extensions.conf"))
                .collect();
            let right = placed().map(|line| in_a_clone(line, "$DATA/rust_ivr.sqlite3"));
            assert_eq!(said, Vec::from_iter(right), "{}", page.name);
        }
    }
}

/// The lines of a sample that set something, also those that would if the `;` were removed.
fn settings(name: &str) -> Vec<String> {
    let sets = |line: &&str| match line.strip_prefix(';') {
        Some(rest) => rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains(" ="),
        None => !line.trim().is_empty(),
    };
    read(name).lines().filter(sets).map(str::to_owned).collect()
}

#[test]
fn samples_with_russian_comments_set_the_same() {
    let english = files("dialplan", ".sample");
    let russian = |name: &String| name.replace("dialplan/", "docs/ru/samples/");
    let translated: Vec<_> = english.iter().map(russian).collect();
    assert_eq!(files("docs/ru/samples", ".sample"), translated);
    for (english, russian) in english.iter().zip(&translated) {
        assert!(settings(english).len() > 1, "{english}");
        assert_eq!(settings(english), settings(russian), "{russian}");
    }
}

#[test]
fn files_that_are_named_are_there() {
    let tops = ["dialplan/", "docs/", "sounds/", "src/", "tests/", "vendor/"];
    for page in pages() {
        for code in page.code() {
            let word = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
            for path in code
                .split(|c| !word(c))
                .filter(|p| tops.iter().any(|t| p.starts_with(t)))
            {
                let own = page.name.starts_with("sounds/") || path.starts_with("sounds/rust_");
                let there = Path::new(top()).join(path).exists();
                assert!(there || own, "{}: {path}", page.name);
            }
        }
    }
}

#[test]
fn words_that_readers_stumbled_over_do_not_come_back() {
    // Of the glossary: what a translation of our own words once said.
    let russian = [
        "номер кнопки",
        "номера кнопки",
        "запасной",
        "запасного",
        "Первый третий",
        "` это ",
    ];
    let english = [
        "belongs into",
        "belong into",
        "ake both up",
        "Who leaves",
        " for who ",
    ];
    for page in pages().iter().filter(|page| page.name != "CHANGELOG.md") {
        for word in russian.iter().chain(&english) {
            assert!(!page.text().contains(word), "{}: {word}", page.name);
        }
    }
}

#[test]
fn every_promise_of_security_is_held_by_a_test_that_is_there() {
    let text = read("SECURITY.md");
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains("::"))
        .collect();
    assert!(named.len() > 10, "{named:?}");
    for test in named {
        let (place, name) = test.rsplit_once("::").expect("a path");
        let file = format!("tests/{}.rs", place.replace("::", "/"));
        let is_there = read(&file).contains(&format!("fn {name}() {{"));
        assert!(is_there, "{test} is not in {file}");
    }
}

//! As much of Markdown as the pages use: headings with their anchors, links, tables, code.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A page of the repository.
pub struct Page {
    /// From the repository's top, such as `docs/en/database.md`.
    pub name: String,
    text: String,
}

/// What a page consists of, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// Its level.
    Heading(usize),
    /// Of a table: its cells.
    Row(Vec<String>),
    /// Of a block of code.
    Code(String),
}

pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(name: &str) -> String {
    fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files under `directory` whose names end in `ending`, from the repository's top, sorted.
pub fn files(directory: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![top().join(directory)];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    let from_top = |path: PathBuf| path.strip_prefix(top()).unwrap().display().to_string();
    found.into_iter().map(from_top).collect()
}

/// Every page that is ours.
pub fn pages() -> Vec<Page> {
    let mut names: Vec<String> = ["README.md", "README.ru.md", "CHANGELOG.md"]
        .map(str::to_owned)
        .into();
    for directory in ["docs", "sounds"] {
        names.extend(files(directory, ".md"));
    }
    names.push("asterisk-headers/README.md".to_owned());
    names.into_iter().map(|name| Page::new(&name)).collect()
}

impl Page {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: read(name),
        }
    }

    /// Without HTML comments.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once("<!--") {
            text.push_str(before);
            rest = after.split_once("-->").expect("a comment's end").1;
        }
        text + rest
    }

    /// Each line, and whether it is code.
    fn lines(&self) -> Vec<(String, bool)> {
        let mut code = false;
        let mut lines = Vec::new();
        for line in self.text().lines() {
            if line.trim_start().starts_with("```") {
                code = !code;
            } else {
                lines.push((line.to_owned(), code));
            }
        }
        assert!(!code, "{}: a block of code does not end", self.name);
        lines
    }

    pub fn parts(&self) -> Vec<Part> {
        let part = |(line, code): (String, bool)| match line.trim_start() {
            line if code => Some(Part::Code(line.to_owned())),
            line if line.starts_with('#') => Some(Part::Heading(
                line.len() - line.trim_start_matches('#').len(),
            )),
            line if line.starts_with('|') => Some(Part::Row(cells(line))),
            _ => None,
        };
        self.lines().into_iter().filter_map(part).collect()
    }

    /// The rows of tables under the heading `title`, down to the next heading.
    pub fn rows_under(&self, title: &str) -> Vec<Vec<String>> {
        let lines = self.lines().into_iter().filter(|(_, code)| !code);
        let mut lines = lines.map(|(line, _)| line).skip_while(|line| line != title);
        assert!(lines.next().is_some(), "{} lacks {title}", self.name);
        let section = lines.take_while(|line| !line.starts_with('#'));
        let rows = section.filter(|line| line.starts_with('|'));
        rows.map(|row| cells(&row)).collect()
    }

    /// The lines of code under the heading `title`, down to the next heading, without what indents them.
    pub fn code_under(&self, title: &str) -> Vec<String> {
        let mut lines = self.lines().into_iter();
        let found = lines.find(|(line, code)| !code && line == title);
        assert!(found.is_some(), "{} lacks {title}", self.name);
        let section = lines.take_while(|(line, code)| *code || !line.starts_with('#'));
        let code = section.filter(|(_, code)| *code);
        code.map(|(line, _)| line.trim().to_owned()).collect()
    }

    /// Where a link of another page may lead: the anchors of the headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let lines = self.lines().into_iter();
        let titles = lines.filter(|(line, code)| !code && line.starts_with('#'));
        let anchor = |(title, _): (String, bool)| {
            let anchor = slug(title.trim_start_matches('#').trim());
            let before = seen.entry(anchor.clone()).or_default();
            *before += 1;
            match *before {
                1 => anchor,
                again => format!("{anchor}-{}", again - 1),
            }
        };
        titles.map(anchor).collect()
    }

    /// The targets of links and pictures.
    pub fn links(&self) -> Vec<String> {
        let prose = self.lines().into_iter().filter(|(_, code)| !code);
        let prose: Vec<_> = prose.map(|(line, _)| without_code(&line)).collect();
        let prose = prose.join("\n");
        let targets = prose.split("](").skip(1);
        let target = |rest: &str| rest.split_once(')').map(|(target, _)| target.to_owned());
        targets.map(|rest| target(rest).expect(rest)).collect()
    }

    /// What stands between backticks, and every line of code.
    pub fn code(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (line, code) in self.lines() {
            match code {
                true => all.push(line),
                false => all.extend(line.split('`').skip(1).step_by(2).map(str::to_owned)),
            }
        }
        all
    }
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    row.split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn slug(title: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let lower = title.to_lowercase();
    lower
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

//! Holds the code against the map in `lib.rs`: every `use` goes down it, and no two files use each
//! other, be it by way of others. Tests may use what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The table of `lib.rs`: each place, from the top, and what it may use.
fn map() -> Vec<(String, BTreeSet<String>)> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    include_str!("lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! ")?.split_once("->"))
        .map(|(place, uses)| {
            // Behind two blanks stands what the place is for.
            let uses = uses.strip_prefix(' ').unwrap_or(uses);
            let uses = uses.split("  ").next().unwrap_or_default();
            (place.trim().to_owned(), words(uses))
        })
        .collect()
}

/// All files of the source.
pub fn files() -> Vec<PathBuf> {
    fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
}

/// The files of the product, by module path: `rooms::seat`.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files()
        .into_iter()
        .filter_map(|path| {
            let place = path.strip_prefix(&root).ok()?.with_extension("");
            let mut place: Vec<_> = place.iter().filter_map(|part| part.to_str()).collect();
            if place.last() == Some(&"mod") {
                place.pop();
            }
            let of_tests = place
                .iter()
                .any(|part| matches!(*part, "tests" | "testing" | "map"));
            (!of_tests).then(|| (place.join("::"), product_of(&path)))
        })
        .collect()
}

/// A file's text without its comments and its unit tests.
fn product_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("UTF-8");
    let product = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = product.unwrap_or_default().lines();
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| line.to_owned() + "\n")
        .collect()
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn expanded(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![
            tree.split(" as ")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned(),
        ];
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    let items = items.into_iter().filter(|item| !item.trim().is_empty());
    items
        .flat_map(|item| expanded(&format!("{}{}", head.trim(), item.trim())))
        .collect()
}

/// The files that a file uses: by `use`, by paths from `crate`, and by those of its own folder.
fn used_by(place: &str, text: &str, all: &BTreeMap<String, String>) -> BTreeSet<String> {
    let uses = text.split('\n').map(str::trim_start).enumerate();
    let statements = uses.filter_map(|(at, line)| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.starts_with("use ").then(|| {
            let rest = text.split('\n').skip(at).collect::<Vec<_>>().join(" ");
            let statement = rest.trim_start().trim_start_matches("pub ");
            statement["use ".len()..]
                .split(';')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
    });
    let in_code = text.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
        format!("crate::{}", &rest[..end.unwrap_or(rest.len())])
    });
    // A folder's own files may be named without `use`: `seat::Seat`.
    let own = format!("{place}::");
    let children = all.keys().filter_map(|file| file.strip_prefix(&own));
    let named = children.filter(|child| {
        let path = format!("{child}::");
        text.match_indices(&path)
            .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)))
    });
    statements
        .flat_map(|statement| expanded(&statement))
        .chain(in_code)
        .chain(named.map(str::to_owned))
        .filter_map(|path| file_of(place, &path, all))
        .filter(|target| target != place && !target.is_empty())
        .collect()
}

/// The file that a path leads to from a file, if it stays in this crate.
fn file_of(place: &str, path: &str, all: &BTreeMap<String, String>) -> Option<String> {
    let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
    let child = |base: &str, part: &str| match base {
        "" => part.to_owned(),
        base => format!("{base}::{part}"),
    };
    let parent = |of: &str| {
        of.rsplit_once("::")
            .map_or("", |(parent, _)| parent)
            .to_owned()
    };
    let (mut at, rest) = match *parts.first()? {
        "crate" => (String::new(), &parts[1..]),
        "self" => (place.to_owned(), &parts[1..]),
        "super" => {
            let ups = parts.iter().take_while(|part| **part == "super").count();
            let from = (0..ups).fold(place.to_owned(), |at, _| parent(&at));
            (from, &parts[ups..])
        }
        first if all.contains_key(&child(place, first)) => (place.to_owned(), &parts[..]),
        _ => return None,
    };
    for part in rest {
        let next = child(&at, part);
        if !all.contains_key(&next) {
            break;
        }
        at = next;
    }
    Some(at)
}

#[test]
fn the_maps_own_arrows_point_down_and_every_place_is_on_it() {
    let map = map();
    for (at, (place, uses)) in map.iter().enumerate() {
        let below: BTreeSet<_> = map[at + 1..].iter().map(|(place, _)| place).collect();
        assert!(
            uses.iter().all(|used| below.contains(used)),
            "{place}: {uses:?}"
        );
    }
    let places: BTreeSet<_> = map.into_iter().map(|(place, _)| place).collect();
    let real: BTreeSet<_> = sources()
        .into_keys()
        .filter_map(|file| Some(file.split("::").next()?.to_owned()))
        .filter(|file| file != "lib")
        .collect();
    assert_eq!(places, real);
}

#[test]
fn every_use_is_on_the_map() {
    let map: BTreeMap<_, _> = map().into_iter().collect();
    let all = sources();
    let top = |file: &str| file.split("::").next().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for (file, text) in all.iter().filter(|(file, _)| *file != "lib") {
        for used in used_by(file, text, &all) {
            let (from, to) = (top(file), top(&used));
            if from != to && !map.get(&from).is_some_and(|may| may.contains(&to)) {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not on the map in lib.rs: {wrong:#?}");
}

#[test]
fn no_two_files_use_each_other() {
    let all = sources();
    // A folder's own file and those in it are one: it has the words that they share.
    let inside = |one: &str, other: &str| other.starts_with(&format!("{one}::"));
    let mut uses: BTreeMap<String, BTreeSet<String>> = all
        .iter()
        .map(|(file, text)| {
            let mut used = used_by(file, text, &all);
            used.retain(|other| !inside(file, other) && !inside(other, file));
            (file.clone(), used)
        })
        .collect();
    // Who uses nothing that is left, or is used by nothing that is left, is in no circle.
    loop {
        let left: BTreeSet<String> = uses.keys().cloned().collect();
        let used: BTreeSet<String> = uses.values().flatten().cloned().collect();
        uses.retain(|file, _| used.contains(file));
        uses.retain(|_, used| !used.is_disjoint(&left));
        for used in uses.values_mut() {
            used.retain(|file| left.contains(file));
        }
        if uses.len() == left.len() {
            break;
        }
    }
    assert!(uses.is_empty(), "these use each other: {uses:#?}");
}

#[test]
fn paths_lead_to_files() {
    let all: BTreeMap<String, String> = ["rooms", "rooms::seat", "ports"]
        .map(|file| (file.to_owned(), String::new()))
        .into();
    let used = |place: &str, text: &str| {
        let used = used_by(place, text, &all);
        used.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(used("rooms::seat", "use super::{Rooms, other};\n"), "rooms");
    assert_eq!(
        used("rooms", "use seat::Seat;\nuse std::fmt;\n"),
        "rooms::seat"
    );
    assert_eq!(
        used("x", "use crate::rooms::{\n    self, seat::Seat,\n};\n"),
        "rooms rooms::seat"
    );
    assert_eq!(used("x", "fn f() { crate::ports::g() }\n"), "ports");
}

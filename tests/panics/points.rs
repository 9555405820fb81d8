//! The points at which a panic can be wanted, out of the source.

use std::collections::BTreeSet;
use std::fs;

use rust_ivr_testing::machine::repository;

/// What all entries' names begin with.
const CRATE: &str = "res_rust_ivr::";

/// A point's name as the module knows it.
pub fn full(point: &str) -> String {
    let is_entry = point.starts_with(|first: char| first.is_ascii_lowercase());
    format!("{}{point}", if is_entry { CRATE } else { "" })
}

/// All of them: `asterisk::bridge::call` for an entry from C, `Seat::talk` for a method of a port.
pub fn points() -> BTreeSet<String> {
    let mut points = BTreeSet::new();
    walk("src", &mut |name, text| {
        let calls = ["point(", "guard("].map(|call| text.split(call).skip(1));
        let named = |rest: &str| {
            let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            let mut ends = name.split("::");
            let upper = ends
                .next()
                .is_some_and(|of| of.starts_with(|c: char| c.is_uppercase()));
            (upper && ends.next().is_some()).then(|| name.to_owned())
        };
        points.extend(calls.into_iter().flatten().filter_map(named));
        for entries in text.split("entry! {\n").skip(1) {
            let (place, end) = place(name);
            let functions = entry_names(entries, end);
            points.extend(functions.map(|entry| format!("{place}::{entry}")));
        }
    });
    assert!(points.len() > 40, "{points:?}");
    points
}

/// The functions of an `entry!` block, up to the line that ends it.
fn entry_names<'t>(block: &'t str, end: &'t str) -> impl Iterator<Item = &'t str> {
    let functions = block.lines().take_while(move |line| *line != end);
    functions.filter_map(|line| {
        let function = line.trim_start().strip_prefix("fn ")?;
        function.split(['(', '[']).next()
    })
}

/// The module that a file's entries are in, and the line that ends a block of them.
fn place(file: &str) -> (String, &'static str) {
    // Its macro puts them where it is used.
    if file == "asterisk/module.rs" {
        return ("module::host_entry".to_owned(), "            }");
    }
    (file.trim_end_matches(".rs").replace('/', "::"), "}")
}

fn walk(directory: &str, see: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(repository().join(directory)).expect("the source") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(repository()).expect("inside");
        let name = name.to_str().expect("UTF-8");
        if path.is_dir() {
            walk(name, see);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            see(name.trim_start_matches("src/"), &text);
        }
    }
}

//! Commands out of a page of the documentation.

use std::fs;

pub struct Page(String);

impl Page {
    pub fn read(name: &str) -> Self {
        Self(fs::read_to_string(name).expect(name))
    }

    /// The first block of code under a heading.
    pub fn commands(&self, heading: &str) -> String {
        let (_, below) = self.0.split_once(&format!("\n{heading}\n")).expect(heading);
        let block = below.split("\n```\n").nth(1).expect("a block of code");
        assert!(!block.contains("\n## "), "{heading} has no block of code");
        block.to_owned()
    }
}

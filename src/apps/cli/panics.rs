//! `rustivr panic`, in a build for tests only.

use std::ffi::CStr;

use crate::asterisk::cli::Command;
use crate::ports::panics::{arm, armed};

pub struct Panic;

impl Command for Panic {
    const WORDS: &'static CStr = c"rustivr panic";
    const SUMMARY: &'static CStr = c"Let the next thread that comes to a point panic";
    const USAGE: &'static CStr = c"Usage: rustivr panic [POINT]\n       \
        Arms a point of ports/panics.rs; without one says which is armed.\n";

    fn run(arguments: &[String]) -> Option<String> {
        match arguments {
            [] => Some(format!(
                "Armed: {}\n",
                armed().as_deref().unwrap_or("nothing")
            )),
            [point] => {
                arm(point);
                Some(format!("Armed: {point}\n"))
            }
            _ => None,
        }
    }
}

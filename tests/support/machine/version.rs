//! Which Asterisk a test has, and what it does with one that cannot run it.

use std::fs::File;
use std::io::Write;
use std::sync::LazyLock;
use std::thread;

use super::container::in_image;

/// Major and minor version of the image's Asterisk: (22, 10).
pub fn version() -> (u32, u32) {
    static VERSION: LazyLock<(u32, u32)> = LazyLock::new(|| {
        // "Asterisk 16.28.0~dfsg-0+deb11u4", "Asterisk 23.4.1"
        let printed = in_image("asterisk -V");
        let mut numbers = printed
            .trim_start_matches("Asterisk ")
            .split(|c: char| !c.is_ascii_digit())
            .map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
            _ => panic!("which version is {printed:?}?"),
        }
    });
    *VERSION
}

/// Whether this Asterisk leaves SIP transfers (REFER) to the module, which it can since 20.13, 21.8 and 22.3.
pub fn leaves_transfers_to_us() -> bool {
    let (major, minor) = version();
    match major {
        0..=19 => false,
        20 => minor >= 13,
        21 => minor >= 8,
        22 => minor >= 3,
        _ => true,
    }
}

/// Says why the running test is not run on this Asterisk. `tests/versions` reads and counts that; of 22,
/// which `make test` runs, nothing may be left out.
pub fn not_here(why: &str) {
    tell(why);
}

/// The same of a part of it.
pub fn partly_here(why: &str) {
    tell(&format!("in part: {why}"));
}

fn tell(why: &str) {
    assert_ne!(version().0, 22, "{why}");
    let test = thread::current()
        .name()
        .expect("a test's thread")
        .to_owned();
    eprintln!("not run here: {test}: {why}");
    if let Some(list) = std::env::var_os("RUST_IVR_NOT_RUN") {
        let mut list = File::options()
            .create(true)
            .append(true)
            .open(list)
            .expect("the list of what is not run");
        // In one piece: other tests write, too.
        list.write_all(format!("{test}\t{why}\n").as_bytes())
            .expect("the list of what is not run");
    }
}

//! The Debian package as an operator meets it: its page is followed word for word, from installing to
//! purging, on a system that holds nothing of ours.
//!
//! What `make test` packs is the module that its other tests drive, so that nothing is compiled twice.
//! `make test-packages` takes what `make deb` built, and bare systems that get Asterisk from Debian.

mod package;
mod page;
mod system;

use std::fs;
use std::path::Path;

use package::Package;
use page::Page;
use system::System;

const CONFIGURATION: &str = "/etc/asterisk/res_rust_ivr.conf";

#[test]
fn a_package_is_installed_called_upgraded_and_purged() {
    let package = Package::of_the_tested_module();
    let system = System::with_asterisk("rust-ivr-asterisk:22", &package.directory);
    system.shell("dpkg -i /packages/first.deb");
    follow(&system, &package);
}

#[test]
#[ignore = "make test-packages"]
fn what_is_built_for_forky_lives_on_a_bare_forky() {
    on_a_bare("forky");
}

#[test]
#[ignore = "make test-packages"]
fn what_is_built_for_bullseye_lives_on_a_bare_bullseye() {
    on_a_bare("bullseye");
}

fn on_a_bare(release: &str) {
    let package = Package::built_for(release);
    let system = System::bare(&format!("debian:{release}-slim"), &package.directory);
    system.shell("apt-get install --no-install-recommends asterisk sqlite3");
    system.start_asterisk();
    system.shell("apt-get install /packages/first.deb");
    follow(&system, &package);
}

/// What the page says after `apt-get install`, on a system where Asterisk runs and the package is in.
fn follow(system: &System, package: &Package) {
    let page = Page::read("docs/en/install-debian-forky.md");
    it_is_as_it_should(system, package);
    let installing = page.commands("## Install");
    let loading: Vec<_> = installing.lines().skip(1).collect();
    system.shell(&loading.join("\n"));

    system.shell(&page.commands("## A call"));
    system.wait_for("rustivr show status", "TARGET 1");
    joined_features(system);

    it_is_upgraded(system);
    system.shell(&page.commands("## Remove"));
    assert_eq!(system.shell(LEFT), "/var/lib/asterisk/rust_ivr.sqlite3\n");
    // Asterisk keeps the name of what it cannot unmap.
    let applications = system.cli("core show applications like Rust");
    assert!(
        applications.contains("0 Applications Matching"),
        "{applications}"
    );
}

/// Whatever has our name. The debug symbols and /packages are the test's.
const LEFT: &str = "find / -xdev '(' -name proc -o -name sys -o -name packages ')' -prune -o \
    '(' -name '*rust_ivr*' -o -name '*rust-ivr*' -o -name rust_conf -o -name rust_moh ')' -print";

fn it_is_as_it_should(system: &System, package: &Package) {
    let mode = system.shell(&format!("stat --format='%a %G' {CONFIGURATION}"));
    assert_eq!(mode, "640 asterisk\n");
    let conffiles = system.shell("dpkg-query --show --showformat='${Conffiles}' asterisk-rust-ivr");
    assert!(conffiles.contains(CONFIGURATION), "{conffiles}");

    // Its ABI, by the name that the host's own package provides, and its major version.
    let depends = system.shell("dpkg-query --show --showformat='${Depends}' asterisk-rust-ivr");
    let provides = system.shell("dpkg-query --show --showformat='${Provides}' asterisk");
    let abi = provides
        .split(", ")
        .find(|word| word.contains("1fb7f5c06d7a"));
    assert!(
        depends.split(", ").any(|word| Some(word) == abi),
        "{depends}"
    );
    assert!(
        depends.contains("asterisk (>= 1:") && depends.contains("asterisk (<< 1:"),
        "{depends}"
    );

    let module =
        system.shell("dpkg-query --listfiles asterisk-rust-ivr | grep 'res_rust_ivr[.]so$'");
    let bytes = system.shell(&format!("stat --format=%s {module}"));
    let bytes: u64 = bytes.trim().parse().unwrap();
    assert!(bytes < 12_000_000, "with its symbols: {bytes}");
    assert!(package.has_symbols(), "no package of debug symbols");
}

/// What the page of FreePBX says of a global that FreePBX has set: both names stay, also after another reload.
fn joined_features(system: &System) {
    let page = fs::read_to_string("docs/en/install-freepbx-17.md").unwrap();
    let line = page
        .lines()
        .find(|line| line.trim().starts_with("DYNAMIC_FEATURES = "));
    let line = line.expect("the page's line").trim();
    system.shell(&format!(
        "printf '%s\\n' '[globals](+)' 'DYNAMIC_FEATURES = apprecord' '{line}' >> /etc/asterisk/extensions.conf"
    ));
    for _ in 0..2 {
        system.cli("dialplan reload");
        let globals = system.cli("dialplan show globals");
        assert!(
            globals.contains("DYNAMIC_FEATURES=apprecord#confadd\n"),
            "{globals}"
        );
    }
}

/// The new version brings another configuration, and the operator has edited his.
fn it_is_upgraded(system: &System) {
    let said = system.shell("dpkg --force-confold -i /packages/second.deb");
    assert!(said.contains("core restart when convenient"), "{said}");
    let edited = system.shell(&format!("grep '^fallback = ' {CONFIGURATION}"));
    assert_eq!(edited, "fallback = Local/bitrix24@rust-ivr-first\n");
    assert_eq!(
        system.shell(&format!("stat --format='%a %G' {CONFIGURATION}")),
        "640 asterisk\n"
    );
    system.shell(&format!(
        "grep 'new in the second' {CONFIGURATION}.dpkg-dist"
    ));
    system.cli("core restart now");
    system.wait_for("rustivr show status", "Calls since load:");
}

#[test]
fn the_changelog_has_the_version_that_cargo_builds() {
    let changelog = fs::read_to_string(Path::new("debian/changelog")).unwrap();
    let upstream = changelog.split(['(', '-', ')']).nth(3);
    assert_eq!(
        upstream,
        Some(env!("CARGO_PKG_VERSION")),
        "{}",
        &changelog[..60]
    );
}

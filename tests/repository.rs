//! What the Makefile's commands do, with stand-ins for cargo and for what needs a machine; and what
//! the repository's pages must say alike (`repository/`).

mod repository {
    mod markdown;
    mod pages;
    mod reference;

    pub use markdown::pages as all_pages;
}

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A cargo that writes what it was asked to build.
const CARGO: &str = r#"#!/bin/sh
echo "cargo $*"
[ "$1" = build ] || exit 0
profile=debug kind=plain
for argument; do
    case $argument in
        --release) profile=release ;;
        --features=tls) kind=tls ;;
    esac
done
mkdir -p "$CARGO_TARGET_DIR/$profile"
echo "$kind-with-symbols" >"$CARGO_TARGET_DIR/$profile/libres_rust_ivr.so"
"#;

/// A strip that takes the debug symbols of that cargo's product.
const STRIP: &str = "#!/bin/sh\nfor file; do :; done\nsed -i s/-with-symbols// \"$file\"\n";

/// A copy of the repository's commands in a directory of its own.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str) -> Self {
        let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&own);
        fs::create_dir_all(own.join("tests")).unwrap();
        fs::create_dir_all(own.join("bin")).unwrap();
        let real = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["Makefile", "dialplan", "sounds"] {
            symlink(real.join(file), own.join(file)).unwrap();
        }
        let repository = Self(own);
        repository.program("tests/set-up", "#!/bin/sh\n");
        repository.program("bin/cargo", CARGO);
        repository.program("bin/strip", STRIP);
        repository
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn make(&self, arguments: &[&str]) -> Output {
        let path = format!(
            "{}:{}",
            self.0.join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        // Not what a make around these tests was told.
        let mut make = Command::new("make");
        for inherited in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CARGO", "GROUP"] {
            make.env_remove(inherited);
        }
        make.args(arguments)
            .current_dir(&self.0)
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", "elsewhere")
            .output()
            .unwrap()
    }

    fn make_well(&self, arguments: &[&str]) -> String {
        let output = self.make(arguments);
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "make {arguments:?}: {said}");
        said.into_owned()
    }

    fn install(&self) -> String {
        self.make_well(&[
            "install",
            "DESTDIR=root",
            "MODULES_DIR=/modules",
            "CONFIG_DIR=/etc",
        ])
    }

    fn installed(&self) -> String {
        fs::read_to_string(self.0.join("root/modules/res_rust_ivr.so")).unwrap()
    }
}

#[test]
fn what_was_built_is_installed_whatever_is_tested_between() {
    let repository = Repository::new("installed");
    repository.make_well(&["FEATURES=tls"]);
    for between in ["test", "demo", "bench", "faults", "check"] {
        repository.make_well(&[between]);
        repository.install();
        assert_eq!(repository.installed(), "tls\n", "after make {between}");
    }
    repository.make_well(&["all"]);
    repository.install();
    assert_eq!(repository.installed(), "plain\n");
}

#[test]
fn nothing_is_installed_that_was_not_built() {
    let repository = Repository::new("nothing-built");
    repository.make_well(&["test"]);
    let refused = repository.make(&["install", "DESTDIR=root"]);
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stdout).unwrap();
    assert!(said.contains("run make first"), "{said}");
}

#[test]
fn a_package_needs_no_group_of_asterisks() {
    let repository = Repository::new("package");
    // The machine says that there is a group, and chgrp would find none.
    repository.program("bin/getent", "#!/bin/sh\n");
    repository.make_well(&[]);
    let said = repository.install();
    let configuration = repository.0.join("root/etc/res_rust_ivr.conf");
    let mode = fs::metadata(configuration).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(said.contains("let Asterisk's group read it"), "{said}");
}

fn sums_of(directory: &Path, file: &str) -> Vec<u8> {
    let sums = Command::new("sha256sum")
        .arg(file)
        .current_dir(directory)
        .output();
    sums.unwrap().stdout
}

#[test]
fn headers_of_another_asterisk_are_seen_by_what_they_hold() {
    let repository = Repository::new("headers");
    let header = repository.0.join("channel.h");
    let built = ["release", "debug"].map(|profile| {
        let out = format!("target/{profile}/build/res_rust_ivr-0/out");
        repository.0.join(out).join("headers.sha256")
    });
    fs::write(&header, "old").unwrap();
    let old = fs::metadata(&header).unwrap().modified().unwrap();
    for list in &built {
        fs::create_dir_all(list.parent().unwrap()).unwrap();
        fs::write(list, sums_of(&repository.0, "channel.h")).unwrap();
    }
    repository.make_well(&[]);
    assert!(
        built.iter().all(|list| list.exists()),
        "nothing has changed"
    );
    // A package's files are as old as the package.
    fs::write(&header, "new").unwrap();
    let file = fs::File::options().write(true).open(&header).unwrap();
    file.set_modified(old).unwrap();
    repository.make_well(&["demo"]);
    assert!(!built.iter().any(|list| list.exists()), "it is built again");
}

#[cfg(feature = "module")]
#[test]
fn the_build_knows_its_headers() {
    let out = Path::new(env!("OUT_DIR"));
    let list = out.join("headers.sha256");
    let sums = fs::read_to_string(&list).unwrap();
    for header in [
        "/asterisk.h\n",
        "/asterisk/channel.h\n",
        "/asterisk/buildopts.h\n",
    ] {
        assert!(sums.contains(header), "{header}");
    }
    let told = fs::read_to_string(out.with_file_name("output")).unwrap();
    for watched in ["/asterisk.h", "/asterisk", "/headers.sha256"] {
        let ends =
            |line: &str| line.starts_with("cargo::rerun-if-changed=") && line.ends_with(watched);
        assert!(told.lines().any(ends), "{watched}");
    }
}

#[test]
fn advisories_are_looked_at_or_said_not_to_be() {
    let repository = Repository::new("advisories");
    repository.program("bin/cargo-deny", "#!/bin/sh\n");
    for command in ["advisories", "check"] {
        let said = repository.make_well(&[command]);
        assert!(said.contains("check --disable-fetch advisories"), "{said}");
    }
    let offline = "#!/bin/sh\ncase $* in *fetch*) exit 1 ;; esac\n";
    repository.program("bin/cargo", offline);
    let said = repository.make_well(&["advisories"]);
    assert!(
        said.contains("advisories: not run, their database"),
        "{said}"
    );
    // What is found is an error.
    let found = "#!/bin/sh\ncase $* in *check*) exit 1 ;; esac\n";
    repository.program("bin/cargo", found);
    assert!(!repository.make(&["advisories"]).status.success());
}

/// Every version that follows "Rust ".
fn rust_versions(text: &str) -> Vec<&str> {
    let version = |rest: &'_ str| rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    text.split("Rust ")
        .skip(1)
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .map(|rest| rest[..version(rest).unwrap_or(rest.len())].trim_end_matches('.'))
        .collect()
}

#[test]
fn the_oldest_rust_is_the_same_everywhere() {
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    for page in repository::all_pages() {
        let text = page.text();
        let said = rust_versions(&text);
        let must = ["README.md", "README.ru.md"].contains(&page.name.as_str())
            || page.name.ends_with("/developers.md");
        assert!(
            !said.is_empty() || !must,
            "{} says no version of Rust",
            page.name
        );
        for version in said {
            assert_eq!(version, wanted, "{} and Cargo.toml", page.name);
        }
    }
}

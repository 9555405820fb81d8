//! The package that is tried, and a higher version of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::system::printed;

/// Its directory holds `first.deb` and `second.deb`.
pub struct Package {
    pub directory: PathBuf,
}

/// A clean copy of the sources, with the tested module where cargo would put it.
const PACK: &str = "cp -r /sources /build/tree && cd /build/tree && CARGO=true DPKG_DEB_COMPRESSOR_TYPE=gzip DPKG_DEB_COMPRESSOR_LEVEL=1 \
    dpkg-buildpackage -b -d -nc -us -uc";

/// The same files under a higher version, whose configuration has a line more.
const HIGHER: &str = "cd /build && rm -rf second && dpkg-deb --raw-extract first.deb second \
    && sed -i 's/^Version: .*/&+second/' second/DEBIAN/control \
    && echo '; new in the second' >> second/etc/asterisk/res_rust_ivr.conf \
    && dpkg-deb -Zgzip -z1 --build second second.deb && rm -rf second";

impl Package {
    /// Packs what `RUST_IVR_MODULE` names.
    pub fn of_the_tested_module() -> Self {
        let module = std::env::var_os("RUST_IVR_MODULE").map(PathBuf::from);
        let module =
            module.expect("RUST_IVR_MODULE: run `make test`, which builds it and sets this");
        let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package");
        let _ = fs::remove_dir_all(&top);
        let built = top.join("sources/target/release");
        fs::create_dir_all(&built).unwrap();
        for name in [
            "Makefile",
            "CHANGELOG.md",
            "README.md",
            "README.ru.md",
            "debian",
            "dialplan",
            "docs",
            "sounds",
        ] {
            printed(
                Command::new("cp")
                    .args(["-r", name])
                    .arg(top.join("sources")),
            );
        }
        fs::copy(module, built.join("libres_rust_ivr.so")).unwrap();
        let package = Self {
            directory: top.join("build"),
        };
        fs::create_dir_all(&package.directory).unwrap();
        package.inside("rust-ivr-package:22", Some(&top.join("sources")), PACK);
        package.complete("rust-ivr-package:22")
    }

    /// What `make deb` built.
    pub fn built_for(release: &str) -> Self {
        let built = Path::new("target/deb").join(release);
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(release);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        for file in fs::read_dir(&built).expect("make deb").map(Result::unwrap) {
            if file
                .path()
                .extension()
                .is_some_and(|extension| extension == "deb")
            {
                fs::copy(file.path(), directory.join(file.file_name())).unwrap();
            }
        }
        Self { directory }.complete(&format!("rust-ivr-package:{release}"))
    }

    fn complete(self, image: &str) -> Self {
        let built = self
            .debs()
            .find(|name| name.starts_with("asterisk-rust-ivr_"));
        let built = self.directory.join(built.expect("a package"));
        fs::rename(built, self.directory.join("first.deb")).unwrap();
        self.inside(image, None, HIGHER);
        self
    }

    fn debs(&self) -> impl Iterator<Item = String> {
        let files = fs::read_dir(&self.directory).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap())
    }

    /// Whether the debug symbols came apart.
    pub fn has_symbols(&self) -> bool {
        self.debs()
            .any(|name| name.starts_with("asterisk-rust-ivr-dbgsym_"))
    }

    fn inside(&self, image: &str, sources: Option<&Path>, script: &str) {
        let mut docker = Command::new("docker");
        let name = format!("rust-ivr-{}-0", std::process::id());
        docker.args([
            "run",
            "--rm",
            "--network=none",
            "--env=HOME=/tmp",
            "--name",
            &name,
        ]);
        docker.arg(format!("--volume={}:/build", self.directory.display()));
        docker.args(sources.map(|sources| format!("--volume={}:/sources:ro", sources.display())));
        printed(docker.args([image, "bash", "-euc", script]));
    }
}

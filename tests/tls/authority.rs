//! An authority of a test's own, made when the test runs, and the servers' certificates that it
//! signs. No key of it is known to anybody but the run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority: `NAME.pem` and `NAME.key` in its directory.
pub struct Authority {
    directory: PathBuf,
    name: &'static str,
}

impl Authority {
    /// Makes one.
    pub fn new(directory: &Path, name: &'static str) -> Self {
        fs::create_dir_all(directory).expect("a directory for certificates");
        let authority = Self {
            directory: directory.to_owned(),
            name,
        };
        let subject = format!("/CN=Authority {name} of a test");
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        authority.openssl(&[
            "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", "-subj", &subject,
            "-keyout", &key, "-out", &pem,
        ]);
        authority
    }

    /// Signs a certificate for `who`, such as `IP:127.0.0.1` or `DNS:db.example`, as
    /// `server.pem` with `server.key` in place of the ones that are there. With 0 days it
    /// expires within the second in which it is made.
    pub fn sign(&self, who: &str, days: u32) {
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-noenc",
            "-subj",
            "/CN=a server",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ]);
        let names = format!("basicConstraints = CA:FALSE\nsubjectAltName = {who}\n");
        fs::write(self.directory.join("server.ext"), names).expect("a file");
        let (key, pem) = (format!("{}.key", self.name), format!("{}.pem", self.name));
        let days = days.to_string();
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            &pem,
            "-CAkey",
            &key,
            "-CAcreateserial",
            "-days",
            &days,
            "-extfile",
            "server.ext",
            "-out",
            "server.pem",
        ]);
    }

    fn openssl(&self, arguments: &[&str]) {
        let openssl = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.directory)
            .output()
            .expect("the openssl command: run `make test`, which installs it");
        let complaint = String::from_utf8_lossy(&openssl.stderr);
        assert!(
            openssl.status.success(),
            "openssl {arguments:?}: {complaint}"
        );
    }
}

//! A system that packages are installed on: a container with a shell.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// For what Asterisk is waited for: the call with its key, ringback and spoken digits takes ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Dropping it removes the container.
pub struct System(String);

impl System {
    /// Where packages come from Debian; needs a network.
    pub fn bare(image: &str, packages: &Path) -> Self {
        let system = Self::start(image, packages, "host");
        system.shell("apt-get -o Acquire::Check-Valid-Until=false update");
        system
    }

    /// Where Asterisk is installed and runs.
    pub fn with_asterisk(image: &str, packages: &Path) -> Self {
        let system = Self::start(image, packages, "none");
        system.start_asterisk();
        system
    }

    fn start(image: &str, packages: &Path, network: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rust-ivr-{}-{number}", std::process::id());
        let packages = format!("--volume={}:/packages:ro", packages.display());
        let network = format!("--network={network}");
        let options = [
            "run", "--detach", "--rm", "--init", "--name", &name, &network, &packages,
        ];
        printed(
            Command::new("docker")
                .args(options)
                .args([image, "sleep", "infinity"]),
        );
        let system = Self(name);
        // What an operator answers.
        system.shell("echo 'APT::Get::Assume-Yes true;' > /etc/apt/apt.conf.d/90yes");
        system
    }

    /// As Debian's service does it.
    pub fn start_asterisk(&self) {
        self.shell(
            "install -d -o asterisk -g asterisk /run/asterisk && asterisk -U asterisk -G asterisk",
        );
        self.wait_for("core waitfullybooted", "fully booted");
    }

    /// Runs commands as root; one that fails ends the test.
    pub fn shell(&self, commands: &str) -> String {
        printed(&mut self.command(&["bash", "-euc", commands]))
    }

    /// What an operator's `asterisk -rx COMMAND` prints.
    pub fn cli(&self, command: &str) -> String {
        printed(&mut self.command(&["asterisk", "-rx", command]))
    }

    /// Waits until a command of Asterisk's prints these words, also while it starts.
    pub fn wait_for(&self, command: &str, words: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let printed = text(
                &self
                    .command(&["asterisk", "-rx", command])
                    .output()
                    .unwrap(),
            );
            let spaced: Vec<_> = printed.split_whitespace().collect();
            if spaced.join(" ").contains(words) {
                return;
            }
            assert!(
                Instant::now() < until,
                "no {words:?}: {printed}{}",
                self.log()
            );
        }
    }

    fn log(&self) -> String {
        let log = ["sh", "-c", "tail -n 30 /var/log/asterisk/messages*"];
        text(&self.command(&log).output().unwrap())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut docker = Command::new("docker");
        let noninteractive = "--env=DEBIAN_FRONTEND=noninteractive";
        docker.args(["exec", noninteractive, &self.0]).args(words);
        docker
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "--force", &self.0])
            .output();
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs what must succeed; returns what it printed.
pub fn printed(command: &mut Command) -> String {
    let output = command
        .output()
        .expect("the docker command: run `make test`, which installs it");
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

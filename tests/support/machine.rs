//! The machine that calls are tested on: Debian's Asterisk in a container, with
//! a configuration, addresses and a directory of its own.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use rust_ivr_testing::machine::{Machine, MachineConfig, Run};
//!
//! let run = Run::new("two_buttons");
//! let machine = Machine::start(&run, MachineConfig::samples(&run));
//! machine.wait_log("Registered", Duration::from_secs(5));
//! println!("{}", machine.cli("core show channels"));
//! ```
//!
//! Every failure panics and says what was expected and where the logs are: a
//! test has nothing better to do with it. When its owner goes, also in a panic,
//! the container goes too.

mod config;
mod container;
mod database;
mod run;
mod samples;
mod version;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use config::MachineConfig;
use container::Container;
pub use database::{MariaDb, sqlite};
pub use run::{Run, repository};
pub(crate) use samples::{BITRIX24_LINE, BITRIX24_PASSWORD, MULTIFON_PASSWORD};
pub use samples::{MULTIFON_NUMBER, PBX_LOGIN, PBX_PASSWORD};
pub use version::{leaves_transfers_to_us, not_here, partly_here, version};

/// Where a run's directory is seen inside its containers.
pub(crate) const INSIDE: &str = "/rust-ivr";

/// Starting takes under a second; the bound is for a box that builds meanwhile.
const START: Duration = Duration::from_secs(60);

/// A running Asterisk. Dropping it ends the container and nothing else.
pub struct Machine {
    run: Run,
    config: MachineConfig,
    container: Container,
}

impl Machine {
    /// Writes the configuration and starts Asterisk; returns when it is fully booted.
    pub fn start(run: &Run, config: MachineConfig) -> Self {
        config.write(run);
        let container = launch(run, &config);
        let machine = Self {
            run: run.clone(),
            config,
            container,
        };
        machine.wait_booted();
        machine
    }

    /// Opens the manager interface at port 5038 of the machine's own address: others listen at
    /// theirs. `accounts`: sections of manager.conf.
    pub fn open_ami(&self, accounts: &str) {
        let address = self.address();
        let general =
            format!("[general]\nenabled = yes\nport = 5038\nbindaddr = {address}\n{accounts}");
        self.put_file("manager.conf", &general);
        self.cli("manager reload");
    }

    /// What an operator's `asterisk -rx COMMAND` prints.
    pub fn cli(&self, command: &str) -> String {
        let conf = format!("{INSIDE}/etc/asterisk.conf");
        self.container
            .exec(&["asterisk", "-C", &conf, "-rx", command], "")
    }

    /// Runs a program of the image beside Asterisk; returns what it printed.
    pub fn exec(&self, command: &[&str], input: &str) -> String {
        self.container.exec(command, input)
    }

    /// Waits until a command prints these words.
    pub fn wait_cli(&self, command: &str, words: &str, within: Duration) {
        let until = Instant::now() + within;
        loop {
            let printed = self.cli(command);
            if printed.contains(words) {
                return;
            }
            assert!(Instant::now() < until, "no {words:?}: {printed}");
        }
    }

    /// The address that Asterisk's SIP and RTP are bound to.
    pub fn address(&self) -> std::net::Ipv4Addr {
        self.run.asterisk()
    }

    /// Writes a configuration file; Asterisk reads it at the next reload.
    pub fn put_file(&self, name: &str, text: &str) {
        config::write_file(&self.run, name, text);
    }

    /// Everything logged since Asterisk started last; `asterisk.log` in the run's directory has all.
    pub fn log(&self) -> String {
        self.log_since(0)
    }

    /// Everything logged since the mark.
    pub fn log_since(&self, mark: usize) -> String {
        self.container.log_since(mark)
    }

    /// A place in the log, for [`Self::log_since`] and [`Self::wait_log_since`].
    pub fn log_mark(&self) -> usize {
        self.container.log_mark()
    }

    /// The first log line that holds `text`, waiting for it no longer than `within`.
    pub fn wait_log(&self, text: &str, within: Duration) -> String {
        self.wait_log_since(0, text, within)
    }

    /// As [`Self::wait_log`], but only lines after the mark count.
    pub fn wait_log_since(&self, mark: usize, text: &str, within: Duration) -> String {
        self.container.wait_log(mark, text, within)
    }

    /// The process as the host sees it: `/proc/PID` tells its memory.
    pub fn asterisk_pid(&self) -> u32 {
        self.container.pid()
    }

    /// Asterisk's open files.
    pub fn descriptors(&self) -> usize {
        self.listed("fd").len()
    }

    /// Names of all of Asterisk's threads, sorted.
    pub fn threads(&self) -> Vec<String> {
        let tasks = self.listed("task").into_iter();
        // A thread may end between the two looks.
        let names = tasks.filter_map(|task| fs::read_to_string(task.join("comm")).ok());
        let mut names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
        names.sort();
        names
    }

    /// Names of the threads that are ours, sorted.
    pub fn own_threads(&self) -> Vec<String> {
        let mut names = self.threads();
        names.retain(|name| name.starts_with("rustivr"));
        names
    }

    fn listed(&self, what: &str) -> Vec<PathBuf> {
        let directory = format!("/proc/{}/{what}", self.asterisk_pid());
        let entries = fs::read_dir(directory).expect("Asterisk runs");
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect()
    }

    /// Whether Asterisk still runs. False after a crash, too.
    pub fn alive(&self) -> bool {
        self.container.alive()
    }

    /// Ends Asterisk as `core stop now` does; says how it ended.
    pub fn stop_asterisk(&self, within: Duration) -> String {
        self.container.signal("TERM");
        self.container.wait_ended(within)
    }

    /// Gives a command that does not return before Asterisk ends, such as `core stop gracefully`.
    pub fn begin_cli(&self, command: &str) {
        let conf = format!("{INSIDE}/etc/asterisk.conf");
        self.container
            .exec_detached(&["asterisk", "-C", &conf, "-rx", command]);
    }

    /// Waits until Asterisk has ended by itself; says how.
    pub fn wait_stopped(&self, within: Duration) -> String {
        self.container.wait_ended(within)
    }

    /// Ends Asterisk as a power cut would and starts it again over the same files.
    pub fn restart_asterisk(&mut self) {
        self.container.remove();
        self.container = launch(&self.run, &self.config);
        self.wait_booted();
    }

    fn wait_booted(&self) {
        self.wait_log("Asterisk Ready.", START);
        let answer = self.cli("core waitfullybooted");
        assert!(
            answer.contains("fully booted"),
            "Asterisk did not boot: {answer}"
        );
    }
}

fn launch(run: &Run, config: &MachineConfig) -> Container {
    let conf = format!("{INSIDE}/etc/asterisk.conf");
    let mut mounts = config.mounts();
    mounts.push(format!("{}:/etc/hosts", run.hosts().display()));
    let mut command = vec!["env"];
    command.extend(&config.environment);
    command.extend(["asterisk", "-f", "-C", &conf]);
    Container::start(run, "asterisk", &mounts, &command)
}

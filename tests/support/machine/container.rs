//! A container of the test image, and its log as it is written.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{INSIDE, Run};

/// What machines are made of: `tests/set-up` builds it, with Asterisk 22. `RUST_IVR_IMAGE` names
/// another one (tests/versions).
static IMAGE: LazyLock<String> = LazyLock::new(|| {
    std::env::var("RUST_IVR_IMAGE").unwrap_or_else(|_| "rust-ivr-asterisk:22".to_owned())
});

/// Where the image's Asterisk has its modules; the path has the machine's architecture in it.
pub(super) fn modules_directory() -> &'static str {
    static DIRECTORY: LazyLock<String> = LazyLock::new(|| find("modules/app_dial.so"));
    &DIRECTORY
}

/// Where the image's Asterisk has its documentation: Debian's packages and its own `make` differ.
pub(super) fn documentation_directory() -> &'static str {
    static DIRECTORY: LazyLock<String> = LazyLock::new(|| find("documentation/core-en_US.xml"));
    &DIRECTORY
}

/// The directory of one of Asterisk's own files.
fn find(file: &str) -> String {
    let directory = in_image(&format!(
        "for place in /usr/lib* /usr/share/asterisk /var/lib/asterisk; do \
           [ ! -e $place ] || find $place -path '*/asterisk/{file}' -printf '%h\\n' -quit; done"
    ));
    assert!(directory.starts_with('/'), "no {file} in {}", *IMAGE);
    directory.lines().next().unwrap_or_default().to_owned()
}

/// What a script prints in a container of its own.
pub(super) fn in_image(script: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Not the names of machines, which count from 1.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("rust-ivr-{}-0{number}", std::process::id());
    docker(&[
        "run",
        "--rm",
        "--network=host",
        "--name",
        &name,
        &IMAGE,
        "sh",
        "-c",
        script,
    ])
}

/// A running container on the host's network, with the run's directory at [`INSIDE`].
/// What it prints on its standard error is its log. Dropping it removes it.
pub struct Container {
    name: String,
    run: Run,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<String>,
    /// How the container ended, once it has.
    ended: Option<String>,
}

impl Container {
    /// Starts `command` as a container's first process. `mounts` are `docker run -v` values;
    /// the log is also appended to `SERVICE.log` in the run's directory.
    pub fn start(run: &Run, service: &str, mounts: &[String], command: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rust-ivr-{}-{number}", std::process::id());
        let path = run.directory().join(format!("{service}.log"));
        let copy = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .expect("a log file");
        let mut docker = Command::new("docker");
        docker.args([
            "run",
            "--rm",
            "--network=host",
            "--log-driver=none",
            "--name",
            &name,
        ]);
        docker.arg(format!("--volume={}:{INSIDE}", run.directory().display()));
        docker.args(mounts.iter().map(|mount| format!("--volume={mount}")));
        docker.arg(IMAGE.as_str()).args(command);
        docker
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let child = docker
            .spawn()
            .expect("the docker command: run `make test`, which installs it");
        let log = Arc::new(Log::default());
        let reader = std::thread::spawn({
            let log = log.clone();
            move || follow(child, &log, copy)
        });
        Self {
            name,
            run: run.clone(),
            log,
            reader: Some(reader),
        }
    }

    /// Runs a command inside with `input` on its standard input; returns what it printed.
    pub fn exec(&self, command: &[&str], input: &str) -> String {
        let mut docker = Command::new("docker");
        docker
            .args(["exec", "--interactive", &self.name])
            .args(command);
        docker
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = docker.spawn().expect("docker exec");
        // A command that doesn't read its input closes the pipe; that is its own affair.
        let _ = child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input.as_bytes());
        let output = child.wait_with_output().expect("docker exec");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{command:?} failed: {printed}{complaint}"
        );
        printed
    }

    /// Runs a command inside and waits for nothing.
    pub fn exec_detached(&self, command: &[&str]) {
        docker(&[&["exec", "--detach", &self.name], command].concat());
    }

    /// Sends a signal to the container's first process: `STOP`, `CONT`, `HUP`.
    pub fn signal(&self, signal: &str) {
        docker(&["kill", "--signal", signal, &self.name]);
    }

    /// The first process, as the host sees it.
    pub fn pid(&self) -> u32 {
        let pid = docker(&["inspect", "--format", "{{.State.Pid}}", &self.name]);
        pid.trim().parse().expect("a process id")
    }

    /// Whether the first process still runs.
    pub fn alive(&self) -> bool {
        self.log.state().ended.is_none()
    }

    /// Waits until the first process has ended by itself; says how.
    pub fn wait_ended(&self, within: Duration) -> String {
        let (state, waited) = self
            .log
            .changed
            .wait_timeout_while(self.log.state(), within, |state| state.ended.is_none())
            .expect("the log");
        assert!(!waited.timed_out(), "not ended within {within:?}");
        state.ended.clone().expect("an end")
    }

    /// Everything printed since the mark; 0: since the start.
    pub fn log_since(&self, mark: usize) -> String {
        self.log.state().lines[mark..].join("\n")
    }

    /// How many lines were printed so far.
    pub fn log_mark(&self) -> usize {
        self.log.state().lines.len()
    }

    /// The first line from `mark` on that holds `text`. Panics after `within`, and at once
    /// when the container ends first.
    pub fn wait_log(&self, mark: usize, text: &str, within: Duration) -> String {
        let deadline = Instant::now() + within;
        let mut seen = mark;
        let mut state = self.log.state();
        loop {
            let fresh = state.lines.get(seen..).unwrap_or_default();
            if let Some(line) = fresh.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            seen = seen.max(state.lines.len());
            let left = deadline.saturating_duration_since(Instant::now());
            let why = match &state.ended {
                Some(how) => how.clone(),
                None if left.is_zero() => format!("not within {within:?}"),
                None => {
                    state = self
                        .log
                        .changed
                        .wait_timeout(state, left)
                        .expect("the log")
                        .0;
                    continue;
                }
            };
            let tail = state.lines[state.lines.len().saturating_sub(25)..].join("\n");
            let directory = self.run.directory().display().to_string();
            drop(state);
            panic!("no log line with {text:?}: {why}\n{tail}\n(all of it: {directory})");
        }
    }

    /// Kills and removes the container; returns when it is gone.
    pub fn remove(&mut self) {
        let Some(reader) = self.reader.take() else {
            return;
        };
        // It fails when the container has ended by itself, which is as good.
        let _ = Command::new("docker")
            .args(["rm", "--force", &self.name])
            .output();
        let _ = reader.join();
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Log {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nobody panics while holding the log")
    }
}

/// Copies the container's log line by line until it ends, and says how it ended.
fn follow(mut child: Child, log: &Log, mut copy: File) {
    let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    for line in stderr.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        // The copy is for people; a full disk must not stop the test from following.
        let _ = writeln!(copy, "{line}");
        log.state().lines.push(line);
        log.changed.notify_all();
    }
    let how = child
        .wait()
        .map_or_else(|error| error.to_string(), |status| status.to_string());
    log.state().ended = Some(format!("the container ended: {how}"));
    log.changed.notify_all();
}

/// Runs a docker command that must succeed; returns what it printed.
fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker")
        .args(arguments)
        .output()
        .expect("the docker command");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

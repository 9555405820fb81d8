//! The databases of a run: MariaDB in a container, and SQLite files.

use std::fmt::Display;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Container, INSIDE, Run};

/// Creating the system tables and starting takes two seconds; the bound is for a busy box.
const START: Duration = Duration::from_secs(90);

/// A running MariaDB with one database and one user, as the module's configuration names them.
/// Its files outlive [`Self::kill`] and go with the run.
pub struct MariaDb {
    run: Run,
    /// More options for the server; they count from its next start on.
    pub options: String,
    container: Option<Container>,
}

impl MariaDb {
    /// The TCP port on [`Self::address`].
    pub const PORT: u16 = 3306;
    /// The database's name.
    pub const NAME: &str = "site";
    /// Who may read it.
    pub const USER: &str = "asterisk";
    /// The user's password.
    pub const PASSWORD: &str = "password-of-mariadb";
    /// The Unix socket, as containers of the run see it.
    pub(crate) const SOCKET: &str = "/rust-ivr/run/mysqld.sock";

    /// Creates the database, runs `sql` in it and lets the user read everything.
    pub fn start(run: &Run, sql: &str) -> Self {
        let mut database = Self {
            run: run.clone(),
            options: String::new(),
            container: None,
        };
        database.start_again();
        database.administer(&format!(
            "CREATE DATABASE {name} CHARACTER SET utf8mb4;
             CREATE USER '{user}'@'localhost' IDENTIFIED BY '{password}';
             CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';
             GRANT SELECT ON {name}.* TO '{user}'@'%';",
            user = Self::USER,
            password = Self::PASSWORD,
            name = Self::NAME,
        ));
        database.sql(sql);
        database
    }

    /// Starts the server over the files that are there; returns when it takes connections.
    pub fn start_again(&mut self) {
        assert!(self.container.is_none(), "MariaDB runs already");
        for directory in ["run", "mariadb"] {
            fs::create_dir_all(self.run.directory().join(directory)).expect("a directory");
        }
        let script = script(self.address(), &self.options);
        let container = Container::start(&self.run, "mariadb", &[], &["sh", "-ec", &script]);
        container.wait_log(0, "ready for connections", START);
        self.container = Some(container);
    }

    /// Lines of `[database]` for this server, reached at `host`.
    pub fn over_tcp(host: impl Display, password: &str) -> String {
        format!(
            "driver = mysql\nhost = {host}\nport = {}\nname = {}\nuser = {}\npassword = {password}\n",
            Self::PORT,
            Self::NAME,
            Self::USER,
        )
    }

    /// Where it listens on TCP.
    pub fn address(&self) -> Ipv4Addr {
        self.run.database()
    }

    /// Runs statements as the database's administrator; returns the rows, tab-separated.
    pub fn sql(&self, text: &str) -> String {
        self.administer(&format!("USE {};\n{text}", Self::NAME))
    }

    /// Freezes the server: connections stay open and nobody answers. Returns when each of its
    /// threads stands still.
    pub fn stop(&self) {
        let tasks = format!("/proc/{}/task", self.running().pid());
        self.running().signal("STOP");
        let stands = |task: fs::DirEntry| {
            // A thread that is gone stands still.
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            !status.contains("State:") || status.contains("State:\tT")
        };
        let until = Instant::now() + START;
        while !fs::read_dir(&tasks)
            .expect("the server runs")
            .flatten()
            .all(stands)
        {
            assert!(Instant::now() < until, "the server goes on");
        }
    }

    /// Lets a frozen server go on.
    pub fn cont(&self) {
        self.running().signal("CONT");
    }

    /// Kills the server: connections break and new ones are refused.
    pub fn kill(&mut self) {
        self.container = None;
    }

    fn administer(&self, text: &str) -> String {
        let socket = format!("--socket={}", Self::SOCKET);
        // The socket is as good as TLS, also to a server that asks for it.
        let options = ["--skip-ssl", "--default-character-set=utf8mb4", "-N"];
        let client = [&["mariadb", socket.as_str()], &options[..]].concat();
        self.running().exec(&client, text)
    }

    fn running(&self) -> &Container {
        self.container.as_ref().expect("MariaDB was killed")
    }
}

/// Nothing waits for the disk: commits must survive a killed server, not a power cut.
fn script(address: Ipv4Addr, more: &str) -> String {
    let data = format!("{INSIDE}/mariadb");
    let options = "--no-defaults --user=root --innodb-log-file-size=4M --innodb-buffer-pool-size=32M \
                   --innodb-flush-method=nosync --innodb-flush-log-at-trx-commit=2";
    format!(
        "test -d {data}/mysql || mariadb-install-db {options} --datadir={data} --skip-test-db >&2
         exec mariadbd {options} --datadir={data} --skip-name-resolve --bind-address={address} \
              --port={port} --socket={socket} --pid-file={INSIDE}/run/mysqld.pid {more}",
        port = MariaDb::PORT,
        socket = MariaDb::SOCKET,
    )
}

/// Creates an SQLite file, or opens it, and runs statements in it.
pub fn sqlite(path: &Path, sql: &str) {
    let opened = rusqlite::Connection::open(path);
    let done = opened.and_then(|connection| connection.execute_batch(sql));
    done.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

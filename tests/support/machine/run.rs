//! One run of a test: its directory under `test-output/` and its block of
//! loopback addresses.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A port that nobody else uses on `127.N.255.254`; holding it is holding block N.
const MARKER_PORT: u16 = 15061;

/// A test's name, directory and addresses, shared by all that it starts.
///
/// The directory is removed when the last owner goes, unless the test failed or
/// `RUST_IVR_KEEP` is set; then its path is printed.
#[derive(Clone)]
pub struct Run(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    block: u8,
    /// Bound as long as the block is ours, so that parallel runs take other blocks.
    _marker: TcpListener,
}

impl Run {
    /// A run that keeps its files in `test-output/NAME`. What an earlier run left there goes.
    pub fn new(name: &str) -> Self {
        let directory = repository().join("test-output").join(name);
        let (block, marker) = claim_block();
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                panic!("cannot clear {}: {error}", directory.display())
            }
            _ => {}
        }
        fs::create_dir_all(directory.join("data"))
            .unwrap_or_else(|error| panic!("cannot create {}: {error}", directory.display()));
        let run = Self(Arc::new(Inner {
            directory,
            block,
            _marker: marker,
        }));
        run.name_hosts("127.0.0.1 localhost\n");
        run
    }

    /// Where logs, configuration and recordings of this run are.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// What Asterisk takes for its data directory: `sounds/rust_ivr/` holds the prompts once a
    /// machine has started, and `rust_ivr.sqlite3` is the embedded database's default place.
    pub fn data_directory(&self) -> PathBuf {
        self.directory().join("data")
    }

    /// Asterisk's own address.
    pub fn asterisk(&self) -> Ipv4Addr {
        self.address(0, 1)
    }

    /// Where the stand-in for Multifon listens.
    pub fn multifon(&self) -> Ipv4Addr {
        self.address(0, 2)
    }

    /// Where the stand-in for Bitrix24 listens.
    pub fn bitrix24(&self) -> Ipv4Addr {
        self.address(0, 3)
    }

    /// Where MariaDB listens.
    pub fn database(&self) -> Ipv4Addr {
        self.address(0, 9)
    }

    /// What Asterisk sees as `/etc/hosts`.
    pub(super) fn hosts(&self) -> PathBuf {
        self.directory().join("hosts")
    }

    /// Says which addresses the names have that Asterisk's host knows, as lines of `/etc/hosts`.
    pub fn name_hosts(&self, lines: &str) {
        // In place: a container has the file itself mounted, not its name.
        fs::write(self.hosts(), lines).expect("the names of hosts");
    }

    /// An address that only this run uses; `host` is 1 to 254, `net` 1 to 254 for a test's own
    /// parties. One that listens until the process ends needs a `net` that no other test takes: a
    /// later run may have the same block.
    pub fn address(&self, net: u8, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.0.block, net, host)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("RUST_IVR_KEEP").is_some() {
            eprintln!(
                "logs, configuration and recordings: {}",
                self.directory.display()
            );
        } else if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("cannot remove {}: {error}", self.directory.display());
        }
    }
}

/// The repository's root.
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("this crate is at tests/support")
}

fn claim_block() -> (u8, TcpListener) {
    // Processes start their search at different blocks; the bind decides who has it.
    let offset = std::process::id() % 151;
    for step in 0..151 {
        let block = u8::try_from(100 + (offset + step) % 151).expect("at most 250");
        match TcpListener::bind((Ipv4Addr::new(127, block, 255, 254), MARKER_PORT)) {
            Ok(marker) if is_free(block) => return (block, marker),
            // An earlier test's party is still about to close its socket.
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => panic!("cannot take the address block 127.{block}.0.0/16: {error}"),
        }
    }
    panic!("all address blocks from 127.100.0.0/16 to 127.250.0.0/16 are taken");
}

/// Whether nobody listens for SIP where Asterisk and the first parties of a run do.
fn is_free(block: u8) -> bool {
    (1..10).all(|host| UdpSocket::bind((Ipv4Addr::new(127, block, 0, host), 5060)).is_ok())
}

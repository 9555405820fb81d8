//! A way to the database that can be made bad at any moment, for connections that are there and
//! for those to come.

use std::io::{Read, Write, copy};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, socket};
use rust_ivr_testing::machine::MariaDb;
use rust_ivr_testing::office::Office;

/// What becomes of the server's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They arrive.
    Pass,
    /// They are swallowed.
    Silent,
    /// One byte a second arrives.
    Drip,
    /// A greeting arrives; instead of anything else the connection ends.
    Greet,
}

/// The proxy. Its threads end with the process.
pub struct Proxy(Arc<Mutex<Mode>>);

impl Proxy {
    /// Listens on MariaDB's port of `address` and leads to the office's server.
    pub fn start(address: Ipv4Addr, office: &Office) -> Self {
        Self::start_from(Ipv4Addr::LOCALHOST, address, office)
    }

    /// The same, but the server sees its connections come from `from`.
    pub fn start_from(from: Ipv4Addr, address: Ipv4Addr, office: &Office) -> Self {
        let listener = TcpListener::bind((address, MariaDb::PORT)).expect("an address");
        let server = SocketAddr::from((office.run.database(), MariaDb::PORT));
        let mode = Arc::new(Mutex::new(Mode::Pass));
        let of_listener = Arc::clone(&mode);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = reach(server, from) {
                    join(&client, &server, &of_listener);
                }
            }
        });
        Self(mode)
    }

    /// Changes what becomes of answers.
    pub fn set(&self, mode: Mode) {
        *self.0.lock().expect("the mode") = mode;
    }
}

fn reach(server: SocketAddr, from: Ipv4Addr) -> nix::Result<TcpStream> {
    let stream = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let from = SocketAddr::from((from, 0));
    bind(stream.as_raw_fd(), &SockaddrStorage::from(from))?;
    connect(stream.as_raw_fd(), &SockaddrStorage::from(server))?;
    Ok(stream.into())
}

fn join(client: &TcpStream, server: &TcpStream, mode: &Arc<Mutex<Mode>>) {
    let both = || {
        let [client, server] = [client, server].map(|end| end.try_clone().expect("a socket"));
        (client, server)
    };
    let (mut from, mut to) = both();
    thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let ((client, server), mode) = (both(), Arc::clone(mode));
    thread::spawn(move || {
        let _ = answers(&server, &client, &mode);
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
}

fn answers(
    mut server: &TcpStream,
    mut client: &TcpStream,
    mode: &Mutex<Mode>,
) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    let mut greeted = false;
    loop {
        let count = server.read(&mut buffer)?;
        let mode = *mode.lock().expect("the mode");
        match mode {
            _ if count == 0 => return Ok(()),
            Mode::Greet if greeted => return Ok(()),
            Mode::Pass | Mode::Greet => client.write_all(&buffer[..count])?,
            Mode::Silent => {}
            Mode::Drip => {
                for byte in &buffer[..count] {
                    client.write_all(&[*byte])?;
                    // The fault's own clock.
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
        greeted = true;
    }
}

//! A way to the database that can be made bad at any moment, for connections that are there and
//! for those to come.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::machine::MariaDb;
use crate::support::office::Office;

/// What becomes of the server's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They arrive.
    Pass,
    /// They are swallowed.
    Silent,
    /// One byte a second arrives.
    Drip,
    /// The connection ends instead.
    Drop,
}

/// The proxy. Its threads end with the process.
pub struct Proxy {
    /// On 127.0.0.1.
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    mode: Mode,
    server: Option<SocketAddr>,
}

impl Proxy {
    /// Listens; until [`Proxy::lead_to`] every connection ends at once.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Mutex::new(Shared {
            mode: Mode::Pass,
            server: None,
        }));
        let of_listener = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = of_listener.lock().expect("the mode").server;
                if let Some(server) = server.and_then(|server| TcpStream::connect(server).ok()) {
                    join(&client, &server, &of_listener);
                }
            }
        });
        Self { port, shared }
    }

    /// From now on connections reach this office's MariaDB.
    pub fn lead_to(&self, office: &Office) {
        let server = SocketAddr::from((office.run.database(), MariaDb::PORT));
        self.shared.lock().expect("the mode").server = Some(server);
    }

    /// Changes what becomes of answers.
    pub fn set(&self, mode: Mode) {
        self.shared.lock().expect("the mode").mode = mode;
    }
}

fn join(client: &TcpStream, server: &TcpStream, shared: &Arc<Mutex<Shared>>) {
    let both = || {
        (
            client.try_clone().expect("a socket"),
            server.try_clone().expect("a socket"),
        )
    };
    let (mut from, mut to) = both();
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let ((client, server), shared) = (both(), Arc::clone(shared));
    thread::spawn(move || {
        let _ = answers(&server, &client, &shared);
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
}

fn answers(
    mut server: &TcpStream,
    mut client: &TcpStream,
    shared: &Mutex<Shared>,
) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = server.read(&mut buffer)?;
        let mode = shared.lock().expect("the mode").mode;
        match mode {
            _ if count == 0 => return Ok(()),
            Mode::Pass => client.write_all(&buffer[..count])?,
            Mode::Silent => {}
            Mode::Drop => return Ok(()),
            Mode::Drip => {
                for byte in &buffer[..count] {
                    client.write_all(&[*byte])?;
                    // The fault's own clock.
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
}

//! A MySQL server for tests that speaks just enough of the protocol to lie in every way; `wire.rs`
//! has the packets.

mod wire;

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use wire::{Asked, EOF, OK, greeting, head, packet, prepared, receive, refuse};

/// What the server does wrong.
#[derive(Clone, Copy, Debug)]
pub(in crate::directory) enum Lie {
    None,
    Silent,
    DripGreeting,
    /// Goes on for as long as the client listens.
    DripLogin,
    DripSession,
    DropAfterGreeting,
    Garbage,
    SilentAtPrepare,
    DripPrepared,
    SilentAtExecute,
    DropAtExecute,
    DripRows,
    EndlessRows,
    EmptyPacket,
    HugePacket,
    Error(u16, &'static str),
    /// In place of a greeting.
    ErrorAtOnce(u16, &'static str),
    ErrorAtLogin(u16, &'static str),
    /// The account is one by this plugin. Whoever goes on is let in.
    Plugin(&'static str),
    /// Every statement but the code's works.
    NoCodes(u16, &'static str),
}

/// Pause between two bytes: shorter than the socket's own timeout, so that only the
/// watchdog can end it.
const DRIP: Duration = Duration::from_millis(40);

/// The running server. Dropping it ends every thread.
pub(in crate::directory) struct Liar {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    lie: Lie,
    connections: Vec<TcpStream>,
    logins: usize,
    prepared: usize,
    executed: usize,
    /// Who is logged in, and how many may be.
    inside: usize,
    places: usize,
    stopping: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            lie: Lie::None,
            connections: Vec::new(),
            logins: 0,
            prepared: 0,
            executed: 0,
            inside: 0,
            places: usize::MAX,
            stopping: false,
        }
    }
}

impl Liar {
    pub(in crate::directory) fn start(lie: Lie) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), lie)
    }

    pub(super) fn listen(listener: TcpListener, lie: Lie) -> Self {
        let shared = Arc::<Shared>::default();
        shared.state.lock().lie = lie;
        let address = listener.local_addr().unwrap();
        let accepting = Arc::clone(&shared);
        let acceptor = Some(thread::spawn(move || accepting.accept(&listener)));
        Self {
            shared,
            address,
            acceptor,
        }
    }

    pub(in crate::directory) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn say(&self, lie: Lie) {
        self.shared.state.lock().lie = lie;
    }

    /// The account may have so many connections from now on.
    pub(super) fn allow(&self, places: usize) {
        self.shared.change(|state| state.places = places);
    }

    pub(super) fn logins(&self) -> usize {
        self.shared.state.lock().logins
    }

    pub(super) fn prepared(&self) -> usize {
        self.shared.state.lock().prepared
    }

    pub(super) fn executed(&self) -> usize {
        self.shared.state.lock().executed
    }

    pub(super) fn wait_for_executed(&self, count: usize) {
        self.shared.wait(|state| state.executed >= count);
    }

    pub(super) fn drop_connections(&self) {
        for connection in self.shared.state.lock().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopping = true);
        // The acceptor looks when somebody connects.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_all();
    }

    fn wait(&self, done: impl Fn(&State) -> bool) {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| !done(state));
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        let mut talks = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            let mut state = self.state.lock();
            if state.stopping {
                break;
            }
            state.connections.push(stream.try_clone().unwrap());
            let shared = Arc::clone(self);
            // The client going away is how most talks here end.
            talks.push(thread::spawn(move || {
                let mut counted = false;
                let _ = shared.talk(&mut counted, &stream);
                shared.change(|state| state.inside -= usize::from(counted));
                // There are more handles on it than the one that goes here.
                let _ = stream.shutdown(Shutdown::Both);
            }));
        }
        for connection in self.state.lock().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        for talk in talks {
            talk.join().unwrap();
        }
    }

    /// `counted`: it takes one of the account's places.
    fn talk(&self, counted: &mut bool, stream: &TcpStream) -> io::Result<()> {
        let mut stream = stream.try_clone()?;
        let lie = self.state.lock().lie;
        match lie {
            Lie::Silent => return self.hang(),
            Lie::ErrorAtOnce(code, words) => return refuse(&mut stream, 0, code, words),
            Lie::Garbage => return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            Lie::DripGreeting => self.drip(&mut stream, &packet(0, &greeting()))?,
            _ => stream.write_all(&packet(0, &greeting()))?,
        }
        if matches!(lie, Lie::DropAfterGreeting) {
            return Ok(());
        }
        receive(&mut stream)?;
        self.change(|state| state.logins += 1);
        if matches!(lie, Lie::DripLogin) {
            return self.drip(&mut stream, &packet(2, &[b'x'; 60_000]));
        }
        if let Lie::ErrorAtLogin(code, words) = lie {
            return refuse(&mut stream, 2, code, words);
        }
        self.change(|state| {
            *counted = state.inside < state.places;
            state.inside += usize::from(*counted);
        });
        if !*counted {
            let words = "User 'asterisk' has exceeded the 'max_user_connections' resource";
            return refuse(&mut stream, 2, 1226, words);
        }
        let mut next = 2;
        if let Lie::Plugin(name) = lie {
            next = self.ask_for(&mut stream, name)?;
        }
        stream.write_all(&packet(next, &OK))?;
        loop {
            let command = receive(&mut stream)?;
            let lie = self.state.lock().lie;
            match (command.first(), lie) {
                (Some(0x03), Lie::DripSession) => {
                    self.drip(&mut stream, &packet(1, &[0; 60_000]))?
                }
                (Some(0x03), _) => stream.write_all(&packet(1, &OK))?,
                (Some(0x16), Lie::SilentAtPrepare) => return self.hang(),
                (Some(0x16), Lie::DripPrepared) => {
                    self.drip(&mut stream, &prepared(Asked::of(&command)))?
                }
                (Some(0x16), lie) => {
                    self.change(|state| state.prepared += 1);
                    match (Asked::of(&command), lie) {
                        (Asked::Code | Asked::Codes, Lie::NoCodes(code, words)) => {
                            refuse(&mut stream, 1, code, words)?;
                        }
                        (asked, _) => stream.write_all(&prepared(asked))?,
                    }
                }
                (Some(0x17), lie) => {
                    self.change(|state| state.executed += 1);
                    self.execute(&mut stream, lie, &command)?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Switches to another plugin; gives the number of the packet that ends the login.
    fn ask_for(&self, stream: &mut TcpStream, plugin: &str) -> io::Result<u8> {
        let salt = [7; 32];
        let switch = [b"\xfe", plugin.as_bytes(), b"\0", &salt[..], b"\0"].concat();
        stream.write_all(&packet(2, &switch))?;
        let proof = receive(stream)?;
        match plugin {
            "client_ed25519" => assert_eq!(proof.len(), 64),
            "parsec" => {
                // The account's own salt, behind hash function and iterations.
                stream.write_all(&packet(4, &[b"P\0", &salt[..18]].concat()))?;
                assert_eq!(receive(stream)?.len(), 96);
                return Ok(6);
            }
            // The first answer of this one says that the server knows the password.
            "caching_sha2_password" => {
                stream.write_all(&packet(4, &[1, 3]))?;
                return Ok(5);
            }
            _ => {}
        }
        Ok(4)
    }

    fn execute(&self, stream: &mut TcpStream, lie: Lie, command: &[u8]) -> io::Result<()> {
        let asked = Asked::ALL[usize::from(command[1])];
        let (columns, row) = (asked.columns(), asked.row(command));
        let mut head = head(columns);
        let next = columns + 3;
        match lie {
            Lie::SilentAtExecute => self.hang(),
            Lie::DropAtExecute => Err(io::ErrorKind::ConnectionAborted.into()),
            Lie::EmptyPacket => stream.write_all(&packet(1, &[])),
            // Announces 16 MB and begins to send them.
            Lie::HugePacket => stream.write_all(&[0xff, 0xff, 0xff, 1, 5, 5, 5]),
            Lie::Error(code, words) => refuse(stream, 1, code, words),
            Lie::DripRows => {
                stream.write_all(&head)?;
                self.drip(stream, &packet(next, &row))
            }
            Lie::EndlessRows => {
                stream.write_all(&head)?;
                let mut sequence = next;
                loop {
                    stream.write_all(&packet(sequence, &row))?;
                    sequence = sequence.wrapping_add(1);
                }
            }
            _ => {
                head.extend(packet(next, &row));
                head.extend(packet(next + 1, &EOF));
                stream.write_all(&head)
            }
        }
    }

    /// Keeps the connection without a word until the test is over.
    fn hang(&self) -> io::Result<()> {
        self.wait(|state| state.stopping);
        Ok(())
    }

    fn drip(&self, stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            stream.write_all(&[*byte])?;
            let mut state = self.state.lock();
            if state.stopping {
                break;
            }
            self.changed.wait_for(&mut state, DRIP);
        }
        Ok(())
    }
}

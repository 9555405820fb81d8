//! A MySQL server for tests that speaks just enough of the protocol to lie in every way.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// What the server does wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lie {
    None,
    Silent,
    DripGreeting,
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
    /// Every statement but the code's works.
    NoCodes(u16, &'static str),
}

/// Pause between two bytes: shorter than the socket's own timeout, so that only the
/// watchdog can end it.
const DRIP: Duration = Duration::from_millis(40);

const OK: [u8; 7] = [0, 0, 0, 2, 0, 0, 0];
const EOF: [u8; 5] = [0xfe, 0, 0, 2, 0];

/// The running server. Dropping it ends every thread.
pub(super) struct Liar {
    shared: Arc<Shared>,
    port: u16,
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
            stopping: false,
        }
    }
}

impl Liar {
    pub(super) fn start(lie: Lie) -> Self {
        let shared = Arc::<Shared>::default();
        shared.state.lock().lie = lie;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = Arc::clone(&shared);
        let acceptor = Some(thread::spawn(move || accepting.accept(&listener)));
        Self {
            shared,
            port,
            acceptor,
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn say(&self, lie: Lie) {
        self.shared.state.lock().lie = lie;
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
        let _ = TcpStream::connect(("127.0.0.1", self.port));
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
            talks.push(thread::spawn(move || drop(shared.talk(stream))));
        }
        for connection in self.state.lock().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        for talk in talks {
            talk.join().unwrap();
        }
    }

    fn talk(&self, mut stream: TcpStream) -> io::Result<()> {
        let lie = self.state.lock().lie;
        match lie {
            Lie::Silent => return self.hang(),
            Lie::Garbage => return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            Lie::DripGreeting => self.drip(&mut stream, &packet(0, &greeting()))?,
            _ => stream.write_all(&packet(0, &greeting()))?,
        }
        if matches!(lie, Lie::DropAfterGreeting) {
            return Ok(());
        }
        receive(&mut stream)?;
        self.change(|state| state.logins += 1);
        stream.write_all(&packet(2, &OK))?;
        loop {
            let command = receive(&mut stream)?;
            let lie = self.state.lock().lie;
            match (command.first(), lie) {
                (Some(0x03), _) => stream.write_all(&packet(1, &OK))?,
                (Some(0x16), Lie::SilentAtPrepare) => return self.hang(),
                (Some(0x16), Lie::DripPrepared) => self.drip(&mut stream, &prepared())?,
                (Some(0x16), lie) => {
                    self.change(|state| state.prepared += 1);
                    match (asks_code(&command), lie) {
                        (true, Lie::NoCodes(code, words)) => refuse(&mut stream, code, words)?,
                        (true, _) => stream.write_all(&code_prepared())?,
                        (false, _) => stream.write_all(&prepared())?,
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

    fn execute(&self, stream: &mut TcpStream, lie: Lie, command: &[u8]) -> io::Result<()> {
        let (columns, row) = match command[1] {
            CODE => (1, code_row(command)),
            _ => (5, menu_row()),
        };
        let mut head = head(columns);
        let next = columns + 3;
        match lie {
            Lie::SilentAtExecute => self.hang(),
            Lie::DropAtExecute => Err(io::ErrorKind::ConnectionAborted.into()),
            Lie::EmptyPacket => stream.write_all(&packet(1, &[])),
            // Announces 16 MB and begins to send them.
            Lie::HugePacket => stream.write_all(&[0xff, 0xff, 0xff, 1, 5, 5, 5]),
            Lie::Error(code, words) => refuse(stream, code, words),
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

fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn packet(sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = (body.len() as u32).to_le_bytes().to_vec();
    packet[3] = sequence;
    packet.extend(body);
    packet
}

fn refuse(stream: &mut TcpStream, code: u16, words: &str) -> io::Result<()> {
    let mut error = vec![0xff];
    error.extend(code.to_le_bytes());
    error.extend(b"#42S02");
    error.extend(words.as_bytes());
    stream.write_all(&packet(1, &error))
}

fn greeting() -> Vec<u8> {
    let mut greeting = b"\x0a5.5.5-10.11.0-MariaDB\0".to_vec();
    greeting.extend(1_u32.to_le_bytes());
    greeting.extend(b"scramble\0");
    // Long password, database at login, protocol 4.1, transactions, secure connection.
    greeting.extend(0xa209_u16.to_le_bytes());
    greeting.extend([45, 2, 0]);
    // Authentication plugins.
    greeting.extend(0x0008_u16.to_le_bytes());
    greeting.extend([21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    greeting.extend(b"scramble4567\0mysql_native_password\0");
    greeting
}

fn column() -> Vec<u8> {
    let mut column = b"\x03def\0\0\0\x01x\0\x0c".to_vec();
    column.extend([45, 0, 255, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0]);
    column
}

/// The answer to COM_STMT_PREPARE: four parameters, five columns.
fn prepared() -> Vec<u8> {
    let mut answer = packet(1, &[0, 1, 0, 0, 0, 5, 0, 4, 0, 0, 0, 0]);
    for sequence in 2..=5 {
        answer.extend(packet(sequence, &column()));
    }
    answer.extend(packet(6, &EOF));
    for sequence in 7..=11 {
        answer.extend(packet(sequence, &column()));
    }
    answer.extend(packet(12, &EOF));
    answer
}

/// The number of the code's statement; the menu's has 1.
const CODE: u8 = 2;

fn asks_code(prepare: &[u8]) -> bool {
    prepare.windows(16).any(|text| text == b"sAsterisk_prefix")
}

/// The answer to COM_STMT_PREPARE of a code: one parameter, one column.
fn code_prepared() -> Vec<u8> {
    let mut answer = packet(1, &[0, CODE, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
    for (sequence, body) in [
        (2, column()),
        (3, EOF.into()),
        (4, column()),
        (5, EOF.into()),
    ] {
        answer.extend(packet(sequence, &body));
    }
    answer
}

/// The head of an answer to COM_STMT_EXECUTE: columns + 2 packets.
fn head(columns: u8) -> Vec<u8> {
    let mut head = packet(1, &[columns]);
    for sequence in 2..columns + 2 {
        head.extend(packet(sequence, &column()));
    }
    head.extend(packet(columns + 2, &EOF));
    head
}

/// A row of a menu; the fourth column is NULL, the second no UTF-8.
fn menu_row() -> Vec<u8> {
    b"\0\x20\x06orders\x03a\xffb\x011\x0b74950000001".to_vec()
}

/// A code's row repeats the parameter as it was sent, behind statement, flags, iterations,
/// NULL bits and the parameter's type.
fn code_row(execute: &[u8]) -> Vec<u8> {
    [b"\0\0", &execute[14..]].concat()
}

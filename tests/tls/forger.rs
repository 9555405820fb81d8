//! Somebody on the way to the server who cannot read or change what is encrypted, and so puts
//! answers of his own, in plain text, behind the server's greeting.

use std::io::{Read, Write, copy};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use rust_ivr_testing::machine::MariaDb;

const OK: &[u8] = b"\0\0\0\x02\0\0\0";
const END: &[u8] = b"\xfe\0\0\x02\0";
const COLUMN: &[u8] = b"\x03def\0\0\0\x01n\0\x0c\x3f\0\x14\0\0\0\xfd\0\0\0\0\0";

/// Listens on MariaDB's port of `address` and leads to `server`, until the process ends.
pub fn start(address: Ipv4Addr, server: Ipv4Addr) {
    let listener = TcpListener::bind((address, MariaDb::PORT)).expect("an address");
    let server = SocketAddr::from((server, MariaDb::PORT));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // Whoever hangs up first ends it; the module's complaint is what counts.
            let _ = TcpStream::connect(server).and_then(|server| forge(client, server));
        }
    });
}

fn forge(mut client: TcpStream, mut server: TcpStream) -> std::io::Result<()> {
    let mut greeting = vec![0; 4096];
    let count = server.read(&mut greeting)?;
    greeting.truncate(count);
    // "You are in", "your session is as you want it", and the number 7 to the next question.
    let answers: [(u8, &[u8]); 7] = [
        (3, OK),
        (1, OK),
        (1, b"\x01"),
        (2, COLUMN),
        (3, END),
        (4, b"\x017"),
        (5, END),
    ];
    for (sequence, packet) in answers {
        let length = u8::try_from(packet.len()).expect("a short packet");
        greeting.extend([length, 0, 0, sequence]);
        greeting.extend(packet);
    }
    client.write_all(&greeting)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let _ = copy(&mut server, &mut client);
        let _ = client.shutdown(Shutdown::Both);
    });
    Ok(())
}

//! The packets of the protocol.

use std::io::{self, Read, Write};
use std::net::TcpStream;

pub(super) const OK: [u8; 7] = [0, 0, 0, 2, 0, 0, 0];
pub(super) const EOF: [u8; 5] = [0xfe, 0, 0, 2, 0];

pub(super) fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body)?;
    Ok(body)
}

pub(super) fn packet(sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = (body.len() as u32).to_le_bytes().to_vec();
    packet[3] = sequence;
    packet.extend(body);
    packet
}

pub(super) fn refuse(
    stream: &mut TcpStream,
    sequence: u8,
    code: u16,
    words: &str,
) -> io::Result<()> {
    let mut error = vec![0xff];
    error.extend(code.to_le_bytes());
    error.extend(b"#42S02");
    error.extend(words.as_bytes());
    stream.write_all(&packet(sequence, &error))
}

pub(super) fn greeting() -> Vec<u8> {
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

/// The statements that the module prepares; its place in `ALL` is a statement's number.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Menu,
    Code,
    Menus,
    Codes,
    Ids,
}

impl Asked {
    pub(super) const ALL: [Self; 5] = [Self::Menu, Self::Code, Self::Menus, Self::Codes, Self::Ids];

    pub(super) fn of(prepare: &[u8]) -> Self {
        let statement = String::from_utf8_lossy(&prepare[1..]);
        let begins = |text| statement.starts_with(text);
        match () {
            () if begins("SELECT phone FROM") => Self::Code,
            () if begins("SELECT phone, ") => Self::Menus,
            () if begins("SELECT pref, ") => Self::Codes,
            () if begins("SELECT id ") => Self::Ids,
            () => Self::Menu,
        }
    }

    pub(super) fn columns(self) -> u8 {
        [5, 1, 6, 2, 1][self as usize]
    }

    fn parameters(self) -> u8 {
        [4, 1, 2, 0, 0][self as usize]
    }

    /// In a menu `msgMp3` is NULL and the second column of it is no UTF-8.
    pub(super) fn row(self, execute: &[u8]) -> Vec<u8> {
        let menu = b"\x06orders\x03a\xffb\x011\x0b74950000001";
        match self {
            Self::Menu => [b"\0\x20", &menu[..]].concat(),
            // It repeats the parameter as it was sent, behind statement, flags, iterations,
            // NULL bits and the parameter's type.
            Self::Code => [b"\0\0", &execute[14..]].concat(),
            Self::Menus => [b"\0\x40\x0b70000000001", &menu[..]].concat(),
            Self::Codes => b"\0\0\x017\x0b74950000007".to_vec(),
            Self::Ids => b"\0\0\x015".to_vec(),
        }
    }
}

/// The answer to COM_STMT_PREPARE: first the parameters, then the columns.
pub(super) fn prepared(asked: Asked) -> Vec<u8> {
    let (columns, parameters) = (asked.columns(), asked.parameters());
    let head = [0, asked as u8, 0, 0, 0, columns, 0, parameters, 0, 0, 0, 0];
    let mut bodies = vec![head.to_vec()];
    for count in [parameters, columns] {
        bodies.extend((0..count).map(|_| column()));
        bodies.extend((count > 0).then(|| EOF.to_vec()));
    }
    let numbered = (1..).zip(bodies);
    numbered
        .flat_map(|(sequence, body)| packet(sequence, &body))
        .collect()
}

/// The head of an answer to COM_STMT_EXECUTE: columns + 2 packets.
pub(super) fn head(columns: u8) -> Vec<u8> {
    let mut head = packet(1, &[columns]);
    for sequence in 2..columns + 2 {
        head.extend(packet(sequence, &column()));
    }
    head.extend(packet(columns + 2, &EOF));
    head
}

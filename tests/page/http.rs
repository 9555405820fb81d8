//! HTTP by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use rust_ivr_testing::office::SOON;
use serde_json::Value;

/// A server.
pub struct Site(SocketAddr);

/// What it answered.
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Site {
    pub fn new(address: SocketAddr) -> Self {
        Self(address)
    }

    /// As a browser names it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.0)
    }

    /// `headers` are whole lines.
    pub fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask("GET", path, headers, "")
    }

    /// A form for the page's buttons, as the page sends it.
    pub fn act(&self, form: &str, headers: &str) -> Answer {
        self.post(form, &format!("{headers}X-RustIvr: 1\r\n"))
    }

    /// The same without what makes it the page's.
    pub fn post(&self, form: &str, headers: &str) -> Answer {
        self.ask("POST", "/rustivr/api/act", headers, form)
    }

    /// Signs in at Asterisk's manager; the cookie as a header's line.
    pub fn login(&self, user: &str, secret: &str) -> String {
        let form = format!("action=login&username={user}&secret={secret}&events=off");
        let answer = self.ask("POST", "/rawman", "", &form);
        let cookie = answer.header("Set-Cookie");
        format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
    }

    /// A request whose connection stays open until it is dropped.
    pub fn keep_open(&self, path: &str) -> TcpStream {
        let stream = self.connect();
        let mut stream = BufReader::new(stream);
        request(stream.get_mut(), self.0, "GET", path, "", "");
        assert_eq!(answer(&mut stream).status, 200);
        stream.into_inner()
    }

    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = BufReader::new(self.connect());
        let headers = format!("{headers}Connection: close\r\n");
        request(stream.get_mut(), self.0, method, path, &headers, body);
        answer(&mut stream)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.0).expect("a server");
        stream.set_read_timeout(Some(4 * SOON)).expect("a timeout");
        stream
    }
}

fn request(
    stream: &mut TcpStream,
    host: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) {
    let form = match body {
        "" => String::new(),
        body if body.starts_with('{') => content("application/json", body),
        body => content("application/x-www-form-urlencoded", body),
    };
    let text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}{form}\r\n{body}");
    // A server that refuses may hang up before it has read all.
    let _ = stream.write_all(text.as_bytes());
}

fn content(kind: &str, body: &str) -> String {
    format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len())
}

fn answer(stream: &mut BufReader<TcpStream>) -> Answer {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line of the answer");
        line.trim_end().to_owned()
    };
    let status = line();
    let status = status.split(' ').nth(1).and_then(|word| word.parse().ok());
    let mut headers = Vec::new();
    loop {
        let line = line();
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut answer = Answer {
        status: status.expect("a status"),
        headers,
        body: Vec::new(),
    };
    let length: usize = answer.header("Content-Length").parse().expect("a length");
    answer.body.resize(length, 0);
    stream.read_exact(&mut answer.body).expect("the body");
    answer
}

impl Answer {
    /// Empty when there is no such header.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(of, _)| of.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

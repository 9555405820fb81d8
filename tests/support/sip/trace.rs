//! The record of everything that peers sent and received: kept in memory for failures and
//! timelines, and appended to a file as it happens.

use super::message::Message;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What an [`Entry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message that the peer sent.
    Sent(SocketAddr),
    /// A message that the peer received.
    Received(SocketAddr),
    /// A remark: a key pressed, a behaviour chosen.
    Note,
}

/// One message or remark.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// Whose.
    pub peer: String,
    /// Direction.
    pub kind: Kind,
    /// The whole message, or the remark.
    pub text: String,
}

struct Inner {
    started: Instant,
    entries: Mutex<Vec<Entry>>,
    file: Mutex<Option<File>>,
}

/// Shared by all peers of a test: clones write to the same record.
#[derive(Clone)]
pub struct Trace(Arc<Inner>);

impl Trace {
    /// Kept in memory only. Its times count from now.
    pub fn in_memory() -> Self {
        Self::build(None)
    }

    /// Also appended to the file at `path`.
    ///
    /// # Panics
    /// When the file cannot be opened.
    pub fn to_file(path: &Path) -> Self {
        let file = File::options().create(true).append(true).open(path);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::build(Some(file))
    }

    fn build(file: Option<File>) -> Self {
        Self(Arc::new(Inner {
            started: Instant::now(),
            entries: Mutex::default(),
            file: Mutex::new(file),
        }))
    }

    /// Adds a remark to the story.
    pub(super) fn note(&self, peer: &str, text: &str) {
        self.add(Instant::now(), peer, Kind::Note, text);
    }

    /// Adds a message or a remark.
    pub(super) fn add(&self, at: Instant, peer: &str, kind: Kind, text: &str) {
        let entry = Entry {
            at,
            peer: peer.into(),
            kind,
            text: text.into(),
        };
        let rendered = self.render(&entry);
        self.0.entries.lock().unwrap().push(entry);
        if let Some(file) = self.0.file.lock().unwrap().as_mut() {
            // A full disk must not fail the call under test; the record in memory is whole.
            let _ = file.write_all(rendered.as_bytes());
        }
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.entries.lock().unwrap().clone()
    }

    /// The story in lines such as `INVITE 74951234567 ->`, `<- 180 Ringing (INVITE)`, `pressed 1`.
    /// OPTIONS, Asterisk's own keep-alive, is left out.
    pub fn story(&self) -> Vec<String> {
        self.entries().iter().filter_map(line).collect()
    }

    /// The last `count` messages in full, keep-alives left out, for the text of a failure.
    pub fn tail(&self, count: usize) -> String {
        let mut entries = self.entries();
        entries.retain(|entry| line(entry).is_some());
        let from = entries.len().saturating_sub(count);
        entries[from..].iter().map(|e| self.render(e)).collect()
    }

    fn render(&self, entry: &Entry) -> String {
        let time = entry.at.saturating_duration_since(self.0.started);
        let way = match entry.kind {
            Kind::Sent(to) => format!("-> {to}"),
            Kind::Received(from) => format!("<- {from}"),
            Kind::Note => "note".into(),
        };
        let text = entry.text.replace("\r\n", "\n");
        format!(
            "--- {:9.3} {} {way}\n{}\n\n",
            time.as_secs_f64(),
            entry.peer,
            text.trim_end()
        )
    }
}

fn line(entry: &Entry) -> Option<String> {
    let message = Message::parse(entry.text.as_bytes());
    if message.as_ref().is_some_and(|m| m.method() == "OPTIONS") {
        return None;
    }
    Some(match (entry.kind, message) {
        (Kind::Sent(_), Some(message)) => format!("{} ->", message.summary()),
        (Kind::Received(_), Some(message)) => format!("<- {}", message.summary()),
        _ => entry.text.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_names_direction_and_number_and_leaves_keep_alives_out() {
        let trace = Trace::in_memory();
        let asterisk = "127.91.0.1:5060".parse().unwrap();
        let now = Instant::now();
        let options = "OPTIONS sip:x@y SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n";
        let invite = "INVITE sip:74951234567@y SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n";
        let ringing = "SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n";
        trace.add(now, "multifon", Kind::Received(asterisk), options);
        trace.add(now, "multifon", Kind::Sent(asterisk), invite);
        trace.add(now, "multifon", Kind::Received(asterisk), ringing);
        trace.note("multifon", "pressed 1");
        let story = [
            "INVITE 74951234567 ->",
            "<- 180 Ringing (INVITE)",
            "pressed 1",
        ];
        assert_eq!(trace.story(), story);
        assert!(trace.tail(1).contains("pressed 1"));
    }
}

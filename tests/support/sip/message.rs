//! SIP messages (RFC 3261 section 7): just enough to read what Asterisk sends and to write what a
//! trunk would. Headers stay text in their order; nothing is normalised that a test may want to see.

/// First line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// `METHOD uri SIP/2.0`
    Request {
        /// `INVITE`, `BYE`...
        method: String,
        /// Request-URI.
        uri: String,
    },
    /// `SIP/2.0 code reason`
    Response {
        /// 100 to 699.
        code: u16,
        /// Reason phrase.
        reason: String,
    },
}

/// A request or a response with its headers and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// First line.
    pub start: Start,
    /// Headers in the order in which they stand, names in their long form.
    pub headers: Vec<(String, String)>,
    /// Body; empty when there is none.
    pub body: String,
}

impl Message {
    /// A request without headers.
    pub fn request(method: &str, uri: &str) -> Self {
        let start = Start::Request {
            method: method.into(),
            uri: uri.into(),
        };
        Self {
            start,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// The response to `request` with the headers that RFC 3261 section 8.2.6.2 copies. `tag` is
    /// added to a To header that has none (100 Trying goes without).
    pub fn response(request: &Message, code: u16, reason: &str, tag: Option<&str>) -> Self {
        let start = Start::Response {
            code,
            reason: reason.into(),
        };
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            let copied = ["Via", "From", "To", "Call-ID", "CSeq", "Record-Route"];
            if !copied.iter().any(|copy| copy.eq_ignore_ascii_case(name)) {
                continue;
            }
            let tagless = name.eq_ignore_ascii_case("To") && param(value, "tag").is_none();
            match tag {
                Some(tag) if tagless => headers.push((name.clone(), format!("{value};tag={tag}"))),
                _ => headers.push((name.clone(), value.clone())),
            }
        }
        Self {
            start,
            headers,
            body: String::new(),
        }
    }

    /// Reads a datagram. None for what is not SIP (keep-alives, noise).
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(datagram);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut lines = unfolded.split("\r\n");
        let start = parse_start(lines.next()?)?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (long_form(name.trim()), value.trim().to_string()))
            .collect();
        Some(Self {
            start,
            headers,
            body: body.to_string(),
        })
    }

    /// The datagram, Content-Length included.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = match &self.start {
            Start::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
            Start::Response { code, reason } => format!("SIP/2.0 {code} {reason}\r\n"),
        };
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        text.push_str(&self.body);
        text.into_bytes()
    }

    /// First header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// First header of that name, or an empty text.
    pub fn text(&self, name: &str) -> &str {
        self.header(name).unwrap_or_default()
    }

    /// Adds a header at the end and gives the message back.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body and its type.
    pub(super) fn with_body(self, kind: &str, body: impl Into<String>) -> Self {
        let mut message = self.with("Content-Type", kind);
        message.body = body.into();
        message
    }

    /// Method of a request, or the method that a response answers.
    pub fn method(&self) -> &str {
        match &self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => self.text("CSeq").split(' ').nth(1).unwrap_or_default(),
        }
    }

    /// Code of a response; 0 for a request.
    pub fn code(&self) -> u16 {
        match &self.start {
            Start::Response { code, .. } => *code,
            Start::Request { .. } => 0,
        }
    }

    /// Request-URI; empty for a response.
    pub fn uri(&self) -> &str {
        match &self.start {
            Start::Request { uri, .. } => uri,
            Start::Response { .. } => "",
        }
    }

    /// Number in CSeq.
    pub(super) fn cseq(&self) -> u32 {
        let number = self.text("CSeq").split(' ').next().unwrap_or_default();
        number.parse().unwrap_or_default()
    }

    /// Branch of the topmost Via: names the transaction.
    pub(super) fn branch(&self) -> &str {
        param(self.text("Via"), "branch").unwrap_or_default()
    }

    /// Call-ID: names the call.
    pub fn call_id(&self) -> &str {
        self.text("Call-ID")
    }

    /// URI of the Contact header.
    pub fn contact(&self) -> &str {
        uri_in(self.text("Contact"))
    }

    /// The first line in short, for timelines: `INVITE 74951234567` or `180 Ringing (INVITE)`.
    pub fn summary(&self) -> String {
        match &self.start {
            Start::Request { method, uri } => format!("{method} {}", user_of(uri)),
            Start::Response { code, reason } => format!("{code} {reason} ({})", self.method()),
        }
    }
}

fn parse_start(line: &str) -> Option<Start> {
    let mut words = line.splitn(3, ' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next().unwrap_or(""));
    if first == "SIP/2.0" {
        let code = second.parse().ok()?;
        let reason = third.to_string();
        return Some(Start::Response { code, reason });
    }
    (third == "SIP/2.0").then(|| Start::Request {
        method: first.into(),
        uri: second.into(),
    })
}

fn long_form(name: &str) -> String {
    let long = match name {
        "v" => "Via",
        "f" => "From",
        "t" => "To",
        "i" => "Call-ID",
        "m" => "Contact",
        "c" => "Content-Type",
        "l" => "Content-Length",
        other => other,
    };
    long.to_string()
}

/// URI inside a header such as `"Name" <sip:user@host>;tag=x`; without brackets up to the first `;`.
pub fn uri_in(value: &str) -> &str {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => value.split(';').next().unwrap_or_default().trim(),
    }
}

/// User part of a URI or of a header that holds one; empty when there is none.
pub fn user_of(value: &str) -> &str {
    let uri = uri_in(value);
    let address = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    address.split_once('@').map_or("", |(user, _)| user)
}

/// `host[:port]` of a URI.
pub fn host_of(value: &str) -> &str {
    let uri = uri_in(value);
    let address = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let host = address.split_once('@').map_or(address, |(_, host)| host);
    host.split([';', '?']).next().unwrap_or_default()
}

/// Parameter `name` of a header, those inside `<...>` left out.
pub fn param<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let outside = value.rsplit('>').next()?;
    outside.split(';').skip(1).find_map(|pair| {
        let (key, text) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| text.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:74951234567@127.91.0.2:5060;line=abc SIP/2.0\r\n\
        v: SIP/2.0/UDP 127.91.0.1:5060;rport;branch=z9hG4bKPj1\r\n\
        From: \"A, B\" <sip:79001112233@127.91.0.1>;tag=one\r\n\
        To: <sip:74951234567@127.91.0.2>\r\nContact: <sip:asterisk@127.91.0.1:5060;x=y>\r\n\
        Call-ID: c1\r\nCSeq: 42 INVITE\r\nSubject: long\r\n text\r\nContent-Length: 3\r\n\r\nabc";

    #[test]
    fn a_request_is_read() {
        let invite = Message::parse(INVITE.as_bytes()).unwrap();
        assert_eq!(invite.uri(), "sip:74951234567@127.91.0.2:5060;line=abc");
        assert_eq!(user_of(invite.uri()), "74951234567");
        assert_eq!(host_of(invite.uri()), "127.91.0.2:5060");
        assert_eq!((invite.method(), invite.cseq()), ("INVITE", 42));
        assert_eq!(invite.branch(), "z9hG4bKPj1");
        assert_eq!(user_of(invite.text("from")), "79001112233");
        assert_eq!(param(invite.text("From"), "tag"), Some("one"));
        assert_eq!(invite.contact(), "sip:asterisk@127.91.0.1:5060;x=y");
        assert_eq!(invite.text("Subject"), "long text");
        assert_eq!(invite.body, "abc");
    }

    #[test]
    fn a_response_copies_what_it_must_and_reads_back() {
        let invite = Message::parse(INVITE.as_bytes()).unwrap();
        let ringing = Message::response(&invite, 180, "Ringing", Some("two"));
        let back = Message::parse(&ringing.to_bytes()).unwrap();
        assert_eq!((back.code(), back.method()), (180, "INVITE"));
        assert_eq!(param(back.text("To"), "tag"), Some("two"));
        assert_eq!(back.text("Via"), invite.text("Via"));
        assert_eq!(back.header("Contact"), None);
    }

    #[test]
    fn noise_is_not_sip() {
        for noise in ["", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0 abc OK"] {
            assert_eq!(Message::parse(noise.as_bytes()), None, "{noise:?}");
        }
    }
}

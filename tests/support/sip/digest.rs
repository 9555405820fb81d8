//! Digest authentication (RFC 2617, MD5), both sides: answering Asterisk's challenge as a trunk that
//! calls in, and demanding it from Asterisk as Multifon's registrar and Bitrix24's line do.

use md5::{Digest, Md5};

/// A user name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password. Test data only, so Debug may show it.
    pub password: String,
}

impl Credentials {
    /// Both parts.
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }
}

/// Who asks: it decides the code and the header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// 401, WWW-Authenticate, Authorization.
    Server,
    /// 407, Proxy-Authenticate, Proxy-Authorization: Multifon even does so to REGISTER.
    Proxy,
}

impl Asker {
    /// Code of the challenge.
    pub fn code(self) -> u16 {
        match self {
            Asker::Server => 401,
            Asker::Proxy => 407,
        }
    }

    /// Reason phrase of the challenge.
    pub fn reason(self) -> &'static str {
        match self {
            Asker::Server => "Unauthorized",
            Asker::Proxy => "Proxy Authentication Required",
        }
    }

    /// Header that carries the challenge.
    pub fn challenge_header(self) -> &'static str {
        match self {
            Asker::Server => "WWW-Authenticate",
            Asker::Proxy => "Proxy-Authenticate",
        }
    }

    /// Header that carries the answer.
    pub fn answer_header(self) -> &'static str {
        match self {
            Asker::Server => "Authorization",
            Asker::Proxy => "Proxy-Authorization",
        }
    }

    /// The asker behind a response code.
    pub fn of(code: u16) -> Option<Self> {
        [Asker::Server, Asker::Proxy]
            .into_iter()
            .find(|asker| asker.code() == code)
    }
}

/// What a peer asks of those who send to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// 401 or 407.
    pub asker: Asker,
    /// Realm shown in the challenge.
    pub realm: String,
    /// The one user that is let in.
    pub credentials: Credentials,
}

/// How a request stood up to a [`Demand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No credentials: challenge.
    Missing,
    /// The nonce is not one of ours (any more): challenge again.
    Stale,
    /// User or response is wrong.
    Wrong,
    /// Let in.
    Right,
}

impl Demand {
    /// A demand for `credentials`.
    pub fn new(asker: Asker, realm: &str, credentials: Credentials) -> Self {
        Self {
            asker,
            realm: realm.into(),
            credentials,
        }
    }

    /// Text of the challenge header.
    pub fn challenge(&self, nonce: &str) -> String {
        let realm = &self.realm;
        format!("Digest realm=\"{realm}\",nonce=\"{nonce}\",qop=\"auth\",algorithm=MD5")
    }

    /// Judges the answer header of a request; `issued` says whether a nonce is ours.
    pub fn judge(
        &self,
        answer: Option<&str>,
        method: &str,
        issued: impl Fn(&str) -> bool,
    ) -> Verdict {
        let Some(answer) = answer else {
            return Verdict::Missing;
        };
        let field = |name| field(answer, name).unwrap_or_default();
        let expected = response(&Parts {
            credentials: &self.credentials,
            realm: &self.realm,
            nonce: field("nonce"),
            method,
            uri: field("uri"),
            counted: (field("qop") == "auth").then(|| (field("nc"), field("cnonce"))),
        });
        if !issued(field("nonce")) {
            return Verdict::Stale;
        }
        let right = field("username") == self.credentials.user
            && field("realm") == self.realm
            && field("response") == expected;
        if right {
            Verdict::Right
        } else {
            Verdict::Wrong
        }
    }
}

/// Text of the answer header to the challenge header `challenge`.
pub fn answer(challenge: &str, credentials: &Credentials, method: &str, uri: &str) -> String {
    let realm = field(challenge, "realm").unwrap_or_default();
    let nonce = field(challenge, "nonce").unwrap_or_default();
    // Every challenge is answered once, so the count is 1; the client's nonce may then be fixed.
    let counted = field(challenge, "qop").map(|_| ("00000001", "c0ffee"));
    let response = response(&Parts {
        credentials,
        realm,
        nonce,
        method,
        uri,
        counted,
    });
    let user = &credentials.user;
    let mut text = format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=MD5"
    );
    if let Some((count, cnonce)) = counted {
        text.push_str(&format!(", qop=auth, nc={count}, cnonce=\"{cnonce}\""));
    }
    if let Some(opaque) = field(challenge, "opaque") {
        text.push_str(&format!(", opaque=\"{opaque}\""));
    }
    text
}

struct Parts<'a> {
    credentials: &'a Credentials,
    realm: &'a str,
    nonce: &'a str,
    method: &'a str,
    uri: &'a str,
    /// nc and cnonce with qop=auth.
    counted: Option<(&'a str, &'a str)>,
}

fn response(parts: &Parts) -> String {
    let Credentials { user, password } = parts.credentials;
    let who = md5_hex(&format!("{user}:{}:{password}", parts.realm));
    let what = md5_hex(&format!("{}:{}", parts.method, parts.uri));
    let nonce = parts.nonce;
    match parts.counted {
        Some((count, cnonce)) => md5_hex(&format!("{who}:{nonce}:{count}:{cnonce}:auth:{what}")),
        None => md5_hex(&format!("{who}:{nonce}:{what}")),
    }
}

fn md5_hex(text: &str) -> String {
    let sum = Md5::digest(text.as_bytes());
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Field of a digest header: `name="value"` or `name=value`.
fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = header.trim_start().strip_prefix("Digest")?;
    while let Some((key, tail)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ',', '\t']);
        let (value, next) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => tail.split_once(',').unwrap_or((tail, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value.trim());
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mufasa() -> Credentials {
        Credentials::new("Mufasa", "Circle Of Life")
    }

    #[test]
    fn the_vector_of_rfc_2617_section_3_5() {
        let credentials = mufasa();
        let text = response(&Parts {
            credentials: &credentials,
            realm: "testrealm@host.com",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            method: "GET",
            uri: "/dir/index.html",
            counted: Some(("00000001", "0a4f113b")),
        });
        assert_eq!(text, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn the_same_without_qop_as_rfc_2069() {
        let credentials = Credentials::new("Mufasa", "CircleOfLife");
        let text = response(&Parts {
            credentials: &credentials,
            realm: "testrealm@host.com",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            method: "GET",
            uri: "/dir/index.html",
            counted: None,
        });
        assert_eq!(text, "1949323746fe6a43ef61f9606e7febea");
    }

    #[test]
    fn an_answer_is_judged_right_only_with_the_same_secret_method_and_nonce() {
        let demand = Demand::new(Asker::Proxy, "BREDBAND", mufasa());
        let challenge = demand.challenge("n1");
        let good = answer(&challenge, &mufasa(), "REGISTER", "sip:127.91.0.2");
        let bad = answer(
            &challenge,
            &Credentials::new("Mufasa", "x"),
            "REGISTER",
            "sip:127.91.0.2",
        );
        let ours = |nonce: &str| nonce == "n1";
        assert_eq!(demand.judge(None, "REGISTER", ours), Verdict::Missing);
        assert_eq!(demand.judge(Some(&good), "REGISTER", ours), Verdict::Right);
        assert_eq!(demand.judge(Some(&good), "INVITE", ours), Verdict::Wrong);
        assert_eq!(
            demand.judge(Some(&good), "REGISTER", |_| false),
            Verdict::Stale
        );
        assert_eq!(demand.judge(Some(&bad), "REGISTER", ours), Verdict::Wrong);
    }

    #[test]
    fn fields_are_found_quoted_or_bare_and_in_any_order() {
        let header = "Digest  realm=\"a,b=c\", qop=auth,nonce=\"n\" , algorithm=MD5";
        assert_eq!(field(header, "realm"), Some("a,b=c"));
        assert_eq!(field(header, "qop"), Some("auth"));
        assert_eq!(field(header, "nonce"), Some("n"));
        assert_eq!(field(header, "algorithm"), Some("MD5"));
        assert_eq!(field(header, "opaque"), None);
    }
}

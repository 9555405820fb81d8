//! Who may. Whoever reads is signed in as an AMI account, in Asterisk's own session; whoever acts as
//! well, and from our own page only. Pure.

use std::net::IpAddr;

use subtle::ConstantTimeEq;

use crate::asterisk::http::{Method, Request};
use crate::settings::Account;

/// Why not: a status and a sentence that says what would be right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) why: String,
    pub(super) header: Option<(&'static str, String)>,
}

impl Refused {
    pub(super) fn new(status: u16, why: &str) -> Self {
        Self {
            status,
            why: why.to_owned(),
            header: None,
        }
    }

    /// Another method is right.
    pub(super) fn method(right: Method) -> Self {
        let right = match right {
            Method::Post => "POST",
            Method::Get | Method::Other => "GET",
        };
        Self {
            header: Some(("Allow", right.to_owned())),
            ..Self::new(405, &format!("only {right} is answered here"))
        }
    }
}

/// Phones and names are for those who are signed in. Another site could not read the answer, but make the
/// reader's browser ask for what takes time, such as `rustivr check`.
pub(super) fn reads(request: &Request) -> Result<(), Refused> {
    if request.header("Sec-Fetch-Site") == Some("cross-site") {
        return Err(Refused::new(403, "the request comes from another site"));
    }
    match request.rights.reads {
        true => Ok(()),
        false => Err(Refused::new(
            401,
            "sign in with an account of manager.conf whose read has reporting",
        )),
    }
}

/// The browser sends the session's cookie for whatever page asks it to. That the request is our own
/// page's is told by a header that no other origin may set, and by what the browser says itself.
pub(super) fn acts(request: &Request) -> Result<(), Refused> {
    if request.header("X-RustIvr") != Some("1") {
        return Err(Refused::new(403, "the header X-RustIvr: 1 is missing"));
    }
    let from_elsewhere = request
        .header("Sec-Fetch-Site")
        .is_some_and(|site| site != "same-origin");
    let host = request.header("Host").unwrap_or_default();
    let foreign = request.header("Origin").is_some_and(|origin| {
        let own = origin.split_once("://").map(|(_, host)| host);
        !own.is_some_and(|own| own.eq_ignore_ascii_case(host))
    });
    if from_elsewhere || foreign {
        return Err(Refused::new(
            403,
            "the request comes from another origin; a proxy must pass the header Host on as it is",
        ));
    }
    if request.rights.acts {
        return Ok(());
    }
    Err(match request.rights.reads {
        true => Refused::new(403, "this account may only read: its write has no call"),
        false => Refused::new(
            401,
            "sign in with an account of manager.conf whose write has call",
        ),
    })
}

/// The metrics name no phone, but they say how busy an office is.
pub(super) fn metrics(request: &Request, account: Option<&Account>) -> Result<(), Refused> {
    let Some(account) = account else {
        return match request.peer.as_ref().is_some_and(IpAddr::is_loopback) {
            true => Ok(()),
            false => Err(Refused::new(
                403,
                "only this machine may read the metrics: write user and password into [http] of \
                 res_rust_ivr.conf",
            )),
        };
    };
    // Both are compared in any case, and neither tells by its time how much of it was right.
    let given = request.basic.as_ref().is_some_and(|(user, password)| {
        let user = user.as_bytes().ct_eq(account.user.as_bytes());
        let password = password
            .as_bytes()
            .ct_eq(account.password.expose().as_bytes());
        bool::from(user & password)
    });
    match given {
        true => Ok(()),
        false => Err(Refused {
            header: Some(("WWW-Authenticate", "Basic realm=\"rustivr\"".to_owned())),
            ..Refused::new(
                401,
                "user and password are those of [http] in res_rust_ivr.conf",
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterisk::http::Rights;
    use crate::settings::Secret;

    fn request(headers: &[(&str, &str)]) -> Request {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Request {
            method: Method::Post,
            path: "api/act".to_owned(),
            query: Vec::new(),
            headers: headers.iter().map(owned).collect(),
            form: Ok(Vec::new()),
            peer: None,
            basic: None,
            rights: Rights {
                reads: true,
                acts: true,
            },
        }
    }

    fn status(checked: Result<(), Refused>) -> u16 {
        checked.map_or_else(|refused| refused.status, |()| 200)
    }

    #[test]
    fn only_our_own_page_acts() {
        const OURS: (&str, &str) = ("X-RustIvr", "1");
        const HOST: (&str, &str) = ("host", "PBX.example:8088");
        for (headers, expected) in [
            (vec![OURS, HOST], 200),
            (vec![OURS, HOST, ("Origin", "http://pbx.example:8088")], 200),
            (
                vec![OURS, HOST, ("Origin", "https://pbx.example:8088")],
                200,
            ),
            (vec![OURS, HOST, ("Sec-Fetch-Site", "same-origin")], 200),
            (vec![HOST], 403),
            (vec![HOST, ("X-RustIvr", "2")], 403),
            (vec![OURS, HOST, ("Origin", "http://evil.example")], 403),
            (
                vec![
                    OURS,
                    HOST,
                    ("Origin", "http://evil.example/pbx.example:8088"),
                ],
                403,
            ),
            (vec![OURS, HOST, ("Origin", "http://pbx.example")], 403),
            (vec![OURS, HOST, ("Origin", "null")], 403),
            (vec![OURS, ("Origin", "://")], 200),
            (vec![OURS, HOST, ("Sec-Fetch-Site", "cross-site")], 403),
            (vec![OURS, HOST, ("Sec-Fetch-Site", "same-site")], 403),
            (vec![OURS, HOST, ("Sec-Fetch-Site", "none")], 403),
        ] {
            assert_eq!(status(acts(&request(&headers))), expected, "{headers:?}");
        }
    }

    #[test]
    fn rights_are_the_accounts() {
        let with = |reads, acts| Request {
            rights: Rights { reads, acts },
            ..request(&[("X-RustIvr", "1")])
        };
        for (of, may_read, may_act) in [
            (with(false, false), 401, 401),
            (with(true, false), 200, 403),
            (with(false, true), 401, 200),
            (with(true, true), 200, 200),
        ] {
            let got = (status(reads(&of)), status(acts(&of)));
            assert_eq!(got, (may_read, may_act), "{:?}", of.rights);
        }
    }

    #[test]
    fn another_site_makes_nobody_read() {
        for (site, expected) in [("cross-site", 403), ("same-origin", 200), ("none", 200)] {
            let asked = Request {
                rights: Rights {
                    reads: true,
                    acts: false,
                },
                ..request(&[("Sec-Fetch-Site", site)])
            };
            assert_eq!(status(reads(&asked)), expected, "{site}");
        }
    }

    #[test]
    fn metrics_are_for_this_machine_or_for_the_account() {
        let from = |peer: &str, basic: Option<(&str, &str)>| Request {
            peer: peer.parse().ok(),
            basic: basic.map(|(user, password)| (user.to_owned(), password.to_owned())),
            ..request(&[])
        };
        for (peer, expected) in [
            ("127.0.0.1", 200),
            ("127.9.8.7", 200),
            ("::1", 200),
            ("192.0.2.1", 403),
            ("2001:db8::1", 403),
            ("(none)", 403),
        ] {
            assert_eq!(status(metrics(&from(peer, None), None)), expected, "{peer}");
        }
        let account = Account {
            user: "prometheus".to_owned(),
            password: Secret::new("secret".to_owned()),
        };
        for (basic, expected) in [
            (None, 401),
            (Some(("prometheus", "secret")), 200),
            (Some(("prometheus", "Secret")), 401),
            (Some(("prometheus", "secret1")), 401),
            (Some(("prometheus", "")), 401),
            (Some(("", "secret")), 401),
        ] {
            let asked = from("127.0.0.1", basic);
            assert_eq!(
                status(metrics(&asked, Some(&account))),
                expected,
                "{basic:?}"
            );
        }
        let refused = metrics(&from("127.0.0.1", None), Some(&account)).unwrap_err();
        assert!(
            refused
                .header
                .is_some_and(|(name, _)| name == "WWW-Authenticate")
        );
    }
}

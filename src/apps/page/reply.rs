//! Responses, and what a browser may do with each.

use std::fs::File;
use std::io::Read;

use serde_json::{Value, json};

use super::gate::Refused;
use super::russian::Language;
use crate::asterisk::http::{Body, Response};

/// Everything of the page in one file; `{{nonce}}` stands where a browser is told that the part is ours.
const PAGE: &str = include_str!("page.html");

fn response(kind: &str, body: Body) -> Response {
    let headers = [
        ("Content-Type", kind),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
    ];
    Response {
        status: 200,
        headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
        body,
    }
}

/// As JSON for the page, as a line for whoever else asks.
pub(super) fn refused(refused: Refused, language: Language, as_json: bool) -> Response {
    let why = language.say(&refused.why);
    let mut response = match as_json {
        true => json(json!({ "error": why })),
        false => text(why + "\n"),
    };
    response.status = refused.status;
    response.headers.extend(refused.header);
    response
}

fn text(text: String) -> Response {
    response("text/plain; charset=utf-8", Body::Text(text))
}

pub(super) fn metrics(text: String) -> Response {
    response("text/plain; version=0.0.4; charset=utf-8", Body::Text(text))
}

pub(super) fn json(value: Value) -> Response {
    response("application/json", Body::Text(value.to_string()))
}

pub(super) fn sound(wav: Vec<u8>) -> Response {
    response("audio/wav", Body::Bytes(wav))
}

/// The page holds no data; those are asked for by it. Nothing runs in it but what came with it.
pub(super) fn page() -> Result<Response, Refused> {
    let nonce =
        nonce().map_err(|error| Refused::new(500, &format!("no random numbers: {error}")))?;
    let page = PAGE.replace("{{nonce}}", &nonce);
    let mut response = response("text/html; charset=utf-8", Body::Text(page));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         media-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    response.headers.push(("Content-Security-Policy", policy));
    Ok(response)
}

fn nonce() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'r>(response: &'r Response, name: &str) -> &'r str {
        let mut headers = response.headers.iter();
        &headers.find(|(of, _)| *of == name).expect(name).1
    }

    #[test]
    fn the_page_is_one_file_and_runs_nothing_but_itself() {
        for foreign in [
            "src=\"http",
            "href=\"http",
            "@import",
            "url(",
            " onclick=",
            " style=",
        ] {
            assert!(!PAGE.contains(foreign), "{foreign}");
        }
        let [first, second] = [page(), page()].map(Result::unwrap);
        let policy = header(&first, "Content-Security-Policy");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_ne!(policy, header(&second, "Content-Security-Policy"));
        let Body::Text(text) = &first.body else {
            panic!("no text")
        };
        let nonce = policy.split("'nonce-").nth(1).unwrap();
        let nonce = nonce.split('\'').next().unwrap();
        assert_eq!(text.matches("nonce=\"").count(), 2);
        assert_eq!(text.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
        assert!(!text.contains("{{"));
    }

    #[test]
    fn a_refusal_says_why_to_the_page_and_to_others() {
        let why = || Refused::new(409, "a \"quote\"");
        let as_json = refused(why(), Language::English, true);
        assert_eq!(as_json.status, 409);
        assert_eq!(
            as_json.body,
            Body::Text("{\"error\":\"a \\\"quote\\\"\"}".to_owned())
        );
        let as_line = refused(why(), Language::English, false);
        assert_eq!(as_line.body, Body::Text("a \"quote\"\n".to_owned()));
        let gone = Refused::new(404, "there is no such room any more");
        let in_russian = refused(gone, Language::Russian, false);
        let right = "такой комнаты уже нет\n".to_owned();
        assert_eq!(in_russian.body, Body::Text(right));
    }

    #[test]
    fn text_of_strangers_stays_text() {
        let response =
            json(serde_json::json!({ "name": "</script>\"\u{7}\u{2028}\r\nSet-Cookie: x" }));
        assert_eq!(header(&response, "Content-Type"), "application/json");
        let Body::Text(text) = response.body else {
            panic!("no text")
        };
        let text = text.replace('\u{2028}', "?");
        assert_eq!(text, r#"{"name":"</script>\"\u0007?\r\nSet-Cookie: x"}"#);
    }
}

//! The page and the metrics: `/rustivr/` on Asterisk's own HTTP server. `gate.rs` says who may, the page
//! itself is `page.html` and asks for JSON: `state.rs` what there is, `menu.rs` a caller's menu,
//! `act.rs` what its buttons do; `russian.rs` says sentences in Russian to who asks for that.

mod act;
mod gate;
mod menu;
mod reply;
mod russian;
mod state;
mod wav;

use std::ffi::CStr;

use serde_json::{Value, json};

use super::check;
use crate::asterisk::http::{BadBody, Method, Request, Response, Site, field};
use crate::check::Severity;
use crate::directory::Code;
use crate::ports::{PromptFolder, PromptName};
use crate::service::{self, Service};

use gate::Refused;
use russian::Language;

/// The site, for registration.
pub struct Page;

impl Site for Page {
    const URI: &'static CStr = c"rustivr";

    fn answer(request: &Request) -> Response {
        let language = Language::of(request);
        let answer = match service::current() {
            Some(service) if service.settings.http.enabled => route(&service, request, language),
            _ => Err(Refused::new(
                503,
                "the module is being unloaded or its page is switched off",
            )),
        };
        answer.unwrap_or_else(|why| reply::refused(why, language, request.path.starts_with("api/")))
    }
}

fn route(service: &Service, request: &Request, language: Language) -> Result<Response, Refused> {
    let wanted = match request.path.as_str() {
        "api/act" => Method::Post,
        "" | "metrics" | "api/state" | "api/codes" | "api/menu" | "api/prompt" | "api/check" => {
            Method::Get
        }
        _ => {
            return Err(Refused::new(
                404,
                "there is nothing here: the page is at /rustivr/",
            ));
        }
    };
    if request.method != wanted {
        return Err(Refused::method(wanted));
    }
    match request.path.as_str() {
        "" => return reply::page(),
        "metrics" => {
            gate::metrics(request, service.settings.http.metrics.as_ref())?;
            return Ok(reply::metrics(service.metrics()));
        }
        "api/act" => {
            gate::acts(request)?;
            let form = request.form.as_ref().map_err(|why| match why {
                BadBody::TooLong => Refused::new(413, "the body is longer than 40960 bytes"),
                BadBody::Broken => Refused::new(400, "the body cannot be read"),
            })?;
            return act::act(service, form).map(reply::json);
        }
        _ => gate::reads(request)?,
    }
    match request.path.as_str() {
        "api/state" => Ok(reply::json(state::state(
            service,
            request.rights.acts,
            language,
        ))),
        "api/codes" => Ok(reply::json(codes(&service.directory.codes(MAX_CODES)))),
        "api/check" => Ok(reply::json(checked(service, language))),
        "api/menu" => {
            let phone = field(&request.query, "phone").unwrap_or_default();
            menu::menu(service, phone, language).map(reply::json)
        }
        _ => prompt(service, request),
    }
}

/// What is wrong with this installation; it takes seconds at most.
fn checked(service: &Service, language: Language) -> Value {
    let found = check::findings(service).into_iter();
    let found = found.map(|finding| {
        let severity = match finding.severity {
            Severity::Problem => "problem",
            Severity::Note => "note",
        };
        let [what, cure] = [finding.what, finding.cure].map(|text| language.say(&text));
        json!({ "severity": severity, "what": what, "cure": cure })
    });
    json!({ "findings": found.collect::<Vec<_>>() })
}

/// More codes than a person looks through; any other is typed.
const MAX_CODES: usize = 1000;

fn codes(found: &[Code]) -> Value {
    let codes = found
        .iter()
        .map(|code| json!({ "code": code.code, "number": code.number, "name": code.name }));
    json!({ "codes": codes.collect::<Vec<_>>() })
}

/// A prompt as WAV, as callers hear it.
fn prompt(service: &Service, request: &Request) -> Result<Response, Refused> {
    let wanted = |name| field(&request.query, name).unwrap_or_default();
    let folders = [
        PromptFolder::Scenario,
        PromptFolder::KeyNum,
        PromptFolder::MsgMp3,
    ];
    let folder = folders
        .into_iter()
        .find(|folder| folder.as_str() == wanted("folder"))
        .ok_or_else(|| Refused::new(400, "folder is scenario, keyNum or msgMp3"))?;
    let file = wanted("file").to_owned();
    match service.prompts.examine(&PromptName { folder, file }) {
        Ok(sound) => Ok(reply::sound(wav::wav(&sound.samples.whole()))),
        Err(why) => Err(Refused::new(404, &why.to_string())),
    }
}

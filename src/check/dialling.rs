//! Where calls are sent: the destinations of `[general]`, their endpoints and codecs, and which numbers
//! may be dialled.

use super::Finding;
use crate::numbers::NumberPlan;
use crate::settings::Settings;

/// A destination of `Dial()` that the settings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its option, for the operator: `[general] outbound`.
    pub option: &'static str,
    /// As it is written, its gaps empty.
    pub destination: String,
    /// What the host says of it.
    pub place: Place,
}

/// What a destination leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// No channel driver of that name is loaded.
    NoTechnology(String),
    /// It names no endpoint: the number stands in its place.
    NoEndpoint,
    /// There is no such endpoint.
    UnknownEndpoint(String),
    /// There is no such context (`Local/`).
    UnknownContext(String),
    /// It is there. Codecs as `allow` has them, `alaw|ulaw`; `None`: not known.
    There(Option<String>),
}

/// What a destination names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An endpoint of a technology; empty when it names none.
    Endpoint(String, String),
    /// A context of the dialplan.
    Context(String),
}

/// What the settings send calls to, each option's destinations.
pub fn destinations(settings: &Settings) -> Vec<(&'static str, String)> {
    let general = &settings.general;
    let options = [
        ("[general] fallback", general.fallback.unfilled()),
        ("[general] outbound", general.outbound.unfilled()),
        ("[general] manager", general.manager.unfilled()),
    ];
    let internal = general.internal.iter();
    let internal = internal.map(|internal| ("[general] internal", internal.template.unfilled()));
    let each = options
        .into_iter()
        .chain(internal)
        .flat_map(|(option, text)| {
            let several: Vec<String> = text.split('&').map(str::to_owned).collect();
            several.into_iter().map(move |one| (option, one))
        });
    each.collect()
}

/// `PJSIP/101@bitrix24`, `PJSIP/bitrix24/sip:101@host`, `Local/101@managers/n`.
pub fn target_of(destination: &str) -> Target {
    let (tech, rest) = destination.split_once('/').unwrap_or((destination, ""));
    let context = || {
        let rest = rest
            .split_once('@')
            .map_or("default", |(_, context)| context);
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    if tech.eq_ignore_ascii_case("Local") {
        return Target::Context(context());
    }
    let endpoint = match (rest.split_once('/'), rest.split_once('@')) {
        (Some((endpoint, _)), _) => endpoint,
        (None, Some((_, endpoint))) => endpoint,
        (None, None) => rest,
    };
    Target::Endpoint(tech.to_owned(), endpoint.to_owned())
}

/// How SIP transfers to RustConfAdd (W4) are served here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfers {
    /// The manager's leg stays.
    Ours,
    /// This Asterisk leaves no transfers to modules.
    NotOfThisAsterisk,
    /// The managers' endpoint is none of PJSIP.
    NoPjsip,
}

/// Judges them. `own` are the host's words for its version.
pub fn dialling(
    settings: &Settings,
    routes: &[Route],
    transfers: Transfers,
    version: &str,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = routes.iter().filter_map(route).collect();
    findings.extend(codecs(routes));
    findings.extend(transfer(transfers, version));
    findings.extend(open_to_all(&settings.numbers));
    findings
}

fn route(route: &Route) -> Option<Finding> {
    let Route {
        option,
        destination,
        place,
    } = route;
    let (what, cure) = match place {
        Place::There(_) => return None,
        Place::NoTechnology(tech) => (
            format!(
                "{option}: no channel driver {tech} is loaded, so {destination} cannot be dialled"
            ),
            format!("load the driver of {tech}, or write another destination, such as PJSIP/..."),
        ),
        Place::NoEndpoint => (
            format!("{option} names no endpoint ({destination}): no call gets anywhere"),
            "write one, such as PJSIP/${NUMBER}@multifon".to_owned(),
        ),
        Place::UnknownEndpoint(name) => (
            format!("{option}: there is no endpoint {name}, so {destination} cannot be dialled"),
            format!(
                "write {name} into pjsip.conf and reload it (pjsip show endpoints lists what is \
                 there), or correct {option}"
            ),
        ),
        Place::UnknownContext(name) => (
            format!("{option}: the dialplan has no context {name}, so {destination} goes nowhere"),
            format!("write [{name}] into extensions.conf, or correct {option}"),
        ),
    };
    Some(Finding::problem(what, cure))
}

/// City lines and Bitrix24 speak G.711; what is neither side's is computed in every call.
fn codecs(routes: &[Route]) -> Vec<Finding> {
    let known: Vec<(&Route, Vec<&str>)> = routes
        .iter()
        .filter_map(|route| match &route.place {
            Place::There(Some(codecs)) => Some((route, list(codecs))),
            _ => None,
        })
        .collect();
    let g711 = |codecs: &[&str]| ["alaw", "ulaw", "all"].iter().any(|c| codecs.contains(c));
    let mut findings: Vec<Finding> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for (route, codecs) in known.iter().filter(|(_, codecs)| !g711(codecs)) {
        let Target::Endpoint(_, name) = target_of(&route.destination) else {
            continue;
        };
        if told.contains(&name) {
            continue;
        }
        let codecs = codecs.join(", ");
        findings.push(Finding::problem(
            format!(
                "the endpoint {name} ({}) allows neither alaw nor ulaw but {codecs}: every call is \
                 translated, and keys that come as tones are not heard",
                route.option
            ),
            format!("write allow = alaw,ulaw into the endpoint {name} in pjsip.conf"),
        ));
        told.push(name);
    }
    findings
}

/// As Asterisk prints a list of codecs: `(alaw|ulaw)`.
fn list(codecs: &str) -> Vec<&str> {
    let parts = codecs.split(|c: char| matches!(c, '|' | ',' | '(' | ')') || c.is_whitespace());
    parts.filter(|codec| !codec.is_empty()).collect()
}

fn transfer(transfers: Transfers, version: &str) -> Option<Finding> {
    let back = "a manager who transfers a client to RustConfAdd (SIP REFER) loses the leg and is \
                called back";
    match transfers {
        Transfers::Ours => None,
        Transfers::NotOfThisAsterisk => Some(Finding::note(
            format!("Asterisk {version} leaves no SIP transfers to modules: {back}"),
            "nothing to do; Asterisk 20.13, 21.8, 22.3 and later keep the leg, when the module was \
             built with their headers",
        )),
        Transfers::NoPjsip => Some(Finding::note(
            format!("[general] manager is no endpoint of PJSIP: {back}"),
            "write such a destination, such as PJSIP/${NUMBER}@bitrix24, if managers are there",
        )),
    }
}

/// Far countries and satellites: who may dial them all may dial anything.
const ABROAD: [&str; 3] = ["442071838750", "18095551234", "881600000000"];

fn open_to_all(plan: &NumberPlan) -> Option<Finding> {
    let goes = |number: &&str| {
        plan.allow.iter().any(|allow| allow.matches(number))
            && !plan.deny.iter().any(|deny| deny.matches(number))
    };
    if !ABROAD.iter().all(goes) {
        return None;
    }
    let home = format!("_{}{}", plan.country_code, "X".repeat(plan.national_length));
    Some(Finding::problem(
        "allow under [numbers] lets every number out: whoever writes into the tables can have \
         expensive countries called",
        format!("name what your buttons and codes ring, such as allow = {home}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;
    use crate::numbers::{Pattern, Template};

    fn settings(allow: &str) -> Settings {
        let mut settings = Settings::default();
        settings.numbers.allow = vec![Pattern::parse(allow).unwrap()];
        settings
    }

    fn told(routes: &[Route], transfers: Transfers) -> Vec<Finding> {
        dialling(&settings("_7XXXXXXXXXX"), routes, transfers, "22.1.0")
    }

    fn to(place: Place) -> Route {
        Route {
            option: "[general] outbound",
            destination: "PJSIP/@multifon".to_owned(),
            place,
        }
    }

    #[test]
    fn destinations_name_endpoints_and_contexts() {
        let endpoint = |tech: &str, name: &str| Target::Endpoint(tech.into(), name.into());
        let table = [
            ("PJSIP/@multifon", endpoint("PJSIP", "multifon")),
            ("PJSIP/bitrix24", endpoint("PJSIP", "bitrix24")),
            (
                "PJSIP/bitrix24/sip:101@10.0.0.1",
                endpoint("PJSIP", "bitrix24"),
            ),
            ("PJSIP/", endpoint("PJSIP", "")),
            ("Local/@queues/n", Target::Context("queues".into())),
            ("Local/", Target::Context("default".into())),
        ];
        for (destination, target) in table {
            assert_eq!(target_of(destination), target, "{destination}");
        }
        let mut settings = Settings::default();
        settings.general.fallback = Template::parse("PJSIP/a&PJSIP/b").unwrap();
        let named: Vec<String> = destinations(&settings).into_iter().map(|d| d.1).collect();
        let right = ["PJSIP/a", "PJSIP/b", "PJSIP/@multifon", "PJSIP/@bitrix24"];
        assert_eq!(named, right);
    }

    #[test]
    fn what_cannot_be_dialled_is_told_with_its_option() {
        let wrong = [
            (Place::NoTechnology("SIP".into()), "SIP"),
            (Place::NoEndpoint, "names no endpoint"),
            (
                Place::UnknownEndpoint("multifon".into()),
                "no endpoint multifon",
            ),
            (Place::UnknownContext("queues".into()), "no context queues"),
        ];
        for (place, words) in wrong {
            let [finding] = &told(&[to(place)], Transfers::Ours)[..] else {
                panic!("{words}")
            };
            assert!(finding.what.contains(words), "{}", finding.what);
            assert!(finding.what.contains("[general] outbound"));
        }
        assert_eq!(told(&[to(Place::There(None))], Transfers::Ours), []);
    }

    #[test]
    fn an_endpoint_without_g711_is_told_once() {
        let codecs = |codecs: &str| to(Place::There(Some(codecs.to_owned())));
        for good in ["(ulaw)", "(g722|alaw)", "alaw,ulaw"] {
            assert_eq!(told(&[codecs(good)], Transfers::Ours), [], "{good}");
        }
        let twice = [codecs("(g722|opus)"), codecs("(g722|opus)")];
        let [finding] = &told(&twice, Transfers::Ours)[..] else {
            panic!()
        };
        assert!(finding.what.contains("g722, opus") && finding.cure.contains("alaw,ulaw"));
    }

    #[test]
    fn transfers_that_are_not_ours_are_told() {
        let of = |transfers| told(&[], transfers).remove(0);
        assert!(of(Transfers::NotOfThisAsterisk).what.contains("22.1.0"));
        assert_eq!(of(Transfers::NotOfThisAsterisk).severity, Severity::Note);
        assert_eq!(of(Transfers::NoPjsip).severity, Severity::Note);
    }

    #[test]
    fn an_allow_that_lets_everything_out_is_told() {
        let open = |allow: &str| open_to_all(&settings(allow).numbers).is_some();
        assert!(open("_X.") && open("_!") && open("_XXXXXXX."));
        assert!(!open("_7XXXXXXXXXX") && !open("_7."));
        let mut plan = settings("_X.").numbers;
        assert!(open_to_all(&plan).unwrap().cure.contains("_7XXXXXXXXXX"));
        plan.deny.push(Pattern::parse("_8816.").unwrap());
        assert!(open_to_all(&plan).is_none());
    }
}

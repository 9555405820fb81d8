//! How a channel gets into a room: what `RustConfAdd()` decides from what the channel is.

/// The application's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `m`: this channel is the manager's (W2).
    Manager,
    /// `c`: this channel is the client's (W3, W4).
    Client,
}

/// `RustConfAdd([manager or digits][,options])`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Whom to call back or, with `m`, the last digits of the client's number; unchecked, empty
    /// when not given.
    pub number: String,
    /// `m` or `c`.
    pub side: Option<Side>,
    /// `a`: the client's last digits are always asked for (W2).
    pub always_ask: bool,
}

/// What is known of a channel that runs the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// It runs from a feature code, inside a bridge.
    pub bridged: bool,
    /// It carries a transfer's variables.
    pub transferred: bool,
}

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// W1: both legs of the bridged call go into the room.
    FeatureCode,
    /// W2: the held client is pulled in, this channel is the manager's.
    HeldCall,
    /// W3, W4: this channel is the client's, the manager is called back.
    CallBack,
}

impl Arguments {
    /// Reads the application's arguments; the error names what is wrong with them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, options) = text.split_once(',').unwrap_or((text, ""));
        let (mut side, mut always_ask) = (None, false);
        for option in options.chars().filter(|c| !c.is_whitespace()) {
            let wanted = match option {
                'm' => Side::Manager,
                'c' => Side::Client,
                'a' => {
                    always_ask = true;
                    continue;
                }
                other => {
                    return Err(format!(
                        "RustConfAdd has no option {other:?}: use m, c or a"
                    ));
                }
            };
            if side.is_some_and(|side| side != wanted) {
                return Err("RustConfAdd takes option m or c, not both".to_owned());
            }
            side = Some(wanted);
        }
        Ok(Self {
            number: number.trim().to_owned(),
            side,
            always_ask,
        })
    }
}

/// Chooses the way in. `holds_a_call`: whether its own endpoint has a call on hold; asked only when
/// nothing else decides, since all channels are looked at for it.
pub fn choose(side: Option<Side>, facts: Facts, holds_a_call: impl FnOnce() -> bool) -> Way {
    match side {
        _ if facts.bridged => Way::FeatureCode,
        Some(Side::Manager) => Way::HeldCall,
        Some(Side::Client) => Way::CallBack,
        None if facts.transferred => Way::CallBack,
        None if holds_a_call() => Way::HeldCall,
        None => Way::CallBack,
    }
}

/// The user part of a SIP URI such as `<sip:101@pbx>;party=x`, as a Referred-By header has it.
pub fn user_of_uri(uri: &str) -> &str {
    let uri = uri.split_once('<').map_or(uri, |(_, rest)| rest);
    let uri = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    uri.split_once(['@', ';', '>'])
        .map_or(uri, |(user, _)| user)
        .trim()
}

/// The endpoint of a `Dial()` destination: `PJSIP/bitrix24` out of `PJSIP/101@bitrix24` or
/// `PJSIP/bitrix24/sip:101@host`. `None`: it names none.
pub fn endpoint_of(template: &str) -> Option<String> {
    let (tech, rest) = template.split_once('/')?;
    let endpoint = match (rest.split_once('/'), rest.split_once('@')) {
        (Some((endpoint, _)), _) => endpoint,
        (None, Some((_, endpoint))) => endpoint,
        (None, None) => rest,
    };
    (tech != "Local").then(|| format!("{tech}/{endpoint}"))
}

/// The endpoint of a channel, by its name: `PJSIP/bitrix24` out of `PJSIP/bitrix24-0000001a`; empty
/// for a name that is none.
pub fn endpoint_of_channel(name: &str) -> &str {
    name.rsplit_once('-').map_or("", |(endpoint, _)| endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Facts = Facts {
        bridged: false,
        transferred: false,
    };
    const BRIDGED: Facts = Facts {
        bridged: true,
        ..NOTHING
    };
    const TRANSFERRED: Facts = Facts {
        transferred: true,
        ..NOTHING
    };

    #[test]
    fn the_channel_decides_when_nobody_else_does() {
        let never = || panic!("nobody needs to look at all channels");
        assert_eq!(choose(None, BRIDGED, never), Way::FeatureCode);
        assert_eq!(choose(None, TRANSFERRED, never), Way::CallBack);
        assert_eq!(choose(None, NOTHING, || true), Way::HeldCall);
        assert_eq!(choose(None, NOTHING, || false), Way::CallBack);
    }

    #[test]
    fn an_option_decides_unless_the_channel_is_in_a_call() {
        let never = || panic!("nobody needs to look at all channels");
        let client = Some(Side::Client);
        assert_eq!(choose(client, NOTHING, never), Way::CallBack);
        assert_eq!(choose(Some(Side::Manager), NOTHING, never), Way::HeldCall);
        assert_eq!(choose(client, BRIDGED, never), Way::FeatureCode);
    }

    #[test]
    fn arguments_are_a_manager_and_an_option() {
        let parsed = |text| Arguments::parse(text).unwrap();
        assert_eq!(parsed(""), Arguments::default());
        assert_eq!(parsed("101").number, "101");
        assert_eq!(
            parsed(" 101 ,c"),
            Arguments {
                number: "101".into(),
                side: Some(Side::Client),
                ..Arguments::default()
            }
        );
        assert_eq!(parsed(",m").side, Some(Side::Manager));
        assert!(parsed("4567,ma").always_ask);
        assert!(Arguments::parse(",x").unwrap_err().contains("'x'"));
        assert!(Arguments::parse(",mc").is_err());
    }

    #[test]
    fn the_transferer_is_in_the_referred_by_header() {
        for uri in [
            "<sip:101@127.0.0.1>",
            "sip:101@pbx",
            "\"Anna\" <sip:101@pbx:5060>;x=y",
            "sip:101;x",
        ] {
            assert_eq!(user_of_uri(uri), "101", "{uri}");
        }
        assert_eq!(user_of_uri(""), "");
    }

    #[test]
    fn the_endpoint_is_in_the_destination() {
        let endpoint = |destination| endpoint_of(destination).unwrap_or_default();
        assert_eq!(endpoint("PJSIP/101@bitrix24"), "PJSIP/bitrix24");
        assert_eq!(
            endpoint("PJSIP/bitrix24/sip:101@10.0.0.1"),
            "PJSIP/bitrix24"
        );
        assert_eq!(endpoint("PJSIP/bitrix24"), "PJSIP/bitrix24");
        assert_eq!(endpoint_of("Local/101@managers/n"), None);
        let of_channel = ["PJSIP/a-b-0000001a", "PJSIP", ""].map(endpoint_of_channel);
        assert_eq!(of_channel, ["PJSIP/a-b", "", ""]);
    }
}

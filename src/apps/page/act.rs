//! What the page's buttons do: the same as the manager's keys, and what only an operator may.

use serde_json::{Value, json};

use super::gate::Refused;
use crate::apps::actions::{self, Done, Whom};
use crate::asterisk::http::field;
use crate::service::Service;

/// Carries a form out: `action`, `room`, and what the action needs: `code` or `number` to add, `channel`
/// to kick.
pub(super) fn act(service: &Service, form: &[(String, String)]) -> Result<Value, Refused> {
    let wanted = |name| field(form, name).unwrap_or_default();
    let (room, action) = (wanted("room"), wanted("action"));
    if service.rooms.find(room).is_none() {
        return Err(Refused::new(404, "there is no such room any more"));
    }
    let done = match action {
        "add" => actions::add(service, room, &whom(form)?),
        "join" => actions::join(service, room),
        "cancel" => actions::cancel(service, room),
        "swap" => actions::swap(service, room),
        "kick" => actions::kick(service, room, wanted("channel")),
        "end" => actions::end(service, room),
        _ => {
            return Err(Refused::new(
                400,
                "action is add, join, cancel, swap, kick or end",
            ));
        }
    };
    log::info!("{room}: the page asks for {action}");
    match done {
        Ok(Done { room, state }) => Ok(json!({ "room": room, "state": state })),
        Err(why) => Err(Refused::new(409, &why)),
    }
}

fn whom(form: &[(String, String)]) -> Result<Whom, Refused> {
    match (field(form, "code"), field(form, "number")) {
        (Some(code), None) if !code.is_empty() => Ok(Whom::Code(code.to_owned())),
        (None, Some(number)) if !number.is_empty() => Ok(Whom::Number(number.to_owned())),
        _ => Err(Refused::new(400, "add needs a code or a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_add_is_a_code_or_a_number() {
        let form = |fields: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            whom(&fields.iter().map(owned).collect::<Vec<_>>()).map_err(|why| why.status)
        };
        assert_eq!(form(&[("code", "1")]), Ok(Whom::Code("1".to_owned())));
        assert_eq!(form(&[("number", "7")]), Ok(Whom::Number("7".to_owned())));
        for wrong in [
            &[][..],
            &[("code", "")],
            &[("code", "1"), ("number", "7")],
            &[("number", "")],
        ] {
            assert_eq!(form(wrong), Err(400), "{wrong:?}");
        }
    }
}

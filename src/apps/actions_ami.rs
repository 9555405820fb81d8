//! What programs ask by AMI: lists, dry runs, and what `actions.rs` does. Each action has its page in
//! `dialplan/res_rust_ivr-en_US.xml`.

use std::ffi::CStr;
use std::sync::Arc;

use super::actions::{self, Done, Whom};
use super::dry;
use crate::asterisk::manager::{Action, Class, Entry, Fields, Reply, Request, action};
use crate::ports::MenuRow;
use crate::rooms::snapshot::{Member, Snapshot};
use crate::service::{self, Service};

/// All actions, for registration.
pub fn actions() -> Vec<Entry> {
    vec![
        action::<ListCalls>(),
        action::<ListRooms>(),
        action::<List>(),
        action::<Test>(),
        action::<TestCode>(),
        action::<Add>(),
        action::<Join>(),
        action::<Cancel>(),
        action::<Swap>(),
        action::<Kick>(),
        action::<End>(),
    ]
}

/// An action of ours: a reply, or the sentence of its refusal.
trait Ours {
    const NAME: &'static CStr;
    const CLASS: Class;
    fn reply(service: &Service, request: &Request<'_>) -> Result<Reply, String>;
}

impl<O: Ours> Action for O {
    const NAME: &'static CStr = O::NAME;
    const CLASS: Class = O::CLASS;

    fn run(request: &Request<'_>) -> Reply {
        service::current()
            .ok_or_else(|| "res_rust_ivr is just being unloaded".to_owned())
            .and_then(|service: Arc<Service>| O::reply(&service, request))
            .unwrap_or_else(Reply::Refused)
    }
}

/// Makes actions: the type, the name, the class, and what it does.
macro_rules! actions {
    ($($type:ident $name:literal $class:ident |$service:ident, $request:ident| $body:expr;)+) => {$(
        struct $type;

        impl Ours for $type {
            const NAME: &'static CStr = $name;
            const CLASS: Class = Class::$class;
            fn reply($service: &Service, $request: &Request<'_>) -> Result<Reply, String> {
                $body
            }
        }
    )+};
}

actions! {
    ListCalls c"RustIvrListCalls" Reporting |service, _request| Ok(list_calls(service));
    ListRooms c"RustConfListRooms" Reporting |service, _request| Ok(list_rooms(service));
    List c"RustConfList" Reporting |service, request| list_room(service, &needed(request, c"Room")?);
    Test c"RustIvrTest" Reporting |service, request| {
        let phone = needed(request, c"Phone")?;
        Ok(test(&dry::menu(service, &phone, &request.field(c"Digits"))))
    };
    TestCode c"RustIvrTestCode" Reporting |service, request| {
        test_code(dry::code(service, &needed(request, c"Code")?))
    };
    Add c"RustConfAdd" Call |service, request| add(service, request).map(done);
    Join c"RustConfJoin" Call |service, request| {
        actions::join(service, &needed(request, c"Room")?).map(done)
    };
    Cancel c"RustConfCancel" Call |service, request| {
        actions::cancel(service, &needed(request, c"Room")?).map(done)
    };
    Swap c"RustConfSwap" Call |service, request| {
        actions::swap(service, &needed(request, c"Room")?).map(done)
    };
    Kick c"RustConfKick" Call |service, request| {
        let room = needed(request, c"Room")?;
        actions::kick(service, &room, &needed(request, c"Channel")?).map(done)
    };
    End c"RustConfEnd" Call |service, request| {
        actions::end(service, &needed(request, c"Room")?).map(done)
    };
}

/// A field that must be there.
fn needed(request: &Request<'_>, name: &CStr) -> Result<String, String> {
    match request.field(name) {
        none if none.is_empty() => Err(format!("{} is missing", name.to_string_lossy())),
        given => Ok(given),
    }
}

/// One of two fields.
fn either(
    request: &Request<'_>,
    [one, other]: [&CStr; 2],
) -> Result<(Option<String>, String), String> {
    match (request.field(one), request.field(other)) {
        (given, none) if none.is_empty() && !given.is_empty() => Ok((Some(given), none)),
        (none, given) if none.is_empty() && !given.is_empty() => Ok((None, given)),
        _ => Err(format!(
            "give {} or {}, one of them",
            one.to_string_lossy(),
            other.to_string_lossy()
        )),
    }
}

fn add(service: &Service, request: &Request<'_>) -> Result<Done, String> {
    let whom = match either(request, [c"Code", c"Number"])? {
        (Some(code), _) => Whom::Code(code),
        (None, number) => Whom::Number(number),
    };
    match either(request, [c"Room", c"Channel"])? {
        (Some(room), _) => actions::add(service, &room, &whom),
        (None, channel) => actions::add_to_call(service, &channel, &whom),
    }
}

fn done(Done { room, state }: Done) -> Reply {
    let message = format!("{room} is in the state {state}");
    Reply::Done(message, vec![("Room", room), ("State", state)])
}

fn list(message: &'static str, event: &str, items: Vec<Fields>) -> Reply {
    Reply::List {
        message,
        items: items
            .into_iter()
            .map(|fields| (event.to_owned(), fields))
            .collect(),
        complete: Vec::new(),
    }
}

fn list_calls(service: &Service) -> Reply {
    let calls = service.calls.now().into_iter();
    let fields = |(channel, state, since): (String, String, std::time::Duration)| {
        vec![
            ("Channel", channel),
            ("State", state),
            ("Since", since.as_secs().to_string()),
        ]
    };
    list(
        "The calls inside RustIvr follow",
        "RustIvrListCalls",
        calls.map(fields).collect(),
    )
}

fn list_rooms(service: &Service) -> Reply {
    let rooms = service.rooms.live();
    let rooms = rooms.iter().map(|room| room_fields(room.snapshot()));
    list("Rooms follow", "RustConfListRooms", rooms.collect())
}

fn room_fields(room: Snapshot) -> Fields {
    let of = |role: &str| room.people.iter().find(|member| member.role == role);
    let channel = |role| of(role).map(|member| member.channel.clone());
    let number = |role| of(role).map(|member| member.number.clone());
    let mut fields = vec![
        ("Room", room.id.clone()),
        ("State", room.state.clone()),
        ("Since", room.since.as_secs().to_string()),
        ("Dialled", room.dialled.clone()),
        ("Manager", channel("manager").unwrap_or_default()),
        ("ManagerNumber", number("manager").unwrap_or_default()),
        ("Client", channel("client").unwrap_or_default()),
        ("ClientNumber", number("client").unwrap_or_default()),
    ];
    let thirds = room.people.iter();
    let thirds = thirds.filter(|member| !matches!(member.role, "manager" | "client"));
    fields.extend(thirds.map(|member| ("Third", member.channel.clone())));
    fields
}

fn list_room(service: &Service, id: &str) -> Result<Reply, String> {
    let room = actions::find(service, id)?.snapshot();
    let fields = |member: &Member| {
        vec![
            ("Room", room.id.clone()),
            ("Role", member.role.to_owned()),
            ("Channel", member.channel.clone()),
            ("Number", member.number.clone()),
            ("OnHold", yes_or_no(member.on_hold)),
        ]
    };
    let items = room.people.iter().map(fields).collect();
    Ok(list("The people of a room follow", "RustConfList", items))
}

fn test(test: &dry::MenuTest) -> Reply {
    let mut items = Vec::new();
    if let Ok(found) = &test.rows {
        let rows = found.rows.iter();
        items.extend(rows.map(|row| ("RustIvrTestRow".to_owned(), row_fields(row))));
    }
    for (name, prompt) in &test.prompts {
        let (Ok(text) | Err(text)) = prompt;
        let fields = vec![
            ("Prompt", name.clone()),
            ("Playable", yes_or_no(prompt.is_ok())),
            ("Text", text.clone()),
        ];
        items.push(("RustIvrTestPrompt".to_owned(), fields));
    }
    let mut complete = vec![("Phone", test.phone.clone())];
    match &test.rows {
        Ok(found) => complete.push(("Source", found.source.as_str().to_owned())),
        Err(why) => complete.push(("Problem", why.clone())),
    }
    complete.extend(test.wrong.iter().map(|wrong| ("Problem", wrong.clone())));
    let dialled = &test.dialled;
    complete.extend([
        ("Dialled", dialled.destination.clone().unwrap_or_default()),
        ("Reason", dialled.reason.unwrap_or_default().to_owned()),
        ("After", dialled.after.unwrap_or_default().to_owned()),
    ]);
    Reply::List {
        message: "What a call would meet follows",
        items,
        complete,
    }
}

fn row_fields(row: &MenuRow) -> Fields {
    let shown = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "NULL".to_owned());
    vec![
        ("Scenario", shown(&row.scenario)),
        ("ScenarioMsg", shown(&row.scenario_msg)),
        ("KeyNum", shown(&row.key_num)),
        ("MsgMp3", shown(&row.msg_mp3)),
        ("TransferTo", shown(&row.transfer_to)),
    ]
}

fn test_code(test: dry::CodeTest) -> Result<Reply, String> {
    let code = test.code;
    let found = test.found.map_err(|why| format!("code {code}: {why}"))?;
    Ok(Reply::Done(
        "The code gives a number that may be dialled".to_owned(),
        vec![
            ("Code", code),
            ("Number", found.number),
            ("Source", found.source.as_str().to_owned()),
            ("Dialled", found.destination),
        ],
    ))
}

fn yes_or_no(yes: bool) -> String {
    ["No", "Yes"][usize::from(yes)].to_owned()
}

//! Actions of the manager interface (AMI): a trait to implement, and registration as a guard. The
//! texts that `manager show command` shows come from the XML documentation.

use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::os::raw::c_int;
use std::ptr;

use super::guard::{entry, guard};
use super::{c_string, copied, sys};
use crate::ports::one_line;

/// Names and values, in the order in which they are sent; a name may come more than once.
pub type Fields = Vec<(&'static str, String)>;

/// An action.
pub trait Action {
    /// Its name, the same as in the XML documentation.
    const NAME: &'static CStr;
    /// What an account must have in its `write` line.
    const CLASS: Class;
    /// Runs on the thread of the program's session, which reads no other action meanwhile. The host
    /// holds the module (main/manager.c: process_message).
    fn run(request: &Request<'_>) -> Reply;
}

/// Classes of actions, as `manager.conf` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `reporting`: looks only.
    Reporting,
    /// `call`: changes calls.
    Call,
}

/// What a program is told. Texts may be strangers': what could forge a line is taken out here.
pub enum Reply {
    /// `Response: Success`, a message and fields.
    Done(String, Fields),
    /// `Response: Success`, an event an item, and at last `<action>Complete` with its own fields.
    List {
        /// The message of the response.
        message: &'static str,
        /// Events: names and fields.
        items: Vec<(String, Fields)>,
        /// What the last event has beside the number of items.
        complete: Fields,
    },
    /// `Response: Error` with a sentence that says what would be right.
    Refused(String),
}

/// What a program asks.
pub struct Request<'m> {
    message: *const sys::message,
    of_this_call: PhantomData<&'m ()>,
}

impl Request<'_> {
    /// A field by its name, whose case does not matter; empty when it was not given.
    pub fn field(&self, name: &CStr) -> String {
        // SAFETY: the message of this call; the string is its own (main/manager.c:
        // astman_get_header, which does not change the name).
        unsafe {
            copied(sys::astman_get_header(
                self.message,
                name.as_ptr().cast_mut(),
            ))
        }
    }
}

/// One action, for [`Actions::register`].
pub struct Entry {
    name: &'static CStr,
    class: Class,
    handle: unsafe extern "C" fn(*mut sys::mansession, *const sys::message) -> c_int,
}

/// Makes the entry of an action.
pub fn action<A: Action>() -> Entry {
    Entry {
        name: A::NAME,
        class: A::CLASS,
        handle: handle::<A>,
    }
}

/// Registered actions; dropping takes them away. The module is in use while one runs, so that none
/// does when it is unloaded.
pub struct Actions(Vec<&'static CStr>);

impl Actions {
    /// Registers actions. One whose name is taken is left out; Asterisk logs which.
    pub fn register(entries: impl IntoIterator<Item = Entry>) -> Self {
        let registered = |entry: Entry| {
            let class = match entry.class {
                Class::Reporting => sys::EVENT_FLAG_REPORTING,
                Class::Call => sys::EVENT_FLAG_CALL,
            };
            // SAFETY: name and function are static, and the host keeps the pointer to the name;
            // without texts it looks into the XML documentation (main/manager.c:
            // ast_manager_register2).
            let failed = unsafe {
                sys::ast_manager_register2(
                    entry.name.as_ptr(),
                    class as c_int,
                    Some(entry.handle),
                    sys::rust_ivr_self(),
                    ptr::null(),
                    ptr::null(),
                )
            } != 0;
            (!failed).then_some(entry.name)
        };
        Self(entries.into_iter().filter_map(registered).collect())
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        for name in &self.0 {
            // SAFETY: registered by us under this name (main/manager.c: ast_manager_unregister).
            unsafe { sys::ast_manager_unregister(name.as_ptr()) };
        }
    }
}

entry! {
    /// What Asterisk calls for an action. Anything but 0 would end the program's session.
    fn handle[A: Action](session: *mut sys::mansession, message: *const sys::message) -> c_int, or 0; {
        let request = Request { message, of_this_call: PhantomData };
        let broken = || Reply::Refused("it failed inside: Asterisk's log says where".to_owned());
        let reply = guard("Action::run", None, || Some(A::run(&request))).unwrap_or_else(broken);
        let answer = Answer { session, message, id: request.field(c"ActionID") };
        answer.send(A::NAME, reply);
        0
    }
}

/// The way back to the program, during one action.
struct Answer {
    session: *mut sys::mansession,
    message: *const sys::message,
    id: String,
}

impl Answer {
    fn send(&self, action: &CStr, reply: Reply) {
        match reply {
            Reply::Refused(why) => {
                let why = line(&why);
                // SAFETY: the session and the message of this call; the text is copied, not changed
                // (main/manager.c: astman_send_error).
                unsafe {
                    sys::astman_send_error(self.session, self.message, why.as_ptr().cast_mut());
                }
            }
            Reply::Done(message, mut fields) => {
                fields.insert(0, ("Message", message));
                self.append(&block("Response", "Success", &self.id, &fields));
            }
            Reply::List {
                message,
                items,
                complete,
            } => {
                let message = line(message);
                // SAFETY: as above; both texts are copied (main/manager.c: astman_send_listack).
                unsafe {
                    sys::astman_send_listack(
                        self.session,
                        self.message,
                        message.as_ptr().cast_mut(),
                        c"start".as_ptr().cast_mut(),
                    );
                }
                for (event, fields) in &items {
                    self.append(&block("Event", event, &self.id, fields));
                }
                let event = format!("{}Complete", action.to_string_lossy());
                let event = line(&event);
                let count = c_int::try_from(items.len()).unwrap_or(c_int::MAX);
                // SAFETY: as above (main/manager.c: astman_send_list_complete_start).
                unsafe {
                    sys::astman_send_list_complete_start(
                        self.session,
                        self.message,
                        event.as_ptr(),
                        count,
                    );
                }
                // With the empty line that ends an event.
                self.append(&(lines(&complete) + "\r\n"));
            }
        }
    }

    fn append(&self, text: &str) {
        let text = c_string(text);
        // SAFETY: as above; the text is an argument, never the format (main/manager.c:
        // astman_append).
        unsafe { sys::astman_append(self.session, c"%s".as_ptr(), text.as_ptr()) };
    }
}

/// A whole response or event.
fn block(kind: &str, name: &str, id: &str, fields: &Fields) -> String {
    let id = match one_line(id) {
        none if none.is_empty() => String::new(),
        id => format!("ActionID: {id}\r\n"),
    };
    format!("{kind}: {}\r\n{id}{}\r\n", one_line(name), lines(fields))
}

fn lines(fields: &Fields) -> String {
    let line = |(name, value): &(&str, String)| format!("{name}: {}\r\n", one_line(value));
    fields.iter().map(line).collect()
}

fn line(text: &str) -> CString {
    c_string(&one_line(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_makes_a_line_of_its_own() {
        let fields = vec![
            ("Room", "room-1\r\nEvent: Forged\r\n\r\n".to_owned()),
            ("Number", String::new()),
        ];
        assert_eq!(
            block("Event", "RustConfList", "7\r\nForged: yes", &fields),
            "Event: RustConfList\r\nActionID: 7??Forged: yes\r\n\
             Room: room-1??Event: Forged????\r\nNumber: \r\n\r\n"
        );
        assert_eq!(
            block("Response", "Success", "", &Vec::new()),
            "Response: Success\r\n\r\n"
        );
    }
}

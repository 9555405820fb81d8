//! What programs are told of a channel: AMI events, variables of its CDR, and CEL events.
//!
//! An event goes as a message over the channel's own topic: programs get it in its place among
//! Asterisk's events of that channel, and the text is made on the manager's thread, only when a
//! program listens. The CDR's thread gets the same message, behind the channel's earlier ones.

use std::ffi::CStr;
use std::os::raw::c_void;
use std::ptr;

use super::guard::entry;
use super::reference::ChannelRef;
use super::{c_string, sys};
use crate::ports::one_line;

/// A field's name and its value; the value may be strangers' text.
pub type Field = (&'static str, String);

/// What is told of a channel at one moment.
#[derive(Debug)]
pub struct Event {
    /// The AMI event. `None`: only the CDR gets it.
    pub name: Option<&'static CStr>,
    /// What the names of the CDR's variables begin with; a field's name follows in small letters.
    /// `None`: the CDR does not get it.
    pub record: Option<&'static str>,
    /// For AMI, CEL and the CDR.
    pub words: Vec<Field>,
    /// For AMI and CEL.
    pub more: Vec<Field>,
}

/// The event, and whose it is.
struct Told {
    channel: String,
    unique_id: String,
    linked_id: String,
    event: Event,
}

/// While it lives, events reach Asterisk.
pub struct Events(());

impl Events {
    /// One at a time. `None`: no memory.
    pub fn register() -> Option<Self> {
        // SAFETY: static callbacks of a library that is never unmapped (shim_events.c); messages
        // under way keep their type (main/stasis_message.c).
        let failed = unsafe { sys::rust_ivr_events_register(to_ami, to_cdr, free) } != 0;
        (!failed).then_some(Self(()))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // SAFETY: registered in `register` (shim_events.c).
        unsafe { sys::rust_ivr_events_unregister() };
    }
}

/// Tells an event, if AMI or CDR are there at all. Hold no lock of ours. The channel may have hung
/// up.
pub fn tell(channel: &ChannelRef, event: impl FnOnce() -> Event) {
    // SAFETY: both only look at the configuration (main/manager.c, main/cdr.c).
    let wanted = unsafe { sys::ast_manager_check_enabled() != 0 || sys::ast_cdr_is_enabled() != 0 };
    if !wanted {
        return;
    }
    let event = event();
    let lock = channel.lock();
    let told = Box::new(Told {
        channel: lock.text(sys::ast_channel_name),
        unique_id: lock.text(sys::ast_channel_uniqueid),
        linked_id: lock.text(sys::ast_channel_linkedid),
        event,
    });
    drop(lock);
    // SAFETY: the reference keeps the channel; the box is given away and comes back to `free`
    // (shim_events.c).
    unsafe { sys::rust_ivr_event_publish(channel.as_ptr(), Box::into_raw(told).cast()) };
}

/// Tells CEL of a user event, if CEL is switched on: its fields stand in the column `extra`, as JSON.
pub fn tell_cel(channel: &ChannelRef, name: &CStr, event: impl FnOnce() -> Event) {
    // SAFETY: only looks at the configuration (main/cel.c).
    if unsafe { sys::ast_cel_check_enabled() } == 0 {
        return;
    }
    let event = event();
    // SAFETY: the object is ours until it is given to rust_ivr_cel_publish (shim_events.c), each value
    // its own (main/json.c: ast_json_object_set takes it over, NULL as well). The channel is kept by the
    // reference, and its unique id does not change (main/cel.c: ast_cel_publish_event).
    unsafe {
        let extra = sys::ast_json_object_create();
        for (field, value) in event.words.iter().chain(&event.more) {
            let (field, value) = (c_string(field), c_string(&one_line(value)));
            let value = sys::ast_json_string_create(value.as_ptr());
            sys::ast_json_object_set(extra, field.as_ptr(), value);
        }
        sys::rust_ivr_cel_publish(channel.as_ptr(), name.as_ptr(), extra);
    }
}

/// The event's lines for AMI. Whatever is in a value, it ends no line and begins no field.
fn lines(told: &Told) -> String {
    let of_channel = [
        ("Channel", &told.channel),
        ("Uniqueid", &told.unique_id),
        ("Linkedid", &told.linked_id),
    ];
    let fields = told.event.words.iter().chain(&told.event.more);
    of_channel
        .into_iter()
        .chain(fields.map(|(name, value)| (*name, value)))
        .map(|(name, value)| format!("{name}: {}\r\n", one_line(value)))
        .collect()
}

/// The CDR's variables: names and values; `None` takes a variable off.
fn variables(event: &Event) -> Vec<(String, Option<String>)> {
    let Some(prefix) = event.record else {
        return Vec::new();
    };
    let words = event.words.iter();
    words
        .map(|(name, value)| {
            let name = format!("{prefix}{}", name.to_ascii_lowercase());
            (name, (!value.is_empty()).then(|| one_line(value)))
        })
        .collect()
}

entry! {
    /// shim_events.c: the message as an AMI event.
    fn to_ami(told: *const c_void) -> *mut sys::ast_manager_event_blob, or ptr::null_mut(); {
        // SAFETY: the box of `tell`, which the message keeps (shim_events.c).
        let told = unsafe { &*told.cast::<Told>() };
        let Some(name) = told.event.name else {
            return ptr::null_mut();
        };
        let text = c_string(&lines(told));
        // SAFETY: the name is static, the text is copied and an argument, never the format
        // (main/manager.c: ast_manager_event_blob_create).
        unsafe {
            sys::ast_manager_event_blob_create(
                sys::EVENT_FLAG_CALL as _,
                name.as_ptr(),
                c"%s".as_ptr(),
                text.as_ptr(),
            )
        }
    }

    /// shim_events.c: the message reaches the CDR of its channel.
    fn to_cdr(told: *const c_void), or (); {
        // SAFETY: as above.
        let told = unsafe { &*told.cast::<Told>() };
        let channel = c_string(&told.channel);
        for (name, value) in variables(&told.event) {
            let (name, value) = (c_string(&name), value.map(|value| c_string(&value)));
            let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
            // SAFETY: strings are copied; NULL takes the variable off (main/cdr.c: ast_cdr_setvar,
            // set_variable).
            unsafe { sys::ast_cdr_setvar(channel.as_ptr(), name.as_ptr(), value) };
        }
    }

    /// shim_events.c: nobody has the message any more.
    fn free(told: *mut c_void), or (); {
        // SAFETY: the box of `tell`, given back once (shim_events.c).
        drop(unsafe { Box::from_raw(told.cast::<Told>()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str) -> Told {
        Told {
            channel: "PJSIP/a\r\nb".to_owned(),
            unique_id: "1.1".to_owned(),
            linked_id: "1.0".to_owned(),
            event: Event {
                name: Some(c"RustIvrEnd"),
                record: Some("rustivr_"),
                words: vec![("Scenario", value.to_owned()), ("Reason", String::new())],
                more: vec![("LookupMs", "3".to_owned())],
            },
        }
    }

    #[test]
    fn a_row_forges_no_field_and_no_event() {
        let told = told("x\r\nEvent: Hangup\r\n\r\nEvent: \u{1b}[2J\0");
        let text = lines(&told);
        assert_eq!(
            text,
            "Channel: PJSIP/a??b\r\nUniqueid: 1.1\r\nLinkedid: 1.0\r\n\
             Scenario: x??Event: Hangup????Event: ?[2J?\r\nReason: \r\nLookupMs: 3\r\n"
        );
    }

    #[test]
    fn a_record_gets_words_only_and_loses_what_is_empty() {
        let mut told = told("orders\n");
        let words = [
            ("rustivr_scenario".to_owned(), Some("orders?".to_owned())),
            ("rustivr_reason".to_owned(), None),
        ];
        assert_eq!(variables(&told.event), words);
        told.event.record = None;
        assert!(variables(&told.event).is_empty());
    }
}

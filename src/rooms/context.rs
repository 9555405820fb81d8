//! Where channels are sent: a context of ours in the dialplan.

use std::ffi::CStr;

use crate::asterisk::context::{Context, Place, Step};

/// The application that channels in a room run.
pub const APPLICATION: &CStr = c"RustConfAdd";

/// The way into a room; the ticket says what the channel is to be there.
pub const ROOM: Place = Place {
    context: c"res_rust_ivr-room",
    extension: c"room",
};

const ENTER: &[Step] = &[
    Step {
        application: APPLICATION,
        arguments: None,
    },
    // Once more, for a channel that a bug kept from using its ticket; any other ends here.
    Step {
        application: APPLICATION,
        arguments: None,
    },
    // Who ran a dialplan of its own before goes on there; a leg that `Dial` called ends here.
    Step {
        application: c"Hangup",
        arguments: None,
    },
];

/// What a target's forward (302) leads to, where it is followed: `RustIvr` finds the number in
/// `EXTEN`.
const FORWARD: &[Step] = &[Step {
    application: c"RustIvr",
    arguments: None,
}];

/// Makes the context. The error says that Asterisk refused it.
pub fn register() -> Result<Context, String> {
    Context::register(
        ROOM.context,
        &[(ROOM.extension, ENTER), (c"_[+0-9]!", FORWARD)],
    )
}

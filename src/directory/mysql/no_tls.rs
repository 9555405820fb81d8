//! Stands in for `tls.rs` in a module that is built without the feature `tls`. Its settings
//! refuse `tls = yes`, so nobody comes here.

use mysql::{Conn, Error, SslOpts};

use crate::settings::Tls;

pub(super) fn options(_: &Tls) -> SslOpts {
    SslOpts::default()
}

pub(super) fn unfit() -> Option<&'static str> {
    Some("this module was built without TLS")
}

pub(super) fn challenge(_: &mut Conn) -> mysql::Result<bool> {
    Ok(false)
}

pub(super) fn explain(_: &Error, _: &Tls) -> Option<String> {
    None
}

//! Stands in for the crate `webpki` 0.22, of which `mysql` with its feature `rustls` uses these two
//! types and no function. The real one brings `ring` along, whose licence ("Apache-2.0 AND ISC")
//! does not fit GPL-2.0-only. Certificates are checked by `rustls-webpki`, which is another crate.

use std::error;
use std::fmt;

/// There is none of this kind: nothing here checks anything.
#[derive(Debug)]
pub enum Error {}

impl fmt::Display for Error {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl error::Error for Error {}

/// A host that is neither a name nor an address.
#[derive(Debug)]
pub struct InvalidDnsNameError;

impl fmt::Display for InvalidDnsNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither a host's name nor an address")
    }
}

impl error::Error for InvalidDnsNameError {}

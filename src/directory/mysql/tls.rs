//! TLS to a MySQL server, with the feature `tls`: what the crate is told about it, and what its
//! errors mean to the operator. Certificates and the host's name are always checked.

use std::io;
use std::path::Path;

use mysql::error::tls::TlsError as SetUp;
use mysql::prelude::Queryable;
use mysql::{Conn, DriverError, Error, Row, SslOpts};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{CertificateError, Error as TlsError};

use super::errors::io_error;
use super::rows::column;
use crate::settings::Tls;

/// TLS as the crate makes it.
pub(super) fn options(tls: &Tls) -> SslOpts {
    // Fails when an earlier load or configuration has done it: then it is done.
    let _ = rustls_graviola::default_provider().install_default();
    SslOpts::default().with_root_cert_path(tls.ca.clone())
}

/// Why no server at all can be reached with TLS from this machine. The cryptography would
/// panic, at each attempt.
pub(super) fn unfit() -> Option<&'static str> {
    (!graviola::util::is_cpu_supported()).then_some(
        "this machine's processor is too old for the TLS of this module, which needs AES and, on \
         x86_64, AVX2, ADX and PCLMULQDQ, on aarch64, SHA2 and PMULL; write [database] tls = no",
    )
}

/// Whether answers come out of the encrypted stream. The crate keeps what came in plain text
/// behind the server's greeting, and takes it for the first answers; so somebody on the way could
/// give us rows of their own. They cannot know this number beforehand, nor answer later.
pub(super) fn challenge(conn: &mut Conn) -> mysql::Result<bool> {
    let mut number = [0; 8];
    graviola::random::fill(&mut number).map_err(|e| Error::IoError(io::Error::other(e)))?;
    let number = u64::from_ne_bytes(number).to_string();
    let answer = conn.query_first::<Row, _>(format!("SELECT {number}"))?;
    Ok(answer.and_then(|mut row| column(&mut row, 0)) == Some(number))
}

/// What an error that ended an attempt to connect has to do with TLS; `None`: nothing.
pub(super) fn explain(error: &Error, tls: &Tls) -> Option<String> {
    if matches!(error, Error::MySqlError(_)) {
        return None;
    }
    // First of all: out of the crate's error nobody could tell that this is the cause.
    if let Some(why) = tls.ca.as_deref().and_then(unusable) {
        return Some(why);
    }
    Some(match error {
        Error::DriverError(DriverError::TlsNotSupported) => {
            "it offers no TLS; give it ssl_cert and ssl_key, or write [database] tls = no"
                .to_owned()
        }
        Error::TlsError(SetUp::InvalidDnsName(_)) => {
            "no certificate can hold this name; write another into [database] host".to_owned()
        }
        Error::TlsError(e) => format!("TLS cannot begin: {e}"),
        error => match io_error(error)?.get_ref()?.downcast_ref::<TlsError>()? {
            TlsError::InvalidCertificate(why) => certificate(why),
            why => format!("TLS failed: {why}; does it know TLS 1.2 or 1.3?"),
        },
    })
}

/// Why a file is not the certificates of an authority.
fn unusable(file: &Path) -> Option<String> {
    let read = CertificateDer::pem_file_iter(file)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>());
    let option = format!("[database] tls_ca, {}", file.display());
    match read {
        Err(pem::Error::Io(e)) => Some(format!("{option}, cannot be read: {e}")),
        Err(e) => Some(format!("{option}, is no PEM: {e}")),
        Ok(certificates) if certificates.is_empty() => {
            Some(format!("{option}, holds no certificate in PEM"))
        }
        Ok(_) => None,
    }
}

/// Why the server's certificate is refused.
fn certificate(why: &CertificateError) -> String {
    use CertificateError as Wrong;
    match why {
        Wrong::UnknownIssuer => "its certificate is signed neither by a public authority nor by \
            one of [database] tls_ca; write into that file the certificate of the authority that \
            signed it"
            .to_owned(),
        Wrong::NotValidForNameContext { presented, .. } => format!(
            "its certificate is not for this host but for {}; write a name that is in it into \
             [database] host, or give the server a certificate with this one",
            presented.join(", ")
        ),
        Wrong::Expired | Wrong::ExpiredContext { .. } => "its certificate has expired; give the \
            server a new one, or is this machine's clock wrong?"
            .to_owned(),
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => "its certificate is not valid \
            yet; is this machine's clock wrong?"
            .to_owned(),
        why => format!("its certificate is refused: {why}; give the server another one"),
    }
}

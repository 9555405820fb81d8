//! How a server lets us in: the addresses that its name stands for, TLS, and what a refusal means
//! to the operator.

use std::io::ErrorKind;
use std::net::ToSocketAddrs;

use mysql::{Conn, DriverError, Error, MySqlError, Opts, OptsBuilder};

use super::{Failure, Server, guarded, tls};
use crate::ports::LookupError;

impl Server {
    /// Logs in. Each step takes the options' timeouts at most; nothing can end it earlier.
    pub(super) fn login(&self, opts: Opts) -> Result<Conn, LookupError> {
        if self.tls.is_none() {
            return log_in(opts).map_err(|e| self.no_login(e));
        }
        let refused = |why: &str| LookupError::Unavailable(format!("{}: {why}", self.place));
        if let Some(why) = tls::unfit() {
            return Err(refused(why));
        }
        let mut conn = log_in(opts).map_err(|e| self.no_login(e))?;
        match guarded(|| tls::challenge(&mut conn)) {
            Ok(true) => Ok(conn),
            Ok(false) => Err(refused(
                "its first answers were not encrypted; somebody on the way to it forges them",
            )),
            Err(e) => Err(self.no_login(e)),
        }
    }

    fn no_login(&self, error: Error) -> LookupError {
        let Self { place, user, .. } = self;
        let tls = self.tls.as_ref().and_then(|tls| tls::explain(&error, tls));
        if let Some(why) = tls {
            return LookupError::Unavailable(format!("{place}: {why}"));
        }
        LookupError::Unavailable(match error {
            Error::MySqlError(MySqlError {
                code: 1044 | 1045 | 1130 | 1698,
                message,
                ..
            }) => {
                format!(
                    "{place} does not let user '{user}' in: {message}; \
                     check [database] user, password and name, and the account's grants"
                )
            }
            Error::MySqlError(MySqlError {
                code: code @ (1049 | 1129 | 3159),
                message,
                ..
            }) => {
                let cure = match code {
                    1049 => "check [database] name",
                    1129 => "and raise the server's max_connect_errors",
                    _ => "write [database] tls = yes",
                };
                format!("{place}: {message}; {cure}")
            }
            Error::DriverError(DriverError::CouldNotConnect(Some((_, why, _)))) => format!(
                "{place}: {why}; does the server run, and are [database] host and port, \
                 or socket, right?"
            ),
            error => match self.failure(error) {
                Failure::Lost(why) | Failure::Refused(why) => why,
            },
        })
    }
}

/// Logs in at the first address of the server that lets us in. A name may stand for several,
/// and the crate, left alone, gives up at the first that does not answer.
fn log_in(opts: Opts) -> mysql::Result<Conn> {
    // A certificate is checked against the name, so with TLS the crate must have the name.
    if opts.get_socket().is_some() || opts.get_ssl_opts().is_some() {
        return guarded(|| Conn::new(opts));
    }
    let host = opts.get_ip_or_hostname().into_owned();
    let unknown = |why: String, kind| {
        let host = host.clone();
        Error::DriverError(DriverError::CouldNotConnect(Some((host, why, kind))))
    };
    let named = (host.trim_matches(['[', ']']), opts.get_tcp_port());
    let addresses = named.to_socket_addrs();
    let addresses = addresses.map_err(|e| unknown(e.to_string(), e.kind()))?;
    let mut told = unknown("the name has no address".to_owned(), ErrorKind::NotFound);
    for address in addresses {
        let opts = OptsBuilder::from_opts(opts.clone());
        let opts = opts.ip_or_hostname(Some(address.ip().to_string()));
        match guarded(|| Conn::new(opts)) {
            Ok(conn) => return Ok(conn),
            // What a server says tells more than the silence of another.
            Err(e) if !matches!(told, Error::MySqlError(_)) => told = e,
            Err(_) => {}
        }
    }
    Err(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn each_address_of_a_name_is_tried() {
        // The first packet of a server that is full: error 1040.
        const FULL: &[u8] = b"\x0d\0\0\0\xff\x10\x04too much..";
        let addresses = ("localhost", 0).to_socket_addrs().unwrap();
        for address in addresses.filter(|address| TcpListener::bind(address).is_ok()) {
            let listener = TcpListener::bind(address).unwrap();
            let port = listener.local_addr().unwrap().port();
            thread::spawn(move || {
                for client in listener.incoming() {
                    client.unwrap().write_all(FULL).unwrap();
                }
            });
            let opts = OptsBuilder::new()
                .ip_or_hostname(Some("localhost"))
                .prefer_socket(false)
                .tcp_port(port);
            match log_in(opts.into()) {
                Err(Error::MySqlError(told)) => assert_eq!(told.code, 1040, "{address}"),
                other => panic!("{address}: {:?}", other.err()),
            }
        }
    }
}

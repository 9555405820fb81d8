//! How a server lets us in: the addresses that its name stands for, TLS, and what a refusal means
//! to the operator.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use mysql::{Conn, DriverError, Error, MySqlError, Opts, OptsBuilder};

use super::{Failure, Host, guarded, tls};
use crate::ports::LookupError;

/// Why a host gave nothing.
pub(super) struct NoEntry {
    error: LookupError,
    /// In the server's own words, which tell more than the silence of another.
    said: bool,
}

impl From<LookupError> for NoEntry {
    fn from(error: LookupError) -> Self {
        let said = matches!(error, LookupError::Refused(_));
        Self { error, said }
    }
}

impl Host {
    /// Makes an attempt at each address that the host's name stands for, until one succeeds. The
    /// crate, left alone, gives up at the first that does not answer, and none of them is passed over
    /// for what a server says.
    pub(super) fn enter<T>(
        &self,
        mut attempt: impl FnMut(Opts) -> Result<T, NoEntry>,
    ) -> Result<T, LookupError> {
        let mut reason: Option<NoEntry> = None;
        for opts in self.doors()? {
            match attempt(opts) {
                Ok(done) => return Ok(done),
                Err(e) if reason.as_ref().is_none_or(|first| !first.said && e.said) => {
                    reason = Some(e);
                }
                Err(_) => {}
            }
        }
        let none = || self.unknown("the name has no address".to_owned(), ErrorKind::NotFound);
        Err(reason.map_or_else(none, |reason| reason.error))
    }

    /// The addresses, each as the crate is told.
    fn doors(&self) -> Result<Vec<Opts>, LookupError> {
        if self.opts.get_socket().is_some() {
            return Ok(vec![self.opts.clone()]);
        }
        let name = self.opts.get_ip_or_hostname();
        let named = (name.trim_matches(['[', ']']), self.opts.get_tcp_port());
        let addresses = named.to_socket_addrs();
        let addresses = addresses.map_err(|e| self.unknown(e.to_string(), e.kind()))?;
        let opts = || OptsBuilder::from_opts(self.opts.clone());
        if self.tls.is_none() {
            let each = addresses.map(|at| opts().ip_or_hostname(Some(text(at))).into());
            return Ok(each.collect());
        }
        // A certificate is checked against the name, so the crate must have the name. Told where to
        // connect from, it passes over the addresses of that kind where nobody is.
        let kinds = addresses.fold(Vec::new(), |mut kinds, at| {
            let any = match at {
                SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
            };
            kinds.extend((!kinds.contains(&any)).then_some(any));
            kinds
        });
        let each = kinds
            .into_iter()
            .map(|any| opts().bind_address(Some(any)).into());
        Ok(each.collect())
    }

    fn unknown(&self, why: String, kind: io::ErrorKind) -> LookupError {
        let host = self.opts.get_ip_or_hostname().into_owned();
        self.no_login(Error::DriverError(DriverError::CouldNotConnect(Some((
            host, why, kind,
        )))))
    }

    /// Logs in. Each step takes the options' timeouts at most; nothing can end it earlier.
    pub(super) fn login(&self, opts: Opts) -> Result<Conn, NoEntry> {
        let log_in = || {
            guarded(|| Conn::new(opts)).map_err(|e| {
                let said = matches!(e, Error::MySqlError(_));
                let error = self.no_login(e);
                NoEntry { error, said }
            })
        };
        if self.tls.is_none() {
            return log_in();
        }
        let refused =
            |why: &str| NoEntry::from(LookupError::Unavailable(format!("{}: {why}", self.place)));
        if let Some(why) = tls::unfit() {
            return Err(refused(why));
        }
        let mut conn = log_in()?;
        match guarded(|| tls::challenge(&mut conn)) {
            Ok(true) => Ok(conn),
            Ok(false) => Err(refused(
                "its first answers were not encrypted; somebody on the way to it forges them",
            )),
            Err(e) => Err(self.no_login(e).into()),
        }
    }

    fn no_login(&self, error: Error) -> LookupError {
        let place = &self.place;
        let user = self.opts.get_user().unwrap_or_default();
        let tls = self.tls.as_ref().and_then(|tls| tls::explain(&error, tls));
        if let Some(why) = tls {
            return LookupError::Unavailable(format!("{place}: {why}"));
        }
        if let Error::DriverError(e) = &error
            && let Some(plugin) = unknown_plugin(e)
        {
            return LookupError::Unavailable(format!(
                "{place}: the account '{user}' logs in by the plugin {plugin}, which this module \
                 does not have; {CURE}"
            ));
        }
        LookupError::Unavailable(match error {
            Error::MySqlError(MySqlError {
                code: 1251 | 1275 | 1524 | 1698,
                message,
                ..
            }) => format!(
                "{place} does not let user '{user}' in: {message}; the account may log in by a \
                 plugin of its own, such as unix_socket, which is for [database] socket only; {CURE}"
            ),
            Error::MySqlError(MySqlError {
                code: 1044 | 1045 | 1130 | 1820 | 1862 | 3118 | 3955 | 4151,
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

/// How any account can be made to log in with a password.
const CURE: &str = "give it a password: ALTER USER ... IDENTIFIED VIA ed25519 USING \
    PASSWORD('...') in MariaDB, ALTER USER ... IDENTIFIED WITH caching_sha2_password BY '...' in \
    MySQL";

/// The plugin that an account asks for and that the crate does not have.
fn unknown_plugin(error: &DriverError) -> Option<&str> {
    match error {
        DriverError::UnknownAuthPlugin(name) => Some(name),
        DriverError::OldMysqlPasswordDisabled => Some("mysql_old_password"),
        DriverError::CleartextPluginDisabled => Some("mysql_clear_password"),
        _ => None,
    }
}

/// An address in words that the crate takes; a zone of IPv6 by its number.
fn text(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        address => address.ip().to_string(),
    }
}

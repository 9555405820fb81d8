//! How a server lets us in: the addresses that its name stands for, TLS, and what a refusal means
//! to the operator.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use mysql::{Conn, DriverError, Error, MySqlError, Opts, OptsBuilder};

use super::super::deadline::Watchdog;
use super::super::hidden::Hidden;
use super::{Failure, Host, errors, guarded, tls};
use crate::ports::LookupError;

/// From cutting a login off to its end, on a busy machine.
const GRACE: Duration = Duration::from_millis(200);

/// Why a host gave nothing.
pub(in super::super) struct NoEntry {
    pub(in super::super) error: LookupError,
    /// In the server's own words, which tell more than the silence of another.
    said: bool,
    /// It has no place for one more connection.
    pub(in super::super) full: bool,
}

impl From<LookupError> for NoEntry {
    fn from(error: LookupError) -> Self {
        let said = matches!(error, LookupError::Refused(_));
        Self {
            error,
            said,
            full: false,
        }
    }
}

/// One address behind a host, as the crate is told.
pub(super) struct Door {
    pub(super) opts: Opts,
    /// Where it can be cut off; `None` for a Unix socket.
    socket: Option<Hidden>,
}

impl Host {
    /// Makes an attempt at each address that the host's name stands for, until one succeeds. The
    /// crate, left alone, gives up at the first that does not answer, and none of them is passed over
    /// for what a server says.
    pub(super) fn enter<T>(
        &self,
        mut attempt: impl FnMut(Door) -> Result<T, NoEntry>,
    ) -> Result<T, NoEntry> {
        let mut reason: Option<NoEntry> = None;
        for door in self.doors()? {
            match attempt(door) {
                Ok(done) => return Ok(done),
                Err(e) if reason.as_ref().is_none_or(|first| !first.said && e.said) => {
                    reason = Some(e);
                }
                Err(_) => {}
            }
        }
        let none = || self.unreachable("the name has no address".to_owned(), ErrorKind::NotFound);
        Err(reason.unwrap_or_else(|| none().into()))
    }

    fn doors(&self) -> Result<Vec<Door>, LookupError> {
        let opts = || OptsBuilder::from_opts(self.opts.clone());
        if self.opts.get_socket().is_some() {
            let opts = opts().into();
            return Ok(vec![Door { opts, socket: None }]);
        }
        let doors = self.addresses()?.into_iter().map(|address| {
            let socket = Hidden::to(address).ok();
            // Wherever it leads, its certificate must hold the name that the operator wrote.
            let tls = self.opts.get_ssl_opts().cloned();
            let tls = tls.map(|tls| tls.with_tls_hostname_override(Some(self.name())));
            let opts = opts()
                .ip_or_hostname(Some(text(address)))
                .bind_address(socket.map(|socket| socket.from()))
                .ssl_opts(tls);
            let opts = opts.into();
            Door { opts, socket }
        });
        Ok(doors.collect())
    }

    /// A name or an address, as the operator wrote it; the latter without brackets.
    fn name(&self) -> String {
        let name = self.opts.get_ip_or_hostname();
        name.trim_matches(['[', ']']).to_owned()
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, LookupError> {
        let name = self.name();
        let port = self.opts.get_tcp_port();
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(vec![(address, port).into()]);
        }
        let resolve = move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
        match self.unruly.run(Instant::now() + self.login_time(), resolve) {
            Some(found) => found.map_err(|e| self.unreachable(e.to_string(), e.kind())),
            None => {
                let late = "the name's address does not come; does the resolver answer?";
                Err(self.unreachable(late.to_owned(), ErrorKind::TimedOut))
            }
        }
    }

    fn unreachable(&self, why: String, kind: ErrorKind) -> LookupError {
        let host = self.opts.get_ip_or_hostname().into_owned();
        self.no_login(Error::DriverError(DriverError::CouldNotConnect(Some((
            host, why, kind,
        )))))
    }

    /// What a login may take, all in all. Each of its steps takes the budget at most, and there are
    /// several: more than one step may be slow, not all of them.
    fn login_time(&self) -> Duration {
        (self.timeout * 2).max(Duration::from_millis(800))
    }

    /// Logs in.
    pub(super) fn login(&self, door: Door, watchdog: &Watchdog) -> Result<Conn, NoEntry> {
        let refused =
            |why: &str| NoEntry::from(LookupError::Unavailable(format!("{}: {why}", self.place)));
        if self.tls.is_none() {
            return self.log_in(door, watchdog, Ok);
        }
        if let Some(why) = tls::unfit() {
            return Err(refused(why));
        }
        let conn = self.log_in(door, watchdog, |mut conn| {
            tls::challenge(&mut conn).map(|right| right.then_some(conn))
        });
        conn?.ok_or_else(|| {
            refused("its first answers were not encrypted; somebody on the way to it forges them")
        })
    }

    fn log_in<T: Send + 'static>(
        &self,
        Door { opts, socket }: Door,
        watchdog: &Watchdog,
        then: impl FnOnce(Conn) -> mysql::Result<T> + Send + 'static,
    ) -> Result<T, NoEntry> {
        let deadline = Instant::now() + self.login_time();
        let watch = socket.map(|socket| watchdog.watch_hidden(socket, deadline));
        let work = move || guarded(|| Conn::new(opts).and_then(then));
        let done = self.unruly.run(deadline + GRACE, work);
        let in_time = watch.is_none_or(|watch| watch.in_time());
        match done {
            Some(Ok(done)) if in_time => Ok(done),
            Some(Err(e)) if in_time => {
                let said = matches!(e, Error::MySqlError(_));
                let full = matches!(&e, Error::MySqlError(e) if errors::FULL.contains(&e.code));
                let error = self.no_login(e);
                Err(NoEntry { error, said, full })
            }
            _ => Err(self.too_late().into()),
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

#[cfg(test)]
mod tests {
    use super::super::super::queries::Queries;
    use super::super::Server;
    use super::*;
    use crate::settings::{Address, Host as Named, Secret, Settings, Tls};

    fn server(host: &str, tls: Option<Tls>) -> Server {
        let hosts = vec![Named {
            name: host.to_owned(),
            port: 3306,
        }];
        let queries = Queries::new(&Settings::default().database);
        let (address, time) = (Address::Tcp { hosts, tls }, Duration::from_secs(5));
        Server::new(
            &address,
            "site",
            "asterisk",
            &Secret::default(),
            queries,
            time,
        )
    }

    #[test]
    fn every_address_is_a_door_and_its_certificate_must_hold_the_name() {
        // Beside each host what its certificate must hold. Of an address with a zone none can.
        for (host, name) in [
            ("localhost", "localhost"),
            ("LocalHost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("fe80::1%1", "fe80::1%1"),
        ] {
            let secured = server(host, Some(Tls { ca: None }));
            let addresses = secured.hosts[0]
                .addresses()
                .unwrap_or_else(|e| panic!("{e}"));
            let doors = secured.hosts[0].doors().unwrap_or_else(|e| panic!("{e}"));
            let places: Vec<_> = doors
                .iter()
                .map(|door| door.opts.get_ip_or_hostname())
                .collect();
            let texts: Vec<_> = addresses.iter().map(|at| text(*at)).collect();
            assert_eq!(places, texts);
            for door in doors {
                let tls = door.opts.get_ssl_opts().expect("TLS");
                assert_eq!(tls.tls_hostname_override(), Some(name));
                assert!(!tls.skip_domain_validation() && !tls.accept_invalid_certs());
                let from = door.socket.map(|socket| socket.from());
                assert_eq!(door.opts.bind_address(), from.as_ref(), "{host}");
            }
            let plain = server(host, None);
            let plain = plain.hosts[0].doors().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(plain.len(), addresses.len());
            assert!(plain.iter().all(|door| door.opts.get_ssl_opts().is_none()));
        }
    }
}

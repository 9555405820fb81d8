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
        let mut addresses = self.addresses()?;
        if self.tls.is_some() {
            // The crate (mysql 28.0.4) has one option for the name that it looks up and for the one
            // that it holds the certificate against (conn/mod.rs: connect_stream, switch_to_ssl), no
            // option for a resolver, and makes no TLS over a socket of ours. Without the check of
            // the name it would take any public certificate. So it must have the name, and chooses
            // the address itself: told where to connect from, it passes over those of that kind
            // where nobody is, but not over one that takes the connection and is silent, or lets
            // nobody in.
            if let Some(why) = blind_spot(&self.place, &addresses) {
                self.several.call_once(|| log::warn!("{why}"));
            }
            addresses.dedup_by_key(|address| address.is_ipv4());
        }
        let doors = addresses.into_iter().map(|address| {
            let socket = Hidden::to(address).ok();
            let opts = opts().bind_address(socket.map(|socket| socket.from()));
            let opts = match self.tls {
                Some(_) => opts,
                None => opts.ip_or_hostname(Some(text(address))),
            };
            let opts = opts.into();
            Door { opts, socket }
        });
        Ok(doors.collect())
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, LookupError> {
        let name = self.opts.get_ip_or_hostname();
        let name = name.trim_matches(['[', ']']).to_owned();
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

/// What to tell of a name whose addresses are not all tried with TLS.
fn blind_spot(place: &str, addresses: &[SocketAddr]) -> Option<String> {
    let kinds = [SocketAddr::is_ipv4, SocketAddr::is_ipv6];
    let is_several =
        |kind: fn(&SocketAddr) -> bool| addresses.iter().filter(|a| kind(a)).count() > 1;
    kinds.into_iter().any(is_several).then(|| {
        format!(
            "{place} has {} addresses, and with TLS one that takes connections and then is silent \
             or refuses the login is not passed over; write a line [database] host for each server, \
             with a name or an address that is in its certificate",
            addresses.len()
        )
    })
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
    use super::blind_spot;

    #[test]
    fn only_several_addresses_of_one_kind_are_told() {
        let told = |addresses: &[&str]| {
            let addresses: Vec<_> = addresses.iter().map(|at| at.parse().unwrap()).collect();
            blind_spot("MySQL at db:3306", &addresses)
        };
        assert_eq!(told(&["192.0.2.1:3306"]), None);
        assert_eq!(told(&["192.0.2.1:3306", "[2001:db8::1]:3306"]), None);
        let why = told(&["192.0.2.1:3306", "[2001:db8::1]:3306", "192.0.2.2:3306"]).unwrap();
        assert!(why.starts_with("MySQL at db:3306 has 3 addresses"), "{why}");
        assert!(told(&["[2001:db8::1]:3306", "[2001:db8::2]:3306"]).is_some());
    }
}

//! Asterisk's log as the demo reads it: which lines are a call's, and when they were written by
//! the clock that the stand-in peers use.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// For `logger.conf`: seconds since 1970, which no time zone can shift, with microseconds.
pub const DATE_FORMAT: &str = "%s.%6q";

/// The two clocks read at one moment: the log has the wall's, the peers have the monotonic one.
#[derive(Clone, Copy)]
pub struct Clock {
    wall: Duration,
    instant: Instant,
}

impl Clock {
    /// Reads both now.
    pub fn read() -> Self {
        let instant = Instant::now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            wall: wall.expect("a date after 1970"),
            instant,
        }
    }

    /// The peers' moment of a time in the log.
    pub fn instant(&self, wall: Duration) -> Instant {
        match wall.checked_sub(self.wall) {
            Some(later) => self.instant + later,
            None => self.instant - (self.wall - wall),
        }
    }

    /// How far the clocks have parted since this reading.
    pub fn drift(&self) -> Duration {
        let now = Self::read();
        self.instant(now.wall).max(now.instant) - self.instant(now.wall).min(now.instant)
    }
}

/// How a call is named in the log.
#[derive(Clone, Debug)]
pub struct CallName {
    /// Asterisk's number of the call: `C-00000001`.
    pub mark: String,
    /// The caller's channel: `PJSIP/multifon-00000000`.
    pub channel: String,
}

impl CallName {
    /// Out of the line about the look-up, which is a call's first.
    ///
    /// # Panics
    /// When it is another line.
    pub fn of(line: &str) -> Self {
        let parsed = || {
            let (_, rest) = line.split_once("[C-")?;
            let (mark, rest) = rest.split_once(']')?;
            let (channel, _) = rest.split_once(": looked up")?;
            Some(Self {
                mark: format!("C-{mark}"),
                channel: channel.rsplit(' ').next()?.to_owned(),
            })
        };
        parsed().unwrap_or_else(|| panic!("not a line about a look-up: {line}"))
    }

    /// How the line begins in which the sample dialplan tells the call's end.
    pub fn ending(&self) -> String {
        format!("[{}] Ext. s: RustIvr ", self.mark)
    }
}

/// What the module said about a call.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Instant,
    /// What, without the channel's name: `plays keyNum/1, 0.4 s`.
    pub text: String,
}

/// The session's lines about a call, in their order.
pub fn session(log: &str, call: &CallName, clock: &Clock) -> Vec<Line> {
    let begin = format!("[{}] src/ivr/session.rs: {}: ", call.mark, call.channel);
    lines(log, &begin, clock)
}

/// The room that a call was taken into: `CODE` and the other states, in their order.
pub fn room(log: &str, call: &CallName, clock: &Clock) -> Vec<Line> {
    let begin = format!("[{}] src/apps/manager.rs: room-", call.mark);
    behind(lines(log, &begin, clock))
}

/// What the module said about the manager in it.
pub fn manager(log: &str, call: &CallName, clock: &Clock) -> Vec<Line> {
    let begin = format!("[{}] src/conference/session.rs: ", call.mark);
    behind(lines(log, &begin, clock))
}

/// Without the room's or the channel's name.
fn behind(mut lines: Vec<Line>) -> Vec<Line> {
    for line in &mut lines {
        if let Some((_, text)) = line.text.split_once(": ") {
            line.text = text.to_owned();
        }
    }
    lines
}

/// The variables' words at the call's end: `FALLBACK NO_ROWS rows=LIVE ...`; empty when they are
/// not there.
pub fn words(log: &str, call: &CallName, clock: &Clock) -> String {
    let line = lines(log, &call.ending(), clock).pop();
    let words = line.and_then(|line| Some(line.text.split_once(": ")?.1.to_owned()));
    words.unwrap_or_default()
}

fn lines(log: &str, begin: &str, clock: &Clock) -> Vec<Line> {
    let parse = |line: &str| {
        let (head, text) = line.split_once(begin)?;
        let seconds = head.strip_prefix('[')?.split(']').next()?;
        let wall = Duration::from_secs_f64(seconds.parse().ok()?);
        Some(Line {
            at: clock.instant(wall),
            text: text.to_owned(),
        })
    };
    log.lines().filter_map(parse).collect()
}

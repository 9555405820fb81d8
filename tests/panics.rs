//! A panic at each entry from C and at each method of a port, one after the other, inside a real
//! Asterisk. The process lives, the caller of that very call talks to somebody, the people of that very
//! room hear each other or reach the fallback, and nothing is left. `make panics` takes every point,
//! `make test` some of each kind. The points are read out of the source: a new one fails here until it
//! has a scene.

mod points;
mod room;
mod scenes;

use std::time::Instant;

use rust_ivr_testing::office::{Office, SOON};

use points::points;

/// Who plays which points.
const SCENES: [(&str, &[&str]); 4] = [
    ("a call", scenes::CALL),
    ("a room", room::ROOM),
    ("a program", scenes::PROGRAM),
    ("the loader", scenes::LOADER),
];

/// Without a scene: the host destroys a ticket only when its channel ends on the way to a room, within a
/// moment that no test can hit each time.
const UNPLAYED: [&str; 1] = ["asterisk::datastore::destroy"];

/// Whether every point is tried: `make panics`.
fn is_long() -> bool {
    std::env::var_os("RUST_IVR_ALL_PANICS").is_some()
}

/// The points of a scene that are tried now.
fn chosen(points: &'static [&'static str], of_every: usize) -> impl Iterator<Item = &'static str> {
    let step = if is_long() { 1 } else { of_every };
    points.iter().copied().step_by(step)
}

#[test]
fn every_point_has_a_scene_and_every_scene_its_points() {
    let there = points();
    let mut played = Vec::new();
    for (scene, points) in SCENES {
        for point in points {
            assert!(there.contains(*point), "{scene}: there is no point {point}");
            played.push((*point).to_owned());
        }
    }
    played.extend(UNPLAYED.map(str::to_owned));
    let missing: Vec<_> = there
        .iter()
        .filter(|point| !played.contains(point))
        .collect();
    assert!(missing.is_empty(), "without a scene: {missing:?}");
}

/// A point that is armed in an office.
struct Armed<'o> {
    office: &'o Office,
    point: &'static str,
    mark: usize,
}

impl<'o> Armed<'o> {
    fn at(office: &'o Office, point: &'static str) -> Self {
        let mark = office.machine.log_mark();
        let full = points::full(point);
        let answer = office.machine.cli(&format!("rustivr panic {full}"));
        assert!(answer.contains(&full), "{answer}");
        Self {
            office,
            point,
            mark,
        }
    }

    /// Whether nobody has come by yet.
    fn waits(&self) -> bool {
        let answer = self.office.machine.cli("rustivr panic");
        assert!(answer.starts_with("Armed: "), "{}: {answer}", self.point);
        !answer.contains("nothing")
    }

    /// The panic came, was told once as what it is, and Asterisk lives.
    fn assert_over(self) {
        let until = Instant::now() + SOON;
        while self.waits() {
            assert!(Instant::now() < until, "{}: nobody came by", self.point);
        }
        let log = self
            .office
            .machine
            .wait_log_since(self.mark, "on purpose at", SOON);
        assert_eq!(log.matches("on purpose at").count(), 1, "{log}");
        // The module does not write into Asterisk's log yet while it loads.
        let told =
            log.contains("a bug in res_rust_ivr ended one task, please report it: src/ports");
        assert!(told || self.point.ends_with("_load"), "{log}");
        self.office.assert_nothing_left();
    }
}

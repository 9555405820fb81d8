//! A great many random calls in which anybody leaves and anything breaks at every step.

use std::collections::BTreeMap;

use super::*;

/// A small generator of pseudo-random numbers (xorshift64*), so that a printed seed repeats a run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// What somebody does now; rarely what nobody could.
    fn does(&mut self, people: &[Place]) -> Does {
        let ends = [
            Dialled::Answered,
            Dialled::Answered,
            Dialled::Answered,
            Dialled::NoAnswer,
            Dialled::Busy,
            Dialled::Unavailable,
        ];
        match self.below(300) {
            0..=1 => Does::ManagerLeaves,
            2 => Does::ManagerTransfers,
            3 => Does::OperatorEnds,
            290..=299 => self.pick(&[
                Does::ProgramAdds,
                Does::ProgramJoins,
                Does::ProgramCancels,
                Does::ProgramSwaps,
            ]),
            4..=12 => Does::HangsUp(self.below(people.len() as u64) as usize),
            13..=150 if people.contains(&Place::Rings) => Does::Third(self.pick(&ends)),
            13..=40 => Does::Silence,
            _ => {
                let usual = self.pick(&['*', '#', '#', '1', '2', '3']);
                let key = self.pick(&[
                    usual, usual, usual, usual, '0', 'B', 'B', '5', '6', '7', '8', '9', 'A',
                ]);
                Does::Key(key)
            }
        }
    }
}

fn seed() -> u64 {
    let given = std::env::var("RUST_IVR_SEED").ok();
    given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.unwrap().as_nanos() as u64 | 1
    })
}

/// One random call; the room itself has refused what no room could do.
fn random_call(random: &mut Random, settings: &Settings) -> Result<Status, String> {
    let fuse = match random.below(4) {
        0 => Fuse::of(1 + random.below(60) as u32),
        _ => Fuse::default(),
    };
    let mut happened = 0;
    let at_once = |people: &[Place]| {
        happened += 1;
        let many = if happened > 60 {
            0
        } else {
            [1, 1, 1, 1, 2, 3][random.below(6) as usize]
        };
        let mut does: Vec<_> = (0..many).map(|_| random.does(people)).collect();
        if happened > 60 {
            does.push(Does::ManagerLeaves);
        }
        does
    };
    let mut world = World::new(&fuse, at_once);
    let notices = |notice| {
        fuse.burn();
        recording(notice)
    };
    let (status, _) = run_with(&mut world, settings, &notices);
    let panicked = fuse.is_burnt();
    let places = &world.people;
    let count = |place| places.iter().filter(|other| **other == place).count();
    let problems = [
        (world.wrong.is_some(), "no room could do this"),
        (world.farewell.is_none(), "the room was not left"),
        (count(Place::OnHold) > 0, "somebody is on hold"),
        (count(Place::Rings) > 0, "a telephone rings on"),
        (count(Place::Consulted) > 0, "somebody is in consult"),
        (
            count(Place::ConsultHeld) > 0,
            "somebody is held in a consult",
        ),
        (count(Place::Room) == 1, "somebody is alone"),
        ((status == Status::Error) != panicked, "a wrong ERROR"),
        (
            !panicked && world.status.as_deref() != Some(status.as_str()),
            "a wrong variable",
        ),
        (
            !panicked && (status == Status::Joined) != (world.joined() > 0),
            "a wrong JOINED",
        ),
    ];
    match problems.iter().find(|(is_so, _)| *is_so) {
        Some((_, problem)) => Err(format!("{problem}: {status:?} {world:?}")),
        None => Ok(status),
    }
}

#[test]
fn a_million_random_calls_strand_nobody() {
    let seed = seed();
    println!("RUST_IVR_SEED={seed} repeats this run");
    be_quiet_about_scripted_panics();
    let mut random = Random(seed);
    let mut settings = Settings::default();
    settings.conference.keys.swap = Some('B');
    let mut seen = BTreeMap::new();
    for call in 0..1_000_000u64 {
        match random_call(&mut random, &settings) {
            Ok(status) => *seen.entry(status.as_str()).or_insert(0u32) += 1,
            Err(problem) => panic!("call {call} of seed {seed}: {problem}"),
        }
    }
    println!("{seen:?}");
    for status in [
        Status::Joined,
        Status::Talked,
        Status::Hangup,
        Status::Error,
    ] {
        assert!(seen[status.as_str()] > 10_000, "{status:?} is rare");
    }
}

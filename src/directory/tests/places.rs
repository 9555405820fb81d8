//! An account that may have few connections: the snapshot is renewed all the same.

use super::liar::{Liar, Lie};
use super::mysql::PATIENT;
use super::*;
use crate::settings::{Address, Secret};

fn open_on(server: &Liar, dir: &Dir) -> LiveDirectory {
    let address = Address::Tcp {
        hosts: vec![local(server.port())],
        tls: None,
    };
    let settings = Database {
        driver: Driver::Mysql {
            address,
            name: "site".to_owned(),
            user: "asterisk".to_owned(),
            password: Secret::default(),
        },
        timeout: PATIENT,
        connections: 8,
        snapshot: Some(Duration::from_millis(50)),
        ..Settings::default().database
    };
    open(&settings, &dir.0, &dir.0)
}

#[test]
fn the_snapshot_is_renewed_in_a_place_that_nobody_needs() {
    for places in [1, 2, 3] {
        let (server, dir) = (Liar::start(Lie::None), Dir::new());
        server.allow(places);
        let directory = open_on(&server, &dir);
        wait_for_snapshot(&directory, "1 phones, 0 s old; 1 codes");
        let file = dir.0.join("rust_ivr_snapshot.sqlite3");
        let found_right = || fs::metadata(&file).and_then(|file| file.modified()).ok();
        for _ in 0..3 {
            let before = found_right();
            let began = Instant::now();
            while found_right() == before {
                let answer = directory.menu(&phone("70000000001")).unwrap();
                assert!(places == 1 || answer.source == Source::Live, "{places}");
                assert!(
                    began.elapsed() < Duration::from_secs(10),
                    "{}",
                    directory.state()
                );
            }
        }
        // The pool has them all again.
        wait_for_snapshot(&directory, &format!("{places} of 8 connections"));
    }
}

#[test]
fn what_the_pool_learnt_of_a_limit_it_forgets() {
    let (server, dir) = (Liar::start(Lie::None), Dir::new());
    server.allow(3);
    let directory = open_on(&server, &dir);
    wait_for_snapshot(&directory, "3 of 8 connections");
    assert_eq!(rows(&directory, "70000000001").unwrap().len(), 1);
    server.allow(20);
    wait_for_snapshot(&directory, "8 of 8 connections");
}

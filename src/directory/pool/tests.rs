//! The pool by itself.

use super::super::queries::Queries;
use super::super::tests::liar::{Liar, Lie};
use super::super::tests::local;
use super::*;
use crate::settings::{Address, Secret, Settings};
use std::thread;
use std::time::Duration;

fn server(address: &Address, timeout: Duration) -> Server {
    let queries = Queries::new(&Settings::default().database);
    Server::new(address, "site", "u", &Secret::default(), queries, timeout)
}

fn stop(pool: &Pool) {
    pool.stop(Instant::now() + Duration::from_secs(10));
}

#[test]
fn busy_connections_are_named_as_the_reason() {
    let timeout = Duration::from_millis(20);
    let address = Address::Socket("/nonexistent".into());
    // The connector has nothing to do.
    let pool = Pool::open(server(&address, timeout), 0);
    // As if the only connection were checked out by somebody.
    pool.shared.state.lock().in_use = 1;
    let began = Instant::now();
    let error = pool.shared.check_out(began, began + timeout).err().unwrap();
    assert!(began.elapsed() >= timeout);
    assert!(
        error
            .to_string()
            .contains("all 1 connections were busy for 20 ms"),
        "{error}"
    );
    stop(&pool);
}

#[test]
fn who_is_too_late_for_a_connection_passes_its_news_on() {
    let long = Duration::from_secs(10);
    let liar = Liar::start(Lie::None);
    let hosts = vec![local(liar.port())];
    let address = Address::Tcp { hosts, tls: None };
    let pool = Pool::open(server(&address, long), 1);
    let shared = &pool.shared;
    let check_out = |deadline| shared.check_out(Instant::now(), deadline);
    let link = check_out(Instant::now() + long).ok().unwrap();
    let wait_for = |waiting| {
        while shared.state.lock().waiting < waiting {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        let deadline = Instant::now() + Duration::from_millis(500);
        let first = scope.spawn(move || check_out(deadline).is_ok());
        wait_for(1);
        let began = Instant::now();
        let second = scope.spawn(move || check_out(began + long));
        wait_for(2);
        // The first one gets the news in time, and the lock too late.
        let mut state = shared.state.lock();
        state.in_use -= 1;
        state.idle.push(link);
        shared.changed.notify_one();
        assert!(Instant::now() < deadline, "the machine is too busy");
        while Instant::now() < deadline {
            thread::yield_now();
        }
        drop(state);
        assert!(!first.join().unwrap());
        let link = second.join().unwrap().ok().unwrap();
        assert!(began.elapsed() < long / 2, "{:?}", began.elapsed());
        shared.check_in(link, true);
    });
    stop(&pool);
}

//! TLS to the database, with real calls: rows that come encrypted, and what callers and the
//! operator get when the server is not the one it should be.

mod authority;
mod forger;

use std::fmt::Display;
use std::fs;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use crate::alive::proxy::{Mode, Proxy};
use authority::Authority;
use rust_ivr_testing::machine::MariaDb;
use rust_ivr_testing::office::{Database, Office, SOON, TARGET_TONE, inside};
use rust_ivr_testing::rtp::Source;

const ONE_BUTTON: &str = "70000000001";
const CAKES_NUMBER: &str = "74950000001";
const CONF: &str = "res_rust_ivr.conf";
const STATUS: &str = "rustivr show status";

/// `[database] timeout`, and what a call may take beyond it.
const TIMEOUT: Duration = Duration::from_millis(300);
const MARGIN: Duration = Duration::from_millis(100);

/// The menu with the connection's cipher, as the server names it, in place of the scenario.
const CIPHER_QUERY: &str = "menu_query = SELECT s.variable_value, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo \
    FROM information_schema.session_status AS s, sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b \
    ON (b.ivrID = i.id) WHERE s.variable_name = 'Ssl_cipher' AND phone = ?\n\
    menu_snapshot = SELECT phone, NULL, i.scenarioMsg, b.keyNum, b.msgMp3, b.transferTo \
    FROM sAsterisk_ivr AS i LEFT JOIN sAsterisk_ivr_button AS b ON (b.ivrID = i.id)\n";

/// `[database]` for a server with TLS.
fn with_tls(host: impl Display, ca: &str) -> String {
    let server = MariaDb::over_tcp(host, MariaDb::PASSWORD);
    let ca = inside(ca);
    format!("{server}tls = yes\ntls_ca = {ca}\n{CIPHER_QUERY}")
}

/// From INVITE to the INVITE of the button's target. The log's line of the call holds `words`.
fn rings(office: &Office, words: &str) -> Duration {
    let mark = office.machine.log_mark();
    let call = office.call(ONE_BUTTON);
    let incoming = office.expect_target(CAKES_NUMBER);
    let waited = incoming.arrived() - call.began();
    let talk = incoming.answer(Source::tone(TARGET_TONE));
    office.talk(&call, &talk, TARGET_TONE);
    let story = format!("Ext. s: RustIvr {ONE_BUTTON}: TARGET  ");
    let story = office.machine.wait_log_since(mark, &story, SOON);
    assert!(story.contains(words), "{words}: {story}");
    waited
}

/// An office whose module asks MariaDB over TLS, through a proxy.
struct Secured {
    office: Office,
    proxy: Proxy,
    /// The proxy's address: the server's, as the module sees it.
    server: Ipv4Addr,
    /// Who signs the server's certificates.
    authority: Authority,
    /// The server's options for TLS.
    options: String,
    /// From INVITE to INVITE with everything as it should be.
    normal: Duration,
}

impl Secured {
    /// With rows that come live, and in the snapshot.
    fn open(name: &str, net: u8) -> Self {
        let office = Office::open_with(name, Database::MariaDb, |config| config.with_tls());
        let server = office.run.address(net, 1);
        let certificates = office.run.directory().join("tls");
        let authority = Authority::new(&certificates, "ca");
        Authority::new(&certificates, "other");
        fs::write(certificates.join("no.pem"), "no certificate").expect("a file");
        authority.sign(&format!("IP:{server}"), 2);
        let options = format!(
            "--ssl-cert={0}/server.pem --ssl-key={0}/server.key --require-secure-transport=ON",
            inside("tls")
        );
        let mut secured = Self {
            proxy: Proxy::start(server, &office),
            office,
            server,
            authority,
            options: options.clone(),
            normal: Duration::ZERO,
        };
        secured.restart(&options);
        let office = &secured.office;
        office.use_database(&with_tls(server, "tls/ca.pem"));
        let answers = "with TLS: answers; 8 of 8 connections";
        office.machine.wait_cli(STATUS, answers, SOON);
        office.machine.wait_cli(STATUS, "Snapshot: 2 phones", SOON);
        let normal = (0..5).map(|_| rings(office, "rows=LIVE")).max();
        secured.normal = normal.expect("five calls");
        secured
    }

    /// Starts the server again with other options.
    fn restart(&mut self, options: &str) {
        let mariadb = self.office.mariadb.as_mut().expect("MariaDB");
        mariadb.kill();
        mariadb.options = options.to_owned();
        mariadb.start_again();
    }

    fn mariadb(&self) -> &MariaDb {
        self.office.mariadb.as_ref().expect("MariaDB")
    }

    /// A server that falls silent in the middle of a conversation: no caller waits longer than
    /// `timeout`, later ones not at all, and rows are live again with the server.
    fn assert_cut_off(&self, what: &str, fall: impl Fn(), rise: impl Fn()) {
        let Self { office, normal, .. } = self;
        fall();
        let first = rings(office, "rows=SNAPSHOT");
        assert!(
            first >= TIMEOUT && first <= TIMEOUT + MARGIN + *normal,
            "{what}: {first:?}; a normal call takes {normal:?}"
        );
        let later = rings(office, "rows=SNAPSHOT");
        assert!(later <= MARGIN + *normal, "{what}, a later call: {later:?}");
        let mark = office.machine.log_mark();
        rise();
        let again = "the database answers again";
        office.machine.wait_log_since(mark, again, SOON);
        rings(office, "rows=LIVE");
    }

    /// A server that is not trusted, or not to be had: the operator is told, and the snapshot
    /// answers in time.
    fn assert_told(&self, lines: &str, told: &str) {
        let Self { office, normal, .. } = self;
        office.use_database(lines);
        let waited = rings(office, "rows=SNAPSHOT");
        assert!(
            waited <= TIMEOUT + MARGIN + *normal,
            "{told}: {waited:?}; a normal call takes {normal:?}"
        );
        let line = office.machine.wait_log(told, SOON);
        let warns = line.contains("WARNING") && line.contains("MySQL at ");
        assert!(warns, "{line}");
        office.machine.wait_cli(STATUS, told, SOON);
    }

    /// As [`Self::assert_told`], with this file of authorities.
    fn assert_distrusted(&self, ca: &str, told: &str) {
        self.assert_told(&with_tls(self.server, ca), told);
    }

    /// Says which addresses `db.example` has.
    fn name(&self, addresses: &[Ipv4Addr]) {
        let line = |address: &Ipv4Addr| format!("{address} db.example\n");
        let lines: String = addresses.iter().map(line).collect();
        self.office.run.name_hosts(&lines);
    }

    /// Has the server under its name, with rows live and in a snapshot; returns the lines for that.
    fn assert_live_by_name(&self) -> String {
        self.name(&[self.server]);
        let by_name = with_tls("db.example", "tls/ca.pem");
        self.office.use_database(&by_name);
        let answers = "with TLS: answers";
        self.office.machine.wait_cli(STATUS, answers, SOON);
        rings(&self.office, "rows=LIVE");
        let copied = "Snapshot: 2 phones";
        self.office.machine.wait_cli(STATUS, copied, SOON);
        by_name
    }

    /// The end of a test: no secret told, no panic, nothing left.
    fn close(self) {
        let machine = &self.office.machine;
        let log = machine.log() + &machine.cli(STATUS);
        assert!(!log.contains(MariaDb::PASSWORD), "the password is told");
        assert!(!log.contains("a bug in res_rust_ivr"), "a panic");
        self.office.assert_nothing_left();
    }
}

#[test]
fn rows_come_encrypted_and_only_from_the_server_that_is_named() {
    let mut secured = Secured::open("tls", 3);
    // The server's own word for the very connection that a row came over.
    let cipher = " scenario=TLS_AES_";
    secured.office.machine.wait_log(cipher, SOON);

    let (stop, cont) = (|| secured.mariadb().stop(), || secured.mariadb().cont());
    secured.assert_cut_off("frozen", stop, cont);
    let drip = || secured.proxy.set(Mode::Drip);
    let pass = || secured.proxy.set(Mode::Pass);
    secured.assert_cut_off("one byte a second", drip, pass);

    let unknown = "signed neither by a public authority nor by one of [database] tls_ca";
    secured.assert_distrusted("tls/other.pem", unknown);
    secured.assert_distrusted("tls/none.pem", "tls/none.pem, cannot be read: ");
    secured.assert_distrusted("tls/no.pem", "tls/no.pem, holds no certificate in PEM");
    secured.authority.sign("DNS:db.example", 2);
    secured.mariadb().sql("FLUSH SSL;");
    let names = "not for this host but for DnsName(\"db.example\")";
    secured.assert_distrusted("tls/ca.pem", names);
    secured.authority.sign(&format!("IP:{}", secured.server), 0);
    // It is good until its only second is over: the clock's own doing.
    thread::sleep(Duration::from_secs(1));
    secured.mariadb().sql("FLUSH SSL;");
    secured.assert_distrusted("tls/ca.pem", "its certificate has expired");

    // Who does not ask for TLS is not let in, and learns what to write.
    let plain = with_tls(secured.server, "tls/ca.pem").replace("tls", ";tls");
    // Before 10.6 or so MariaDB says no more than that it denies access.
    let old = secured
        .mariadb()
        .sql("SELECT VERSION();")
        .starts_with("10.5");
    let cure = if old {
        "the account's grants"
    } else {
        "; write [database] tls = yes"
    };
    secured.assert_told(&plain, cure);
    secured.restart("--skip-ssl");
    let none = "it offers no TLS; give it ssl_cert and ssl_key";
    secured.assert_distrusted("tls/ca.pem", none);
    secured.close();
}

#[test]
fn a_right_certificate_does_not_make_answers_right_that_are_not_encrypted() {
    let mut secured = Secured::open("tls-forged", 4);
    // By name, which the certificate holds in place of the address.
    secured.authority.sign("DNS:db.example", 2);
    secured.restart(&secured.options.clone());
    let by_name = secured.assert_live_by_name();

    let forger = secured.office.run.address(4, 2);
    forger::start(forger, secured.server);
    secured.name(&[forger]);
    // Another configuration, so that connections are made anew; with the same snapshot.
    let anew = format!("{by_name}connections = 7\n");
    secured.assert_told(&anew, "its first answers were not encrypted");
    secured.close();
}

#[test]
fn every_address_of_a_name_is_tried_and_must_prove_the_name() {
    let secured = Secured::open("tls-addresses", 6);
    let Secured { office, server, .. } = &secured;
    secured.authority.sign("DNS:db.example", 2);
    secured.mariadb().sql("FLUSH SSL;");
    let by_name = secured.assert_live_by_name();

    let [silent, refusing, dropping, nobody] = [2, 3, 4, 5].map(|at| office.run.address(6, at));
    Proxy::start(silent, office).set(Mode::Silent);
    let dropper = Proxy::start(dropping, office);
    dropper.set(Mode::Greet);
    // The server's certificate is right behind this one too; it does not let the account in.
    Proxy::start_from(refusing, refusing, office);
    let (user, another) = (MariaDb::USER, "another-password");
    secured.mariadb().sql(&format!(
        "CREATE USER '{user}'@'{refusing}' IDENTIFIED BY '{another}';"
    ));
    secured.name(&[silent, refusing, dropping, nobody]);
    // Another configuration, so that connections are made anew; with the same snapshot.
    let anew = format!("{by_name}connections = 2\n");
    secured.assert_told(&anew, "does not let user 'asterisk' in: Access denied");

    let mark = office.machine.log_mark();
    secured.name(&[silent, refusing, dropping, nobody, *server]);
    let again = "the database answers again";
    office.machine.wait_log_since(mark, again, SOON);
    let waited = rings(office, "rows=LIVE");
    assert!(waited <= MARGIN + secured.normal, "{waited:?}");

    // A certificate for the very addresses that are connected to is not one for the name.
    dropper.set(Mode::Pass);
    let addresses = format!("IP:{server},IP:{dropping}");
    secured.authority.sign(&addresses, 2);
    secured.mariadb().sql("FLUSH SSL;");
    secured.name(&[*server, dropping]);
    let anew = format!("{by_name}connections = 3\n");
    secured.assert_told(&anew, "not for this host but for IpAddress");
    secured.close();
}

/// Puts a configuration that is refused in place, with `lines` added; the one before goes on.
fn assert_refused(office: &Office, lines: &str, told: &str) {
    let path = office.run.directory().join("etc").join(CONF);
    let good = fs::read_to_string(path).expect("the configuration");
    let mark = office.machine.log_mark();
    office.machine.put_file(CONF, &format!("{good}\n{lines}"));
    office.machine.cli("module reload res_rust_ivr");
    office.machine.wait_log_since(mark, told, SOON);
    office
        .machine
        .wait_log_since(mark, "keeps its old configuration", SOON);
    rings(office, "rows=LIVE");
    office.machine.put_file(CONF, &good);
}

#[test]
fn a_module_without_tls_says_how_to_get_it() {
    let office = Office::open("without-tls", Database::Sqlite);
    let told =
        "[database] tls = yes: this module was built without TLS: build it with make FEATURES=tls";
    assert_refused(&office, "tls = yes", told);
    office.assert_nothing_left();
}

#[test]
fn contradictions_and_an_old_processor_are_told() {
    let office = Office::open_with("tls-refused", Database::Sqlite, |config| {
        // The cryptography's own switch, which only a build with debug assertions has.
        config.with_tls().environment("GRAVIOLA_CPU_DISABLE_avx2=1")
    });
    let mysql = "driver = mysql\nname = site\nuser = asterisk\n";
    let both = format!("{mysql}socket = /run/x.sock\ntls = yes");
    assert_refused(
        &office,
        &both,
        "a socket does not leave this machine and needs no TLS",
    );
    let one = format!("{mysql}tls_ca = /ca.pem");
    assert_refused(&office, &one, "[database] tls_ca is for tls = yes");
    assert_refused(&office, "tls_ca = ca.pem", "write an absolute path such as");

    office.use_database(&with_tls(office.run.database(), "ca.pem"));
    let told = office
        .machine
        .wait_log("this machine's processor is too old", SOON);
    assert!(told.contains("WARNING"), "{told}");
    let call = office.call(ONE_BUTTON);
    office.talk_with_bitrix24(&call, SOON);
    let story = format!("Ext. s: RustIvr {ONE_BUTTON}: FALLBACK DB_ERROR rows=");
    office.machine.wait_log(&story, SOON);
    assert!(
        !office.machine.log().contains("a bug in res_rust_ivr"),
        "a panic"
    );
    office.assert_nothing_left();
}

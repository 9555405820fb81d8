//! How a database is reached, and what is refused there.

use super::*;

#[test]
fn mysql_is_reached_one_way_and_needs_an_account() {
    let account = "[database]\ndriver = MySQL\nname = site\nuser = u\npassword = geheim\n";
    let socket = parse(&format!("{account}socket = /run/x.sock")).unwrap();
    let shown = format!("{socket:?}");
    assert!(
        shown.contains("Socket(\"/run/x.sock\")") && shown.contains("***"),
        "{shown}"
    );
    assert!(!shown.contains("geheim"));
    let Driver::Mysql { password, .. } = socket.database.driver else {
        panic!("{shown}");
    };
    assert_eq!(password.expose(), "geheim");
    let Driver::Mysql { address, .. } = parse(account).unwrap().database.driver else {
        panic!("driver = MySQL is mysql");
    };
    let (hosts, tls) = (vec![host("127.0.0.1", 3306)], None);
    assert_eq!(address, Address::Tcp { hosts, tls });
    for more in ["host = db", "port = 3307"] {
        let problem = problem(&format!("{account}socket = /run/x.sock\n{more}"));
        assert!(problem.contains("keep one of them"), "{problem}");
    }
    let error =
        parse("[database]\ndriver = mysql\npassword = geheim\nhost = /run/x.sock").unwrap_err();
    assert_eq!(error.problems().len(), 3);
    let text = error.to_string();
    for part in [
        "line 4: [database] host = /run/x.sock",
        "name is missing",
        "user is missing",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("geheim"));
}

fn host(name: &str, port: u16) -> Host {
    let name = name.to_owned();
    Host { name, port }
}

fn hosts(lines: &str) -> Vec<Host> {
    let account = "[database]\ndriver = mysql\nname = site\nuser = u\n";
    let settings = parse(&format!("{account}{lines}")).unwrap();
    match settings.database.driver {
        Driver::Mysql {
            address: Address::Tcp { hosts, .. },
            ..
        } => hosts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn hosts_are_kept_in_order_each_with_its_port() {
    let several = "host = db1\nport = 3307\nhost = db2:3308\nHOST = 10.0.0.3\nhost = db1:3307\n\
                   host = [2001:db8::1]:3309\nhost = ::1\nhost = [::2]\nhost = fe80::1%eth0";
    let right = [
        host("db1", 3307),
        host("db2", 3308),
        host("10.0.0.3", 3307),
        host("2001:db8::1", 3309),
        host("::1", 3307),
        host("::2", 3307),
        host("fe80::1%eth0", 3307),
    ];
    assert_eq!(hosts(several), right);
    let address = Address::Tcp {
        hosts: right.into_iter().skip(2).take(2).collect(),
        tls: None,
    };
    assert_eq!(address.to_string(), "10.0.0.3:3307, [2001:db8::1]:3309");
    for wrong in [
        "a, b", "a b", ":3306", "[::1", "[::1]x", "[db]", "::1:x", "[]:1", "u@db", "[",
    ] {
        let problem = problem(&format!("[database]\nhost = {wrong}"));
        assert!(problem.contains("127.0.0.1"), "{wrong}: {problem}");
    }
    for wrong in [
        "db:", "db:0", "a:b:3306", "db:65536", "db:+1", "[::1]:", "[::1]:x",
    ] {
        let problem = problem(&format!("[database]\nhost = {wrong}"));
        assert!(problem.contains("a port from 1"), "{wrong}: {problem}");
    }
}

#[test]
fn tls_is_told_and_makes_no_copy_of_the_tables_worthless() {
    let address = Address::Tcp {
        hosts: vec![host("db", 3306)],
        tls: Some(Tls { ca: None }),
    };
    assert_eq!(address.to_string(), "db:3306");
    let driver = Driver::Mysql {
        address,
        name: "site".to_owned(),
        user: "u".to_owned(),
        password: Secret::default(),
    };
    assert_eq!(driver.to_string(), "mysql, site as u at db:3306 with TLS");
}

// What a module with TLS makes of its options is shown in Asterisk (`tests/tls.rs`).
#[test]
#[cfg(not(feature = "tls"))]
fn tls_is_never_left_out_in_silence() {
    let account = "[database]\ndriver = mysql\nname = site\nuser = u\n";
    let refused = problem(&format!("{account}tls = Yes"));
    let cure = "line 5: [database] tls = Yes: this module was built without TLS: build it with \
                make FEATURES=tls";
    assert!(refused.starts_with(cure), "{refused}");
    let refused = problem(&format!("{account}tls_ca = /ca.pem"));
    assert!(refused.contains("tls_ca is for tls = yes"), "{refused}");
    parse(&format!("{account}tls = no")).unwrap();
}

//! The sample file, every option's bounds, and the sentences for what is wrong.

mod database;
mod dialling;
mod http;

use proptest::prelude::*;

use super::*;

const SAMPLE: &str = include_str!("../../dialplan/res_rust_ivr.conf.sample");

/// As much of Asterisk's configuration syntax as the tests write.
fn lines(text: &str) -> Vec<Line> {
    let mut section = String::new();
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split(';').next().unwrap().trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']').unwrap().to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            lines.push(Line {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                line: at as u32 + 1,
                included: None,
            });
        }
    }
    lines
}

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(&lines(text))
}

fn problem(text: &str) -> String {
    let error = parse(text).expect_err(text);
    assert_eq!(error.problems().len(), 1, "{error}");
    error.to_string()
}

fn uncommented(text: &str) -> String {
    text.lines()
        .map(|line| {
            let option = line.strip_prefix(';').filter(|rest| {
                rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains(" = ")
            });
            format!("{}\n", option.unwrap_or(line))
        })
        .collect()
}

#[test]
fn the_sample_says_the_defaults() {
    assert_eq!(parse(SAMPLE).unwrap(), Settings::default());
    assert_eq!(parse("").unwrap(), Settings::default());
}

#[test]
fn the_sample_uncommented_is_right_too() {
    let text = uncommented(SAMPLE);
    let settings = parse(&text).unwrap();
    assert_eq!(settings.numbers.deny.len(), 1);
    assert!(settings.database.menu_query.unwrap().ends_with("phone = ?"));
    assert!(settings.database.code_query.unwrap().ends_with("pref = ?"));
    let mysql = text
        .replace("driver = sqlite", "driver = mysql")
        .replace("socket =", ";socket =")
        .replace("tls_ca =", ";tls_ca =");
    assert_eq!(
        parse(&mysql).unwrap().database.driver,
        Driver::Mysql {
            address: Address::Tcp {
                hosts: vec![Host {
                    name: "127.0.0.1".to_owned(),
                    port: 3306,
                }],
                tls: None,
            },
            name: "site".to_owned(),
            user: "asterisk".to_owned(),
            password: Secret::new("...".to_owned()),
        }
    );
}

#[test]
fn the_sample_names_every_option() {
    let documented: Vec<_> = lines(&uncommented(SAMPLE))
        .into_iter()
        .map(|l| (l.section, l.key))
        .collect();
    for (section, key, _) in options::OPTIONS {
        let found = documented.contains(&((*section).to_owned(), (*key).to_owned()));
        assert!(found, "[{section}] {key}");
    }
}

#[test]
fn the_last_value_counts_and_patterns_collect() {
    let settings = parse(
        "[ivr]\nring_timeout = 5\n[numbers]\nallow = _7X.\ndeny = _71X.\n[IVR]\nRing_Timeout = 9\n\
         [numbers]\nallow = 101\ndeny = _72X.",
    )
    .unwrap();
    assert_eq!(settings.ivr.ring_timeout, Duration::from_secs(9));
    let texts =
        |patterns: &[Pattern]| -> Vec<_> { patterns.iter().map(Pattern::to_string).collect() };
    assert_eq!(texts(&settings.numbers.allow), ["_7X.", "101"]);
    assert_eq!(texts(&settings.numbers.deny), ["_71X.", "_72X."]);
}

#[test]
fn numbers_have_bounds() {
    for (section, key, least, most) in [
        ("numbers", "national_length", 4, 12),
        ("ivr", "ring_timeout", 1, 300),
        ("ivr", "fallback_timeout", 0, 600),
        ("ivr", "digit_timeout", 1, 60),
        ("ivr", "interdigit_timeout", 1, 10),
        ("ivr", "repeat", 1, 10),
        ("ivr", "retry", 0, 10),
        ("conference", "code_timeout", 1, 60),
        ("conference", "ring_timeout", 1, 300),
        ("conference", "tries", 1, 10),
        ("database", "port", 1, 65535),
        ("database", "timeout", 10, 5000),
        ("database", "connections", 1, 64),
        ("database", "snapshot", 0, 86400),
    ] {
        let text = |value: &str| format!("[{section}]\n{key} = {value}");
        for right in [least, most] {
            parse(&text(&right.to_string())).expect(key);
        }
        let outside = [(least - 1).to_string(), (most + 1).to_string()];
        for wrong in ["", "x", "20s", "0.5", "-5", "99999999999999999999"]
            .into_iter()
            .chain(outside.iter().map(String::as_str))
        {
            let problem = problem(&text(wrong));
            assert!(problem.starts_with(&format!("line 2: [{section}] {key} = {wrong}: write ")));
            assert!(
                problem.contains(&format!("from {least} to {most}, such as ")),
                "{problem}"
            );
        }
    }
}

#[test]
fn every_value_reaches_its_place() {
    let settings = parse(
        "[general]\nfallback = PJSIP/a\noutbound = PJSIP/${NUMBER}@b\nmanager = PJSIP/${NUMBER}@c\n\
         [numbers]\ncountry_code = 372\nnational_prefix =\nnational_length = 7\n\
         [ivr]\nfallback_timeout = 0\ndigit_timeout = 3\ninterdigit_timeout = 4\nrepeat = 5\nsounds = /s\n\
         tones = no\n\
         [database]\nfile = /f\ntimeout = 20\nconnections = 6\nsnapshot = 0\n\
         menu_snapshot = SELECT '?', 2\ncode_snapshot = select 1",
    )
    .unwrap();
    let general = &settings.general;
    assert_eq!(general.fallback, Template::parse("PJSIP/a").unwrap());
    assert_eq!(
        general.outbound,
        Template::parse("PJSIP/${NUMBER}@b").unwrap()
    );
    assert_eq!(
        general.manager,
        Template::parse("PJSIP/${NUMBER}@c").unwrap()
    );
    assert_eq!(settings.numbers.country_code, "372");
    assert_eq!(settings.numbers.national_prefix, "");
    assert_eq!(settings.numbers.national_length, 7);
    assert_eq!(settings.ivr.fallback_timeout, None);
    assert_eq!(settings.ivr.digit_timeout, Duration::from_secs(3));
    assert_eq!(settings.ivr.interdigit_timeout, Duration::from_secs(4));
    assert_eq!(settings.ivr.repeat, 5);
    assert!(!settings.ivr.tones);
    assert_eq!(settings.ivr.sounds, "/s");
    assert_eq!(
        settings.database.driver,
        Driver::Sqlite { file: "/f".into() }
    );
    assert_eq!(settings.database.timeout, Duration::from_millis(20));
    assert_eq!(settings.database.connections, 6);
    assert_eq!(settings.database.snapshot, None);
    let menus = settings.database.menu_snapshot.as_deref();
    assert_eq!(menus, Some("SELECT '?', 2"));
    let codes = settings.database.code_snapshot.as_deref();
    assert_eq!(codes, Some("select 1"));
}

#[test]
fn every_value_of_a_conference_reaches_its_place() {
    let text = "[conference]\nadd_key = A\njoin_key = 0\ncancel_key = D\nswap_key = B\ncode_timeout = 6\n\
                ring_timeout = 7\ntries = 8\nhold_music = Class-9_x.y\norphan = Wait\nsounds = /c\n\
                one_held_is_enough = yes\npass_digits = no\n\
                [database]\ncode_query = SELECT a FROM b WHERE c = ?";
    let settings = parse(text).unwrap();
    let conference = Conference {
        keys: Keys {
            add: 'A',
            join: '0',
            cancel: 'D',
            swap: Some('B'),
        },
        code_timeout: Duration::from_secs(6),
        ring_timeout: Duration::from_secs(7),
        tries: 8,
        hold_music: "Class-9_x.y".to_owned(),
        one_held_is_enough: true,
        pass_digits: false,
        orphan: Orphan::Wait,
        sounds: "/c".to_owned(),
    };
    assert_eq!(settings.conference, conference);
    let query = settings.database.code_query;
    assert_eq!(query.as_deref(), Some("SELECT a FROM b WHERE c = ?"));
    let hangup = parse("[conference]\norphan = hangup").unwrap();
    assert_eq!(hangup.conference.orphan, Orphan::Hangup);
}

#[test]
fn the_join_key_is_no_other_key() {
    for (text, both) in [
        ("join_key = *", "join_key and add_key are both *"),
        ("add_key = #", "join_key and add_key are both #"),
        ("cancel_key = #", "join_key and cancel_key are both #"),
        ("swap_key = #", "swap_key and join_key are both #"),
        ("swap_key = *", "swap_key and cancel_key are both *"),
    ] {
        let problem = problem(&format!("[conference]\n{text}"));
        assert!(
            problem.contains(both) && problem.contains("must differ"),
            "{problem}"
        );
    }
    parse("[conference]\nadd_key = #\njoin_key = *\ncancel_key = 1\nswap_key = #").unwrap();
    let none = parse("[conference]\nswap_key =").unwrap();
    assert_eq!(none.conference.keys.swap, None);
}

#[test]
fn a_pattern_that_no_canonical_number_matches_is_told() {
    for pattern in ["_8809XXXXXXX", "88091234567", "_809XXXXXXX", "8091234567"] {
        assert_eq!(
            problem(&format!("[numbers]\ndeny = {pattern}\ncountry_code = 7")),
            format!(
                "[numbers] deny = {pattern} can match no number: those of the country are matched \
                 with the country code, 7 and 10 digits"
            )
        );
    }
    for pattern in [
        "_7809XXXXXXX",
        "_[78]XXXXXXXXXX",
        "_XXXXXXXXXXX",
        "_84X.",
        "_8!",
        "101",
        "_XXXXXXXXXXXX",
    ] {
        assert!(
            parse(&format!("[numbers]\ndeny = {pattern}")).is_ok(),
            "{pattern}"
        );
    }
}

#[test]
fn a_line_of_an_included_file_is_told_with_that_file() {
    let mut lines = lines("[database]\nport = 0\n[ivr]\nrepeat = 0");
    lines[0].included = Some("/etc/asterisk/secrets.conf".into());
    let error = Settings::parse(&lines).unwrap_err();
    let [included, own] = error.problems() else {
        panic!("{error}");
    };
    assert!(
        included.starts_with("in /etc/asterisk/secrets.conf, line 2: [database] port = 0: "),
        "{included}"
    );
    assert!(own.starts_with("line 4: [ivr] repeat = 0: "), "{own}");
}

#[test]
fn an_unknown_name_gets_the_nearest_known_one() {
    for (text, expected) in [
        (
            "[ivr]\nring_timout = 5",
            "line 2: [ivr] ring_timout is not a known option; did you mean ring_timeout?",
        ),
        (
            "[databse]\nhost = x",
            "line 2: [databse] is not a known section; did you mean [database]?",
        ),
        (
            "[database]\npasword = geheim",
            "line 2: [database] pasword is not a known option; did you mean password?",
        ),
        (
            "[ivr]\nfallback = PJSIP/x",
            "line 2: fallback does not belong into [ivr] but into [general]",
        ),
    ] {
        assert_eq!(problem(text), expected);
    }
}

#[test]
fn other_values_are_refused_with_what_is_right() {
    for (text, expected) in [
        ("[general]\nfallback = bitrix24", "such as PJSIP/bitrix24"),
        ("[general]\noutbound = PJSIP/x", "${NUMBER} is missing"),
        ("[general]\nmanager = PJSIP/${NUMBER},20", "','"),
        ("[numbers]\ncountry_code = +7", "1 to 3 digits, such as 7"),
        ("[numbers]\ncountry_code =", "1 to 3 digits"),
        ("[numbers]\nnational_prefix = 8w", "0 to 3 digits"),
        ("[numbers]\nallow = 7X.", "begins with _"),
        ("[numbers]\ndeny = _+7X.", "'+' can match no number"),
        ("[ivr]\nsounds =", "such as rust_ivr"),
        ("[conference]\nadd_key =", "one key"),
        ("[conference]\njoin_key = ##", "one key"),
        ("[conference]\nswap_key = 00", "one key"),
        ("[conference]\ncancel_key = x", "such as *"),
        ("[conference]\ncancel_key = \u{661}", "such as *"),
        ("[conference]\nhold_music =", "musiconhold.conf"),
        ("[conference]\nhold_music = a b", "musiconhold.conf"),
        ("[conference]\norphan = no", "fallback, hangup or wait"),
        ("[conference]\nsounds =", "such as rust_conf"),
        (
            "[database]\ncode_query = select 1",
            "for the code; there are 0",
        ),
        ("[database]\ndriver = postgres", "sqlite or mysql"),
        ("[database]\nfile =", "rust_ivr.sqlite3"),
        ("[database]\nsocket = mysqld.sock", "absolute path"),
        ("[database]\ntls = true", "yes or no"),
        ("[database]\ntls_ca = ca.pem", "absolute path"),
        (
            "[database]\nmenu_query = DELETE FROM t WHERE a = ?",
            "begins with SELECT or WITH",
        ),
        (
            "[database]\nmenu_query = SELECTION ?",
            "begins with SELECT or WITH",
        ),
        ("[database]\nmenu_query = select 1", "there are 0"),
        ("[database]\nmenu_query = select ? or ?", "there are 2"),
        (
            "[database]\nmenu_query = select '?', \"?\", `?`",
            "there are 0",
        ),
        ("[database]\nmenu_query = select 'x = ?", "not closed"),
        (
            "[database]\nmenu_snapshot = select 1 where a = ?",
            "write no ? outside quotes",
        ),
        (
            "[database]\ncode_snapshot = drop table x",
            "begins with SELECT or WITH",
        ),
    ] {
        let problem = problem(text);
        assert!(
            problem.starts_with("line 2: [") && problem.contains(expected),
            "{problem}"
        );
    }
    let query = "with x as (select '?', 'it''s ?') select * from x where p = ?";
    let settings = parse(&format!("[database]\nmenu_query = {query}")).unwrap();
    assert_eq!(settings.database.menu_query.as_deref(), Some(query));
}

#[test]
fn all_wrong_lines_are_reported_in_order() {
    let error = parse("[ivr]\nrepeat = 0\ndigit_timeout = 7 s\n[x]\ny = z").unwrap_err();
    let starts: Vec<_> = error
        .to_string()
        .lines()
        .map(|line| line[..7].to_owned())
        .collect();
    assert_eq!(starts, ["line 2:", "line 3:", "line 5:"]);
}

proptest! {
    #[test]
    fn any_value_is_taken_or_refused_in_one_printable_line(
        option in 0..options::OPTIONS.len(),
        value in any::<String>(),
    ) {
        let (section, key, _) = options::OPTIONS[option];
        let line = Line { section: section.to_owned(), key: key.to_owned(), value, line: 1, included: None };
        if let Err(error) = Settings::parse(&[line]) {
            prop_assert_eq!(error.to_string().lines().count(), 1);
            prop_assert!(error.to_string().len() < 400);
        }
    }

    #[test]
    fn a_password_is_never_shown(password in "[A-Za-z]{12,40}") {
        let text = format!("[database]\ndriver = mysql\npassword = {password}\npasswd = {password}");
        let error = parse(&text).unwrap_err();
        let text = format!("{error} {error:?}");
        prop_assert!(!text.contains(&password));
    }
}

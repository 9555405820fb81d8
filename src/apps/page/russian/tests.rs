//! The table against the sentences of the source.

use std::collections::BTreeSet;
use std::fs;

use super::*;

/// Where the sentences come from that the page shows. Sentences about a wrong
/// `res_rust_ivr.conf` (`settings/`) stay English, as the log has them, and so do words of
/// databases and of the system.
const SOURCES: [&str; 39] = [
    "apps/actions.rs",
    "apps/check.rs",
    "apps/page/act.rs",
    "apps/page/gate.rs",
    "apps/page/menu.rs",
    "apps/page/mod.rs",
    "asterisk/sound_file.rs",
    "check/database.rs",
    "check/dialling.rs",
    "check/features.rs",
    "check/files.rs",
    "check/host.rs",
    "check/mod.rs",
    "check/music.rs",
    "check/recordings.rs",
    "check/rows.rs",
    "conference/flow/refused.rs",
    "directory/mod.rs",
    "directory/mysql.rs",
    "directory/mysql/errors.rs",
    "directory/mysql/login.rs",
    "directory/mysql/no_tls.rs",
    "directory/mysql/tls.rs",
    "directory/pool.rs",
    "directory/queries.rs",
    "directory/snapshot.rs",
    "directory/sqlite.rs",
    "directory/table.rs",
    "ivr/menu.rs",
    "numbers.rs",
    "ports/mod.rs",
    "ports/samples.rs",
    "prompts/decode.rs",
    "prompts/find.rs",
    "prompts/flaws.rs",
    "prompts/load.rs",
    "prompts/notices.rs",
    "prompts/resample.rs",
    "rooms/asked.rs",
];

/// The texts of a source in quotes, its unit tests and log lines left out, `{...}` as `{}`.
fn texts(source: &str) -> Vec<String> {
    let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut texts = Vec::new();
    for (at, part) in product.split("log::").enumerate() {
        // A log line ends with its macro.
        let part = match at {
            0 => part,
            _ => part.split_once(");\n").map_or("", |(_, behind)| behind),
        };
        let code = part
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code: String = code.map(|line| line.to_owned() + "\n").collect();
        let code = code.replace("'\"'", "").replace("\\\"", "'");
        texts.extend(code.split('"').skip(1).step_by(2).map(plain));
    }
    texts
}

/// Lines joined, gaps without their names.
fn plain(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let mut joined = lines.next().unwrap_or_default().to_owned();
    lines.for_each(|line| joined += line.trim_start());
    let mut parts = joined.split('{');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // `${NUMBER}` is no gap.
        match (plain.ends_with('$'), part.split_once('}')) {
            (false, Some((_, rest))) => plain += &format!("{{}}{rest}"),
            _ => plain += &format!("{{{part}"),
        }
    }
    plain.replace("\\\\", "\\")
}

/// Words of a sentence: code, names and options have no place in it.
fn words(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && !"_./=[]".contains(c));
    words
        .filter(|word| word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase()))
        .collect()
}

/// All of [`SOURCES`], texts of two words and more.
fn sources() -> BTreeSet<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
    let read = |file: &&str| fs::read_to_string(format!("{root}{file}")).expect(file);
    let texts = SOURCES.iter().map(read).flat_map(|source| texts(&source));
    texts.filter(|text| text.contains(' ')).collect()
}

/// Not shown by the page: SQL, another program's sentences, the log's.
const NOT_SHOWN: [&str; 8] = [
    "SELECT ",
    "SET NAMES ",
    "answered, and nothing is left to do",
    "cannot be reached",
    "the caller left",
    "calls get the last known good snapshot",
    "the last known good snapshot is not renewed",
    "more than ",
];

/// Whose gaps hold words of theirs; all that may come of them are in the table.
const VARIED: [&str; 8] = [
    "the database has no {} {}, as far as the account may see",
    "every look-up of a {} reads the whole table {}: it has no index for it",
    "{} since {} s ({})",
    "[database] {} has {} parameters; it {} ?",
    "{} {}, {} s old",
    "it would read as {}, and ",
    "{} may not be dialled: {}deny = {} under [numbers] forbids it",
    "holds no sound that can be decoded{}; {}",
];

#[test]
fn every_sentence_has_its_russian() {
    let known: BTreeSet<&str> = TABLE
        .iter()
        .flat_map(|entry| words(entry.russian))
        .collect();
    let in_table = |text: &str| {
        TABLE
            .iter()
            .any(|entry| entry.english.join("{}").contains(text))
    };
    let mut english = Vec::new();
    for text in sources() {
        let is_sentence = text.split(' ').count() > 2;
        let is_shown = !NOT_SHOWN.iter().any(|begin| text.starts_with(begin));
        if !is_sentence || !is_shown || VARIED.contains(&&*text) || in_table(text.trim()) {
            continue;
        }
        // Each line for itself, as the page has them.
        for line in text.replace("{}", "7").split("\\n") {
            let said = Language::Russian.say(line);
            if !words(&said).is_subset(&known) {
                english.push(said);
            }
        }
    }
    assert_eq!(english, [""; 0]);
}

/// What `no {}` becomes.
const FILLED: [&str; 2] = ["no phones", "no codes"];

#[test]
fn no_russian_outlives_its_sentence() {
    let sources = sources();
    let all = Vec::from_iter(sources.iter().map(String::as_str)).join("\n");
    let is_alive = |entry: &Entry| {
        let whole = entry.english.join("{}");
        let part =
            |part: &str| part.len() > 5 && all.contains(part.trim_matches([' ', ';', ':', ',']));
        entry.english.iter().any(|text| part(text))
            || sources.iter().any(|text| whole.contains(text.trim()))
    };
    let dead = TABLE
        .iter()
        .filter(|entry| !is_alive(entry))
        .map(|entry| entry.english.join("{}"));
    assert_eq!(Vec::from_iter(dead), FILLED);
}

#[test]
fn no_gap_is_lost() {
    for entry in TABLE.iter() {
        let gaps = entry.russian.split("{}").count();
        assert_eq!(gaps, entry.english.len(), "{}", entry.russian);
        assert!(!entry.russian.contains('\n'), "{}", entry.russian);
    }
    assert!(TABLE.len() > 200);
}

#[test]
fn what_was_put_together_is_said_part_by_part() {
    for (english, right) in [
        (
            "room-1: no third person is called or consulted: add one first",
            "room-1: третий участник не вызван: сначала добавьте его",
        ),
        (
            "code 7: the database did not answer: MySQL at db:3306: all 8 connections were busy for 20 ms; is the server slow? Else raise [database] connections",
            "код 7: база данных не ответила: MySQL на db:3306: все подключения (8) были заняты 20 мс; сервер работает медленно? Если нет, увеличьте [database] connections",
        ),
        (
            "2 prompts are passed over in menus: prompt msgMp3/\"a, b\": no such file in /s/msgMp3, nor with another extension, prompt keyNum/\"1\": holds no sound; convert it to WAV (PCM) or MP3 and 7 more",
            "в меню пропускаются записи (2): запись msgMp3/\"a, b\": такого файла нет в /s/msgMp3, в том числе с другим расширением, запись keyNum/\"1\": звука в ней нет; преобразуйте её в WAV (PCM) или MP3 и ещё 7",
        ),
        (
            "1 numbers in the tables that cannot be dialled: 'call me' (key 2 of 79120000001)",
            "номеров в таблицах, которые не набрать, 1: 'call me' (клавиша 2 у 79120000001)",
        ),
        (
            "transferTo is refused: 442071838750 may not be dialled: no allow line under [numbers] matches it",
            "transferTo не принят: 442071838750 набирать нельзя: ни одна строка allow раздела [numbers] ему не подходит",
        ),
        (
            "Snapshot: 12 phones, 3 s old; no codes; read in 5 ms",
            "Снимок: телефонов 12, возраст 3 с; кодов нет; прочитан за 5 мс",
        ),
        (
            "Database: site at db: is not asked since 3 s (the database did not answer: MySQL at db: the name has no address); 0 of 8 connections, 0 free",
            "База данных: site at db: запросов к ней нет уже 3 с (база данных не ответила: MySQL на db: у имени нет адреса); подключений 0 из 8, свободно 0",
        ),
        ("", ""),
        (
            "Table 'site.x' doesn't exist",
            "Table 'site.x' doesn't exist",
        ),
    ] {
        assert_eq!(Language::Russian.say(english), right);
    }
}

#[test]
fn strangers_text_is_said_in_time() {
    let began = std::time::Instant::now();
    for text in [
        ", ".repeat(2000),
        ": (".repeat(2000),
        "x".repeat(9000),
        "is not in ".repeat(900),
    ] {
        assert!(Language::Russian.say(&text).len() < text.len() * 4);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

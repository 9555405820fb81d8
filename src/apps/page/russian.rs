//! The page's Russian for sentences that the log and the CLI say in English. `russian/`
//! holds the table: an English sentence, the Russian one under it, and `{}` in both where a number, a
//! name or another sentence stands, in the same order.

use std::sync::LazyLock;

use crate::asterisk::http::Request;

/// What a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// As the log has it.
    English,
    Russian,
}

impl Language {
    /// The first one of `Accept-Language`, which the page sets to its own.
    pub(super) fn of(request: &Request) -> Self {
        let wanted = request.header("Accept-Language").unwrap_or_default();
        match wanted.trim_start().get(..2) {
            Some(ru) if ru.eq_ignore_ascii_case("ru") => Self::Russian,
            _ => Self::English,
        }
    }

    /// A sentence in this language; what the table does not have stays as it is.
    pub(super) fn say(self, sentence: &str) -> String {
        match self {
            Self::English => sentence.to_owned(),
            Self::Russian => russian(sentence, MAX_DEPTH),
        }
    }
}

/// What stands between the parts of what was put together.
const JOINTS: [&str; 5] = ["; ", ": ", ", ", " (", ")"];

/// Strangers' text may be all commas: so many joints are looked at,
const MAX_CUTS: usize = 8;

/// so deep, on a thread of the host's with little stack,
const MAX_DEPTH: usize = 12;

/// and so many bytes.
const MAX_LENGTH: usize = 2000;

/// What the sentence says as a whole, else what its parts say.
fn russian(sentence: &str, depth: usize) -> String {
    let Some(deeper) = depth
        .checked_sub(1)
        .filter(|_| sentence.len() <= MAX_LENGTH)
    else {
        return sentence.to_owned();
    };
    let part = |part: &str| russian(part, deeper);
    if let Some((some, more)) = and_more(sentence) {
        return format!("{} и ещё {more}", part(some));
    }
    if let Some((entry, gaps)) = entry(sentence) {
        let gaps = gaps.into_iter().map(part).chain([String::new()]);
        let texts = entry.russian.split("{}").zip(gaps);
        return texts
            .flat_map(|(text, gap)| [text.to_owned(), gap])
            .collect();
    }
    // The loosest joint beside which a part is known that is as long as can be, else the first joint.
    let known = |part: &str| entry(part).map_or(0, |_| part.len());
    let mut first = None;
    for joint in JOINTS {
        let places = sentence.match_indices(joint).take(MAX_CUTS);
        let cuts = places.map(|(at, _)| (&sentence[..at], &sentence[at + joint.len()..]));
        first = first.or_else(|| cuts.clone().next().map(|(one, other)| (one, joint, other)));
        let best = cuts.max_by_key(|(one, other)| known(one).max(known(other)));
        if let Some((one, other)) = best.filter(|(one, other)| known(one).max(known(other)) > 0) {
            return part(one) + joint + &part(other);
        }
    }
    first.map_or_else(
        || sentence.to_owned(),
        |(one, joint, other)| part(one) + joint + &part(other),
    )
}

/// `a, b, c and 7 more`, as `rustivr check` counts.
fn and_more(sentence: &str) -> Option<(&str, &str)> {
    let (some, more) = sentence.strip_suffix(" more")?.rsplit_once(" and ")?;
    more.bytes()
        .all(|b| b.is_ascii_digit())
        .then_some((some, more))
}

/// The sentence of the table that this one is, and what stands in its gaps.
fn entry(sentence: &str) -> Option<(&'static Entry, Vec<&str>)> {
    TABLE
        .iter()
        .filter_map(|entry| Some((entry, entry.gaps(sentence)?)))
        .max_by_key(|(entry, _)| entry.letters)
}

/// A sentence of the table.
struct Entry {
    /// The English one, cut at its gaps.
    english: Vec<&'static str>,
    russian: &'static str,
    /// How much of a sentence is known: the one that knows most is meant.
    letters: usize,
}

impl Entry {
    /// What stands in the gaps; `None`: this is another sentence.
    fn gaps<'t>(&self, sentence: &'t str) -> Option<Vec<&'t str>> {
        let (first, others) = self.english.split_first()?;
        let mut rest = sentence.strip_prefix(first)?;
        let mut gaps = Vec::new();
        let mut before = first;
        for (at, text) in others.iter().enumerate() {
            let is_last = at + 1 == others.len();
            let end = match text.is_empty() {
                true => rest.len(),
                false => rest.find(text)?,
            };
            let gap = &rest[..end];
            // A gap is a name; a whole sentence stands only behind what leads to it.
            let may_be_sentence = [": ", "(", "'"].iter().any(|end| before.ends_with(end));
            if !may_be_sentence && JOINTS[..2].iter().any(|joint| gap.contains(joint)) {
                return None;
            }
            before = text;
            gaps.push(gap);
            rest = &rest[end + text.len()..];
            if is_last && !rest.is_empty() {
                return None;
            }
        }
        rest.is_empty().then_some(gaps)
    }
}

static TABLE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let files = [
        include_str!("russian/page.txt"),
        include_str!("russian/prompts.txt"),
        include_str!("russian/database.txt"),
        include_str!("russian/check.txt"),
    ];
    let pairs = files.iter().flat_map(|file| file.split("\n\n"));
    let entries = pairs.filter_map(|pair| pair.trim().split_once('\n'));
    entries
        .map(|(english, russian)| Entry {
            english: english.split("{}").collect(),
            russian,
            letters: english.len(),
        })
        .collect()
});

#[cfg(test)]
mod tests {
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
            let part = |part: &str| {
                part.len() > 5 && all.contains(part.trim_matches([' ', ';', ':', ',']))
            };
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
            assert_eq!(Language::Russian.say(&text).len() < text.len() * 4, true);
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }
}

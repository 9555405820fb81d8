//! The table of faults: filled while the tests run, printed when it is full, and held against
//! what the documents say. `make faults` writes it into them.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::load::{Fate, crowd};
use rust_ivr_testing::machine::repository;

/// How soon after a fault rows must be live again.
const LIVE_AGAIN: Duration = Duration::from_secs(1);

/// How long the most wait while later callers are spared the wait for the database; `make faults` has
/// the machine to itself.
fn at_once() -> Duration {
    Duration::from_millis(if is_written() { 50 } else { 150 })
}

/// Where callers get their rows while a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// From the database: it is no fault for them.
    Live,
    Copied,
    /// From the snapshot at first, then from the database again.
    Mended,
}
use Rows::{Copied, Live, Mended};

/// Every fault in the order of the documents: in English, in Russian, and what is to be expected.
const FAULTS: [(&str, &str, Rows); 14] = [
    ("none", "нет", Live),
    ("frozen (SIGSTOP)", "завис (SIGSTOP)", Copied),
    ("killed", "убит", Copied),
    ("accepts, never answers", "принимает и молчит", Copied),
    ("one byte a second", "байт в секунду", Copied),
    (
        "drops after the greeting",
        "обрывает после приветствия",
        Copied,
    ),
    ("password refused", "пароль не принят", Copied),
    (
        "max_connections reached",
        "достигнут max_connections",
        Copied,
    ),
    ("table missing", "нет таблицы", Copied),
    ("column missing", "нет столбца", Copied),
    ("another charset", "другая кодировка", Live),
    ("read-only replica", "реплика только для чтения", Live),
    ("connections killed", "соединения оборваны", Live),
    (
        "failover behind the name",
        "имя ведёт на другой адрес",
        Mended,
    ),
];

/// A row for each document, and those of the faults that were endured so far.
type Row = [String; 2];
static TABLE: Mutex<BTreeMap<usize, Row>> = Mutex::new(BTreeMap::new());

/// Notes how the callers of a fault fared. `back`: how long after its end callers still got the
/// snapshot.
///
/// # Panics
/// When the rows came from elsewhere than [`FAULTS`] says, callers waited or rows were not live
/// again soon; and when the table is full and the documents do not say the same.
pub fn record(fault: &str, fates: &[Fate], back: Duration) {
    let at = FAULTS.iter().position(|(name, ..)| *name == fault);
    let at = at.unwrap_or_else(|| panic!("{fault} is not in the table"));
    let (name, russian, expected) = FAULTS[at];
    assert_eq!(rows(fates), expected, "{fault}");
    let back = match expected {
        // It mends itself while callers come.
        Mended => last_copied(fates, fates[0].began),
        Live | Copied => back,
    };
    assert!(back < LIVE_AGAIN, "{fault}: the snapshot for {back:?}");
    let median = median(fates);
    assert!(median < at_once(), "{fault}: half of all waited {median:?}");
    let (first, others) = fates.split_at(10);
    let times = [median, slowest(first), slowest(others), back];
    let row = |name, rows: [&str; 3], unit| {
        let rows = rows[match expected {
            Live => 0,
            Copied => 1,
            Mended => 2,
        }];
        let (calls, lost) = (crowd(), crowd() - fates.len());
        let times = times.map(|time| format!("{} {unit}", time.as_millis()));
        let times = times.join(" | ");
        format!("| {name} | {calls} | {lost} | {rows} | {times} |")
    };
    let row = [
        row(name, ["live", "snapshot", "snapshot, then live"], "ms"),
        row(russian, ["база", "снимок", "снимок, потом база"], "мс"),
    ];
    println!("{}", row[0]);

    let mut table = TABLE.lock().expect("no fault failed");
    table.insert(at, row);
    if table.len() == FAULTS.len() {
        finish(&table);
    }
}

fn slowest(fates: &[Fate]) -> Duration {
    let waited = fates.iter().map(|fate| fate.waited);
    waited.max().unwrap_or_default()
}

fn median(fates: &[Fate]) -> Duration {
    let mut waited: Vec<Duration> = fates.iter().map(|fate| fate.waited).collect();
    waited.sort();
    waited[waited.len() / 2]
}

/// How long after `since` the last caller got the snapshot; zero when none did.
pub fn last_copied(fates: &[Fate], since: Instant) -> Duration {
    let last = fates.iter().rfind(|fate| !fate.live);
    last.map_or(Duration::ZERO, |fate| fate.began - since)
}

fn rows(fates: &[Fate]) -> Rows {
    let copied = fates.iter().take_while(|fate| !fate.live).count();
    assert!(
        fates[copied..].iter().all(|fate| fate.live),
        "from the snapshot after live ones: {fates:?}"
    );
    match copied {
        0 => Live,
        copied if copied == fates.len() => Copied,
        _ => Mended,
    }
}

const HEADS: [(&str, &str); 2] = [
    (
        "docs/en/database.md",
        "| Fault | Calls | Lost | Rows | Median | Slowest of the first ten | Slowest of the others | Live again after |",
    ),
    (
        "docs/ru/database.md",
        "| Сбой | Звонков | Потеряно | Строки | Медиана | Дольше всех из первых десяти | Из остальных | Снова из базы через |",
    ),
];

fn finish(table: &BTreeMap<usize, Row>) {
    for (at, (document, head)) in HEADS.into_iter().enumerate() {
        let rows: Vec<&str> = table.values().map(|row| row[at].as_str()).collect();
        let new = format!(
            "{head}\n|---|---|---|---|---|---|---|---|\n{}\n",
            rows.join("\n")
        );
        println!("{new}");
        let path = repository().join(document);
        let text = fs::read_to_string(&path).expect(document);
        let (before, rest) = text.split_once("<!-- faults -->\n").expect("its begin");
        let (old, after) = rest
            .split_once("<!-- end of faults -->\n")
            .expect("its end");
        if is_written() {
            let text = format!("{before}<!-- faults -->\n{new}<!-- end of faults -->\n{after}");
            fs::write(path, text).expect(document);
        } else {
            assert_eq!(
                outcomes(old),
                outcomes(&new),
                "{document} has another table: run `make faults`"
            );
        }
    }
}

/// Whether the documents' table is made anew: `make faults`.
pub fn is_written() -> bool {
    std::env::var_os("RUST_IVR_WRITE_FAULTS").is_some()
}

/// The table's faults, losses and rows, without the number of calls and the times: a short run has
/// fewer, and no two runs share these.
fn outcomes(table: &str) -> Vec<[&str; 3]> {
    let cells = |row| {
        let cells: Vec<&str> = str::split(row, '|').map(str::trim).collect();
        [cells[1], cells[3], cells[4]]
    };
    table.lines().map(cells).collect()
}

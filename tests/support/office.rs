//! An office as the samples configure it: Asterisk with the module, Multifon and Bitrix24 as
//! stand-in peers that challenge like the real ones, a database with rows, and prompts that are
//! tones, so that a recording tells which prompt sounded when.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::machine::{
    BITRIX24_LINE, BITRIX24_PASSWORD, INSIDE, MULTIFON_NUMBER, MULTIFON_PASSWORD, Machine,
    MachineConfig, MariaDb, Run, repository, sqlite,
};
use crate::rtp::Source;
use crate::sip::{Asker, Call, Credentials, Demand, Incoming, Invite, Peer, Trace};

/// Bound for what should happen at once, on a box that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(5);

/// Russian ringback, in Hz.
pub const RINGBACK: f64 = 425.0;
/// What Bitrix24's manager says, in Hz.
pub const BITRIX24_TONE: f64 = 1800.0;
/// What a button's target says, in Hz.
pub const TARGET_TONE: f64 = 2100.0;
/// What the caller says, in Hz.
pub const CALLER_TONE: f64 = 2500.0;
/// Music on hold, in Hz.
pub const MUSIC: f64 = 3000.0;

/// The introduction. The debug menus name this file and those of the prompts below.
pub const INTRO: Prompt = Prompt {
    file: "scenario/hello.mp3",
    hz: 540.0,
    ms: 1000,
};
/// "Press 1."
pub const KEY_1: Prompt = Prompt {
    file: "keyNum/1.wav",
    hz: 620.0,
    ms: 400,
};
/// "Press 2."
pub const KEY_2: Prompt = Prompt {
    file: "keyNum/2.wav",
    hz: 820.0,
    ms: 400,
};
/// What button 1 leads to.
pub const CAKES: Prompt = Prompt {
    file: "msgMp3/cakes.mp3",
    hz: 1020.0,
    ms: 600,
};
/// What button 2 leads to.
pub const FLOWERS: Prompt = Prompt {
    file: "msgMp3/flowers.mp3",
    hz: 1160.0,
    ms: 600,
};

/// The whole menu of two buttons, in the customer's order.
pub const MENU: [Prompt; 5] = [INTRO, KEY_1, CAKES, KEY_2, FLOWERS];

/// A prompt that is a tone.
#[derive(Clone, Copy, Debug)]
pub struct Prompt {
    /// Its file, below `sounds/rust_ivr/` of the data directory, as the rows name it.
    pub file: &'static str,
    /// Hertz, below 4000: a call carries no more.
    pub hz: f64,
    /// Length in milliseconds.
    pub ms: u64,
}

/// Where the rows live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// In the embedded database, a file in the data directory.
    Sqlite,
    /// In MariaDB, in a container of its own.
    MariaDb,
}

/// A caller's rows. The text `NULL` stands for SQL's NULL.
pub struct Rows<'r> {
    /// The caller's number.
    pub phone: &'r str,
    /// File of the introduction.
    pub intro: &'r str,
    /// Key, file of the prompt and number to call, for each button.
    pub buttons: &'r [(&'r str, &'r str, &'r str)],
}

/// A running office.
pub struct Office {
    /// Its files and addresses.
    pub run: Run,
    /// Asterisk with the module.
    pub machine: Machine,
    /// The trunk: callers come from here, buttons' targets ring here.
    pub multifon: Peer,
    /// The cloud: managers ring here.
    pub bitrix24: Peer,
    /// What both peers sent and received, also in `sip.txt` of the run.
    pub trace: Trace,
    /// `Some` when the rows are in MariaDB.
    pub mariadb: Option<MariaDb>,
    contact: String,
}

impl Office {
    /// The samples as they are, with the debug numbers' rows.
    pub fn open(name: &str, database: Database) -> Self {
        Self::open_with(name, database, |config| config)
    }

    /// The samples with something of the configuration changed.
    pub fn open_with(
        name: &str,
        database: Database,
        change: impl FnOnce(MachineConfig) -> MachineConfig,
    ) -> Self {
        let office = Self::open_spoken(name, database, change);
        write_prompts(&office.run.data_directory().join("sounds/rust_ivr"));
        office
    }

    /// As [`Self::open_with`], and the prompts are the repository's own, spoken.
    pub fn open_spoken(
        name: &str,
        database: Database,
        change: impl FnOnce(MachineConfig) -> MachineConfig,
    ) -> Self {
        let run = Run::new(name);
        let trace = Trace::to_file(&run.directory().join("sip.txt"));
        let multifon = Peer::bind((run.multifon(), 5060), "multifon", &trace);
        let account = Credentials::new(MULTIFON_NUMBER, MULTIFON_PASSWORD);
        multifon.be_registrar(Demand::new(Asker::Proxy, "BREDBAND", account.clone()));
        multifon.demand(Demand::new(Asker::Proxy, "BREDBAND", account));
        let bitrix24 = Peer::bind((run.bitrix24(), 5060), "bitrix24", &trace);
        let line = Credentials::new(BITRIX24_LINE, BITRIX24_PASSWORD);
        bitrix24.demand(Demand::new(Asker::Server, "bitrixphone.com", line));

        write_music(&run.data_directory().join("moh"));
        let (mariadb, own_lines) = start_database(&run, database);
        let config = change(MachineConfig::samples(&run).append("res_rust_ivr.conf", &own_lines));
        let machine = Machine::start(&run, config);
        let contact = multifon.wait_registered(SOON).contact;
        Self {
            run,
            machine,
            multifon,
            bitrix24,
            trace,
            mariadb,
            contact,
        }
    }

    /// Runs SQL in the office's database.
    pub fn sql(&self, text: &str) {
        match &self.mariadb {
            Some(mariadb) => drop(mariadb.sql(text)),
            None => sqlite(&self.run.data_directory().join("rust_ivr.sqlite3"), text),
        }
    }

    /// Puts other lines in place of everything that the configuration says about the database.
    pub fn use_database(&self, lines: &str) {
        const CONF: &str = "res_rust_ivr.conf";
        let path = self.run.directory().join("etc").join(CONF);
        let text = fs::read_to_string(path).expect("the configuration");
        let (before, _) = text.split_once("\n[database]\n").expect("[database]");
        let text = format!("{before}\n[database]\n{lines}");
        self.machine.put_file(CONF, &text);
        let mark = self.machine.log_mark();
        self.machine.cli("module reload res_rust_ivr");
        let said = "the new configuration is in use";
        self.machine.wait_log_since(mark, said, SOON);
    }

    /// Adds rows for a caller.
    pub fn add(&self, rows: &Rows<'_>) {
        let text = |cell: &str| match cell {
            "NULL" => cell.to_owned(),
            cell => format!("'{}'", cell.replace('\'', "''")),
        };
        let mut sql = format!(
            "INSERT INTO sAsterisk_ivr (phone, scenario, scenarioMsg) VALUES ({}, 'test', {});",
            text(rows.phone),
            text(rows.intro),
        );
        for (key, message, to) in rows.buttons {
            sql.push_str(&format!(
                "INSERT INTO sAsterisk_ivr_button (ivrID, keyNum, msgMp3, transferTo)
                 SELECT max(id), {}, {}, {} FROM sAsterisk_ivr;",
                text(key),
                text(message),
                text(to),
            ));
        }
        self.sql(&sql);
    }

    /// A call from the city, as it reaches the registered contact.
    pub fn call(&self, caller: &str) -> Call {
        self.multifon.call(self.invite(caller))
    }

    /// What such a call begins with, to be changed by a test.
    pub fn invite(&self, caller: &str) -> Invite {
        Invite::to(&self.contact).from(caller).domain("multifon.ru")
    }

    /// Where Asterisk takes calls of Multifon to another extension than the account's.
    pub fn contact_for(&self, extension: &str) -> String {
        self.contact.replacen(MULTIFON_NUMBER, extension, 1)
    }

    /// A button's number rings at Multifon.
    pub fn expect_target(&self, number: &str) -> Incoming {
        let incoming = self.multifon.expect_call(SOON);
        assert_eq!(incoming.number(), number, "another number was dialled");
        incoming
    }

    /// Bitrix24 rings.
    pub fn expect_bitrix24(&self, within: Duration) -> Incoming {
        self.bitrix24.expect_call(within)
    }

    /// Bitrix24 rings, its manager answers, both hear each other, the caller hangs up.
    pub fn talk_with_bitrix24(&self, caller: &Call, within: Duration) {
        let manager = self
            .expect_bitrix24(within)
            .ring()
            .answer(Source::tone(BITRIX24_TONE));
        self.talk(caller, &manager, BITRIX24_TONE);
    }

    /// Both hear each other, then the caller hangs up and the other side's call ends with it.
    pub fn talk(&self, caller: &Call, other: &Call, tone: f64) {
        caller.wait_answered(SOON);
        caller.say(Source::tone(CALLER_TONE));
        caller.wait_heard(tone, SOON);
        other.wait_heard(CALLER_TONE, SOON);
        caller.hangup();
        other.wait_ended(SOON);
    }

    /// The words of a call's end, as a hangup handler of the sample dialplan logs them.
    pub fn story(&self, phone: &str) -> String {
        // The line itself: "Executing Log(...)" came before it.
        self.machine
            .wait_log(&format!("Ext. s: RustIvr {phone}: "), SOON)
    }

    /// Asserts a call's words.
    pub fn assert_story(&self, phone: &str, words: &str) {
        let story = self.story(phone);
        assert!(
            story.contains(&format!("RustIvr {phone}: {words}")),
            "{words}: {story}"
        );
    }

    /// No channel is left, and Asterisk lives.
    pub fn assert_nothing_left(&self) {
        let until = Instant::now() + SOON;
        loop {
            let channels = self.machine.cli("core show channels count");
            let calls = self.machine.cli("rustivr show calls");
            if channels.contains("0 active channels") && calls.contains("0 call(s)") {
                break;
            }
            assert!(Instant::now() < until, "left: {channels} {calls}");
        }
        assert!(self.machine.alive(), "Asterisk died");
    }
}

impl Drop for Office {
    /// A failure keeps its recordings beside its logs.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.multifon.save_recordings(self.run.directory());
            self.bitrix24.save_recordings(self.run.directory());
        }
    }
}

/// Lines for `res_rust_ivr.conf`, which ends with its section `[database]`.
fn start_database(run: &Run, database: Database) -> (Option<MariaDb>, String) {
    let schema = |name: &str| {
        fs::read_to_string(repository().join("dialplan").join(name)).expect("a schema")
    };
    match database {
        Database::Sqlite => {
            let file = run.data_directory().join("rust_ivr.sqlite3");
            sqlite(&file, &schema("schema.sqlite.sql"));
            (None, String::new())
        }
        Database::MariaDb => {
            let mariadb = MariaDb::start(run, &schema("schema.mysql.sql"));
            let lines = format!(
                "driver = mysql\nsocket = {}\nname = {}\nuser = {}\npassword = {}\n",
                MariaDb::SOCKET,
                MariaDb::NAME,
                MariaDb::USER,
                MariaDb::PASSWORD
            );
            (Some(mariadb), lines)
        }
    }
}

/// The spoken prompts give way to tones. A tone in a WAV file keeps the name that the rows have:
/// the module looks at what is in a file.
fn write_prompts(sounds: &Path) {
    for prompt in MENU {
        let path = sounds.join(prompt.file);
        fs::remove_file(&path).ok();
        let path = path.with_extension("wav");
        fs::write(&path, tone_wav(prompt.hz, prompt.ms, 16_000)).expect("a prompt");
    }
}

/// Asterisk looks for music when it starts.
fn write_music(directory: &Path) {
    fs::create_dir_all(directory).expect("a directory for music");
    fs::write(directory.join("music.wav"), tone_wav(MUSIC, 60_000, 8000)).expect("music");
}

/// A tone of `ms` milliseconds as a 16-bit mono WAV file; `rate` is in samples per second, and `hz`
/// must be below half of it.
pub fn tone_wav(hz: f64, ms: u64, rate: u32) -> Vec<u8> {
    let count = u64::from(rate) * ms / 1000;
    let data: Vec<u8> = (0..count)
        .map(|n| (n as f64 * hz * std::f64::consts::TAU / f64::from(rate)).sin() * 10_000.0)
        .flat_map(|sample| (sample as i16).to_le_bytes())
        .collect();
    let length = u32::try_from(data.len()).expect("a short tone");
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 2).to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(data);
    wav
}

/// Where a run's directory is inside the container; for configuration lines of tests.
pub fn inside(path: &str) -> String {
    format!("{INSIDE}/{path}")
}

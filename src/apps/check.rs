//! `rustivr check`: gathers what `check` judges. Places no call, and no call waits for it: rows and
//! recordings have two seconds each, questions to the database their own time budget.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{AccessFlags, access};

use crate::asterisk::{config, host, survey};
use crate::check::{
    self, Features, Finding, Host, Judge, Judged, Music, MusicClass, NEEDED, Place, Recordings,
    Route, TIMING, Target, Transfers,
};
use crate::numbers::Phone;
use crate::ports::Line;
use crate::rooms::transfers;
use crate::service::Service;

/// How long the rows may take to come, and how long prompts are looked at.
const PATIENCE: Duration = Duration::from_secs(2);

/// The operator's file, as `module.rs` reads it.
const CONFIG_FILE: &CStr = c"res_rust_ivr.conf";

/// Whom nobody is: looked up to see whether the database answers.
const NOBODY: &str = "0";

/// What is wrong with this installation, the host first, then the database, the rows, the recordings.
/// Takes seconds at most; texts may hold what is in rows.
pub fn findings(service: &Service) -> Vec<Finding> {
    let settings = &service.settings;
    let mut found = check::host(&facts_of_host());
    found.extend(check::features(&facts_of_features()));
    let routes = check::destinations(settings).into_iter();
    let routes: Vec<Route> = routes
        .map(|(option, destination)| Route {
            option,
            place: place(&destination),
            destination,
        })
        .collect();
    let version = survey::version();
    found.extend(check::dialling(
        settings,
        &routes,
        transfers_here(service),
        &version,
    ));
    found.extend(music(&settings.conference.hold_music));
    found.extend(files(service));
    found.extend(database(service));
    found.extend(rows_and_recordings(service));
    found
}

fn facts_of_host() -> Host {
    let needed = NEEDED.iter().map(|(name, _)| *name).chain(TIMING);
    let loaded = needed.filter(|name| runs(name)).collect();
    Host {
        loaded,
        version: survey::version(),
        built: survey::built(),
        headers_built: survey::headers_built(),
        modules: config::read(c"modules.conf").ok().flatten(),
        has_sounds: has_entries(&host::directories().data.join("sounds/en")),
    }
}

fn runs(name: &str) -> bool {
    CString::new(name).is_ok_and(|name| host::runs(&name))
}

fn has_entries(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}

fn lines_of(file: &'static CStr) -> Vec<Line> {
    config::read(file).ok().flatten().unwrap_or_default()
}

fn facts_of_features() -> Features {
    Features {
        lines: lines_of(c"features.conf"),
        global: survey::global(c"DYNAMIC_FEATURES"),
        set_in_dialplan: survey::dialplan_mentions(c"DYNAMIC_FEATURES"),
    }
}

fn place(destination: &str) -> Place {
    match check::target_of(destination) {
        Target::Context(name) if survey::has_context(&name) => Place::There(None),
        Target::Context(name) => Place::UnknownContext(name),
        Target::Endpoint(tech, _) if !survey::has_technology(&tech) => Place::NoTechnology(tech),
        Target::Endpoint(_, name) if name.is_empty() => Place::NoEndpoint,
        Target::Endpoint(tech, name) => match survey::endpoint(&tech, &name) {
            Some((false, _)) => Place::UnknownEndpoint(name),
            Some((true, codecs)) => Place::There(codecs),
            None => Place::There(None),
        },
    }
}

fn transfers_here(service: &Service) -> Transfers {
    let endpoint = service.managers_endpoint().unwrap_or_default();
    if !endpoint.starts_with("PJSIP/") {
        Transfers::NoPjsip
    } else if transfers::are_handled() {
        Transfers::Ours
    } else {
        Transfers::NotOfThisAsterisk
    }
}

fn music(class: &str) -> Option<Finding> {
    let data = host::directories().data;
    let found = match check::class_of(&lines_of(c"musiconhold.conf"), class, &data) {
        MusicClass::Unknown if !survey::is_realtime(c"musiconhold") => Music::Unknown,
        MusicClass::Files(directory) if !has_entries(&directory) => Music::Empty(directory),
        _ => Music::Plays,
    };
    check::music(class, &found)
}

fn files(service: &Service) -> Vec<Finding> {
    let directories = host::directories();
    let name = CONFIG_FILE.to_string_lossy();
    let lines = config::read(CONFIG_FILE);
    let mut found = Vec::new();
    found.extend(check::configuration(&name, &lines, &service.settings));
    let open = match &lines {
        Ok(Some(lines)) => check::readable_passwords(&directories.config.join(&*name), lines),
        _ => BTreeSet::new(),
    };
    let may_write = access(&directories.var, AccessFlags::W_OK).is_ok();
    let var = (&*directories.var, may_write);
    let var = service.settings.database.snapshot.map(|_| var);
    found.extend(check::places(&open, var));
    found
}

fn database(service: &Service) -> Vec<Finding> {
    let settings = &service.settings;
    let Some(nobody) = Phone::parse(NOBODY, &settings.numbers) else {
        return Vec::new();
    };
    let inspection = service.directory.inspect(&nobody);
    check::database(&inspection, &settings.database)
}

fn rows_and_recordings(service: &Service) -> Vec<Finding> {
    let settings = &service.settings;
    let notices = service.notices.look("");
    let Some(judged) = judged_rows(service) else {
        let mut found = check::recordings(&Recordings {
            notices,
            ..Recordings::default()
        });
        if settings.database.snapshot.is_none() {
            found.push(Finding::note(
                "the rows and their prompts were not looked at: [database] snapshot is 0",
                "rustivr show menu PHONE looks at those of one phone",
            ));
        }
        return found;
    };
    let mut found = judged.findings;
    let look = service
        .prompts
        .look(&judged.played, &judged.named, PATIENCE);
    found.extend(check::recordings(&Recordings {
        prompts: look.flaws,
        notices,
        unused: look.unused,
        left_out: look.left_out,
    }));
    found
}

/// `None`: there is no copy of the rows.
fn judged_rows(service: &Service) -> Option<Judged> {
    let settings = &service.settings;
    let rows = service.directory.stored(PATIENCE)?;
    let built_in = settings.database.menu_query.is_none();
    let mut judge = Judge::new(&settings.numbers, built_in);
    let known = rows.menus(|phone, is_number, rows| judge.menu(phone, is_number, rows));
    rows.codes(|code, number| judge.code(code, number));
    known.then(|| judge.finish())
}

//! Load, reload, unload: the only place that knows everybody.

use std::ffi::{CStr, CString};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::apps::metrics::OfService;
use crate::apps::page::Page;
use crate::apps::rust_conf_add::{RustConfAdd, TransferToRoom};
use crate::apps::rust_ivr::RustIvr;
use crate::apps::{actions_ami, cli};
use crate::asterisk::answers::Answers;
use crate::asterisk::application::Registered;
use crate::asterisk::cli::Commands;
use crate::asterisk::context::Context;
use crate::asterisk::events::Events;
use crate::asterisk::http::Served;
use crate::asterisk::log::HostLogging;
use crate::asterisk::manager::Actions;
use crate::asterisk::metrics::Scraped;
use crate::asterisk::module::{Module, asterisk_module};
use crate::asterisk::transfer::Transfers;
use crate::asterisk::{config, host};
use crate::check;
use crate::rooms::{context, transfers};
use crate::service::{self, Service};
use crate::settings::Settings;

/// The operator's file, in Asterisk's configuration directory.
const CONFIG_FILE: &CStr = c"res_rust_ivr.conf";

/// What is registered with the host while the module is loaded.
static LOADED: RwLock<Option<Loaded>> = RwLock::new(None);

/// The page, while `[http] enabled` says so.
static SERVED: Mutex<Option<Served>> = Mutex::new(None);

/// Puts the page on Asterisk's HTTP server, or takes it away.
fn serve(enabled: bool) {
    let mut served = SERVED.lock();
    match (enabled, served.is_some()) {
        (true, false) => *served = Some(Served::new::<Page>()),
        (false, true) => *served = None,
        _ => {}
    }
}

/// Dropped from top to bottom: no new calls, no new commands and actions, then the rest, the log last.
struct Loaded {
    _applications: [Registered; 2],
    _commands: Commands,
    _actions: Actions,
    transfers: Option<Transfers>,
    // Behind the actions, which move calls there.
    _context: Context,
    _scraped: Scraped,
    _events: Option<Events>,
    _answers: Option<Answers>,
    _service: Published,
    _logging: HostLogging,
}

/// The service is there for calls; dropping takes it away.
struct Published;

impl Published {
    fn new(service: Arc<Service>) -> Self {
        service::replace(Some(service));
        Self
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        service::replace(None);
    }
}

/// `res_rust_ivr.so`.
struct ResRustIvr;

asterisk_module!(ResRustIvr);

impl Module for ResRustIvr {
    fn load() -> bool {
        let logging = crate::asterisk::log::install();
        match try_load(logging) {
            Ok(loaded) => {
                *LOADED.write() = Some(loaded);
                true
            }
            Err(_logging) => false,
        }
    }

    /// Calls in progress keep the configuration that they began with.
    fn reload() -> bool {
        let Some(old) = service::current() else {
            return false;
        };
        match settings_for_reload() {
            Ok(settings) => {
                let new = Arc::new(Service::new(settings, Some(&old)));
                let endpoint = new.managers_endpoint();
                let page = new.settings.http.enabled;
                service::replace(Some(new));
                serve(page);
                let loaded = LOADED.read();
                let transfers = loaded.as_ref().and_then(|loaded| loaded.transfers.as_ref());
                if transfers.is_some_and(Transfers::are_ours) {
                    transfers::handle_for(endpoint);
                }
                log::info!("res_rust_ivr: the new configuration is in use");
                true
            }
            Err(why) => {
                log::error!("res_rust_ivr keeps its old configuration: {why}");
                false
            }
        }
    }

    fn unload() {
        serve(false);
        transfers::handle_for(None);
        let loaded = LOADED.write().take();
        // Outside the lock: the threads that end here may be at work.
        drop(loaded);
    }
}

/// A refusal gives the logging back, so that it ends after the last sentence.
fn try_load(logging: HostLogging) -> Result<Loaded, HostLogging> {
    let registered = host::check_version()
        .and_then(|()| settings_or_defaults())
        .map(|settings| Arc::new(Service::new(settings, None)))
        .and_then(|service| {
            // Before the applications, as the service.
            let events = Events::register();
            let endpoint = service.managers_endpoint();
            let page = service.settings.http.enabled;
            // Before the applications: a call may come the moment that they are there.
            let service = Published::new(service);
            let context = context::register()?;
            let ivr = Registered::new::<RustIvr>()?;
            let conference = Registered::new::<RustConfAdd>()?;
            serve(page);
            Ok((events, service, endpoint, [ivr, conference], context))
        });
    match registered {
        Ok((events, service, endpoint, applications, context)) => {
            missing_parts()
                .iter()
                .for_each(|missing| log::warn!("{missing}"));
            let transfers = Transfers::subscribe::<TransferToRoom>();
            let are_ours = transfers.as_ref().is_some_and(Transfers::are_ours);
            transfers::handle_for(endpoint.filter(|_| are_ours));
            Ok(Loaded {
                _applications: applications,
                _commands: Commands::register(cli::commands()),
                _actions: Actions::register(actions_ami::actions()),
                transfers,
                _context: context,
                _scraped: Scraped::by_prometheus::<OfService>(),
                _events: events,
                _answers: Answers::subscribe::<TransferToRoom>(),
                _service: service,
                _logging: logging,
            })
        }
        Err(why) => {
            log::error!("res_rust_ivr is not loaded: {why}");
            Err(logging)
        }
    }
}

/// Names what calls will miss, one sentence each with its cure. None of it stops the load:
/// an office without ringback still answers its calls. Which of them declined is not known yet while
/// Asterisk starts: `rustivr check` looks again.
fn missing_parts() -> Vec<String> {
    let is_known = |name: &str| CString::new(name).is_ok_and(|name| host::is_known(&name));
    let mut missing = Vec::new();
    for (name, effect) in check::NEEDED {
        if !is_known(name) {
            missing.push(format!(
                "{name} is not loaded: {effect}; add it to modules.conf"
            ));
        }
    }
    if !check::TIMING.iter().any(|name| is_known(name)) {
        missing.push(format!(
            "{} is not loaded: prompts may stutter for callers who send no sound; add it to \
             modules.conf",
            check::TIMING[0]
        ));
    }
    missing
}

/// The operator's file, judged; `None`: there is no such file. Each wrong line has a sentence of
/// its own in the log.
fn read_settings() -> Result<Option<Settings>, String> {
    let Some(lines) = config::read(CONFIG_FILE)? else {
        return Ok(None);
    };
    let main = host::directories()
        .config
        .join(CONFIG_FILE.to_string_lossy().as_ref());
    for path in check::readable_passwords(&main, &lines) {
        let path = path.display();
        log::warn!("{path} holds a password and everybody may read it: chmod o-r {path}");
    }
    let settings = Settings::parse(&lines).map_err(|error| {
        let file = CONFIG_FILE.to_string_lossy();
        for problem in error.problems() {
            log::error!("{file}: {problem}");
        }
        format!("mend what is said of {file} above")
    });
    settings.map(Some)
}

/// At load a file that is not there means that every option has its default.
fn settings_or_defaults() -> Result<Settings, String> {
    let settings = read_settings()?;
    Ok(settings.unwrap_or_else(|| {
        let file = CONFIG_FILE.to_string_lossy();
        log::warn!(
            "{file} is missing: every option has its default; copy the sample to change one"
        );
        Settings::default()
    }))
}

/// At reload a file that is not there is one that an editor is just replacing, or a mistake.
fn settings_for_reload() -> Result<Settings, String> {
    read_settings()?.ok_or_else(|| {
        let file = CONFIG_FILE.to_string_lossy();
        format!("{file} is missing: put it back, or restart Asterisk to have every default")
    })
}

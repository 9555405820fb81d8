//! Load, reload, unload, and what a call gets when it enters: the only place that knows everybody.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::asterisk::app::Application;
use crate::asterisk::channel::{Channel, ChannelRef};
use crate::asterisk::cli::Commands;
use crate::asterisk::log::HostLogging;
use crate::asterisk::room::Rooms;
use crate::asterisk::transfer::{self, Transfers};
use crate::asterisk::ways::RoomContext;
use crate::asterisk::{self, config, host};
use crate::calls::Calls;
use crate::conference::ways::endpoint_of;
use crate::conference_call::{self, After};
use crate::console;
use crate::directory::{self, LiveDirectory};
use crate::ivr::Status;
use crate::ivr::session::{Caller, Session, Story, Tools};
use crate::ports::CallLeg;
use crate::prompts::PromptLibrary;
use crate::prompts::notices::NoticeLibrary;
use crate::settings::{Line, Settings};

/// The operator's file, in Asterisk's configuration directory.
const CONFIG_FILE: &std::ffi::CStr = c"res_rust_ivr.conf";

/// Set while the module is loaded; `None` again after unload, since the image stays mapped and
/// may be loaded again.
static LOADED: RwLock<Option<Loaded>> = RwLock::new(None);

/// Dropped from top to bottom: no new calls, no new commands, then the rest, the log last.
struct Loaded {
    _applications: [Application; 2],
    _context: RoomContext,
    transfers: Option<Transfers>,
    _commands: Commands,
    service: Arc<Service>,
    _logging: HostLogging,
}

/// What calls work with. A call keeps the one it began with; a reload makes another.
pub struct Service {
    pub settings: Settings,
    pub directory: Arc<LiveDirectory>,
    pub prompts: Arc<PromptLibrary>,
    pub notices: Arc<NoticeLibrary>,
    pub calls: Arc<Calls>,
    pub rooms: Arc<Rooms>,
}

/// The service of the moment.
pub fn service() -> Option<Arc<Service>> {
    LOADED
        .read()
        .as_ref()
        .map(|loaded| Arc::clone(&loaded.service))
}

/// Whether the module is ready; if not, a sentence in the log says what to do.
pub fn load() -> bool {
    let logging = asterisk::log::install();
    match try_load(logging) {
        Ok(loaded) => {
            *LOADED.write() = Some(loaded);
            true
        }
        Err(_logging) => false,
    }
}

/// A refusal gives the logging back, so that it ends after the last sentence.
fn try_load(logging: HostLogging) -> Result<Loaded, HostLogging> {
    let registered = host::check_version()
        .and_then(|()| read_settings())
        .map(|settings| Arc::new(Service::new(settings, None)))
        .and_then(|service| {
            let context = RoomContext::register()?;
            let ivr = Application::register(c"RustIvr", asterisk::RUST_IVR)?;
            let conference = Application::register(c"RustConfAdd", asterisk::RUST_CONF_ADD)?;
            Ok((service, [ivr, conference], context))
        });
    match registered {
        Ok((service, applications, context)) => {
            host::missing_parts()
                .iter()
                .for_each(|missing| log::warn!("{missing}"));
            Ok(Loaded {
                _applications: applications,
                _context: context,
                transfers: take_over_transfers(&service.settings),
                _commands: Commands::register(console::commands()),
                service,
                _logging: logging,
            })
        }
        Err(why) => {
            log::error!("res_rust_ivr is not loaded: {why}");
            Err(logging)
        }
    }
}

/// Takes a new configuration, or keeps the old one and says why. Calls in progress keep theirs.
pub fn reload() -> bool {
    let Some(old) = service() else {
        return false;
    };
    match read_settings() {
        Ok(settings) => {
            let new = Arc::new(Service::new(settings, Some(&old)));
            let endpoint = managers_endpoint(&new.settings);
            let mut transfers_are_ours = false;
            if let Some(loaded) = LOADED.write().as_mut() {
                loaded.service = new;
                transfers_are_ours = loaded.transfers.is_some();
            }
            if transfers_are_ours {
                transfer::keep(endpoint);
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

/// Takes everything back. Asterisk calls it only when no call is inside.
pub fn unload() {
    let loaded = LOADED.write().take();
    // Outside the lock: the threads that end here may be at work.
    drop(loaded);
}

/// `RustIvr([phone])`: one call from its first moment in the module to its last.
pub fn rust_ivr(leg: &mut Channel, arguments: &str) -> Status {
    let Some(service) = service() else {
        return Status::Unanswered;
    };
    let argument = arguments.trim();
    let caller = Caller {
        phone: if argument.is_empty() {
            leg.caller_number()
        } else {
            argument.to_owned()
        },
        extension: leg.extension(),
    };
    let channel = leg.name().to_owned();
    let live = service.calls.begin(&channel);
    let tools = Tools {
        settings: &service.settings,
        directory: &*service.directory,
        prompts: &*service.prompts,
        live: &live,
    };
    let mut session = Session::new(leg, tools, &caller);
    let status = session.run_or_rescue();
    tell(&channel, session.story());
    live.ended(status, session.story().reason);
    status
}

/// `RustConfAdd([manager][,options])`: one channel's part in a conference.
pub fn rust_conf_add(leg: &mut Channel, arguments: &str) -> After {
    service().map_or(After::GoOn, |service| {
        conference_call::run(&service, leg, arguments)
    })
}

/// A manager's leg was transferred to `RustConfAdd()`: its call goes into a room.
pub fn transferred_to_room(manager: &ChannelRef) {
    if let Some(service) = service() {
        conference_call::take_apart(&service, manager);
    }
}

/// The one line that tells a whole call (A8), and the place for whatever else must know it.
fn tell(channel: &str, story: &Story) {
    log::info!(
        "{channel}: {} reason={} phone={} source={} scenario={:?} digits={} target={} lookup={:.1}ms",
        story.status.map_or("", Status::as_str),
        story.reason.map_or("", |reason| reason.as_str()),
        story.phone,
        story.source.as_str(),
        story.scenario,
        story.digits,
        story.target,
        story.lookup.as_secs_f64() * 1000.0,
    );
}

impl Service {
    /// What did not change is taken over: connections and decoded prompts survive a reload.
    fn new(settings: Settings, old: Option<&Service>) -> Self {
        let data_dir = host::data_dir();
        let kept = |same: fn(&Settings, &Settings) -> bool| {
            old.filter(|old| same(&old.settings, &settings))
        };
        let directory = kept(|a, b| a.database == b.database).map_or_else(
            || {
                Arc::new(directory::open(
                    &settings.database,
                    &data_dir,
                    &host::var_dir(),
                ))
            },
            |old| Arc::clone(&old.directory),
        );
        let prompts = kept(|a, b| a.ivr.sounds == b.ivr.sounds).map_or_else(
            || {
                Arc::new(PromptLibrary::new(sounds_dir(
                    &data_dir,
                    &settings.ivr.sounds,
                )))
            },
            |old| Arc::clone(&old.prompts),
        );
        let notices = kept(|a, b| a.conference.sounds == b.conference.sounds).map_or_else(
            || {
                Arc::new(NoticeLibrary::new(sounds_dir(
                    &data_dir,
                    &settings.conference.sounds,
                )))
            },
            |old| Arc::clone(&old.notices),
        );
        Self {
            settings,
            directory,
            prompts,
            notices,
            calls: old.map_or_else(Arc::default, |old| Arc::clone(&old.calls)),
            rooms: old.map_or_else(Arc::default, |old| Arc::clone(&old.rooms)),
        }
    }
}

fn take_over_transfers(settings: &Settings) -> Option<Transfers> {
    let transfers = Transfers::take_over()?;
    transfer::keep(managers_endpoint(settings));
    Some(transfers)
}

/// Where managers' legs are: the endpoint of `[general] manager`.
pub fn managers_endpoint(settings: &Settings) -> Option<String> {
    endpoint_of(&settings.general.manager.render(None, "", ""))
}

/// `sounds` is absolute, or under Asterisk's sounds directory (`join` tells them apart).
fn sounds_dir(data_dir: &Path, sounds: &str) -> PathBuf {
    data_dir.join("sounds").join(sounds)
}

/// The operator's file, judged. Each wrong line has a sentence of its own in the log.
fn read_settings() -> Result<Settings, String> {
    let lines = config::read(CONFIG_FILE)?;
    warn_of_readers(&lines);
    Settings::parse(&lines).map_err(|error| {
        let file = CONFIG_FILE.to_string_lossy();
        for problem in error.problems() {
            log::error!("{file}: {problem}");
        }
        format!("mend what is said of {file} above")
    })
}

/// A password that everybody on the machine can read is told, not refused.
fn warn_of_readers(lines: &[Line]) {
    let path = host::config_dir().join(CONFIG_FILE.to_string_lossy().as_ref());
    let readable = fs::metadata(&path).is_ok_and(|meta| meta.permissions().mode() & 0o004 != 0);
    if readable
        && lines
            .iter()
            .any(|line| line.key.eq_ignore_ascii_case("password"))
    {
        let path = path.display();
        log::warn!("{path} holds a password and everybody may read it: chmod o-r {path}");
    }
}

//! What all of the applications work with: settings, directory, recordings, calls, rooms.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::asterisk::{host, sound_file};
use crate::calls::Calls;
use crate::conference::ways::endpoint_of;
use crate::directory::{self, LiveDirectory};
use crate::prompts::PromptLibrary;
use crate::prompts::notices::NoticeLibrary;
use crate::rooms::room::Rooms;
use crate::settings::Settings;
use crate::stats::Stats;
use crate::stats::text::{self, Now};

/// Set while the module is loaded; `None` again after unload, since the image stays mapped and
/// may be loaded again.
static CURRENT: RwLock<Option<Arc<Service>>> = RwLock::new(None);

/// What calls work with. A call keeps the one it began with; a reload makes another.
pub struct Service {
    /// The operator's choices.
    pub settings: Settings,
    /// Rows and codes.
    pub directory: Arc<LiveDirectory>,
    /// The menus' recordings.
    pub prompts: Arc<PromptLibrary>,
    /// The conferences' recordings.
    pub notices: Arc<NoticeLibrary>,
    /// The calls inside `RustIvr()`.
    pub calls: Arc<Calls>,
    /// The rooms of `RustConfAdd()`.
    pub rooms: Arc<Rooms>,
    /// What was counted.
    pub stats: Arc<Stats>,
}

/// The service of the moment; `None` before load and after unload.
pub fn current() -> Option<Arc<Service>> {
    CURRENT.read().clone()
}

/// Makes another service the one of the moment.
pub fn replace(service: Option<Arc<Service>>) {
    let earlier = std::mem::replace(&mut *CURRENT.write(), service);
    // Outside the lock: the threads that may end here may be at work.
    drop(earlier);
}

impl Service {
    /// What did not change is taken over: connections and decoded prompts survive a reload.
    pub fn new(settings: Settings, old: Option<&Self>) -> Self {
        let host::Directories { data, var, .. } = host::directories();
        let kept = |same: fn(&Settings, &Settings) -> bool| {
            old.filter(|old| same(&old.settings, &settings))
        };
        let directory = kept(|a, b| a.database == b.database).map_or_else(
            || Arc::new(directory::open(&settings.database, &data, &var)),
            |old| Arc::clone(&old.directory),
        );
        let prompts = kept(|a, b| a.ivr.sounds == b.ivr.sounds).map_or_else(
            || {
                let folder = sounds_dir(&data, &settings.ivr.sounds);
                Arc::new(PromptLibrary::new(folder).with_host(sound_file::read))
            },
            |old| Arc::clone(&old.prompts),
        );
        let notices = kept(|a, b| a.conference.sounds == b.conference.sounds).map_or_else(
            || {
                let folder = sounds_dir(&data, &settings.conference.sounds);
                Arc::new(NoticeLibrary::new(folder).with_host(sound_file::read))
            },
            |old| Arc::clone(&old.notices),
        );
        let stats = old.map_or_else(Arc::default, |old| Arc::clone(&old.stats));
        Self {
            settings,
            directory,
            prompts,
            notices,
            calls: old.map_or_else(
                || Arc::new(Calls::counted_in(Arc::clone(&stats))),
                |old| Arc::clone(&old.calls),
            ),
            rooms: old.map_or_else(Arc::default, |old| Arc::clone(&old.rooms)),
            stats,
        }
    }

    /// All metrics, in Prometheus' text format ([`text::CONTENT_TYPE`]). Asks the embedded database
    /// whether it answers, within `[database] timeout`; else waits for nobody.
    pub fn metrics(&self) -> String {
        let database = self.directory.health();
        let prompts = self.prompts.health();
        let now = Now {
            calls: self.calls.count(),
            rooms: self.rooms.live().len(),
            snapshot_age: database.snapshot_age,
            database_up: database.up,
            connections: database.connections,
            prompts: vec![
                ("cached", prompts.cached),
                ("broken", prompts.broken),
                ("missing", prompts.missing),
            ],
            decodes: prompts.decodes,
        };
        text::text(&self.stats, &now)
    }

    /// Where managers' legs are: the endpoint of `[general] manager`. `None`: it names none.
    pub fn managers_endpoint(&self) -> Option<String> {
        endpoint_of(&self.settings.general.manager.unfilled())
    }
}

/// `sounds` is absolute, or under Asterisk's sounds directory (`join` tells them apart).
fn sounds_dir(data_dir: &Path, sounds: &str) -> PathBuf {
    data_dir.join("sounds").join(sounds)
}

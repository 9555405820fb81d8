//! Rooms: who is in a conference and where, how channels get in, and how transfers do. Safe Rust
//! on the border's types.

pub mod context;
mod leg;
pub mod people;
pub mod room;
pub mod seat;
pub mod ticket;
pub mod transfers;
pub mod ways;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::settings::Orphan;
use room::Room;

/// All rooms of the module since it was loaded. Survives a reload.
#[derive(Default)]
pub struct Rooms {
    opened: AtomicU64,
    live: Mutex<Vec<Weak<Room>>>,
}

impl Rooms {
    /// Opens a room. The error says which module is missing.
    pub fn open(&self, music: &str, orphan: Orphan) -> Result<Arc<Room>, String> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let room = Room::new(format!("room-{number}"), music, orphan)?;
        let mut live = self.live.lock();
        live.retain(|room| room.strong_count() > 0);
        live.push(Arc::downgrade(&room));
        Ok(room)
    }

    /// The rooms with anybody in them.
    pub fn live(&self) -> Vec<Arc<Room>> {
        self.live.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

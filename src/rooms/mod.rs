//! Rooms: who is in a conference and where, how channels get in, and how transfers do. Safe Rust
//! on the border's types; `people.rs` needs none of them.

#[cfg(feature = "module")]
pub mod asked;
#[cfg(feature = "module")]
pub mod context;
#[cfg(feature = "module")]
pub mod leg;
pub mod people;
#[cfg(feature = "module")]
pub mod room;
#[cfg(feature = "module")]
pub mod seat;
#[cfg(feature = "module")]
pub mod snapshot;
#[cfg(feature = "module")]
pub mod ticket;
#[cfg(feature = "module")]
pub mod transfers;
#[cfg(feature = "module")]
pub mod ways;

//! What Asterisk calls: the two applications, the transfers that are left to us, and the CLI. Each
//! implements a trait of the border.

pub mod cli;
pub mod rust_conf_add;
pub mod rust_ivr;

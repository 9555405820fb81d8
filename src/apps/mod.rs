//! What Asterisk calls: the two applications, the transfers that are left to us, the CLI,
//! AMI's actions and the page. Each implements a trait of the border; `module.rs` registers it by its type. A new
//! application is a file here, a line there, and its page in `dialplan/res_rust_ivr-en_US.xml`.

pub mod actions;
pub mod actions_ami;
pub mod check;
pub mod cli;
mod client;
pub mod dry;
mod manager;
pub mod metrics;
mod news;
pub mod page;
pub mod rust_conf_add;
pub mod rust_ivr;
mod ways_in;

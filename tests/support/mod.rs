//! What the call tests are made of: the machine that calls are tested on, SIP
//! parties, RTP, and the measuring of sound. Asterisk is driven as a black box;
//! nothing here imports the module's own code.

pub mod conference;
pub mod machine;
pub mod office;
pub mod rtp;
pub mod sip;
pub mod sound;

//! Where the time of a batch goes: its parts in the engine, the wait for its results, its operators, and a trace of all
//! lanes.

mod chrome;
mod parts;
mod recorder;
mod wait;

pub use chrome::chrome;
pub use parts::{Part, Parts, parts};
pub use recorder::{Noted, Recorder};
pub use wait::{Wait, wait};

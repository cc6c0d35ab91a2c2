//! Load generators, strategies, statistics and reports: what a backend's lane reaches by itself, and what the engine
//! and its callers make of it.
//!
//! A figure counts only when the results were read back, and all strategies of one report are measured in turn, with
//! the same samples, each after a warm-up of its own.

pub mod answers;
pub mod compare;
pub mod crash;
pub mod disturb;
pub mod draw;
mod error;
pub mod evidence;
pub mod host;
mod latencies;
mod load;
mod machine;
pub mod null;
pub mod open;
pub mod ops;
pub mod profile;
pub mod proof;
pub mod remote;
pub mod report;
mod samples;
pub mod seeds;
mod soak;
pub mod stats;
pub mod strategy;
pub mod suite;
pub mod truth;
pub mod tune;
mod usage;
pub mod verify;
mod waited;

pub use error::MeasureError;
pub use latencies::Latencies;
pub use machine::Machine;
pub use samples::Samples;
pub use soak::Soak;
pub use usage::{cpu_time, resident_bytes, thread_time};
pub use waited::WaitedLane;

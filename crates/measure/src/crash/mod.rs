//! Commands in child processes: how each ended, by exit code or signal, and what it said before.
//!
//! [`run`] runs one with a limit on its time, and leaves nothing of it behind; [`Rounds`] runs one many times and keeps
//! what the system has to say of every crash.

mod child;
mod error;
mod output;
mod report;
mod rounds;
mod running;

pub use child::{ChildLimits, ChildRun, run};
pub use error::CrashError;
pub use report::{Crash, CrashReport};
pub use rounds::Rounds;
pub use running::stop_running;

pub use phalanx_ending::{Ending, signal_name};

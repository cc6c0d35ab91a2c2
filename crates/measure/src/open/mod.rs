//! An open loop on an engine in this process: every request has an instant at which it is due, and its latency counts
//! from there until its answer is ready for the caller.

mod flight;
mod goodput;
mod outcome;
mod run;

pub(crate) use goodput::requests;
pub use goodput::{GoodputPlan, GoodputProbe, InProcessGoodput, find_goodput};
pub use outcome::OpenOutcome;
pub use run::{OpenRun, Watch};

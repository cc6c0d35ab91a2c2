//! When waiting requests become a batch, and which of them are too late to run.
//!
//! Everything here is pure: times are nanoseconds since some start and come in as arguments, decisions come out, and
//! nothing waits, locks or allocates in the steady state. The engine runs [`Scheduler`] behind a lock; the simulator
//! and the tests run it in virtual time.
//!
//! A batch is formed *ahead*: requests join it while the one before computes, so that its rows can be copied in the
//! meantime, and it stays open until a lane takes it. At most one batch is open, and behind those that run at most
//! one a lane is formed, however deep the lanes are. So being early with the copies never makes the batches smaller.

mod callers;
mod formed;
mod latency;
mod options;
mod places;
pub mod policy;
mod queue;
mod refusal;
mod scheduler;
mod slips;
mod take;

pub use latency::LatencyModel;
pub use options::{Options, PolicyKind};
pub use refusal::Refusal;
pub use scheduler::{Admitted, Arrival, HoldId, Joined, Placed, RequestKey, Returning, Scheduler, Turn};
pub use take::{BatchRef, LeaveReason, Member, Take, Taken};

/// A point in time, in nanoseconds since the engine started; or a span of time.
pub type Nanos = u64;

/// Requests of one group have the same row shapes and may share a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u32);

/// The lane of this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub usize);

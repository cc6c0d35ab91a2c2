//! The ways of sending load that are compared with each other.

mod allocation;
mod callers;
mod crew;
mod dataset;
mod direct;
mod interleave;
mod label;
mod open;
mod raw;
mod rule;
mod window;

pub use allocation::{Allocation, Source};
pub use callers::{AllocationCount, Callers};
pub use crew::{Crew, Order};
pub use dataset::Dataset;
pub use direct::Direct;
pub use interleave::{Measured, Plan, Progress, interleave};
pub use label::{Label, Parameters};
pub use open::{Open, Shape};
pub use raw::Raw;
pub use rule::{Io, Rule};
pub use window::{Cost, Window};

use std::time::Duration;

use crate::MeasureError;

/// One way of sending load, that can be measured for a while, again and again.
pub trait Strategy {
    /// What it is called in a report.
    fn label(&self) -> Label;

    /// Sends load for about `length` and counts what was answered: only results that were read back.
    ///
    /// # Errors
    /// What the engine or the backend gives, and answers that were wrong.
    fn window(&mut self, length: Duration) -> Result<Window, MeasureError>;

    /// Memory that processes of its own have resident, beside this one.
    fn worker_bytes(&self) -> u64 {
        0
    }
}

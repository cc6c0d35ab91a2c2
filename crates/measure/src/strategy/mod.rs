//! The ways of sending load that are compared with each other.

mod callers;
mod dataset;
mod interleave;
mod label;
mod raw;
mod threads;
mod window;

pub use callers::{AllocationCount, Callers};
pub use dataset::Dataset;
pub use interleave::{Measured, Plan, Progress, interleave};
pub use label::Label;
pub use raw::Raw;
pub use threads::Threads;
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
}

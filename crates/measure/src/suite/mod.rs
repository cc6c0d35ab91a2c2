//! All strategies on one model, like for like: each row in turn with one baseline, within a budget of time, held against
//! what the device can do.

mod budget;
mod catalog;
mod group;
mod name;
mod peak;
mod run;
mod subject;

pub use group::{Group, Skipped};
pub use name::Name;
pub use run::{Outcome, Suite, Timing, Watch};
pub use subject::Subject;

//! The search for the configuration that suits a model on this machine.
//!
//! How long batches take is measured for each [`Variant`]: a backend, and how the cores are shared out. What each would
//! reach with which largest batch and which policy is simulated. The best few run on the real engine, and so does the
//! configuration that the engine takes by itself, so that what is found is never worse than that. What was measured is
//! kept after every step ([`State`]), and a search that was stopped goes on from there.

mod knobs;
mod objective;
mod plan;
mod predict;
mod reasons;
mod space;
mod state;
mod times;
mod trial;
mod tuner;

pub use knobs::{Knobs, Variant};
pub use objective::{Objective, ParseObjectiveError};
pub use plan::{Fixed, TunePlan};
pub use predict::Prediction;
pub use reasons::Reasons;
pub use space::variants;
pub use state::{State, Timed, Tried};
pub use times::measure_times;
pub use trial::{Score, Subject};
pub use tuner::{Done, Found, Observer, Step, Tuner};

//! Whether a figure can be true: what a model has to compute and move at the least, beside the most that the device was
//! seen to compute and move. Whoever stops the timer before the results are read finds out here.

mod cache;
mod ceilings;
mod copy;
mod gate;
mod product;
mod work;

pub use cache::ceilings;
pub use ceilings::{Ceilings, MovedAt, Rig};
pub use gate::Gate;
pub use work::Work;

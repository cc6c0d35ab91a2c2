//! Small statistics over the figures of a few measuring windows, and over series of them.

mod interval;
mod median;
mod quantile;
mod slope;
mod summary;
mod welch;

pub use interval::{Interval, median_interval};
pub use median::median;
pub use quantile::quantile;
pub use slope::{Slope, slope};
pub use summary::Summary;
pub use welch::{Welch, paired, welch};

//! Small statistics over the figures of a few measuring windows.

mod interval;
mod median;
mod quantile;
mod summary;

pub use interval::{Interval, median_interval};
pub use median::median;
pub use quantile::quantile;
pub use summary::Summary;

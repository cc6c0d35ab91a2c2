//! How a process ended: what workers, trials of backends and checks for crashes say of their children.

mod ending;
mod signal;

pub use ending::Ending;
pub use signal::signal_name;

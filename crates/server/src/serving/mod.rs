//! What is served, and one inference of it, whatever transport it came by.

mod classification;
mod handling;
mod infer;
mod model_options;
mod outputs;
mod reaper;
mod registry;
mod served;
mod shared_memory;
mod statistics;
mod times;

pub(crate) use handling::Handling;
pub(crate) use infer::{Answer, Arrival, infer};
pub use model_options::ModelOptions;
pub use registry::ModelState;
pub(crate) use registry::{Entry, Registry};
pub(crate) use served::Served;
pub(crate) use statistics::{Statistics, Totals};
pub(crate) use times::{BOUNDS_US, Times, TimesSnapshot};

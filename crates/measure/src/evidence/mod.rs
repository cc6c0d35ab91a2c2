//! What the system keeps of crashes, and the archive that takes it to whoever will look for the cause.

mod bundle;
mod configuration;
mod core_file;
mod core_pattern;
mod debugger;
mod diagnostic_report;
mod keeper;
mod place;
mod secrets;
mod trace;

pub use bundle::{Bundle, BundleEntry};
pub use configuration::{Variable, environment};
pub use keeper::Keeper;
pub use secrets::{hide, hide_in_command};
pub use trace::{Collector, Suspect, Trace, last_crash};

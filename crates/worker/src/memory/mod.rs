//! Memory that parent and worker both see.
//!
//! It has no name, so that nothing can be left behind: it goes with the last descriptor and mapping. What the worker is
//! to read it cannot write, and neither side can make a region shorter under the other.

#[cfg(not(target_os = "linux"))]
#[path = "anonymous_posix.rs"]
mod anonymous;
#[cfg(target_os = "linux")]
#[path = "anonymous_linux.rs"]
mod anonymous;
mod plan;
mod region;
mod slot;
mod status;

pub(crate) use region::Region;
pub(crate) use slot::SlotMemory;
pub(crate) use status::StatusPage;

//! POSIX shared-memory regions that a client registers with the server, so that tensors need not travel with messages.
//!
//! The client maps the same memory and may change any byte of it, or the object's size, at any moment. So nothing here
//! ever refers to that memory: [`Region::read`] copies out of it before anybody looks, and what was checked of a copy stays
//! true. On Linux the object is read and written through its file descriptor, which cannot fault where the object shrinks
//! meanwhile; elsewhere it is mapped (see the module that does).

mod error;
mod key;
#[cfg(not(target_os = "linux"))]
#[path = "object_mapped.rs"]
mod object;
#[cfg(target_os = "linux")]
mod object;
mod region;
mod regions;

pub use error::ShmError;
pub use region::Region;
pub use regions::{Limits, Regions};

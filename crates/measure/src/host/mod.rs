//! What this machine has, and what it lets a process use of it.

mod cgroup;
mod driver;
mod limits;
mod nodes;
mod shared_memory;

pub use driver::{Driver, drivers};
pub use limits::Limits;
pub use nodes::{DeviceNode, device_nodes};
pub use shared_memory::SharedMemory;

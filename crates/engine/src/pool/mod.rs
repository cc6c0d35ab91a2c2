//! Where slots and answers' buffers are reused from, so that the steady state allocates nothing.

mod buffers;
mod slots;

pub(crate) use buffers::{BufferPool, PooledBuffer};
pub use slots::{PoolStats, PooledSlot, SlotPool};

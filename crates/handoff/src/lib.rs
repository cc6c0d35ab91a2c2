//! The few places where threads meet, apart from everything else so that they can be model-checked.
//!
//! [`Ticket`] hands one answer from the engine to one caller, [`Inbox`] hands work to the thread that empties it, and
//! [`Semaphore`] bounds how many threads do something at once. `RUSTFLAGS="--cfg loom" cargo test -p phalanx-handoff
//! --release` explores their interleavings.

mod block_on;
mod inbox;
mod semaphore;
mod sync;
mod ticket;

#[cfg(not(loom))]
pub use block_on::block_on;
pub use inbox::Inbox;
#[cfg(not(loom))]
pub use inbox::Popped;
pub use semaphore::{Permit, Semaphore};
pub use ticket::Ticket;

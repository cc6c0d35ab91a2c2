//! The few places where threads meet, apart from everything else so that they can be model-checked.
//!
//! [`Ticket`] hands one answer from the engine to one caller, [`Inbox`] hands work to the thread that empties it,
//! [`Turns`] lets a few threads at a time use a device, and [`Bell`] wakes many tasks of one thread at once.
//! `RUSTFLAGS="--cfg loom" cargo test -p phalanx-handoff --release` explores their interleavings.

mod bell;
mod block_on;
mod inbox;
mod sync;
mod ticket;
mod turns;

pub use bell::{Announced, Bell};
#[cfg(not(loom))]
pub use block_on::{block_on, block_on_spinning};
pub use inbox::Inbox;
#[cfg(not(loom))]
pub use inbox::Popped;
pub use ticket::Ticket;
pub use turns::{Account, Turn, Turns};

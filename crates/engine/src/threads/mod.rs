//! The engine's threads: one a lane, which submits batches, and one mover, which hands out what they gave and forms
//! the next ones ahead. Each is a thin loop around [`Hub`](crate::hub::Hub).

mod lane;
mod mover;
mod placing;

pub(crate) use lane::LaneThread;
pub(crate) use mover::{Mover, Roster};
pub(crate) use placing::Placing;

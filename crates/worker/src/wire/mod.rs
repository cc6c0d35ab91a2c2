//! What parent and child say to each other.
//!
//! Two sockets: *control* is answered at any time, by a thread of the child that never computes; the *bell* carries
//! batches, one frame of fixed size each way, and the rare payloads. Rows never travel over either: they are in shared
//! memory. Neither side trusts a length, a number or a name that it was sent.

mod channel;
mod error;
mod frame;
mod layout;
mod message;
mod names;
mod socket;
mod tensors;

pub(crate) use channel::{Channel, checked, is_closed};
pub(crate) use error::WireError;
pub(crate) use frame::{Frame, Kind};
pub(crate) use layout::WireLayout;
pub(crate) use message::{Greeting, Ready, SlotMessage, Start, WireModel, WireOptions, decode, encode};
pub(crate) use tensors::{receive as receive_tensors, send as send_tensors};

/// Changes with every change of what is said.
pub(crate) const PROTOCOL: u32 = 2;

/// The longest control message, and the longest description of an error or a slot.
pub(crate) const MESSAGE_BYTES_MAX: u64 = 16 << 20;

/// The most that the tensors of a single run, or those outputs of a batch whose size was unknown, may have, each way.
pub(crate) const TENSORS_BYTES_MAX: u64 = 1 << 30;

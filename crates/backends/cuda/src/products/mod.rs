//! Matrix products by cuBLASLt.

mod choices;
mod described;
mod descriptors;
mod key;
mod split;
mod tune;
mod workspace;

pub(crate) use choices::{Choice, Choices};
pub(crate) use described::Described;
pub(crate) use descriptors::Addresses;
pub(crate) use key::Key;
pub(crate) use split::split;
pub(crate) use tune::{fastest, submit};
pub(crate) use workspace::workspace_bytes;

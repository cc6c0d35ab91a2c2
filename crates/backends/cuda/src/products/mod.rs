//! Matrix products by cuBLASLt.

mod choices;
mod descriptors;
mod key;
mod split;
mod tune;

pub(crate) use choices::{Choice, Choices};
pub(crate) use descriptors::Addresses;
pub(crate) use key::Key;
pub(crate) use split::split;
pub(crate) use tune::{Algorithm, fastest, submit};

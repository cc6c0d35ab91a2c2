//! Matrix products by cuBLASLt.

mod choices;
mod descriptors;
mod key;
mod split;
mod tune;

pub(crate) use choices::Choices;
pub(crate) use split::split;
pub(crate) use tune::{Addresses, submit, tune};

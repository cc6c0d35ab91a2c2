//! The proof that a device computes: a chain of matrix products whose results are known exactly, timed and compared.

pub(crate) mod chain;
mod outcome;
mod run;

pub use outcome::{Outcome, Proof};
pub use run::prove;

//! What stands in for a backend that fails while it serves.

mod health;
mod stack;

pub(crate) use health::{Change, Pace};
pub(crate) use stack::{Candidate, Stack};

//! Which backend runs a model.

mod candidate;

pub use candidate::Candidate;

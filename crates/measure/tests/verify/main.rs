//! The four levels, on backends that lie, fail, leak and do as they should.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod correctness;
mod fake;
mod matrix;
mod performance;
mod report;
mod stability;

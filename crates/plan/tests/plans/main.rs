//! Plans of whole models: what they consist of, and that they compute what tract computes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod checks;
mod graphs;
mod real;
mod reference;
mod samples;

//! What can be seen of a server: its metrics as Prometheus reads them, its pages, and what is deployed beside it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deployed;
mod exposition;
mod metrics;
mod pages;
mod served;
#[cfg(feature = "otlp")]
mod traces;

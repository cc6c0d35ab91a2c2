//! Load on servers that do what a test tells them.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod fake;
mod grpc;
mod http;
mod load;
mod tls;

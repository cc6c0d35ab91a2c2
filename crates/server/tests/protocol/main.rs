//! Every call of the protocol, over REST and gRPC, as it should be made and as it should not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/http.rs"]
mod http;

mod calls;
mod channel;
mod health;
mod inference;
mod malformed;
mod rest;
mod rig;
mod shared_memory;
mod stream;

//! A repository that is served: models come, change and go while callers ask, over real sockets.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../support/gate.rs"]
mod gate;
#[path = "../support/hooked.rs"]
mod hooked;
#[path = "../support/http.rs"]
mod http;

mod backend;
mod client;
mod explicit;
mod poll;
mod rig;
mod startup;
mod traffic;

//! What a server does about clients that are slow, greedy, many, or gone, and how it stops.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/gate.rs"]
mod gate;
#[path = "../support/hooked.rs"]
mod hooked;
#[path = "../support/http.rs"]
mod http;

mod bodies;
mod client;
mod limits;
mod overload;
mod served;
mod slow;
mod stop;

//! The program as its users have it: what it prints where, and how it ends.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod arrays;
mod bench;
mod demo;
mod errors;
mod inspect;
mod models;
mod program;
mod run;
mod streams;
mod usage;

//! The program as its users have it: what it prints where, and how it ends.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod arrays;
mod bench;
mod choice;
mod config;
mod config_errors;
mod crash_check;
mod demo;
mod doctor;
mod errors;
mod export;
mod http;
mod inspect;
#[cfg(target_os = "linux")]
mod isolation;
mod load;
mod models;
mod ops;
mod profile;
mod program;
mod run;
mod serve;
mod serve_access;
mod serve_signals;
mod serving;
mod simulate;
mod streams;
mod tune;
mod usage;
mod verify;

//! What passes between a process and the child that tries a candidate for it.
//!
//! The request is one line of JSON on the child's standard input, which stays open for as long as somebody waits: the
//! child ends when it is closed. The answer is two files in a folder that the request names, since runtimes print what
//! they like to the standard output.

mod answer;
mod main;
mod packed;
mod request;

pub(super) use answer::Answer;
pub use main::{is_trial, trial_main, trial_main_among};
pub(super) use request::Request;

/// Says to a program that it is such a child.
pub(super) const VARIABLE: &str = "PHALANX_TRIAL";

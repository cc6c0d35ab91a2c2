//! What passes between a process and the child that tries a candidate for it, or looks for devices.
//!
//! The request is one line of JSON on the child's standard input, which stays open for as long as somebody waits: the
//! child ends when it is closed. The answer is two files in a folder that the request names, since runtimes print what
//! they like to the standard output.

mod answer;
mod listing;
mod main;
mod packed;
mod request;

pub(super) use answer::Answer;
pub(super) use listing::Listing;
pub use main::{is_trial, trial_main, trial_main_among};
pub(super) use request::Request;

use serde::{Deserialize, Serialize};

/// What a child is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    /// To try a candidate.
    Try(Box<Request>),
    /// Which devices a backend finds.
    List(Listing),
}

/// Says to a program that it is such a child.
pub(super) const VARIABLE: &str = "PHALANX_TRIAL";

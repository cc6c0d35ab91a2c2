//! Which backend runs a model where none was named: the fastest of those that give the right answers.
//!
//! Every backend that is here, on every device that is looked at, is a candidate. Each prepares the model and runs one
//! row and a batch of up to 32, in a process of its own where there is a program for that ([`Search::program`]). What it
//! answers is compared with the reference: tract on the processor; where tract cannot run the model, onnxruntime on the
//! processor without optimisation; else a row alone is compared with the same row in a batch, and the outcome is called
//! unreferenced. Of those that agree, the fastest is taken, and the others wait in order of their speed to take over
//! should it fail.
//!
//! The outcome is kept ([`Search::cache`]) for the same model, machine, runtimes and options.

mod bench;
mod cache;
mod candidate;
mod compare;
mod devices;
mod entrants;
mod inputs;
mod options;
mod outcome;
mod prepare;
mod prepared;
mod rank;
mod reference;
mod run;
mod search;
mod task;
mod text;
mod trial;
mod trials;

pub use bench::child::{is_trial, trial_main, trial_main_among};
pub use cache::{CachedChoice, cached, folder as cache_folder};
pub use candidate::Candidate;
pub use devices::devices;
pub use options::Search;
pub use outcome::{Choice, Reference};
pub use trial::{Timed, Trial, Tried};

pub(crate) use candidate::runtime_version;
pub(crate) use inputs::Inputs;
pub(crate) use prepare::{Wanted, prepare};
pub(crate) use prepared::Prepared;

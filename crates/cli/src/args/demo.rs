use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use phalanx_engine::BackendChoice;

use super::{backend, callers, seconds};

/// Shows threads against batches on this machine
///
/// Makes a small transformer encoder by itself; needs no model and no network. The same requests are sent by
/// concurrent callers that each run the model on a thread of their own, and by callers of the engine, which batches
/// them. Answers of both are compared.
///
/// Example: phalanx demo --callers 1,16,256 --json
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Numbers of concurrent callers
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_value = "1,8,64", value_parser = callers::parse)]
    pub(crate) callers: Vec<usize>,

    /// Length of a measuring window
    #[arg(long, default_value = "1", value_parser = seconds::parse)]
    pub(crate) seconds: Duration,

    /// Windows of each measurement
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,

    /// What runs the model
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = backend::parser())]
    pub(crate) backend: BackendChoice,

    /// The onnxruntime library to load, instead of the first one found
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

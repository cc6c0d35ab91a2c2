use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{EngineArgs, SampleArgs, callers, seconds};

/// Shows where the time of a batch goes
///
/// Its parts in the engine: gather, submit, compute, wait, scatter; what waiting for each batch costs, beside one wait for
/// 64; its operators, where the runtime tells; and a trace of all lanes, for chrome://tracing or ui.perfetto.dev.
///
/// Examples:
///   phalanx profile model.onnx --callers 64
///   phalanx profile model.onnx --trace trace.json --backend onnxruntime
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct ProfileArgs {
    /// The .onnx file
    pub(crate) model: PathBuf,

    /// Concurrent callers
    #[arg(long, value_name = "N", default_value = "64", value_parser = callers::parse)]
    pub(crate) callers: usize,

    /// How long they call, and how long the wait is measured
    #[arg(long, default_value = "2", value_parser = seconds::parse)]
    pub(crate) seconds: Duration,

    /// Runs that the times of operators are the mean of
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) runs: u32,

    /// Writes every span of every batch, as Chrome and Perfetto read it
    #[arg(long, value_name = "FILE.json")]
    pub(crate) trace: Option<PathBuf>,

    /// Prints one JSON document instead of tables
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{EngineArgs, SampleArgs, callers, seconds};

/// A way of sending load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyName {
    /// A loop over one lane: the backend's own ceiling, for each of --batches
    Raw,
    /// Concurrent callers of the engine, one sample each, as async tasks on one thread, for each of --callers
    Callers,
    /// Whole batches through the engine, in order, for each of --batches
    Dataset,
    /// Callers of an engine whose backend only copies rows: CPU time and allocations a request
    Null,
    /// Many requests: how much resident memory grows; without a model, on the backend that copies rows
    Soak,
}

impl StrategyName {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Callers => "callers",
            Self::Dataset => "dataset",
            Self::Null => "null",
            Self::Soak => "soak",
        }
    }
}

/// Measures strategies against each other
///
/// All strategies of one run take turns, so that a drift of the machine hits them alike; each row is the median of
/// its windows. Figures count only answers that were read back.
///
/// Examples:
///   phalanx bench model.onnx --strategy raw,callers,dataset --batches 1,8,32,128 --callers 64
///   phalanx bench bert.onnx --range input_ids=0:30522 --dim sequence=128
///   phalanx bench --strategy null,soak
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct BenchArgs {
    /// The .onnx file; null and soak need none
    #[arg(required_unless_present = "strategy")]
    pub(crate) model: Option<PathBuf>,

    /// What to measure
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "raw,callers")]
    pub(crate) strategy: Vec<StrategyName>,

    /// Rows of a batch, for raw and dataset
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_value = "1,8,32,128")]
    pub(crate) batches: Vec<NonZeroUsize>,

    /// Numbers of concurrent callers [default: 64; 256 for null and soak]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = callers::parse)]
    pub(crate) callers: Vec<usize>,

    /// Length of a measuring window
    #[arg(long, default_value = "1", value_parser = seconds::parse)]
    pub(crate) seconds: Duration,

    /// Windows of each strategy
    #[arg(long, value_name = "N", default_value = "7", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,

    /// Requests that soak sends
    #[arg(long, value_name = "N", default_value = "5000000", value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) requests: u64,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use phalanx_backend::Precision;
use phalanx_measure::tune::Objective;
use phalanx_simulate::Arrivals;

use super::{EngineArgs, SampleArgs, bytes};

/// Finds the configuration that suits a model on this machine, and writes it
///
/// How long batches take is timed for each backend and each way of sharing the cores out; what the
/// configurations would reach is simulated; the best few run on the real engine, and so does the one that
/// the engine takes by itself. Options that are given are not searched for. What was measured is kept in
/// the cache folder: a search that was stopped goes on, and one that ended is not done again.
///
/// Examples:
///   phalanx tune model.onnx --slo 50ms
///   phalanx tune model.onnx --slo 50ms --rate 2000 --arrivals gamma:0.1
///   phalanx tune model.onnx --objective streams=8 --memory-limit 1GiB
///   phalanx serve --config phalanx.toml
#[derive(Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct TuneArgs {
    /// The .onnx file
    pub(crate) model: PathBuf,

    /// What the configuration is to be best at: goodput, throughput, latency or streams=N
    #[arg(long, value_name = "WHAT", default_value = "goodput")]
    pub(crate) objective: Objective,

    /// Requests a second that are to be expected: fails where they cannot be had; latency is measured at this rate
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// How requests arrive: poisson, constant, gamma:SHAPE or bursts:REQUESTS:SHARE
    #[arg(long, value_name = "KIND", default_value = "poisson")]
    pub(crate) arrivals: Arrivals,

    /// Memory that the program may have resident with the model, such as 1GiB
    #[arg(long, value_name = "BYTES", value_parser = bytes::parse)]
    pub(crate) memory_limit: Option<usize>,

    /// Tries worker processes too
    #[arg(long)]
    pub(crate) try_processes: bool,

    /// Tries these arithmetics too, which change the answers: tf32, fp16, bf16
    #[arg(long, value_name = "PRECISION,...", value_delimiter = ',')]
    pub(crate) try_precision: Vec<Precision>,

    /// How long to measure, about
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = humantime::parse_duration)]
    pub(crate) budget: Duration,

    /// Measures again what was measured before
    #[arg(long)]
    pub(crate) fresh: bool,

    /// Where to write the configuration
    #[arg(long, short, value_name = "FILE.toml", default_value = "phalanx.toml")]
    pub(crate) output: PathBuf,

    /// Replaces a file that is there
    #[arg(long)]
    pub(crate) force: bool,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| *rate > 0.0 && rate.is_finite());
    rate.ok_or_else(|| "expected a number above 0".to_owned())
}

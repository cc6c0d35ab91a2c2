use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use phalanx_measure::disturb::Strike;
use phalanx_measure::verify::Level;

use super::{EngineArgs, Round, SampleArgs, callers};

/// Verifies a model on this machine, on four levels
///
/// 1 correctness  every backend and device against the reference (tract on the CPU, else onnxruntime), in
///                batches of every size and position, with extreme values, and with concurrent callers
/// 2 stability    an engine is loaded, asked and stopped again and again, each time in a process of its own
/// 3 performance  targets, the gain of batches and of depth, and what was measured before
/// 4 memory       what the process and the device grow by, over many requests and many shapes
///
/// All levels take about two minutes on a small model. Larger ones take longer: each of --rounds loads the
/// model once, and --matrix repeats every level for each of 576 combinations of options, or as many as the
/// backend has and the engine options leave open. A soak is `--level 4 --duration 1h`.
///
/// Examples:
///   phalanx verify model.onnx
///   phalanx verify model.onnx --level 1 --matrix
///   phalanx verify model.onnx --level 2 --isolation process --strike kill --strike-for 5m
///   phalanx verify bert.onnx --range input_ids=0:30522 --dim sequence=128 --junit verify.xml
///   phalanx verify model.onnx --level 3 --write-baseline before.json
///   phalanx verify model.onnx --level 3 --baseline before.json --min-throughput 40000
///   phalanx verify model.onnx --level 4 --iterations 10000 --max-growth-mb 100
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct VerifyArgs {
    /// The .onnx file
    pub(crate) model: PathBuf,

    /// Levels to verify, by number or name [default: all]
    #[arg(long, value_name = "1..4", value_delimiter = ',')]
    pub(crate) level: Vec<Level>,

    /// Repeats every level for all combinations of precision, optimize, depth, pooling, policy and isolation
    #[arg(long)]
    pub(crate) matrix: bool,

    /// A configuration file, of whose [verify] table targets are taken; also PHALANX_CONFIG
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: Option<PathBuf>,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    /// Writes the report as JUnit XML too
    #[arg(long, value_name = "FILE.xml")]
    pub(crate) junit: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    #[command(flatten)]
    pub(crate) correctness: CorrectnessArgs,

    #[command(flatten)]
    pub(crate) strikes: StrikeArgs,

    #[command(flatten)]
    pub(crate) performance: PerformanceArgs,

    #[command(flatten)]
    pub(crate) targets: TargetArgs,

    #[command(flatten)]
    pub(crate) memory: MemoryArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    /// Carries out one round of the second level, in this process
    #[arg(long, hide = true)]
    pub(crate) round: Option<Round>,
}

/// Levels 1 and 2.
#[derive(Args, Debug)]
#[command(next_help_heading = "Levels 1 and 2")]
pub(crate) struct CorrectnessArgs {
    /// How far any element may be off [default: 1e-3 in fp32, with 1e-5 of the row's largest on average; 1e-2 in fp16]
    #[arg(long, value_name = "X", value_parser = amount)]
    pub(crate) tolerance: Option<f64>,

    /// Times that the model is loaded, asked and stopped
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// How long a round may take
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = humantime::parse_duration)]
    pub(crate) round_timeout: Duration,
}

/// What is done to worker processes, with `--isolation process`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Level 2, with --isolation process")]
pub(crate) struct StrikeArgs {
    /// What happens to one worker after the other while 64 callers are served: kill or stop [default: both]
    #[arg(long, value_name = "HOW")]
    pub(crate) strike: Option<Strike>,

    /// How often [default: 1s to kill, 10s to stop]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) strike_every: Option<Duration>,

    /// For how long, each [default: 10s to kill, 20s to stop]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) strike_for: Option<Duration>,
}

/// How level 3 measures.
#[derive(Args, Debug)]
#[command(next_help_heading = "Level 3")]
pub(crate) struct PerformanceArgs {
    /// Runs, each with an engine of its own
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,

    /// Concurrent callers
    #[arg(long, value_name = "N", default_value = "64", value_parser = callers::parse)]
    pub(crate) callers: usize,

    /// What was measured before: a drop beyond the noise of repeated runs fails
    #[arg(long, value_name = "FILE.json")]
    pub(crate) baseline: Option<PathBuf>,

    /// Writes what is measured, to be compared with later
    #[arg(long, value_name = "FILE.json")]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// What a model has to reach: here, in the environment, or in the table [verify] of a configuration file.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Level 3")]
pub(crate) struct TargetArgs {
    /// Samples a second that the callers have to reach
    #[arg(long, value_name = "N", value_parser = amount)]
    pub(crate) min_throughput: Option<f64>,

    /// Milliseconds that 99 % of the answers may take at most
    #[arg(long, value_name = "MS", value_parser = amount)]
    pub(crate) max_p99: Option<f64>,
}

/// Level 4.
#[derive(Args, Debug)]
#[command(next_help_heading = "Level 4")]
pub(crate) struct MemoryArgs {
    /// Requests during which memory is looked at
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u64).range(1000..))]
    pub(crate) iterations: u64,

    /// Megabytes that the process may grow by
    #[arg(long, value_name = "MB", default_value = "100", value_parser = amount)]
    pub(crate) max_growth_mb: f64,

    /// Looks at memory for this long instead, after which it must be certain to grow by less than 1 MB an hour
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, conflicts_with = "iterations")]
    pub(crate) duration: Option<Duration>,

    /// Different shapes of requests
    #[arg(long, value_name = "N", default_value = "1000", value_parser = shapes)]
    pub(crate) shapes: usize,

    /// Batches in which those are sent, round and round [default: 2000, or what 20 seconds allow]
    #[arg(long, value_name = "N", value_parser = shapes)]
    pub(crate) shape_batches: Option<usize>,
}

fn amount(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(amount) if f64::is_finite(amount) && amount > 0.0 => Ok(amount),
        _ => Err("expected a number above 0".to_owned()),
    }
}

fn shapes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1_000_000_000) => Ok(number),
        _ => Err("expected a number from 1 to 1000000000".to_owned()),
    }
}

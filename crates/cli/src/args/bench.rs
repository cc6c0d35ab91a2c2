use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use phalanx_measure::strategy::Io;
use phalanx_measure::suite::Name;

use super::{EngineArgs, OpsArgs, SampleArgs, callers, seconds};

/// What is measured where nothing else was said: the longest window, how many, and the requests of soak.
const WINDOW: Duration = Duration::from_secs(1);
const ROUNDS: u32 = 7;
const REQUESTS: u64 = 5_000_000;

/// A way of sending load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyName {
    /// All but callers, dataset, null and soak
    All,
    /// A loop over one lane: the backend's own ceiling, for each of --batches
    Raw,
    /// 1 to 16 threads, batches of 1 and 32, a program shared or one each
    Threads,
    /// One lane, batches of 1 to 256 rows, as threads run them
    Batching,
    /// 1 to 8 worker processes, batches of 1, 32, 64 and 128
    ProcessPool,
    /// 1 to 256 callers of an engine of one lane, and of several
    BatchQueue,
    /// As many samples under way, in few lanes with large batches or many with small ones
    Hybrid,
    /// 1 to 16 batches under way on one lane
    Pipelined,
    /// Buffers used again against fresh ones, with a run, alone and contended
    Pooled,
    /// fp32 against fp16
    Precision,
    /// The model as exported against what the runtime makes of it
    Optimize,
    /// 1 to 32 lanes of one engine
    Lanes,
    /// Batch, depth, precision and optimization on top of each other, each added and each left out
    Stack,
    /// Each policy in an open loop, with steps and ramps through what the engine can do
    Policy,
    /// Concurrent callers of the engine, one sample each, as async tasks, for each of --callers
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
        match (self, self.suite()) {
            (Self::All, _) => "all",
            (_, Some(name)) => name.name(),
            (Self::Callers, _) => "callers",
            (Self::Dataset, _) => "dataset",
            (Self::Null, _) => "null",
            _ => "soak",
        }
    }

    /// The strategy of the suite that it is.
    pub(crate) fn suite(self) -> Option<Name> {
        match self {
            Self::Raw => Some(Name::Raw),
            Self::Threads => Some(Name::Threads),
            Self::Batching => Some(Name::Batching),
            Self::ProcessPool => Some(Name::ProcessPool),
            Self::BatchQueue => Some(Name::BatchQueue),
            Self::Hybrid => Some(Name::Hybrid),
            Self::Pipelined => Some(Name::Pipelined),
            Self::Pooled => Some(Name::Pooled),
            Self::Precision => Some(Name::Precision),
            Self::Optimize => Some(Name::Optimize),
            Self::Lanes => Some(Name::Lanes),
            Self::Stack => Some(Name::Stack),
            Self::Policy => Some(Name::Policy),
            Self::All | Self::Callers | Self::Dataset | Self::Null | Self::Soak => None,
        }
    }
}

/// Measures strategies against each other
///
/// Each row is the median of its windows, which are measured in turn with a baseline: one lane that runs one row at a
/// time. Figures count only answers that were read back, and none may be above what the device was seen to compute and
/// to move.
///
/// Examples:
///   phalanx bench model.onnx --strategy all --html report.html
///   phalanx bench model.onnx --strategy raw,callers,dataset --batches 1,8,32,128 --callers 64
///   phalanx bench bert.onnx --range input_ids=0:30522 --dim sequence=128
///   phalanx bench --strategy null,soak
///   phalanx bench compare before.json after.json
///   phalanx bench ops --device cuda:0
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) command: Option<BenchCommand>,

    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

impl BenchArgs {
    /// Whether one JSON document was asked for.
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            Some(BenchCommand::Compare(args)) => args.json,
            Some(BenchCommand::Seeds(args)) => args.json,
            Some(BenchCommand::Ops(args)) => args.json,
            None => self.measure.json,
        }
    }
}

/// What else can be done with measurements.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    Compare(CompareArgs),
    Seeds(Box<SeedsArgs>),
    Ops(OpsArgs),
}

/// What is measured, and how it is reported.
#[derive(Args, Debug)]
pub(crate) struct MeasureArgs {
    /// The .onnx file; null and soak need none
    #[arg(required_unless_present = "strategy")]
    pub(crate) model: Option<PathBuf>,

    /// What to measure
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "raw,callers")]
    pub(crate) strategy: Vec<StrategyName>,

    /// Rows of a batch, for raw and dataset [default: 1,8,32,128; for all 1,2,4 ... 256]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    pub(crate) batches: Vec<NonZeroUsize>,

    /// Numbers of concurrent callers, for callers, null and soak [default: 64; 256 for null and soak]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = callers::parse)]
    pub(crate) callers: Vec<usize>,

    /// Threads that the callers are shared out over
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) caller_threads: NonZeroUsize,

    /// Where the inputs of a batch are when it begins: host or resident
    #[arg(long, value_name = "WHERE", default_value_t = Io::Host)]
    pub(crate) io: Io,

    /// Measures everything once more with one wait for this many batches or requests, in a table of its own
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(2..=64))]
    pub(crate) wait_every: Option<u16>,

    /// The longest measuring window
    #[arg(long, default_value = "1", value_parser = seconds::parse)]
    pub(crate) seconds: Duration,

    /// Windows of each row
    #[arg(long, value_name = "N", default_value_t = ROUNDS, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,

    /// What all rows together may take, such as 5m: each gets its share [default: 7m for all, else no limit]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) budget: Option<Duration>,

    /// Requests that soak sends
    #[arg(long, value_name = "N", default_value_t = REQUESTS, value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) requests: u64,

    /// Prints one JSON document instead of a table, with every window of every row
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,

    /// Prints Markdown instead
    #[arg(long)]
    pub(crate) markdown: bool,

    /// Writes charts and figures into one HTML file as well
    #[arg(long, value_name = "FILE.html")]
    pub(crate) html: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// Says which differences between measurements are beyond their noise
///
/// Rows of the same name are compared by Welch's test, corrected for the number of rows (Holm). Exit code 1 where a row
/// is slower by more than --fail-over. More than two files are taken alternately, before and after: measured in turn,
/// a drift of the machine hits both alike.
///
/// Examples:
///   phalanx bench compare before.json after.json
///   phalanx bench compare a1.json b1.json a2.json b2.json --fail-over 3%
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompareArgs {
    /// Reports of `phalanx bench --json`: before, after, before, after ...
    #[arg(required = true, num_args = 2.., value_name = "FILE.json")]
    pub(crate) files: Vec<PathBuf>,

    /// How much slower a row may be before it fails, where that is beyond the noise
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = percent)]
    pub(crate) fail_over: f64,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Lays this machine's curves beside those the project comes from
///
/// Those were measured on an M4 Max with PyTorch, with other models and other waiting rules, which is said beside each. Every
/// figure claimed there is judged: it holds, it fails, or it cannot be tested here, and why. Measures all strategies, unless
/// it is given a report of that.
///
/// Examples:
///   phalanx bench seeds model.onnx
///   phalanx bench seeds --from all.json
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct SeedsArgs {
    /// The .onnx file
    #[arg(required_unless_present = "from")]
    pub(crate) model: Option<PathBuf>,

    /// A report of `phalanx bench --strategy all --json`, instead of measuring now
    #[arg(long, value_name = "FILE.json", conflicts_with = "model")]
    pub(crate) from: Option<PathBuf>,

    /// What all rows together may take [default: 7m]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) budget: Option<Duration>,

    /// Prints one JSON document instead of tables
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

impl SeedsArgs {
    /// What is measured for it: all strategies, silently where a program reads the outcome.
    pub(crate) fn measure(&self) -> MeasureArgs {
        MeasureArgs {
            model: self.model.clone(),
            strategy: vec![StrategyName::All],
            batches: Vec::new(),
            callers: Vec::new(),
            caller_threads: NonZeroUsize::MIN,
            io: Io::Host,
            wait_every: None,
            seconds: WINDOW,
            rounds: ROUNDS,
            budget: self.budget,
            requests: REQUESTS,
            json: self.json,
            markdown: false,
            html: None,
            samples: self.samples.clone(),
            engine: self.engine.clone(),
        }
    }
}

/// Reads a share, in percent.
fn percent(text: &str) -> Result<f64, String> {
    let percent: f64 = text.strip_suffix('%').unwrap_or(text).parse().unwrap_or(f64::NAN);
    if (0.0..=100.0).contains(&percent) {
        Ok(percent / 100.0)
    } else {
        Err("expected a share such as 5%".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_percent() {
        assert_eq!((percent("5%"), percent("12.5")), (Ok(0.05), Ok(0.125)));
        assert!(["", "x", "-1%", "101%", "nan"].iter().all(|text| percent(text).is_err()));
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for strategy in StrategyName::value_variants() {
            let value = strategy.to_possible_value().unwrap();
            assert_eq!(value.get_name(), strategy.name());
        }
    }
}

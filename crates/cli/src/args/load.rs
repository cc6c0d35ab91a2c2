use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use phalanx_measure::remote::{Arrivals, Format};

use super::{SampleArgs, callers};

/// How tensors are written over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// As bytes behind the JSON
    Binary,
    /// As numbers in the JSON
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Binary => Self::Binary,
            FormatName::Json => Self::Json,
        }
    }
}

/// Rates between which a ramp goes, in requests a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ramp {
    pub(crate) from: f64,
    pub(crate) to: f64,
}

/// Sends load to a server, and measures how much of it is answered in time
///
/// With --rate requests are sent at instants of their own, whatever the server does, and latencies
/// count from there: a server that stalls is charged for all the requests that came meanwhile. With
/// --callers each caller sends a request, waits for its answer, and sends the next. --find-goodput
/// searches the highest rate at which enough requests are answered within the SLO.
///
/// Examples:
///   phalanx load http://127.0.0.1:8000 --model mlp --rate 2000 --slo 50ms
///   phalanx load grpc://127.0.0.1:8001 --model mlp --callers 64 --duration 10s
///   phalanx load http://127.0.0.1:8000 --model encoder --slo 50ms --find-goodput
///   phalanx load http://127.0.0.1:8000 --model mlp --rate 1000 --slo 20ms --steps 0.1,1,2,1,0.1
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct LoadArgs {
    /// The server: http://HOST[:PORT], https://..., grpc://... or grpcs://...
    pub(crate) url: String,

    /// The model to ask
    #[arg(long, short, value_name = "NAME")]
    pub(crate) model: String,

    /// Which of its versions [default: the server's choice]
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    pub(crate) model_version: String,

    /// Speaks gRPC also to an http:// or https:// address
    #[arg(long)]
    pub(crate) grpc: bool,

    /// How tensors are written over HTTP
    #[arg(long, value_name = "FORMAT", default_value = "binary")]
    pub(crate) format: FormatName,

    /// The latency that callers were promised, such as 20ms
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) slo: Option<Duration>,

    /// Requests that may be under way at once: what is due beyond them waits, and its latency counts all the same
    #[arg(long, value_name = "N", default_value = "1024", value_parser = callers::parse)]
    pub(crate) connections: usize,

    /// How long an answer is waited for, counted from when its request was due
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) patience: Duration,

    /// Compares answers to the same request with each other
    #[arg(long)]
    pub(crate) check: bool,

    /// Writes the histograms of the latencies, as an HdrHistogram interval log
    #[arg(long, value_name = "FILE")]
    pub(crate) hdr: Option<PathBuf>,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) shape: LoadShapeArgs,

    #[command(flatten)]
    pub(crate) requests: LoadRequestArgs,

    #[command(flatten)]
    pub(crate) search: LoadSearchArgs,
}

/// How many requests are sent when.
#[derive(Args, Debug)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadShapeArgs {
    /// Requests a second, in an open loop
    #[arg(long, value_name = "N", required_unless_present_any = ["callers", "ramp", "find_goodput"])]
    pub(crate) rate: Option<f64>,

    /// How they arrive: poisson, constant or gamma:SHAPE (0.1 comes in bursts)
    #[arg(long, value_name = "KIND", default_value = "poisson")]
    pub(crate) arrivals: Arrivals,

    /// Changes the rate linearly, over --duration
    #[arg(long, value_name = "FROM:TO", value_parser = ramp, conflicts_with_all = ["rate", "steps"])]
    pub(crate) ramp: Option<Ramp>,

    /// Multiples of --rate, one after the other
    #[arg(long, value_name = "X,X,...", value_delimiter = ',', requires = "rate")]
    pub(crate) steps: Vec<f64>,

    /// How long each of --steps takes
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) step_duration: Duration,

    /// Concurrent callers, in a closed loop
    #[arg(long, value_name = "N", value_parser = callers::parse,
        conflicts_with_all = ["rate", "ramp", "steps", "find_goodput"])]
    pub(crate) callers: Option<usize>,

    /// How long it takes; with --find-goodput each probe
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,

    /// How long requests are sent before they count
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    pub(crate) warmup: Duration,
}

/// What every request is like.
#[derive(Args, Debug)]
#[command(next_help_heading = "Requests")]
pub(crate) struct LoadRequestArgs {
    /// Rows of each request
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) rows: NonZeroUsize,

    /// Tells the server how long it has
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Tells the server how urgent it is
    #[arg(long, value_name = "N")]
    pub(crate) priority: Option<u64>,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    /// Sent as a bearer token; other users of this machine can see it: --api-key-file hides it
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Option<String>,

    /// Holds what is sent as a bearer token
    #[arg(long, value_name = "FILE", conflicts_with = "api_key")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Certificates, as PEM, that the server's is checked against instead of the usual ones
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
}

/// How the highest rate is searched for.
#[derive(Args, Debug)]
#[command(next_help_heading = "Search")]
pub(crate) struct LoadSearchArgs {
    /// Searches the highest rate that keeps the SLO, from --rate or from what 64 callers reach
    #[arg(long, requires = "slo", conflicts_with_all = ["ramp", "steps"])]
    pub(crate) find_goodput: bool,

    /// Share of requests that must be answered within the SLO
    #[arg(long, value_name = "SHARE", default_value = "0.99", value_parser = share)]
    pub(crate) share: f64,

    /// By how much, as a share, the rate found may fall short of the highest
    #[arg(long, value_name = "SHARE", default_value = "0.02", value_parser = share)]
    pub(crate) precision: f64,

    /// Measurements after which the search ends in any case
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) probes: u32,
}

fn ramp(text: &str) -> Result<Ramp, String> {
    let parse = || {
        let (from, to) = text.split_once(':')?;
        Some(Ramp { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? })
    };
    parse().ok_or_else(|| "expected FROM:TO, two numbers of requests a second".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("expected a number between 0 and 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::args::Cli;
    use clap::Parser;

    fn parses(options: &str) -> bool {
        let line = format!("phalanx load http://x --model m {options}");
        Cli::try_parse_from(line.split_whitespace()).is_ok()
    }

    #[test]
    fn one_kind_of_load_has_to_be_chosen() {
        for right in [
            "--rate 10",
            "--callers 4",
            "--ramp 1:2",
            "--rate 10 --steps 1,2",
            "--find-goodput --slo 1ms",
            "--find-goodput --slo 1ms --rate 5",
        ] {
            assert!(parses(right), "{right}");
        }
        for wrong in [
            "",
            "--rate 10 --callers 4",
            "--steps 1,2",
            "--find-goodput",
            "--ramp 1:2 --rate 3",
            "--find-goodput --slo 1ms --callers 4",
            "--rate 10 --arrivals uniform",
            "--ramp 1",
            "--rate 1 --share 1",
        ] {
            assert!(!parses(wrong), "{wrong}");
        }
    }
}

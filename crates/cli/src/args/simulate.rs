use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use phalanx_engine::BackendChoice;
use phalanx_measure::draw::InputRange;
use phalanx_simulate::{Arrivals, Class, Rule};

use super::{SampleArgs, backend, named, span};

/// How long batches take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BatchTime {
    /// α·b + β.
    Line { alpha_ns: f64, beta_ns: f64 },
    /// What was measured.
    File(PathBuf),
}

/// When requests arrive.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum When {
    Drawn(Arrivals),
    /// As they were recorded.
    Trace(PathBuf),
}

/// Which rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    All,
    One(Rule),
}

/// Simulates batching policies: what they reach on devices and under loads that are given, not had
///
/// Requests go through the engine's own scheduler, in virtual time. A device takes ALPHA for each row of
/// a batch and BETA for the batch. The goodput is the highest rate at which 99 % of the requests are
/// answered inside the SLO; it is shown as a fraction of b*/l(b*), b* the largest batch of which two fit
/// into the SLO. The same question always gets the same answer.
///
/// Without options it makes the table of docs/policies.md.
///
/// Policies: those of the engine (immediate, delay:TIME, adaptive:TIME, aimd[:TIME], deferred,
/// slo-window), and others as published (window:ROWS:TIME, doubling:ROWS:TIME, greedy, capped, nexus).
///
/// Examples:
///   phalanx simulate
///   phalanx simulate --batch-time 0.17ms:0.2ms --slo 50ms --policy slo-window,delay:5ms --devices 2
///   phalanx bench model.onnx --strategy raw --batches 1,8,32,128 --json > bench.json
///   phalanx simulate --batch-time bench.json --slo 50ms --noise 0.1
///   phalanx simulate --against model.onnx --slo 50ms --requests 5000
///   phalanx simulate --batch-time 1ms:5ms,0.1ms:2ms --slo 100ms,20ms --together --policy slo-window
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct SimulateArgs {
    /// How long batches take: ALPHA:BETA, or a file: of `bench --json`, or of lines of rows and time
    #[arg(long, value_name = "TIMES,...", value_delimiter = ',', requires = "slo",
        default_values = ["1.08ms:5.2ms", "0.5ms:4ms", "0.05ms:4ms"])]
    pub(crate) batch_time: Vec<BatchTime>,

    /// What callers were promised, for each of --batch-time or for all
    #[arg(long, value_name = "TIME,...", value_delimiter = ',', value_parser = span::parse_ns,
        default_values = ["100ms", "50ms", "25ms"])]
    pub(crate) slo: Vec<f64>,

    /// How batches are formed, or all
    #[arg(long, value_name = "POLICY,...", value_delimiter = ',', default_value = "all")]
    pub(crate) policy: Vec<Rules>,

    /// How requests arrive: poisson, constant, gamma:SHAPE, bursts:REQUESTS:SHARE, or trace:FILE, a time in seconds a line
    #[arg(long, value_name = "KIND,...", value_delimiter = ',', default_values = ["poisson", "gamma:0.1"])]
    pub(crate) arrivals: Vec<When>,

    /// Requests a second of all models together, instead of searching for the goodput
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<f64>,

    /// Equal devices, a lane on each
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) devices: NonZeroUsize,

    /// Rows of the largest batch
    #[arg(long, value_name = "ROWS", default_value = "256")]
    pub(crate) max_batch: NonZeroUsize,

    /// Batches of a lane that may be formed or running at once
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) depth: NonZeroUsize,

    /// How long before its end the next batch is submitted, of a device that does not block
    #[arg(long, value_name = "TIME", value_parser = span::parse_ns, default_value = "0ns")]
    pub(crate) lead: f64,

    /// How much batch times vary: the standard deviation of their logarithm
    #[arg(long, value_name = "SIGMA", default_value = "0")]
    pub(crate) noise: f64,

    /// The --batch-time are models that share the devices, instead of being compared
    #[arg(long)]
    pub(crate) together: bool,

    /// Shares of the requests of those models
    #[arg(long, value_name = "X,...", value_delimiter = ',', requires = "together")]
    pub(crate) shares: Vec<f64>,

    /// A kind of request: SHARE[:priority=N][:deadline=TIME][:rows=N]
    #[arg(long, value_name = "KIND", value_parser = class)]
    pub(crate) class: Vec<Class>,

    /// The share of the requests that has to be answered inside the SLO
    #[arg(long, value_name = "SHARE", default_value = "0.99")]
    pub(crate) inside: f64,

    /// Requests of each simulation, of which the first 30 % do not count
    #[arg(long, value_name = "N", default_value = "200000", value_parser = clap::value_parser!(u32).range(10..))]
    pub(crate) requests: u32,

    /// Loads that are drawn, and simulated together
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) seeds: u32,

    /// Decides everything that is drawn: of 7 the loads are drawn from 7, 77, 777 and so on
    #[arg(long, value_name = "SEED", default_value = "7")]
    pub(crate) seed: u64,

    /// Prints one JSON document instead of a table
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,

    /// Prints the table as Markdown
    #[arg(long, conflicts_with = "against")]
    pub(crate) markdown: bool,

    /// Compares simulation and engine on this .onnx file: times its batches, and searches for the goodput on both
    #[arg(long, value_name = "MODEL", requires = "slo", help_heading = "Against the engine",
        conflicts_with_all = ["batch_time", "rate", "together", "class", "noise", "lead"])]
    pub(crate) against: Option<PathBuf>,

    /// What runs the model
    #[arg(long, value_name = "NAME", requires = "against", help_heading = "Against the engine",
        hide_possible_values = true, value_parser = backend::parser())]
    pub(crate) backend: Option<BackendChoice>,

    /// The onnxruntime library to load, instead of the first one found
    #[arg(long, value_name = "PATH", requires = "against", help_heading = "Against the engine")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// Threads of one run of the model
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Against the engine")]
    pub(crate) threads: NonZeroUsize,

    /// Samples to send, instead of random numbers
    #[arg(long, value_name = "FILE.npz", requires = "against", help_heading = "Against the engine",
        conflicts_with_all = ["range", "dim"])]
    pub(crate) inputs: Option<PathBuf>,

    /// Values that an input is drawn from, LOW up to but not including HIGH
    #[arg(long, value_name = "INPUT=LOW:HIGH", requires = "against", help_heading = "Against the engine",
        value_parser = named::parse::<InputRange>)]
    pub(crate) range: Vec<(String, InputRange)>,

    /// Size of an axis that the model leaves open
    #[arg(long, value_name = "AXIS=N", requires = "against", help_heading = "Against the engine",
        value_parser = named::parse::<NonZeroUsize>)]
    pub(crate) dim: Vec<(String, NonZeroUsize)>,
}

impl SimulateArgs {
    /// What is sent to the engine.
    pub(crate) fn samples(&self) -> SampleArgs {
        let Self { inputs, range, dim, seed, .. } = self;
        SampleArgs { inputs: inputs.clone(), range: range.clone(), dim: dim.clone(), seed: *seed }
    }
}

impl FromStr for BatchTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let line = text.split_once(':').map(|(alpha, beta)| (span::parse_ns(alpha), span::parse_ns(beta)));
        match line {
            Some((Ok(alpha_ns), Ok(beta_ns))) => Ok(Self::Line { alpha_ns, beta_ns }),
            _ if text.is_empty() => Err("expected ALPHA:BETA, such as 0.5ms:4ms, or a file".to_owned()),
            _ => Ok(Self::File(text.into())),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("trace:") {
            Some(path) => Ok(Self::Trace(path.into())),
            None => text.parse().map(Self::Drawn).map_err(|error| format!("{error}; or trace:FILE")),
        }
    }
}

impl FromStr for Rules {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            _ => text.parse().map(Self::One).map_err(|error| format!("{error}; or all")),
        }
    }
}

fn class(text: &str) -> Result<Class, String> {
    let mut parts = text.split(':');
    let number = |text: &str| text.parse::<f64>().ok().filter(|share| *share > 0.0 && share.is_finite());
    let share = parts.next().and_then(number).ok_or("expected a share above 0 first")?;
    let mut class = Class { share, ..Class::default() };
    for part in parts {
        let wrong = || format!("expected priority=N, deadline=TIME or rows=N, got {part:?}");
        let (key, value) = part.split_once('=').ok_or_else(wrong)?;
        match key {
            "priority" => class.priority = value.parse().map_err(|_| wrong())?,
            "deadline" => class.deadline_ns = Some(span::parse_ns(value)? as u64),
            "rows" => class.rows = value.parse().ok().filter(|rows| *rows > 0).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        }
    }
    Ok(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_line_or_a_file() {
        assert_eq!("0.5ms:4ms".parse(), Ok(BatchTime::Line { alpha_ns: 500_000.0, beta_ns: 4_000_000.0 }));
        assert_eq!("a:b.json".parse(), Ok(BatchTime::File("a:b.json".into())));
        assert!("".parse::<BatchTime>().is_err());
    }

    #[test]
    fn a_class_says_what_is_not_usual() {
        let expected = Class { share: 0.5, rows: 4, priority: -2, deadline_ns: Some(9_000_000) };
        assert_eq!(class("0.5:priority=-2:rows=4:deadline=9ms"), Ok(expected));
        assert_eq!(class("1"), Ok(Class::default()));
        for wrong in ["", "0", "-1", "1:rows", "1:rows=0", "1:colour=red", "1:deadline=9"] {
            assert!(class(wrong).is_err(), "{wrong}");
        }
    }
}

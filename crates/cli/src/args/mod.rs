//! The command line.

mod backend;
mod bench;
mod bytes;
mod callers;
mod config;
mod crash_check;
mod demo;
mod devices;
mod doctor;
mod endpoint;
mod engine;
mod inspect;
mod load;
mod named;
mod ops;
mod pad;
mod probe;
mod profile;
mod round;
mod run;
mod samples;
mod seconds;
mod serve;
mod server;
mod simulate;
mod span;
mod tune;
mod verify;

pub(crate) use bench::{BenchArgs, BenchCommand, CompareArgs, MeasureArgs, SeedsArgs, StrategyName};
pub(crate) use config::{ConfigArgs, ConfigCommand, ShowArgs};
pub(crate) use crash_check::CrashCheckArgs;
pub(crate) use demo::DemoArgs;
pub(crate) use devices::DevicesArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use endpoint::Endpoint;
pub(crate) use engine::EngineArgs;
pub(crate) use inspect::InspectArgs;
pub(crate) use load::LoadArgs;
pub(crate) use ops::OpsArgs;
pub(crate) use probe::{ProbeArgs, ProbeCommand};
pub(crate) use profile::ProfileArgs;
pub(crate) use round::Round;
pub(crate) use run::RunArgs;
pub(crate) use samples::SampleArgs;
pub(crate) use serve::ServeArgs;
pub(crate) use server::{LogFormat, ModelControl, ServerArgs};
pub(crate) use simulate::{BatchTime, Rules, SimulateArgs, When};
pub(crate) use span::parse_ns as span_ns;
pub(crate) use tune::TuneArgs;
pub(crate) use verify::{TargetArgs, VerifyArgs};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  phalanx demo                                     threads against batches, on this machine
  phalanx serve model.onnx --slo 20ms              over HTTP and gRPC
  phalanx run model.onnx --input x.npz --output y.npz
  phalanx bench model.onnx --strategy all          threads, batches, processes, pipelines, policies ...
  phalanx profile model.onnx                       where the time of a batch goes
  phalanx inspect model.onnx                       can it be batched, and what can run it?
  phalanx devices
  phalanx verify model.onnx                        correctness, stability, performance, memory
  phalanx doctor                                   proof that each device really computes
  phalanx tune model.onnx --slo 50ms               finds the configuration, writes phalanx.toml
  phalanx simulate                                 which batching policy reaches what
  phalanx load http://127.0.0.1:8000 --model mlp --rate 2000 --slo 50ms

Data and tables go to standard output, words to standard error.
Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Runs a trained model for many callers at once, as fast as the machine allows.
#[derive(Debug, Parser)]
#[command(name = "phalanx", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Run(RunArgs),
    Bench(Box<BenchArgs>),
    Profile(Box<ProfileArgs>),
    Inspect(InspectArgs),
    Devices(DevicesArgs),
    Load(LoadArgs),
    Serve(Box<ServeArgs>),
    Verify(Box<VerifyArgs>),
    Config(ConfigArgs),
    Doctor(DoctorArgs),
    CrashCheck(CrashCheckArgs),
    Simulate(SimulateArgs),
    Tune(Box<TuneArgs>),
    #[command(hide = true)]
    Probe(ProbeArgs),
    /// Prints a shell's completion script
    ///
    /// Example: phalanx completions bash > /etc/bash_completion.d/phalanx
    Completions {
        /// The shell it is for
        shell: Shell,
    },
}

impl Command {
    /// Whether one JSON document was asked for.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Demo(args) => args.json,
            Self::Run(args) => args.json,
            Self::Bench(args) => args.json(),
            Self::Profile(args) => args.json,
            Self::Inspect(args) => args.json,
            Self::Devices(args) => args.json,
            Self::Load(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Config(args) => args.json(),
            Self::Doctor(args) => args.json,
            Self::CrashCheck(args) => args.json,
            Self::Simulate(args) => args.json,
            Self::Tune(args) => args.json,
            Self::Serve(_) | Self::Probe(_) | Self::Completions { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

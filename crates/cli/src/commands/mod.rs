//! One file a command.

mod bench;
mod completions;
pub(crate) mod config;
mod crash_check;
mod demo;
mod devices;
pub(crate) mod doctor;
mod inspect;
mod load;
mod probe;
mod profile;
mod run;
mod serve;
mod simulate;
mod tune;
mod verify;

use crate::args::Command;
use crate::failure::Failure;

/// Runs a command.
pub(crate) fn execute(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::execute(args),
        Command::Run(args) => run::execute(args),
        Command::Bench(args) => bench::execute(args),
        Command::Profile(args) => profile::execute(args),
        Command::Inspect(args) => inspect::execute(args),
        Command::Devices(args) => devices::execute(args),
        Command::Load(args) => load::execute(args),
        Command::Serve(args) => serve::execute(args),
        Command::Verify(args) => verify::execute(args),
        Command::Config(args) => config::execute(args),
        Command::Doctor(args) => doctor::execute(args),
        Command::CrashCheck(args) => crash_check::execute(args),
        Command::Tune(args) => tune::execute(args),
        Command::Simulate(args) => simulate::execute(args),
        Command::Probe(args) => probe::execute(args),
        Command::Completions { shell } => completions::execute(*shell),
    }
}

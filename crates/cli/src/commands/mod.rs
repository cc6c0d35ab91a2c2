//! One file a command.

mod bench;
mod completions;
mod config;
mod demo;
mod devices;
mod inspect;
mod load;
mod run;
mod serve;
mod verify;

use crate::args::Command;
use crate::failure::Failure;

/// Runs a command.
pub(crate) fn execute(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::execute(args),
        Command::Run(args) => run::execute(args),
        Command::Bench(args) => bench::execute(args),
        Command::Inspect(args) => inspect::execute(args),
        Command::Devices(args) => devices::execute(args),
        Command::Load(args) => load::execute(args),
        Command::Serve(args) => serve::execute(args),
        Command::Verify(args) => verify::execute(args),
        Command::Config(args) => config::execute(args),
        Command::Completions { shell } => completions::execute(*shell),
    }
}

mod compare;
mod measure;
mod subject;
mod table;
mod watch;

use self::measure::measure;
use crate::args::{BenchArgs, BenchCommand, MeasureArgs};
use crate::failure::Failure;
use crate::terminal;

pub(super) fn execute(args: &BenchArgs) -> Result<(), Failure> {
    match &args.command {
        Some(BenchCommand::Compare(args)) => compare::execute(args),
        None => bench(&args.measure),
    }
}

/// Figures come while they are measured, unless a program reads them.
fn bench(args: &MeasureArgs) -> Result<(), Failure> {
    let report = measure(args)?;
    if args.json { terminal::json(&report) } else { table::remarks(&report) }
}

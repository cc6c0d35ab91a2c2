mod compare;
mod measure;
mod ops;
mod ops_table;
mod seeds;
mod subject;
mod table;
mod watch;

use phalanx_measure::report::{html, markdown};

use self::measure::measure;
use crate::args::{BenchArgs, BenchCommand, MeasureArgs};
use crate::failure::Failure;
use crate::terminal;

pub(super) fn execute(args: &BenchArgs) -> Result<(), Failure> {
    match &args.command {
        Some(BenchCommand::Compare(args)) => compare::execute(args),
        Some(BenchCommand::Seeds(args)) => seeds::execute(args),
        Some(BenchCommand::Ops(args)) => ops::execute(args),
        None => bench(&args.measure),
    }
}

/// Figures come while they are measured, unless a program reads them.
fn bench(args: &MeasureArgs) -> Result<(), Failure> {
    let report = measure(args)?;
    if let Some(path) = &args.html {
        let written = std::fs::write(path, html(&report));
        written.map_err(|error| Failure::file("write", path, &error))?;
    }
    match (args.json, args.markdown) {
        (true, _) => terminal::json(&report)?,
        (_, true) => terminal::data(&markdown(&report))?,
        _ => table::remarks(&report)?,
    }
    match report.refused.first() {
        None => Ok(()),
        Some(refused) => Err(Failure::Checks { message: refused.clone() }),
    }
}

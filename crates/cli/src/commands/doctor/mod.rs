//! `phalanx doctor`: what is here, whether it computes, and what is in the way.

mod examine;
mod hints;
mod print;
mod report;

pub(crate) use examine::examine;
pub(crate) use report::Report;

use crate::args::DoctorArgs;
use crate::bug_report::{BugReport, Destination};
use crate::failure::Failure;
use crate::terminal;

pub(super) fn execute(args: &DoctorArgs) -> Result<(), Failure> {
    let destination = args.bug_report.as_deref().map(Destination::open).transpose()?;
    let report = examine(args.onnxruntime.as_deref(), args.timeout)?;
    if args.json {
        terminal::json(&report)?;
    } else {
        print::print(&report)?;
    }
    if let Some(destination) = destination {
        destination.write(&BugReport { doctor: &report, crash: None, config: args.config.as_deref() })?;
    }
    match &*report.faults {
        [] => Ok(()),
        [fault] => Err(Failure::Checks { message: fault.clone() }),
        [first, rest @ ..] => Err(Failure::Checks { message: format!("{first}; and {} more", rest.len()) }),
    }
}

//! `phalanx crash-check`: a command, many times over.

mod print;

use std::ops::ControlFlow;

use phalanx_measure::Machine;
use phalanx_measure::crash::{CrashReport, Rounds};
use serde::Serialize;

use super::doctor;
use crate::args::CrashCheckArgs;
use crate::bug_report::{BugReport, Destination};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::terminal;

/// The one JSON document.
#[derive(Serialize)]
struct Document<'a> {
    phalanx: &'static str,
    machine: Machine,
    #[serde(flatten)]
    report: &'a CrashReport,
}

pub(super) fn execute(args: &CrashCheckArgs) -> Result<(), Failure> {
    let destination = args.bug_report.as_deref().map(Destination::open).transpose()?;
    let report = run(args)?;
    if args.json {
        let phalanx = env!("CARGO_PKG_VERSION");
        terminal::json(&Document { phalanx, machine: Machine::here(), report: &report })?;
    } else {
        print::print(&report)?;
    }
    if let Some(destination) = destination {
        terminal::words("looking at this machine for the bug report ...");
        let doctor = doctor::examine(args.onnxruntime.as_deref(), args.timeout)?;
        destination.write(&BugReport { doctor: &doctor, crash: Some(&report), config: None })?;
    }
    verdict(&report)
}

fn run(args: &CrashCheckArgs) -> Result<CrashReport, Failure> {
    let [program, rest @ ..] = &*args.command else {
        return Err(Failure::new("expected a command after --, got none"));
    };
    let rounds =
        Rounds { program: program.clone(), args: rest.to_vec(), rounds: args.rounds, timeout: args.timeout };
    let progress = Progress::steps(u64::from(args.rounds));
    progress.message("no crash yet");
    let report = rounds.run(|report| {
        progress.position(u64::from(report.rounds));
        if !report.is_orderly() {
            progress.message(&print::bad(report));
        }
        ControlFlow::Continue(())
    });
    report.map_err(Failure::new)
}

fn verdict(report: &CrashReport) -> Result<(), Failure> {
    if report.is_orderly() {
        return Ok(());
    }
    let message = format!("of {} rounds, {}", report.rounds, print::bad(report));
    Err(Failure::Checks { message })
}

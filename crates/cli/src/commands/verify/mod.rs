mod bar;
mod baseline;
mod plan;
mod round;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use phalanx_measure::evidence::Collector;
use phalanx_measure::verify::{self, Baseline, ChildRounds, Report};

use self::bar::Bar;
use crate::args::VerifyArgs;
use crate::dataset::Target;
use crate::failure::Failure;
use crate::terminal;

pub(super) fn execute(args: &VerifyArgs) -> Result<(), Failure> {
    if let Some(round) = &args.round {
        return round::execute(args, round);
    }
    // Files that cannot be written are to be known before minutes are spent.
    let junit = args.junit.as_deref().map(File::open).transpose()?;
    let baseline = args.performance.write_baseline.as_deref().map(File::open).transpose()?;
    let plan = plan::plan(args)?;
    let mut rounds = rounds(args.correctness.round_timeout)?;
    let report = verify::run(&plan, &mut rounds, &mut Bar::new())?;
    if let Some(file) = junit {
        file.write(&report.junit().map_err(Failure::new)?)?;
    }
    if let Some(file) = baseline {
        file.write(&baseline::text(&Baseline::of(&plan, &report))?)?;
    }
    if args.json {
        terminal::json(&report)?;
    } else {
        terminal::data(&format!("{report}"))?;
    }
    judge(&report)
}

/// Rounds in processes of this program, with the arguments it was given.
fn rounds(limit: Duration) -> Result<ChildRounds, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format_args!("failed to find this program's own file: {error}")))?;
    let collector = Collector::default();
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    Ok(ChildRounds { program, command, arguments: arguments.collect(), limit, collector })
}

fn judge(report: &Report) -> Result<(), Failure> {
    if report.all_passed() {
        return Ok(());
    }
    let levels: Vec<String> = report
        .levels()
        .into_iter()
        .filter(|level| !report.passed(*level))
        .map(|level| format!("level {} ({level})", level.number()))
        .collect();
    let message = match report.failures().next() {
        Some(check) => format!("{} failed: {}: {}", levels.join(", "), check.name, check.outcome.words()),
        None => format!("{} failed: there was nothing to verify", levels.join(", ")),
    };
    Err(Failure::Checks { message })
}

/// A file that is written when all is known.
struct File<'a> {
    target: Target,
    path: &'a Path,
}

impl<'a> File<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        Ok(Self { target: Target::open(path)?, path })
    }

    fn write(mut self, text: &str) -> Result<(), Failure> {
        let path = self.path;
        self.target.write_all(text.as_bytes()).map_err(|error| Failure::file("write", path, &error))?;
        self.target.finish()
    }
}

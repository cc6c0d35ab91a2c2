mod against;
mod files;
mod print;
mod question;
mod report;

use std::time::Instant;

use phalanx_measure::report::grouped;
use phalanx_simulate::in_parallel;

use crate::args::SimulateArgs;
use crate::failure::Failure;
use crate::terminal;
use question::Question;
use report::Report;

pub(super) fn execute(args: &SimulateArgs) -> Result<(), Failure> {
    if let Some(model) = &args.against {
        return against::execute(args, model);
    }
    let question = Question::ask(args)?;
    let start = Instant::now();
    let cells = in_parallel(&question.cells(), |cell| question.answer(cell));
    let report = Report::new(&question, cells.into_iter().collect::<Result<_, Failure>>()?);
    let (seconds, simulated) = (start.elapsed().as_secs_f64(), report.simulated as f64);
    terminal::words(&format!(
        "simulated {} requests in {seconds:.1} s, {} a second",
        grouped(simulated),
        grouped(simulated / seconds)
    ));
    if args.json {
        return terminal::json(&report);
    }
    terminal::data(&if args.markdown { print::markdown(&report) } else { print::text(&report) })
}

mod batching;
mod plan;
mod print;
mod report;
mod verdict;

use phalanx_model::Model;

use self::batching::BatchingReport;
use self::report::Report;
use self::verdict::Verdict;
use crate::args::InspectArgs;
use crate::failure::Failure;
use crate::terminal;

pub(super) fn execute(args: &InspectArgs) -> Result<(), Failure> {
    args.engine.one_device()?;
    let model = Model::load(&args.model)?;
    if args.plan {
        return plan::print(&model, args);
    }
    let verdicts = if args.quick { Vec::new() } else { verdict::all(&model, &args.engine)? };
    let batching = BatchingReport::new(&model, args, &verdicts);
    let report = Report::new(&model, args.engine.device(), batching, verdicts);
    if args.json { terminal::json(&report) } else { print::print(&report) }
}

/// Share of a device's nodes left on the CPU from which the user is warned.
const CPU_SHARE_WARNED: f64 = 0.1;

fn cpu_warning(verdict: &Verdict, device: &str) -> Option<String> {
    let share = verdict.cpu_share.filter(|&share| share > CPU_SHARE_WARNED)?;
    Some(format!("{} leaves {:.0} % of the nodes on the CPU, not on {device}", verdict.name, 100.0 * share))
}

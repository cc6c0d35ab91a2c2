use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use clap::error::ErrorKind;
use phalanx_backend::Device;
use phalanx_measure::report::BenchReport;
use phalanx_measure::strategy::{Raw, Rule, Strategy};
use phalanx_measure::suite::{self, Group, Name, Suite, Timing};
use phalanx_measure::truth::{Gate, Rig, Work, ceilings};
use phalanx_measure::{Machine, WaitedLane};

use super::subject::Subject;
use super::table;
use super::watch::Live;
use crate::args::{MeasureArgs, StrategyName};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{measuring, session, terminal};

/// Where the source of this program stood.
const COMMIT: Option<&str> = option_env!("PHALANX_COMMIT");

/// What all strategies together may take, unless it was said: `--strategy all` ends in under eight minutes.
const BUDGET_ALL: std::time::Duration = std::time::Duration::from_secs(7 * 60);

/// Measures what the options ask for.
pub(super) fn measure(args: &MeasureArgs) -> Result<BenchReport, Failure> {
    let wanted = |strategy| args.strategy.contains(&strategy);
    let model = model(args)?;
    let null = if wanted(StrategyName::Null) || (wanted(StrategyName::Soak) && model.is_none()) {
        Some(Subject::null(args)?)
    } else {
        None
    };
    let mut report = report(args, model.as_ref(), null.as_ref());
    let mut live = Live::new(args.json || args.markdown);
    live.print(&table::heading(&report));
    run(args, model.as_ref(), null.as_ref(), &mut report, &mut live)?;
    if let Some(null) = &null {
        let own = null.caller_allocations();
        let of_null = report.rows.iter_mut().filter(|row| row.strategy == "null");
        of_null.for_each(|row| row.allocations_per_request_callers = own);
    }
    if let Some(subject) = model.as_ref().or(null.as_ref()).filter(|_| wanted(StrategyName::Soak)) {
        let row = subject.soak(args)?;
        live.print(&table::line(&row));
        report.rows.push(row);
    }
    live.printed?;
    Ok(report)
}

/// Measures all rows but those of soak.
fn run(
    args: &MeasureArgs,
    model: Option<&Subject>,
    null: Option<&Subject>,
    report: &mut BenchReport,
    live: &mut Live,
) -> Result<(), Failure> {
    let rules = [Rule::Each].into_iter().chain(args.wait_every.map(|every| Rule::every(every.into())));
    let subjects: Vec<Option<suite::Subject>> =
        rules.map(|rule| model.map(|model| model.suite(args, rule)).transpose()).collect::<Result<_, _>>()?;
    let mut groups: Vec<Group<'_>> = Vec::new();
    for subject in &subjects {
        groups.extend(model.and_then(|model| model.side_by_side(args, subject.as_ref())));
        if let Some(subject) = subject {
            let waits = |name: &Name| subject.rule == Rule::Each || *name != Name::Policy;
            groups.extend(names(args).into_iter().filter(waits).flat_map(|name| name.groups(subject)));
        }
    }
    if let Some(null) = null.filter(|_| args.strategy.contains(&StrategyName::Null)) {
        groups.push(null.null_group(args));
    }
    let gate = model.map(|model| gate(model, report)).transpose()?.flatten();
    let baseline = subjects.first().and_then(Option::as_ref).map(baseline).transpose()?;
    let timing = Timing {
        rounds: args.rounds as usize,
        window_max: args.seconds,
        warm_up_max: args.seconds.min(measuring::WARM_UP_MAX),
        budget: args.budget.or(args.strategy.contains(&StrategyName::All).then_some(BUDGET_ALL)),
    };
    let outcome = Suite { groups, baseline, gate }.run(&timing, live).map_err(|error| {
        let printed = std::mem::replace(&mut live.printed, Ok(()));
        printed.err().unwrap_or_else(|| error.into())
    })?;
    report.rows = outcome.rows;
    report.skipped = outcome.skipped;
    report.refused = outcome.refused.iter().map(ToString::to_string).collect();
    report.ceilings = outcome.gate.map(|gate| gate.ceilings().clone());
    Ok(())
}

/// The strategies of the suite that are measured, each once.
fn names(args: &MeasureArgs) -> Vec<Name> {
    if args.strategy.contains(&StrategyName::All) {
        return Name::ALL.to_vec();
    }
    let named = |name: &Name| args.strategy.iter().any(|strategy| strategy.suite() == Some(*name));
    let all = Name::ALL.into_iter().filter(named);
    all.filter(|name| *name != Name::Raw || !is_side_by_side(args)).collect()
}

/// Whether all that is measured is measured in turn, so that shares of `raw` are of what ran beside it.
pub(super) fn is_side_by_side(args: &MeasureArgs) -> bool {
    let others =
        args.strategy.iter().filter(|strategy| strategy.suite().is_some_and(|name| name != Name::Raw));
    others.count() == 0 && !args.strategy.contains(&StrategyName::All)
}

/// One lane that runs one row at a time.
fn baseline(subject: &suite::Subject) -> Result<Box<dyn Strategy + '_>, Failure> {
    let lane = Rc::new(RefCell::new(WaitedLane::open(&*subject.program)?));
    Ok(Box::new(Raw::new(&*subject.program, &lane, &subject.samples, 1)?.io(subject.io)))
}

/// What figures are held against; none where the model's work cannot be counted, which is said.
fn gate(subject: &Subject, report: &mut BenchReport) -> Result<Option<Gate>, Failure> {
    let work = match Work::count(&subject.model, &*subject.program, &subject.samples) {
        Ok(work) => work,
        Err(reason) => {
            let warning = format!("figures are not held against what the device can do: {reason}");
            terminal::warning(&warning);
            report.warnings.push(warning);
            return Ok(None);
        }
    };
    let progress = Progress::steps(1);
    progress.message("what this device can do");
    let device = subject.engine.info().device;
    // What is moved of a device with memory of its own is measured over the link to it.
    let work = if device == Device::Cpu { work } else { work.over_a_link() };
    let rig = Rig {
        backends: subject.rivals(),
        device,
        precision: subject.engine.info().precision,
        cpus: report.machine.cpus,
    };
    let ceilings = ceilings(&rig)?;
    Ok(Some(Gate::new(work, ceilings, Some(rig))))
}

/// The model's subject, where a strategy needs the model.
fn model(args: &MeasureArgs) -> Result<Option<Subject>, Failure> {
    let needs = |strategy: &StrategyName| !matches!(strategy, StrategyName::Null | StrategyName::Soak);
    match (&args.model, args.strategy.iter().find(|strategy| needs(strategy))) {
        (None, Some(strategy)) => Err(Failure::usage(
            ErrorKind::MissingRequiredArgument,
            format_args!("strategy {} measures a model: expected the path of one", strategy.name()),
        )),
        (None, None) => Ok(None),
        (Some(_), None) if !args.strategy.contains(&StrategyName::Soak) => Ok(None),
        (Some(path), _) => Subject::model(args, path).map(Some),
    }
}

/// The report without its figures.
fn report(args: &MeasureArgs, model: Option<&Subject>, null: Option<&Subject>) -> BenchReport {
    let info = model.or(null).map(|subject| subject.engine.info());
    let mut options: BTreeMap<String, String> = info.map(session::options_report).unwrap_or_default();
    options.insert("seconds".to_owned(), args.seconds.as_secs_f64().to_string());
    options.insert("rounds".to_owned(), args.rounds.to_string());
    options.insert("io".to_owned(), args.io.to_string());
    for (axis, size) in model.iter().flat_map(|subject| &subject.chosen_dims) {
        options.insert(format!("dim {axis}"), size.to_string());
    }
    BenchReport {
        phalanx: env!("CARGO_PKG_VERSION"),
        commit: COMMIT,
        machine: Machine::here(),
        backend: info.map(session::backend_report),
        model: model.map(|subject| session::model_report(&subject.model)),
        options,
        ceilings: None,
        rows: Vec::new(),
        skipped: Vec::new(),
        refused: Vec::new(),
        warnings: info.map(|info| info.warnings.clone()).unwrap_or_default(),
        hints: info.map(|info| info.hints.clone()).unwrap_or_default(),
    }
}

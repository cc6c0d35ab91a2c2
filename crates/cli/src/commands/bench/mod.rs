mod subject;
mod table;

use clap::error::ErrorKind;
use phalanx_measure::Machine;
use phalanx_measure::report::{BenchReport, Row, fill_shares};
use phalanx_measure::strategy::{Plan, Strategy};

use self::subject::Subject;
use crate::args::{BenchArgs, StrategyName};
use crate::failure::Failure;
use crate::{measuring, session, terminal};

pub(super) fn execute(args: &BenchArgs) -> Result<(), Failure> {
    let report = measure(args)?;
    if args.json { terminal::json(&report) } else { table::print(&report) }
}

fn measure(args: &BenchArgs) -> Result<BenchReport, Failure> {
    let wanted = |strategy| args.strategy.contains(&strategy);
    let model = model(args)?;
    let null = if wanted(StrategyName::Null) || (wanted(StrategyName::Soak) && model.is_none()) {
        Some(Subject::null(args)?)
    } else {
        None
    };

    let mut strategies: Vec<Box<dyn Strategy + '_>> = Vec::new();
    if let Some(model) = &model {
        model.strategies(args, &mut strategies)?;
    }
    if let Some(null) = null.as_ref().filter(|_| wanted(StrategyName::Null)) {
        null.callers("null", args, &mut strategies);
    }
    let plan = Plan {
        rounds: args.rounds as usize,
        window: args.seconds,
        warm_up: args.seconds.min(measuring::WARM_UP_MAX),
    };
    let mut rows: Vec<Row> = measuring::run(&mut strategies, &plan)?.iter().map(Row::of).collect();
    drop(strategies);
    fill_shares(&mut rows);
    if let Some(null) = &null {
        let own = null.caller_allocations();
        let of_null = rows.iter_mut().filter(|row| row.strategy == "null");
        of_null.for_each(|row| row.allocations_per_request_callers = own);
    }
    if let Some(subject) = model.as_ref().or(null.as_ref()).filter(|_| wanted(StrategyName::Soak)) {
        rows.push(subject.soak(args)?);
    }
    Ok(report(args, model.as_ref(), null.as_ref(), rows))
}

/// The model's subject, where a strategy needs the model.
fn model(args: &BenchArgs) -> Result<Option<Subject>, Failure> {
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

fn report(args: &BenchArgs, model: Option<&Subject>, null: Option<&Subject>, rows: Vec<Row>) -> BenchReport {
    let info = model.or(null).map(|subject| subject.engine.info());
    let mut options = info.map(session::options_report).unwrap_or_default();
    options.insert("seconds".to_owned(), args.seconds.as_secs_f64().to_string());
    options.insert("rounds".to_owned(), args.rounds.to_string());
    for (axis, size) in model.iter().flat_map(|subject| &subject.chosen_dims) {
        options.insert(format!("dim {axis}"), size.to_string());
    }
    BenchReport {
        phalanx: env!("CARGO_PKG_VERSION"),
        machine: Machine::here(),
        backend: info.map(session::backend_report),
        model: model.map(|subject| session::model_report(&subject.model)),
        options,
        rows,
        warnings: info.map(|info| info.warnings.clone()).unwrap_or_default(),
        hints: info.map(|info| info.hints.clone()).unwrap_or_default(),
    }
}

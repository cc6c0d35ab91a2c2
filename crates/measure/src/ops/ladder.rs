use phalanx_backend::Precision;
use phalanx_backend::ops::{Operation, OperationDevice, Products, Route};

use super::bench::Bench;
use super::report::LadderRow;
use super::step::Step;
use super::timing::Windows;
use super::{OpsOptions, Watch, tell};
use crate::MeasureError;

/// Branches that a recording of independent operations is tried with.
const BRANCHES: [usize; 5] = [4, 8, 16, 32, 64];
/// Those of the recording that is made anew each time.
const BRANCHES_ANEW: usize = 8;

/// Measures every step on square products of one size, by every route that there is.
///
/// # Errors
/// What the device says, [`MeasureError::WrongResult`], [`MeasureError::Interrupted`].
pub fn ladder<D: OperationDevice>(
    device: &D,
    size: usize,
    precision: Precision,
    options: &OpsOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<LadderRow>, MeasureError> {
    let operation = Operation::Products(Products::square(size, precision));
    let mut rows = Vec::new();
    for route in device.routes(&operation)? {
        tell(watch, &format!("ladder: {size}, {precision}, {route}"))?;
        let bench = Bench::new(device, &operation, route, count(&operation, options))?;
        rows.extend(measure(bench, route, size, options)?);
    }
    Ok(rows)
}

/// Operations that fit into the memory set aside for them, which all steps together hold three times at most: pooled, as
/// one grouped operation, and on the host.
pub(super) fn count(operation: &Operation, options: &OpsOptions) -> usize {
    let fitting = options.memory_bytes_max as f64 / operation.bytes().max(1.0);
    options.count.min(fitting as usize).max(1)
}

fn steps() -> Vec<Step> {
    let mut steps = vec![
        Step::Naive,
        Step::QueuePooled,
        Step::DescriptorsCached,
        Step::BuffersPooled,
        Step::NotWaiting,
        Step::OneSubmission { branches: BRANCHES_ANEW },
    ];
    steps.extend(BRANCHES.map(|branches| Step::Graph { branches }));
    steps.extend([Step::GraphChained, Step::Grouped]);
    steps
}

/// A step as it is measured.
struct Measured {
    step: Step,
    windows: Windows,
    results: usize,
    error_max: f64,
}

fn measure<D: OperationDevice>(
    mut bench: Bench<'_, D>,
    route: Route,
    size: usize,
    options: &OpsOptions,
) -> Result<Vec<LadderRow>, MeasureError> {
    let mut all: Vec<Measured> = Vec::new();
    for step in steps() {
        if bench.make_ready(step)? {
            bench.run(step)?;
            all.push(Measured { step, windows: Windows::default(), results: 0, error_max: 0.0 });
        }
    }
    let count = bench.count();
    for _ in 0..options.rounds.max(1) {
        for measured in &mut all {
            let step = measured.step;
            measured.windows.measure(options.window, count, || bench.run(step))?;
            let of = format!("{size} cubed by the {route}, {}", step.name());
            let (results, error) = bench.check(step, &of)?;
            measured.results += results;
            measured.error_max = measured.error_max.max(error);
        }
    }
    Ok(rows(&all, bench.operation(), route, size, count))
}

/// With what each step saves on the one before; of the graphs the one with the best number of branches is the step.
fn rows(all: &[Measured], operation: &Operation, route: Route, size: usize, count: usize) -> Vec<LadderRow> {
    let mut rows: Vec<LadderRow> = Vec::new();
    for measured in all {
        let Some(timed) = measured.windows.timed() else { continue };
        rows.push(LadderRow {
            size,
            precision: operation.precision(),
            route: route.to_string(),
            step: measured.step,
            count,
            timed,
            flops_per_s: operation.flops() / (timed.us * 1e-6),
            saves: measured.step.saves(),
            saved_us: None,
            is_beyond_noise: None,
            by_branches: Vec::new(),
            results_compared: measured.results,
            error_max: measured.error_max,
        });
    }
    let is_graph = |row: &LadderRow| matches!(row.step, Step::Graph { .. });
    let graphs = rows.iter().filter(|row| is_graph(row));
    let tried: Vec<(usize, f64)> =
        graphs.filter_map(|row| Some((row.step.branches()?, row.timed.us))).collect();
    let best = tried.iter().min_by(|a, b| a.1.total_cmp(&b.1)).map(|&(branches, _)| Step::Graph { branches });
    rows.retain(|row| !is_graph(row) || Some(row.step) == best);
    rows.iter_mut().filter(|row| is_graph(row)).for_each(|row| row.by_branches.clone_from(&tried));
    for index in 1..rows.len() {
        let (before, now) = (rows[index - 1].timed, rows[index].timed);
        if rows[index].saves.is_some() {
            rows[index].saved_us = Some(before.us - now.us);
            rows[index].is_beyond_noise = Some(before.us_low > now.us_high || now.us_low > before.us_high);
        }
    }
    rows
}

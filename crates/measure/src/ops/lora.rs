use phalanx_backend::Precision;
use phalanx_backend::ops::{LoraPairs, Operation, OperationDevice, Products, Route};

use super::bench::Bench;
use super::ladder::count;
use super::report::{LoraRow, Timed, Waits};
use super::step::Step;
use super::timing::Windows;
use super::{OpsOptions, Watch, tell};
use crate::MeasureError;

/// The seeds' shapes: x is 64 × 256, the result as wide.
const ROWS: usize = 64;
const WIDTH: usize = 256;
const RANKS: [usize; 3] = [8, 16, 32];
/// Adapters in one batch, of the rank in the middle.
const ADAPTERS: [usize; 3] = [1, 4, 16];
const RANK: usize = 16;

const WAITS: [(Waits, Step); 2] = [(Waits::Each, Step::BuffersPooled), (Waits::Recorded, Step::GraphChained)];

/// Measures pairs of the seeds' ranks beside the one product that has as many rows and columns.
///
/// # Errors
/// What the device says, [`MeasureError::WrongResult`], [`MeasureError::Interrupted`].
pub fn pairs_against_products<D: OperationDevice>(
    device: &D,
    precision: Precision,
    options: &OpsOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<LoraRow>, MeasureError> {
    let products = Products { m: ROWS, n: WIDTH, k: WIDTH, count: 1, precision };
    let one = (Operation::Products(products), Subject { rank: None, adapters: 0 });
    let pairs = RANKS.map(|rank| (pairs(rank, 1, precision), Subject { rank: Some(rank), adapters: 1 }));
    tell(watch, &format!("low-rank pairs: {precision}"))?;
    measure(device, &[&[one][..], &pairs].concat(), options)
}

/// Measures batches whose rows have several adapters.
///
/// # Errors
/// As [`pairs_against_products`].
pub fn adapters<D: OperationDevice>(
    device: &D,
    precision: Precision,
    options: &OpsOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<LoraRow>, MeasureError> {
    let batches =
        ADAPTERS.map(|adapters| (pairs(RANK, adapters, precision), Subject { rank: Some(RANK), adapters }));
    tell(watch, &format!("adapters: {precision}"))?;
    measure(device, &batches, options)
}

/// Each group of rows has an adapter; the last adapter comes first.
fn pairs(rank: usize, adapters: usize, precision: Precision) -> Operation {
    Operation::Lora(LoraPairs {
        group_rows: ROWS / adapters,
        width: WIDTH,
        rank,
        n: WIDTH,
        adapters,
        chosen: (0..adapters as u32).rev().collect(),
        precision,
    })
}

/// What a row is about.
#[derive(Clone, Copy)]
struct Subject {
    rank: Option<usize>,
    adapters: usize,
}

/// One operation by one route, waited for in one way.
struct Measured {
    subject: Subject,
    route: Route,
    waits: Waits,
    timed: Timed,
    flops: f64,
    error_max: f64,
}

fn measure<D: OperationDevice>(
    device: &D,
    subjects: &[(Operation, Subject)],
    options: &OpsOptions,
) -> Result<Vec<LoraRow>, MeasureError> {
    let mut benches = Vec::new();
    for (operation, subject) in subjects {
        for route in device.routes(operation)? {
            let mut bench = Bench::new(device, operation, route, count(operation, options))?;
            bench.make_ready(Step::GraphChained)?;
            benches.push((bench, *subject, route, WAITS.map(|_| (Windows::default(), 0.0_f64))));
        }
    }
    for _ in 0..options.rounds.max(1) {
        for (bench, _, route, figures) in &mut benches {
            for ((_, step), (windows, error_max)) in WAITS.iter().zip(figures) {
                let count = bench.count();
                windows.measure(options.window, count, || bench.run(*step))?;
                let of = format!("{:?} by the {route}", bench.operation());
                *error_max = error_max.max(bench.check(*step, &of)?.1);
            }
        }
    }
    let mut all = Vec::new();
    for (bench, subject, route, figures) in &benches {
        for ((waits, _), (windows, error_max)) in WAITS.iter().zip(figures) {
            let Some(timed) = windows.timed() else { continue };
            let (flops, error_max) = (bench.operation().flops(), *error_max);
            all.push(Measured { subject: *subject, route: *route, waits: *waits, timed, flops, error_max });
        }
    }
    let precision = subjects.first().map_or(Precision::Fp32, |(operation, _)| operation.precision());
    Ok(all.iter().map(|measured| row(measured, &all, precision)).collect())
}

fn row(measured: &Measured, all: &[Measured], precision: Precision) -> LoraRow {
    let alike = all.iter().filter(|other| other.subject.rank.is_none() && other.waits == measured.waits);
    let one_us = alike.map(|one| one.timed.us).min_by(f64::total_cmp);
    let Subject { rank, adapters } = measured.subject;
    LoraRow {
        precision,
        rows: ROWS,
        width: WIDTH,
        rank,
        adapters,
        route: measured.route.to_string(),
        waits: measured.waits,
        timed: measured.timed,
        of_one_product: one_us.map(|one_us| measured.timed.us / one_us),
        flops_per_s: measured.flops / (measured.timed.us * 1e-6),
        error_max: measured.error_max,
    }
}

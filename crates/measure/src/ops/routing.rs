use phalanx_backend::Precision;
use phalanx_backend::ops::{Operation, OperationDevice, Products, Route};

use super::bench::Bench;
use super::ladder::count;
use super::report::{RoutedSize, RoutingRow};
use super::step::Step;
use super::threshold::{regret, threshold};
use super::timing::Windows;
use super::{OpsOptions, Watch, tell};
use crate::MeasureError;

/// Operations that are recorded one after the other, so that it is the device that takes the time.
const RECORDED_MAX: usize = 32;
/// Rows of the products of few rows.
const ROWS_FEW: usize = 8;

/// Products that grow in one way.
struct Family {
    name: &'static str,
    shape: fn(usize) -> [usize; 3],
}

const FAMILIES: [Family; 2] = [
    Family { name: "square", shape: |size| [size, size, size] },
    Family { name: "8 rows", shape: |size| [ROWS_FEW, size, size] },
];

/// Measures for which sizes each of our kernels is faster than the library, and judges that on sizes between.
///
/// # Errors
/// What the device says, [`MeasureError::WrongResult`], [`MeasureError::Interrupted`].
pub fn routing<D: OperationDevice>(
    device: &D,
    precision: Precision,
    options: &OpsOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<RoutingRow>, MeasureError> {
    let mut rows = Vec::new();
    for family in &FAMILIES {
        let smallest = options.sizes.iter().min().map_or([1; 3], |&size| (family.shape)(size));
        let routes = device.routes(&operation(smallest, precision))?;
        for kernel in routes.into_iter().filter(|route| *route != Route::Library) {
            tell(watch, &format!("routing: {}, {precision}, {kernel}", family.name))?;
            let measure = |sizes: &[usize]| -> Result<Vec<RoutedSize>, MeasureError> {
                let shapes = sizes.iter().map(|&size| (family.shape)(size));
                shapes.map(|shape| routed(device, shape, precision, kernel, options)).collect()
            };
            let (measured, judged) = (measure(&options.sizes)?, measure(&between(&options.sizes))?);
            rows.push(row(family.name, precision, kernel, measured, judged));
        }
    }
    Ok(rows)
}

fn row(
    family: &'static str,
    precision: Precision,
    kernel: Route,
    measured: Vec<RoutedSize>,
    judged: Vec<RoutedSize>,
) -> RoutingRow {
    let flops_max = threshold(&measured);
    let (regret_mean, regret_max) = regret(&judged, |size| size.flops <= flops_max);
    RoutingRow {
        family,
        precision,
        kernel: kernel.to_string(),
        flops_max: Some(flops_max).filter(|flops| flops.is_finite()),
        regret_mean,
        regret_max,
        regret_library: regret(&judged, |_| false).0,
        regret_kernel: regret(&judged, |_| true).0,
        measured,
        judged,
    }
}

fn operation([m, n, k]: [usize; 3], precision: Precision) -> Operation {
    Operation::Products(Products { m, n, k, count: 1, precision })
}

/// One size by both routes, measured in turn.
fn routed<D: OperationDevice>(
    device: &D,
    shape: [usize; 3],
    precision: Precision,
    kernel: Route,
    options: &OpsOptions,
) -> Result<RoutedSize, MeasureError> {
    let operation = operation(shape, precision);
    let count = count(&operation, options).min(RECORDED_MAX);
    let bench = |route| -> Result<(Bench<'_, D>, Windows), MeasureError> {
        let mut bench = Bench::new(device, &operation, route, count)?;
        bench.make_ready(Step::GraphChained)?;
        bench.run(Step::GraphChained)?;
        Ok((bench, Windows::default()))
    };
    let mut both = [bench(Route::Library)?, bench(kernel)?];
    for _ in 0..options.rounds.max(1) {
        for (bench, windows) in &mut both {
            windows.measure(options.window, count, || bench.run(Step::GraphChained))?;
            bench.check(Step::GraphChained, &format!("{shape:?}"))?;
        }
    }
    let [library_us, kernel_us] =
        both.map(|(_, windows)| windows.timed().map_or(f64::INFINITY, |timed| timed.us));
    Ok(RoutedSize { shape, flops: operation.flops(), library_us, kernel_us })
}

/// Sizes half-way (geometrically) between neighbours, in steps of eight.
fn between(sizes: &[usize]) -> Vec<usize> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    sizes.dedup();
    let pairs = sizes.windows(2).map(|pair| {
        let middle = ((pair[0] * pair[1]) as f64).sqrt() as usize;
        (middle.next_multiple_of(8), pair[0], pair[1])
    });
    pairs.filter(|(middle, low, high)| low < middle && middle < high).map(|(middle, ..)| middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_between_are_none_of_those_measured() {
        assert_eq!(between(&[64, 128, 256]), [96, 184]);
        assert_eq!(between(&[16, 24, 32]), Vec::<usize>::new());
        assert_eq!(between(&[64]), Vec::<usize>::new());
    }
}

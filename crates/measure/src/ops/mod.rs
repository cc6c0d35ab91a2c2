//! What submitting a single operation costs, and what each way of saving on it brings: a ladder from everything made
//! anew and waited for to many operations recorded as one.
//!
//! All ways compute the same operands, are measured in turn, and have results read back and compared after every window.

mod bench;
mod cpu;
mod expected;
mod ladder;
mod lora;
mod operands;
mod options;
mod report;
mod routing;
mod step;
mod threshold;
mod timing;

pub use cpu::Processor;
pub use ladder::ladder;
pub use lora::{adapters, pairs_against_products};
pub use options::OpsOptions;
pub use report::{LadderRow, LoraRow, OpsReport, RoutedSize, RoutingRow, Timed, Waits};
pub use routing::routing;
pub use step::{NamedCost, Step};

use std::ops::ControlFlow;

use phalanx_backend::ops::OperationDevice;

use crate::MeasureError;

/// Told what is measured next; it may break off.
pub type Watch<'a> = dyn FnMut(&str) -> ControlFlow<()> + 'a;

/// Measures the ladder, the routing by size and the low-rank pairs.
///
/// # Errors
/// What the device says, [`MeasureError::WrongResult`], [`MeasureError::Interrupted`].
pub fn run<D: OperationDevice>(
    device: &D,
    options: &OpsOptions,
    watch: &mut Watch<'_>,
) -> Result<OpsReport, MeasureError> {
    let mut report = OpsReport::new(device.description(), options);
    for &precision in &options.precisions {
        for &size in &options.sizes {
            report.ladder.extend(ladder(device, size, precision, options, watch)?);
        }
        report.routing.extend(routing(device, precision, options, watch)?);
        report.lora.extend(pairs_against_products(device, precision, options, watch)?);
        report.lora.extend(adapters(device, precision, options, watch)?);
    }
    Ok(report)
}

/// Tells what is measured next.
fn tell(watch: &mut Watch<'_>, what: &str) -> Result<(), MeasureError> {
    match watch(what) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(MeasureError::Interrupted),
    }
}

#[cfg(test)]
mod tests;

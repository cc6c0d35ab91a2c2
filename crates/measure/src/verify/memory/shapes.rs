use std::time::{Duration, Instant};

use phalanx_engine::{Batching, Engine, Metrics, Request};
use phalanx_tensor::Tensor;

use super::trace::{POINTS, Trace};
use super::{MEGABYTE, Memory};
use crate::MeasureError;
use crate::draw::Draw;
use crate::report::{grouped, thousands};
use crate::verify::book::Page;
use crate::verify::finding::Finding;
use crate::verify::setup::Candidate;
use crate::verify::{Plan, Setup};

/// Bounds that the caches are given: small enough to be reached.
const GROUPS_MAX: usize = 32;
const MEMORY_BYTES_MAX: u64 = 64 << 20;

/// Batches from one look at the caches to the next: a look costs more than a batch.
const LOOK_EVERY: usize = 16;

/// Growth of the second half that is no leak: what is prepared for each shape leaves holes in the heap.
const LEAK_BYTES_MIN: f64 = 4e6;

/// How long an engine may take to lay back what its last answers used.
const SETTLING: Duration = Duration::from_secs(5);

/// Requests of many different shapes leave nothing behind that is beyond the caches' bounds.
pub(super) fn shapes(
    plan: &Plan,
    candidate: &Candidate<'_>,
    page: &mut Page<'_, '_>,
) -> Result<Finding, MeasureError> {
    let builder = plan.setup.builder(candidate).groups_max(GROUPS_MAX).memory_bytes_max(MEMORY_BYTES_MAX);
    let engine = builder.build()?;
    let shapes = Shapes::find(&plan.setup, &engine, plan.memory.shapes)?;
    let mut trace = Trace::new();
    let (mut sent, batches) = (0, plan.memory.shape_batches);
    let end = plan.memory.shapes_budget.map(|budget| Instant::now() + budget);
    trace.look(&engine, 0);
    for point in 1..=POINTS {
        while sent < batches * point / POINTS && !is_over(end) {
            let response = engine.infer_blocking(shapes.request(&plan.setup, sent % shapes.count)?)?;
            std::hint::black_box(response.output(0));
            drop(response);
            sent += 1;
            if sent.is_multiple_of(LOOK_EVERY)
                && let Some(excess) = excess(&engine.metrics())
            {
                return Ok(Finding::failed(format!("after {sent} batches {excess}")));
            }
        }
        trace.look(&engine, sent as u64);
        page.step()?;
    }
    let settled = settled(&engine);
    if settled.slots.in_use > 0 {
        return Ok(Finding::failed(format!("{} slots were never given back", settled.slots.in_use)));
    }
    Ok(verdict(&trace, &plan.memory, &shapes, sent, &settled))
}

fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| Instant::now() >= end)
}

/// The requests that are sent: sizes of the open axes, and where there are too few of those, numbers of rows.
struct Shapes {
    /// Sizes of the open axes, from 1; 1 where there is none.
    sizes: usize,
    /// Different shapes.
    count: usize,
}

impl Shapes {
    /// As many as are asked for, or as the model takes.
    fn find(setup: &Setup, engine: &Engine, wanted: usize) -> Result<Self, MeasureError> {
        let rows_max = match engine.info().batching {
            Batching::Unbatched { .. } => 1,
            _ if !setup.samples.batched() => 1,
            Batching::Batched | Batching::Fixed(_) => engine.info().max_batch,
        };
        let given = open_axes(setup).iter().map(|(_, given)| given.unwrap_or(usize::MAX)).min();
        let mut shapes = Self { sizes: given.unwrap_or(1).min(wanted), count: wanted };
        // Models have longest sequences that their signatures do not tell.
        while shapes.sizes > 1 && engine.infer_blocking(shapes.request(setup, shapes.sizes - 1)?).is_err() {
            shapes.sizes /= 2;
        }
        shapes.count = wanted.min(shapes.sizes.saturating_mul(rows_max));
        Ok(shapes)
    }

    /// The request of shape `index`.
    fn request(&self, setup: &Setup, index: usize) -> Result<Request, MeasureError> {
        let (size, rows) = (1 + index % self.sizes, 1 + index / self.sizes);
        let Some(draw) = setup.draw.as_ref().filter(|_| self.sizes > 1) else {
            return Ok(Request::new(rows_of(setup, index, rows)?));
        };
        let dims = open_axes(setup).into_iter().map(|(name, _)| (name, size)).collect();
        let draw = Draw { dims, seed: index as u64, ..draw.clone() };
        let rows = setup.samples.batched().then_some(rows);
        Ok(Request::new(draw.inputs(setup.model.signature(), rows)?))
    }
}

fn rows_of(setup: &Setup, index: usize, rows: usize) -> Result<Vec<Tensor>, MeasureError> {
    if rows == 1 { Ok(setup.samples.get(index).to_vec()) } else { setup.samples.batch(index, rows) }
}

/// The axes that a model leaves open beside the batch axis, with the size that the user gave; none where inputs come
/// from a file.
fn open_axes(setup: &Setup) -> Vec<(String, Option<usize>)> {
    let Some(draw) = &setup.draw else { return Vec::new() };
    let names = draw.chosen_dims(setup.model.signature()).into_keys();
    names.map(|name| (name.clone(), draw.dims.get(&name).copied())).collect()
}

/// What is beyond its bound.
fn excess(metrics: &Metrics) -> Option<String> {
    let slots_max = MEMORY_BYTES_MAX / 2;
    if metrics.groups > GROUPS_MAX {
        Some(format!("{} shapes are kept, expected at most {GROUPS_MAX}", metrics.groups))
    } else if metrics.slots.in_use == 0 && metrics.slots.bytes as u64 > slots_max {
        Some(format!("unused slots have {} bytes, expected at most {slots_max}", metrics.slots.bytes))
    } else if metrics.idle_answer_bytes as u64 > MEMORY_BYTES_MAX {
        let bytes = metrics.idle_answer_bytes;
        Some(format!("unused buffers have {bytes} bytes, expected at most {MEMORY_BYTES_MAX}"))
    } else {
        None
    }
}

/// Metrics once no slot is in use, or after a while in any case: an answer comes before its slot is laid back.
fn settled(engine: &Engine) -> Metrics {
    let end = Instant::now() + SETTLING;
    loop {
        let metrics = engine.metrics();
        if metrics.slots.in_use == 0 || Instant::now() >= end {
            return metrics;
        }
        std::thread::yield_now();
    }
}

fn verdict(trace: &Trace, memory: &Memory, shapes: &Shapes, sent: usize, settled: &Metrics) -> Finding {
    let resident = |point: &super::trace::Point| point.resident_bytes;
    let (growth, slope) = (trace.growth(resident), trace.slope(|point| point.answered as f64, resident));
    let half = trace.second_half();
    let batches = half.last().zip(half.first()).map_or(0, |(last, first)| last.answered - first.answered);
    let finding = if let Some(growth) = growth.filter(|growth| *growth > memory.growth_mb_max * MEGABYTE) {
        let allowed = grouped(memory.growth_mb_max);
        Finding::failed(format!("grew by {} MB, expected at most {allowed} MB", grouped(growth / MEGABYTE)))
    } else if let Some(slope) = slope.filter(|slope| slope.low * batches as f64 > LEAK_BYTES_MIN) {
        let (estimate, low) = (grouped(slope.estimate), grouped(slope.low));
        Finding::failed(format!(
            "a leak: each batch leaves {estimate} bytes behind, with 95 % confidence at least {low}"
        ))
    } else {
        Finding::passed(format!(
            "{} batches of {} shapes{}; {} shapes and {} slots kept, {} MB grown",
            thousands(sent as u64),
            thousands(shapes.count.min(sent) as u64),
            if sent < memory.shape_batches { ", for lack of time" } else { "" },
            settled.groups,
            settled.slots.idle,
            growth.map_or_else(|| "-".to_owned(), |growth| grouped(growth / MEGABYTE))
        ))
    };
    finding
        .with("batches", sent as f64)
        .with("shapes", shapes.count.min(sent) as f64)
        .with_some("growth_bytes", growth)
        .with_some("slope_bytes_per_batch", slope.map(|slope| slope.estimate))
}

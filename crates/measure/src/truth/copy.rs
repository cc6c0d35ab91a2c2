use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{Backend, PrepareOptions};
use phalanx_model::{GraphBuilder, Model};
use phalanx_tensor::{DType, Dim, Tensor};

use super::{MovedAt, Rig};
use crate::answers::Answers;
use crate::strategy::{Crew, Io, Order};
use crate::{MeasureError, Samples, thread_time};

/// Memory that each processor copies: one size for each cache there may be, and one beyond all.
const SIZES: [usize; 5] = [16 << 10, 256 << 10, 2 << 20, 16 << 20, 64 << 20];

/// How long one size is copied, and how often: the best counts.
const WINDOW: Duration = Duration::from_millis(10);
const WINDOWS: usize = 8;

/// Elements of a row that is copied to a device and back, and rows of a batch: 64 MiB.
const LINK_WIDTH: usize = 1 << 20;
/// Rows of a batch and lanes: what is read back of large batches waits for the processors, what is copied of small ones
/// for the turn-round.
const LINK_LOADS: [(usize, usize); 3] = [(16, 2), (4, 4), (1, 4)];
const LINK_ROWS_MAX: usize = 16;
const LINK_WINDOWS: usize = 3;
const LINK_WINDOW: Duration = Duration::from_millis(200);

/// What one processor does with its memory.
type Work = fn(&mut [u8], &mut [u8]);

/// All processors at once, each with memory of its own, copying it and comparing it with its copy; the faster counts.
pub(super) fn processors(cpus: usize) -> Result<Vec<MovedAt>, MeasureError> {
    let copy: Work = |from, to| to.copy_from_slice(black_box(from));
    let compare: Work = |from, to| _ = black_box(black_box(&*from) == black_box(&*to));
    SIZES
        .iter()
        .map(|&bytes| {
            let best = [copy, compare].into_iter().map(|work| all(cpus, bytes, work));
            let rates = best.collect::<Result<Vec<f64>, _>>()?;
            let bytes_per_s = rates.into_iter().fold(0.0, f64::max);
            Ok(MovedAt { bytes: bytes as f64, bytes_per_s })
        })
        .collect()
}

/// Bytes read and written a second by all processors together.
fn all(cpus: usize, bytes: usize, work: Work) -> Result<f64, MeasureError> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cpus.max(1)).map(|_| scope.spawn(move || one(bytes, work))).collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().map_err(|_| MeasureError::Thread { message: "it panicked".to_owned() })
            })
            .sum()
    })
}

fn one(bytes: usize, work: Work) -> f64 {
    let (mut from, mut to) = (vec![1_u8; bytes / 2], vec![1_u8; bytes / 2]);
    let rate = |_| {
        // In the thread's own time: what others take of the processor says nothing of what it can do.
        let (begin, cpu) = (Instant::now(), thread_time());
        let mut rounds = 0_u32;
        while begin.elapsed() < WINDOW {
            // The clock is looked at once in a while only: small copies take less time than that.
            (0..(SIZES[2] / bytes).max(1)).for_each(|_| work(&mut from, &mut to));
            rounds += (SIZES[2] / bytes).max(1) as u32;
        }
        let took = thread_time().saturating_sub(cpu).max(Duration::from_nanos(1));
        f64::from(rounds) * bytes as f64 / took.as_secs_f64()
    };
    (0..WINDOWS).map(rate).fold(0.0, f64::max)
}

/// To a device and back, through the fastest of its backends.
pub(super) fn link(rig: &Rig) -> Result<MovedAt, MeasureError> {
    let rates = rig.backends.iter().filter_map(|backend| through(backend, rig).ok());
    let bytes_per_s = rates.reduce(f64::max).ok_or_else(|| MeasureError::NoCeiling {
        device: rig.device,
        message: "no backend copies a large tensor".to_owned(),
    })?;
    Ok(MovedAt { bytes: 0.0, bytes_per_s })
}

fn through(backend: &Arc<dyn Backend>, rig: &Rig) -> Result<f64, MeasureError> {
    let model = copying()
        .map_err(|error| MeasureError::NoCeiling { device: rig.device, message: error.to_string() })?;
    let options = PrepareOptions {
        rows_max: LINK_ROWS_MAX.try_into().unwrap_or(std::num::NonZeroUsize::MIN),
        ..Default::default()
    };
    let program = backend.prepare(&model, rig.device, &options)?;
    let row = Tensor::zeros(DType::F32, [1, LINK_WIDTH])?;
    let samples = Samples::from_rows(&[row])?;
    let (answers, samples) = Answers::of(&*program, rig.precision, &samples, Duration::ZERO)?;
    let answers = Arc::new(answers);
    let mut best = 0.0_f64;
    for (rows, lanes) in LINK_LOADS {
        let crew = Crew::open(&[Arc::clone(&program)], lanes, &samples, &answers)?;
        let order = Order { io: Io::Resident, depth: 4, ..Order::of("copy", rows) };
        for _ in 0..LINK_WINDOWS {
            best = best.max(crew.borrow().work(order, LINK_WINDOW)?.samples_per_s());
        }
    }
    Ok(best * (2 * LINK_WIDTH * size_of::<f32>()) as f64)
}

/// Rows go in and come out.
fn copying() -> Result<Model, phalanx_model::ModelError> {
    let row = [Dim::Symbol("batch".into()), Dim::Fixed(LINK_WIDTH)];
    let mut graph = GraphBuilder::new("copy");
    graph.input("x", DType::F32, &row);
    graph.node("y", "Relu", &["x"], &[]);
    graph.output("y", DType::F32, &row);
    Model::from_proto(&graph.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_copied_at_some_rate() {
        let moved = processors(1).unwrap();
        assert_eq!(moved.len(), SIZES.len());
        assert!(moved.iter().all(|moved| moved.bytes_per_s > 1e6), "{moved:?}");
    }
}

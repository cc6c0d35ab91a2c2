use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Device, PrepareOptions};
use phalanx_tensor::Tensor;

use super::Rig;
use crate::answers::Answers;
use crate::proof::chain::{Chain, WIDTH};
use crate::strategy::{Crew, Io, Order};
use crate::{MeasureError, Samples, cpu_time};

/// Rows of the products: as many as their matrices have.
const ROWS: usize = 1024;

/// Distinct rows among those.
const DISTINCT: usize = 16;

/// How long and how often each way is timed: the best counts.
const WINDOW: Duration = Duration::from_millis(50);
const WINDOWS: usize = 16;

/// Arithmetic operations a second of the fastest way to multiply large matrices, and which that is.
pub(super) fn fastest(rig: &Rig) -> Result<(f64, String), MeasureError> {
    let mut best: Option<(f64, String)> = None;
    let mut last = None;
    for backend in &rig.backends {
        for (lanes, threads) in ways(rig) {
            match reached(backend, rig, lanes, threads) {
                Ok(rate) if best.as_ref().is_none_or(|(most, _)| rate > *most) => {
                    best = Some((rate, format!("{}, lanes {lanes}, threads {threads}", backend.name())));
                }
                Ok(_) => {}
                Err(error) => last = Some(error),
            }
        }
    }
    best.ok_or_else(|| MeasureError::NoCeiling {
        device: rig.device,
        message: last.map_or_else(|| "there is no backend".to_owned(), |error| error.to_string()),
    })
}

/// Lanes and threads of each: many of the one or of the other where the device is the processors.
fn ways(rig: &Rig) -> Vec<(usize, NonZeroUsize)> {
    let cpus = NonZeroUsize::new(rig.cpus).unwrap_or(NonZeroUsize::MIN);
    match rig.device {
        Device::Cpu if rig.cpus > 1 => vec![(1, cpus), (rig.cpus, NonZeroUsize::MIN)],
        Device::Cpu => vec![(1, cpus)],
        _ => vec![(1, NonZeroUsize::MIN), (2, NonZeroUsize::MIN)],
    }
}

fn reached(
    backend: &Arc<dyn Backend>,
    rig: &Rig,
    lanes: usize,
    threads: NonZeroUsize,
) -> Result<f64, MeasureError> {
    let chain = Chain::new();
    let no_ceiling = |message: String| MeasureError::NoCeiling { device: rig.device, message };
    let model = chain.model().map_err(|error| no_ceiling(error.to_string()))?;
    let options = PrepareOptions {
        threads,
        precision: rig.precision,
        rows_max: NonZeroUsize::new(ROWS).unwrap_or(NonZeroUsize::MIN),
        ..PrepareOptions::default()
    };
    let program = backend.prepare(&model, rig.device, &options)?;
    let (samples, expected) = rows(&chain)?;
    let answers = Arc::new(Answers::new(program.signature(), rig.precision, expected));
    let crew = Crew::open(&[program], lanes, &samples, &answers)?;
    let order = Order { io: Io::Resident, ..Order::of("product", ROWS) };
    let crew = crew.borrow();
    crew.work(order, Duration::ZERO)?;
    let mut best = 0.0_f64;
    for _ in 0..WINDOWS {
        let before = cpu_time();
        let window = crew.work(order, WINDOW)?;
        best = best.max(window.samples_per_s());
        if lanes == rig.cpus {
            best = best.max(undisturbed(window.samples, cpu_time().saturating_sub(before), lanes));
        }
    }
    Ok(best * Chain::flop_per_row() as f64)
}

/// Samples a second that the processors would have reached, all in use, had nobody else taken them meanwhile: a busy
/// machine would else be thought a slow one, and what runs later on it too fast to be true.
fn undisturbed(samples: u64, cpu: Duration, cpus: usize) -> f64 {
    if cpu.is_zero() { 0.0 } else { samples as f64 * cpus as f64 / cpu.as_secs_f64() }
}

/// One entry a sample, with the bytes of each output.
type Expected = Vec<Vec<Vec<u8>>>;

/// Rows whose products are known.
fn rows(chain: &Chain) -> Result<(Samples, Expected), MeasureError> {
    let inputs: Vec<Vec<i8>> = (0..DISTINCT).map(Chain::input).collect();
    let values: Vec<f32> = inputs.iter().flatten().map(|&value| f32::from(value)).collect();
    let samples = Samples::from_rows(&[Tensor::from_vec([DISTINCT, WIDTH], values)?])?;
    let expected = inputs.iter().map(|row| vec![bytemuck::cast_slice(&chain.output(row)).to_vec()]).collect();
    Ok((samples, expected))
}

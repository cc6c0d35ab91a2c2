//! Closed-loop callers on several threads, one sample each: how many answers a second, and how long each took.
//!
//!     many_callers MODEL BACKEND PRECISION THREADS CALLERS LANES MAX_BATCH DEPTH SPIN_US [SECONDS [QUEUES [DEVICES]]]
//!
//! The callers are tasks, shared out over the threads; one caller calls `infer_blocking`. One JSON object. Every answer is
//! read; some are compared with what the first request of the same sample was answered.
#![expect(clippy::print_stdout, reason = "its output is figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use phalanx_backend::Devices;
use phalanx_engine::{Engine, Request};
use phalanx_model::Model;
use phalanx_tensor::{Shape, Tensor};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Different samples that are sent.
const SAMPLES: usize = 64;
/// How long callers run before they are counted: kernels are compiled, and graphs recorded, for each size of batch that comes.
const RAMP: Duration = Duration::from_secs(2);
/// One answer in so many is compared.
const COMPARED: usize = 97;
/// The largest difference allowed between answers in batches of different sizes.
const TOLERANCE: f32 = 2e-2;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, backend, precision, threads, callers, lanes, max_batch, depth, spin_us, rest @ ..] =
        &arguments[..]
    else {
        return Err(
            "expected MODEL BACKEND PRECISION THREADS CALLERS LANES MAX_BATCH DEPTH SPIN_US [SECONDS [QUEUES [DEVICES]]]".into(),
        );
    };
    let (threads, callers): (usize, usize) = (threads.parse()?, callers.parse()?);
    let seconds: f64 = rest.first().map_or(Ok(1.0), |text| text.parse())?;
    let model = Model::load(std::path::Path::new(model))?;
    let builder = Engine::builder(model.clone()).backend(backend.parse()?).precision(precision.parse()?);
    let builder = builder.lanes(lanes.parse()?).max_batch(max_batch.parse()?).depth(depth.parse()?);
    let mut builder = builder.spin_us(spin_us.parse()?).queue_limit(callers.max(8192));
    if let Some(queues) = rest.get(1) {
        builder = builder.queues(queues.parse()?);
    }
    if let Some(devices) = rest.get(2) {
        builder = builder.device(devices.parse::<Devices>()?);
    }
    let engine = builder.build()?;
    let samples: Arc<[Vec<Tensor>]> =
        (0..SAMPLES).map(|seed| draw(&model, seed)).collect::<Result<_, _>>()?;
    let expected: Arc<[Vec<f32>]> = samples
        .iter()
        .map(|sample| floats(&engine.infer_blocking(Request::new(sample.clone()))?))
        .collect::<Result<_, Failure>>()?;
    let stop = AtomicBool::new(false);
    let counted_from = Instant::now() + RAMP;
    let mut before = engine.metrics();
    let answered: Result<Vec<Vec<f32>>, Failure> = std::thread::scope(|scope| {
        let work: Vec<_> = (0..threads)
            .map(|thread| {
                let mine = callers / threads + usize::from(thread < callers % threads);
                let (engine, samples, expected, stop) = (&engine, &samples, &expected, &stop);
                scope.spawn(move || call(engine, samples, expected, mine, thread, stop, counted_from))
            })
            .collect();
        std::thread::sleep(RAMP);
        before = engine.metrics();
        std::thread::sleep(Duration::from_secs_f64(seconds));
        stop.store(true, Ordering::Relaxed);
        work.into_iter().map(|thread| thread.join().map_err(|_| "a thread of callers panicked")?).collect()
    });
    let took = counted_from.elapsed().as_secs_f64();
    let mut latencies_us: Vec<f32> = answered?.into_iter().flatten().collect();
    latencies_us.sort_unstable_by(f32::total_cmp);
    let at =
        |share: f64| latencies_us.get((share * latencies_us.len() as f64) as usize).copied().unwrap_or(0.0);
    let after = engine.metrics();
    let batches = |metrics: &phalanx_engine::Metrics| metrics.batch_sizes.iter().sum::<u64>();
    let run = (batches(&after) - batches(&before)).max(1);
    println!(
        "{{\"model\": {:?}, \"backend\": {backend:?}, \"precision\": {precision:?}, \"threads\": {threads}, \"callers\": {callers}, \"lanes\": {}, \"queues\": {}, \"devices\": \"{}\", \"max_batch\": {max_batch}, \"depth\": {depth}, \"spin_us\": {spin_us}, \"samples_per_s\": {:.0}, \"p50_us\": {:.1}, \"p99_us\": {:.1}, \"mean_batch\": {:.1}}}",
        model.name(),
        engine.info().lanes,
        engine.info().queues,
        engine.info().devices,
        latencies_us.len() as f64 / took,
        at(0.5),
        at(0.99),
        latencies_us.len() as f64 / run as f64
    );
    Ok(())
}

/// Latencies of the callers of one thread.
fn call(
    engine: &Engine,
    samples: &[Vec<Tensor>],
    expected: &[Vec<f32>],
    callers: usize,
    thread: usize,
    stop: &AtomicBool,
    counted_from: Instant,
) -> Result<Vec<f32>, Failure> {
    let mut latencies_us = Vec::with_capacity(1 << 20);
    let mut answers = 0_usize;
    let mut next = thread * SAMPLES / 7;
    let mut draw = || {
        next += 1;
        next % SAMPLES
    };
    if callers == 1 {
        while !stop.load(Ordering::Relaxed) {
            let sample = draw();
            let request = Request::new(samples[sample].clone());
            let sent = Instant::now();
            let response = engine.infer_blocking(request)?;
            count(&mut latencies_us, sent, counted_from);
            answers += 1;
            compare(answers, &response, &expected[sample])?;
        }
        return Ok(latencies_us);
    }
    let send = |sample: usize| {
        let request = Request::new(samples[sample].clone());
        let sent = Instant::now();
        let answer = engine.infer(request);
        async move { (sample, sent, answer.await) }
    };
    let mut waiting: FuturesUnordered<_> = (0..callers).map(|_| send(draw())).collect();
    let drive = async {
        while let Some((sample, sent, response)) = waiting.next().await {
            let response = response?;
            count(&mut latencies_us, sent, counted_from);
            answers += 1;
            compare(answers, &response, &expected[sample])?;
            drop(response);
            if !stop.load(Ordering::Relaxed) {
                waiting.push(send(draw()));
            }
        }
        Ok::<(), Failure>(())
    };
    phalanx_handoff::block_on(drive)?;
    Ok(latencies_us)
}

/// An answer to what was sent then has come.
fn count(latencies_us: &mut Vec<f32>, sent: Instant, counted_from: Instant) {
    let now = Instant::now();
    if now >= counted_from {
        latencies_us.push((now - sent).as_secs_f32() * 1e6);
    }
}

fn compare(count: usize, response: &phalanx_engine::Response, expected: &[f32]) -> Result<(), Failure> {
    if !count.is_multiple_of(COMPARED) {
        std::hint::black_box(response.output(0).map(|view| view.bytes.first().copied()));
        return Ok(());
    }
    let got = floats(response)?;
    let scale = expected.iter().fold(1e-9_f32, |max, value| max.max(value.abs()));
    let difference =
        got.iter().zip(expected).map(|(got, expected)| (got - expected).abs()).fold(0.0, f32::max);
    if got.len() == expected.len() && difference <= TOLERANCE * scale {
        Ok(())
    } else {
        Err(format!("an answer differs by {difference} from the first to the same sample").into())
    }
}

fn floats(response: &phalanx_engine::Response) -> Result<Vec<f32>, Failure> {
    let view = response.output(0).ok_or("there is no output")?;
    let halves = |bytes: &[u8]| -> Vec<f32> {
        bytes.chunks_exact(2).map(|it| half::f16::from_ne_bytes([it[0], it[1]]).to_f32()).collect()
    };
    Ok(match view.dtype {
        phalanx_tensor::DType::F16 => halves(view.bytes),
        _ => view.bytes.chunks_exact(4).map(|it| f32::from_ne_bytes([it[0], it[1], it[2], it[3]])).collect(),
    })
}

/// One row for each input, of numbers between -1 and 1.
fn draw(model: &Model, seed: usize) -> Result<Vec<Tensor>, Failure> {
    let mut state = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f32 / (1_u32 << 30) as f32 - 1.0
    };
    let shapes =
        phalanx_backend::fit::shapes_with(model.signature(), 1, Some(32)).ok_or("an input has no shape")?;
    let inputs = model.signature().inputs.iter().zip(shapes).map(|(info, shape): (_, Shape)| {
        let elements = shape.elements().ok_or("an input is too large")?;
        let numbers = (0..elements).map(|_| next());
        Ok(match info.dtype {
            phalanx_tensor::DType::F16 => {
                Tensor::from_vec(shape, numbers.map(half::f16::from_f32).collect::<Vec<_>>())?
            }
            phalanx_tensor::DType::F32 => Tensor::from_vec(shape, numbers.collect::<Vec<f32>>())?,
            _ => Tensor::from_vec(shape, numbers.map(|it| i64::from(it > -2.0)).collect::<Vec<i64>>())?,
        })
    });
    inputs.collect()
}

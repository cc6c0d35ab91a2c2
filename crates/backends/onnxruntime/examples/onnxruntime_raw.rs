//! What a program reaches in a loop over slots, for one lane and for several: of one program, whose lanes share a
//! session, or of a program (and session) each.
//!
//! ```text
//! raw MODEL [--threads N] [--lanes N] [--apart] [--device cpu] [--rows 1,8,32,64,128] [--seconds 3]
//! ```
//!
//! Prints rows a batch, microseconds a run and rows a second, the median and the best of many short windows in which
//! the lane had its processor to itself, after a check that the outputs were written.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use phalanx_backend::{
    Backend, BatchId, Completion, Completions, Device, Loss, PrepareOptions, Program, Slot, SlotOutput,
};
use phalanx_model::Model;
use phalanx_onnxruntime::OnnxRuntime;
use phalanx_tensor::{Dim, Shape};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Short, so that some fall between what else the machine does.
const WINDOW: Duration = Duration::from_millis(3);

/// Share of a window that a lane must have had a processor for; less says that others took it.
const SHARE_MIN: f64 = 0.97;

struct Arguments {
    model: String,
    threads: NonZeroUsize,
    lanes: usize,
    apart: bool,
    device: Device,
    rows: Vec<usize>,
    seconds: f64,
}

fn arguments() -> Result<Arguments, AnyError> {
    let mut parsed = Arguments {
        model: String::new(),
        threads: NonZeroUsize::MIN,
        lanes: 1,
        apart: false,
        device: Device::Cpu,
        rows: vec![1, 8, 32, 64, 128],
        seconds: 3.0,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} takes a value"));
        match word.as_str() {
            "--threads" => parsed.threads = value()?.parse()?,
            "--lanes" => parsed.lanes = value()?.parse()?,
            "--apart" => parsed.apart = true,
            "--device" => parsed.device = value()?.parse()?,
            "--rows" => parsed.rows = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--seconds" => parsed.seconds = value()?.parse()?,
            _ => parsed.model = word,
        }
    }
    Ok(parsed)
}

struct Inbox(Mutex<Sender<Completion>>);

impl Completions for Inbox {
    fn complete(&self, _batch: BatchId, completion: Completion) {
        if let Ok(sender) = self.0.lock() {
            // A receiver that is gone waits for nothing.
            let _ = sender.send(completion);
        }
    }
}

fn main() -> Result<(), AnyError> {
    let arguments = arguments()?;
    let runtime = OnnxRuntime::new();
    writeln!(std::io::stderr(), "onnxruntime {}", runtime.version()?)?;
    let model = Model::load(&arguments.model)?;
    let rows_max = arguments.rows.iter().copied().max().and_then(NonZeroUsize::new).ok_or("rows from 1")?;
    let options = PrepareOptions { threads: arguments.threads, rows_max, ..PrepareOptions::default() };
    let programs = if arguments.apart { arguments.lanes } else { 1 };
    let programs: Vec<Arc<dyn Program>> = (0..programs)
        .map(|_| runtime.prepare(&model, arguments.device, &options))
        .collect::<Result<_, _>>()?;
    for &rows in &arguments.rows {
        let [median, best] = all_lanes(&programs, &arguments, rows)?.map(|runs_per_s| {
            let us = 1e6 * arguments.lanes as f64 / runs_per_s;
            format!("{us:>10.2} us {:>12.0} rows/s", rows as f64 * runs_per_s)
        });
        writeln!(std::io::stdout(), "{rows:>5} rows   median {median}   best {best}")?;
    }
    Ok(())
}

/// Runs a second of all lanes together, each while the others run too: median and best.
fn all_lanes(
    programs: &[Arc<dyn Program>],
    arguments: &Arguments,
    rows: usize,
) -> Result<[f64; 2], AnyError> {
    let time = Duration::from_secs_f64(arguments.seconds);
    let lanes: Vec<[f64; 2]> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..arguments.lanes)
            .map(|lane| {
                let program = &programs[lane % programs.len()];
                scope.spawn(move || one_lane(program, rows, time))
            })
            .collect();
        lanes
            .into_iter()
            .map(|lane| lane.join().map_err(|_| "a lane panicked")?)
            .collect::<Result<_, AnyError>>()
    })?;
    Ok([0, 1].map(|which| lanes.iter().map(|lane| lane[which]).sum()))
}

/// Seconds of processor time that this thread has had.
fn processor_s() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock is every thread's own, and there is a place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Runs a second on one lane: median and best. A GPU's lane waits without a processor, so there all windows count.
fn one_lane(program: &Arc<dyn Program>, rows: usize, time: Duration) -> Result<[f64; 2], AnyError> {
    let (sender, inbox) = channel();
    let mut lane = program.open_lane(Arc::new(Inbox(Mutex::new(sender))))?;
    let mut slot = Some(filled(program, rows)?);
    let mut run = || -> Result<(), AnyError> {
        let taken = slot.take().ok_or("the slot is gone")?;
        lane.submit(BatchId(0), taken, rows);
        slot = Some(done(&inbox)?);
        Ok(())
    };
    for _ in 0..20 {
        run()?;
    }
    let (begin, mut windows) = (Instant::now(), Vec::new());
    while begin.elapsed() < time {
        let (start, processor, mut runs) = (Instant::now(), processor_s(), 0_u32);
        while start.elapsed() < WINDOW {
            run()?;
            runs += 1;
        }
        let seconds = start.elapsed().as_secs_f64();
        windows.push((f64::from(runs) / seconds, (processor_s() - processor) / seconds));
    }
    let undisturbed: Vec<f64> =
        windows.iter().filter(|(_, share)| *share > SHARE_MIN).map(|(rate, _)| *rate).collect();
    let mut rates =
        if undisturbed.is_empty() { windows.iter().map(|(rate, _)| *rate).collect() } else { undisturbed };
    rates.sort_by(f64::total_cmp);
    let slot = slot.ok_or("the slot is gone")?;
    let written = slot.outputs.iter().all(|output| match output {
        SlotOutput::Buffer(buffer) => buffer.as_slice().iter().any(|&byte| byte != 0),
        SlotOutput::Dynamic(tensor) => tensor.is_some(),
    });
    if written {
        Ok([rates[rates.len() / 2], rates[rates.len() - 1]])
    } else {
        Err("an output was not written".into())
    }
}

fn done(inbox: &Receiver<Completion>) -> Result<Slot, AnyError> {
    match inbox.recv()? {
        Completion::Done(slot) => Ok(slot),
        Completion::Failed(_, error) | Completion::Lost(Loss { error, .. }) => Err(error.into()),
        Completion::Single(_) => Err("expected a batch".into()),
    }
}

/// A slot of ones and zeros, which every dtype and most ids are fine with. Axes without a size are 32 long.
fn filled(program: &Arc<dyn Program>, rows: usize) -> Result<Slot, AnyError> {
    const FREE_AXIS: usize = 32;
    let tails: Vec<Shape> = program
        .signature()
        .inputs
        .iter()
        .map(|input| {
            input.dims.iter().flatten().skip(1).map(|dim| dim.fixed().unwrap_or(FREE_AXIS)).collect()
        })
        .collect();
    let free = |dim: &Dim| dim.fixed().is_none();
    let has_free =
        program.signature().inputs.iter().any(|input| input.dims.iter().flatten().skip(1).any(free));
    if has_free {
        writeln!(std::io::stderr(), "free axes are {FREE_AXIS} long")?;
    }
    let layout = Arc::new(program.layout(&tails)?);
    let mut slot = program.slot(&layout, rows)?;
    for (buffer, spec) in slot.inputs.iter_mut().zip(&layout.inputs) {
        let element = spec.dtype.size_bytes().ok_or("expected numbers")?;
        // The lowest bit of every third element: 1 as an integer, next to nothing as a float.
        buffer.as_mut_slice().chunks_exact_mut(element).step_by(3).for_each(|chunk| chunk[0] = 1);
        if spec.dtype.is_float() && element == 4 {
            let values = (0..).map(|index| ((index % 17) as f32 - 8.0) / 8.0);
            let chunks = buffer.as_mut_slice().chunks_exact_mut(4);
            chunks.zip(values).for_each(|(chunk, value)| chunk.copy_from_slice(&value.to_ne_bytes()));
        }
    }
    Ok(slot)
}

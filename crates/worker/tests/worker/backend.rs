//! A backend that computes 2x + 1, unless a row's first value tells it to misbehave; and how workers here begin.

use std::io::Write;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use phalanx_backend::{
    Backend, BackendError, BatchId, Buckets, Completion, Completions, Device, DeviceInfo, Lane, Layout,
    Limits, OutputSpec, PrepareOptions, Program, RowSpec, Slot, SlotOutput,
};
use phalanx_model::{GraphBuilder, Model};
use phalanx_tensor::{DType, Dim, Shape, Signature, Tensor};
use phalanx_tract::Tract;
use rustix::process::{Signal, getpid, kill_process};

pub(crate) const NAME: &str = "misbehaving";
/// Values of a row.
pub(crate) const WIDTH: usize = 4;

/// First values of rows that tell the backend what to do instead of computing.
pub(crate) const FAIL: f32 = 1e9;
pub(crate) const HANG: f32 = 2e9;
pub(crate) const ABORT: f32 = 3e9;
pub(crate) const SEGFAULT: f32 = 4e9;
pub(crate) const EXIT: f32 = 5e9;
pub(crate) const PANIC: f32 = 6e9;
pub(crate) const GARBAGE: f32 = 7e9;
pub(crate) const LOSE_DEVICE: f32 = 8e9;
pub(crate) const KEEP_SLOT: f32 = 9e9;

/// What the program that parents here prepare looks like.
pub(crate) fn model() -> Model {
    let row = [Dim::Symbol("batch".into()), Dim::Fixed(WIDTH)];
    let mut graph = GraphBuilder::new(NAME);
    graph.input("x", DType::F32, &row);
    graph.node("y", "Identity", &["x"], &[]);
    graph.output("y", DType::F32, &row);
    Model::from_proto(&graph.finish()).expect("is a model")
}

/// A worker; its arguments say how it begins.
pub(crate) fn worker() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["exit"] => return ExitCode::from(7),
        ["mute"] => loop {
            std::thread::park();
        },
        ["abort-if-there", file] if Path::new(file).exists() => {
            complain(&format!("found {file}"));
            std::process::abort();
        }
        _ => {}
    }
    phalanx_worker::worker_main(move |name, library| match name {
        "tract" => Ok(Arc::new(Tract)),
        NAME if arguments.first().is_some_and(|argument| argument == "abort-in-prepare") => {
            complain("about to abort");
            std::process::abort();
        }
        NAME => Ok(Arc::new(Misbehaving)),
        other => Err(BackendError::Unavailable {
            backend: "test",
            reason: format!("there is no {other:?} with library {library:?}"),
            hint: Some("ask for another".to_owned()),
        }),
    })
}

fn complain(what: &str) {
    writeln!(std::io::stderr(), "{what}").expect("somebody reads it");
}

struct Misbehaving;

impl Backend for Misbehaving {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok("1".to_owned())
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        Ok(vec![DeviceInfo { device: Device::Cpu, description: "a test".to_owned() }])
    }

    fn prepare(
        &self,
        model: &Model,
        _: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        let (signature, rows_max) = (model.signature().clone(), options.rows_max.get());
        Ok(Arc::new(MisbehavingProgram { signature, rows_max }))
    }
}

struct MisbehavingProgram {
    signature: Signature,
    rows_max: usize,
}

impl Program for MisbehavingProgram {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn buckets(&self) -> Buckets {
        Buckets::Any(self.rows_max)
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: false, lanes_max: 8, depth_max: 1 }
    }

    fn layout(&self, tails: &[Shape]) -> Result<Layout, BackendError> {
        let [tail] = tails else {
            return Err(BackendError::Input {
                input: "x".to_owned(),
                expected: "one input".to_owned(),
                got: tails.len().to_string(),
            });
        };
        let spec = RowSpec::new(DType::F32, tail.clone()).expect("is small");
        Ok(Layout { inputs: vec![spec.clone()], outputs: vec![OutputSpec::Rows(spec)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap(NAME, Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(MisbehavingLane(completions)))
    }
}

struct MisbehavingLane(Arc<dyn Completions>);

impl Lane for MisbehavingLane {
    fn submit(&mut self, batch: BatchId, mut slot: Slot, rows: usize) {
        note(rows);
        abort_if_told();
        let inputs: Vec<f32> = bytemuck::pod_collect_to_vec(slot.input_rows(0, rows));
        let completion = match inputs.iter().step_by(WIDTH).find_map(|first| misbehave(*first)) {
            Some(Ending::Failed) => Completion::Failed(Some(slot), failure()),
            Some(Ending::KeptSlot) => Completion::Failed(None, failure()),
            Some(Ending::LostDevice) => {
                let message = "told to".to_owned();
                let error = BackendError::DeviceLost { backend: NAME, message };
                Completion::Lost(phalanx_backend::Loss::total(error))
            }
            None => {
                let SlotOutput::Buffer(output) = &mut slot.outputs[0] else { unreachable!() };
                let values: Vec<f32> = inputs.iter().map(|value| 2.0 * value + 1.0).collect();
                let bytes: &[u8] = bytemuck::cast_slice(&values);
                output.as_mut_slice()[..bytes.len()].copy_from_slice(bytes);
                Completion::Done(slot)
            }
        };
        self.0.complete(batch, completion);
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        let values = inputs[0].to_vec::<f32>().expect("is f32");
        let completion = match values.first().and_then(|first| misbehave(*first)) {
            Some(_) => Completion::Failed(None, failure()),
            None => {
                let values = values.iter().map(|value| 2.0 * value + 1.0).collect();
                let output = Tensor::from_vec(inputs[0].shape().clone(), values).expect("same shape");
                Completion::Single(vec![output])
            }
        };
        self.0.complete(batch, completion);
    }
}

/// Notes the rows of a batch in the file that a worker's arguments name with `note`.
fn note(rows: usize) {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_some_and(|first| first == "note")
        && let Some(path) = arguments.next()
    {
        let mut file = std::fs::File::options().create(true).append(true).open(path).expect("opens");
        writeln!(file, "{} {rows}", std::process::id()).expect("writes");
    }
}

/// Aborts where a worker's arguments say `abort-in-batch-if-there` of a file that is there.
fn abort_if_told() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [order, file] = arguments.as_slice()
        && order == "abort-in-batch-if-there"
        && Path::new(file).exists()
    {
        std::process::abort();
    }
}

fn failure() -> BackendError {
    BackendError::Run { backend: NAME, message: "told to".to_owned() }
}

/// How a submission ends that was told to end badly, where it ends at all.
enum Ending {
    Failed,
    KeptSlot,
    LostDevice,
}

fn misbehave(order: f32) -> Option<Ending> {
    // What a crash leaves on either stream is kept.
    let say = |what: &str| writeln!(std::io::stdout(), "told to {what}").expect("somebody reads it");
    match order {
        FAIL => return Some(Ending::Failed),
        KEEP_SLOT => return Some(Ending::KeptSlot),
        LOSE_DEVICE => return Some(Ending::LostDevice),
        HANG => {
            std::fs::write(hang_sign(std::process::id()), "").expect("writes a file");
            loop {
                std::thread::park();
            }
        }
        ABORT => {
            say("abort");
            std::process::abort();
        }
        // The first is for the handler of Rust's runtime, which looks for overflown stacks and then takes itself away.
        SEGFAULT => (0..2).for_each(|_| kill_process(getpid(), Signal::SEGV).expect("can signal itself")),
        EXIT => std::process::exit(3),
        PANIC => panic!("told to"),
        GARBAGE => {
            write_garbage();
            loop {
                std::thread::park();
            }
        }
        _ => return None,
    }
    None
}

/// Writes to every socket that this process has.
#[allow(unsafe_code)]
fn write_garbage() {
    for number in 3..64 {
        // SAFETY: what is not open is an error of the call below, and nothing is closed.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = rustix::net::send(descriptor, &[0x55; 200], rustix::net::SendFlags::empty());
    }
}

/// The file that a worker makes when it is inside a batch that does not end.
pub(crate) fn hang_sign(pid: u32) -> PathBuf {
    std::env::temp_dir().join(format!("phalanx-test-hangs-{pid}"))
}

//! A backend for tests: y = 2·x + 1 on rows of four numbers, and it fails, panics, hangs and waits when told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use phalanx_backend::*;
use phalanx_engine::{BackendChoice, Engine, EngineBuilder, Request, Response};
use phalanx_model::{Model, samples};
use phalanx_tensor::{DType, Shape, Signature, Tensor};

/// Numbers in a row.
pub(crate) const WIDTH: usize = 4;

/// What the lanes do, shared between the test and the backend.
#[derive(Default)]
pub(crate) struct Controls {
    /// Lanes wait here before each batch while it is shut.
    pub gate: Gate,
    /// Fail the next this many batches.
    pub failures: AtomicUsize,
    /// Panic in the next this many batches.
    pub panics: AtomicUsize,
    /// Lose the lane in the next this many batches.
    pub losses: AtomicUsize,
    /// Fail batches that hold a row which starts with one of these numbers.
    pub bad: Mutex<Vec<f32>>,
    /// Panic in batches that hold a row which starts with one of these.
    pub fatal: Mutex<Vec<f32>>,
    /// Fail every batch.
    pub broken: AtomicBool,
    /// Opening a lane fails.
    pub no_lanes: AtomicBool,
    /// Slots cannot be allocated.
    pub no_slots: AtomicBool,
    /// A row's answer depends on the others of its batch.
    pub dependent: AtomicBool,
    /// Every batch that ran: its rows, padding included.
    pub batches: Mutex<Vec<usize>>,
    /// First number of every row that ran.
    pub rows: Mutex<Vec<f32>>,
    /// Buckets; any number where empty.
    pub buckets: Vec<usize>,
    /// Completes on a thread of its own.
    pub asynchronous: bool,
    /// What runs on this device is lost, and no lane is opened on it.
    pub lost_device: Mutex<Option<Device>>,
    /// The device of every batch that ran.
    pub devices: Mutex<Vec<Device>>,
}

/// Shut or open.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    pub(crate) fn shut(&self) {
        self.state.lock().unwrap().0 = true;
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().0 = false;
        self.changed.notify_all();
    }

    /// Waits until `count` lanes stand before the gate.
    pub(crate) fn wait_for(&self, count: usize) {
        let mut state = self.state.lock().unwrap();
        while state.1 < count {
            state = self.changed.wait(state).unwrap();
        }
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        self.changed.notify_all();
        while state.0 {
            state = self.changed.wait(state).unwrap();
        }
        state.1 -= 1;
    }
}

#[derive(Clone)]
pub(crate) struct Fake(pub Arc<Controls>);

struct FakeProgram {
    controls: Arc<Controls>,
    device: Device,
    signature: Signature,
    rows_max: usize,
}

struct FakeLane {
    controls: Arc<Controls>,
    device: Device,
    completions: Arc<dyn Completions>,
}

impl Backend for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok("1".to_owned())
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        Ok(vec![DeviceInfo { device: Device::Cpu, description: "fake".to_owned() }])
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        Ok(Arc::new(FakeProgram {
            controls: Arc::clone(&self.0),
            device,
            signature: model.signature().clone(),
            rows_max: options.rows_max.get(),
        }))
    }
}

impl Program for FakeProgram {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn buckets(&self) -> Buckets {
        if self.controls.buckets.is_empty() {
            Buckets::Any(self.rows_max)
        } else {
            Buckets::Fixed(self.controls.buckets.clone())
        }
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: self.controls.asynchronous, lanes_max: 8, depth_max: 8 }
    }

    fn layout(&self, tails: &[Shape]) -> Result<Layout, BackendError> {
        let row = RowSpec::new(DType::F32, tails[0].clone()).unwrap();
        Ok(Layout { inputs: vec![row.clone()], outputs: vec![OutputSpec::Rows(row)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        if self.controls.no_slots.load(Ordering::SeqCst) {
            return Err(BackendError::OutOfMemory { backend: "fake", message: "no slots".to_owned() });
        }
        Ok(Slot::heap("fake", Arc::clone(layout), rows_max)?.with_tag(tag(self.device)))
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        if self.controls.no_lanes.load(Ordering::SeqCst) || self.controls.is_lost(self.device) {
            return Err(BackendError::DeviceLost { backend: "fake", message: "no lanes".to_owned() });
        }
        Ok(Box::new(FakeLane { controls: Arc::clone(&self.controls), device: self.device, completions }))
    }
}

/// What the slots of a device's programs are tagged with.
fn tag(device: Device) -> u64 {
    match device {
        Device::Cuda(index) => u64::from(index) + 1,
        _ => 0,
    }
}

fn take_one(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok()
}

impl Controls {
    fn is_lost(&self, device: Device) -> bool {
        *self.lost_device.lock().unwrap() == Some(device)
    }

    fn run(&self, device: Device, mut slot: Slot, rows: usize) -> Completion {
        self.gate.pass();
        self.batches.lock().unwrap().push(rows);
        self.devices.lock().unwrap().push(device);
        assert_eq!(slot.tag(), tag(device), "a slot of another device");
        if self.is_lost(device) {
            let message = "told to".to_owned();
            return Completion::Lost(Loss::total(BackendError::DeviceLost { backend: "fake", message }));
        }
        if take_one(&self.failures) {
            let error = BackendError::Run { backend: "fake", message: "told to".to_owned() };
            return Completion::Failed(Some(slot), error);
        }
        assert!(!take_one(&self.panics), "told to");
        if take_one(&self.losses) {
            return Completion::Lost(Loss::total(BackendError::DeviceLost {
                backend: "fake",
                message: "told to".to_owned(),
            }));
        }
        let input: Vec<f32> = bytemuck_cast(slot.input_rows(0, rows));
        let width = slot.layout().inputs[0].tail.elements().unwrap().max(1);
        let holds = |numbers: &Mutex<Vec<f32>>| {
            let numbers = numbers.lock().unwrap();
            input.chunks_exact(width).any(|row| numbers.contains(&row[0]))
        };
        let (is_bad, is_fatal) = (holds(&self.bad), holds(&self.fatal));
        assert!(!is_fatal, "told to by a row");
        if is_bad || self.broken.load(Ordering::SeqCst) {
            let error = BackendError::Run { backend: "fake", message: "told to".to_owned() };
            return Completion::Failed(Some(slot), error);
        }
        self.rows.lock().unwrap().extend(input.chunks_exact(width).map(|row| row[0]));
        let mean = input.iter().sum::<f32>() / input.len() as f32;
        let shift = if self.dependent.load(Ordering::SeqCst) { mean } else { 0.0 };
        let SlotOutput::Buffer(output) = &mut slot.outputs[0] else { panic!("a buffer was asked for") };
        for (target, value) in output.as_mut_slice().chunks_exact_mut(4).zip(&input) {
            target.copy_from_slice(&(2.0 * value + 1.0 + shift).to_ne_bytes());
        }
        Completion::Done(slot)
    }
}

impl Lane for FakeLane {
    fn submit(&mut self, batch: BatchId, slot: Slot, rows: usize) {
        if !self.controls.asynchronous {
            return self.completions.complete(batch, self.controls.run(self.device, slot, rows));
        }
        let (controls, completions) = (Arc::clone(&self.controls), Arc::clone(&self.completions));
        let device = self.device;
        std::thread::spawn(move || completions.complete(batch, controls.run(device, slot, rows)));
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        self.controls.gate.pass();
        self.controls.batches.lock().unwrap().push(inputs[0].rows());
        let values = inputs[0].to_vec::<f32>().unwrap().into_iter().map(|value| 2.0 * value + 1.0).collect();
        let output = Tensor::from_vec::<f32>(inputs[0].shape().clone(), values).unwrap();
        self.completions.complete(batch, Completion::Single(vec![output]));
    }
}

fn bytemuck_cast(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|value| f32::from_ne_bytes(value.try_into().unwrap())).collect()
}

/// A builder on the fake backend, with the batches of warm-up forgotten once it is built.
pub(crate) fn builder(controls: &Arc<Controls>) -> EngineBuilder {
    Engine::builder(samples::tiny())
        .backend(BackendChoice::Custom(Arc::new(Fake(Arc::clone(controls)))))
        .lanes(1)
        .max_batch(64)
        .warmup_budget(Duration::ZERO)
}

/// A builder on two fake backends, the second to stand in for the first.
pub(crate) fn builder_of_two(first: &Arc<Controls>, second: &Arc<Controls>) -> EngineBuilder {
    let fake = |controls: &Arc<Controls>| Arc::new(Fake(Arc::clone(controls))) as Arc<dyn Backend>;
    builder(first).backend(BackendChoice::Ranked(vec![fake(first), fake(second)]))
}

pub(crate) fn build(
    controls: &Arc<Controls>,
    configure: impl FnOnce(EngineBuilder) -> EngineBuilder,
) -> Engine {
    let engine = configure(builder(controls)).build().unwrap();
    controls.batches.lock().unwrap().clear();
    controls.rows.lock().unwrap().clear();
    engine
}

/// Rows that start with `first`, `first + 1`, …
pub(crate) fn request(first: f32, rows: usize) -> Request {
    let values = (0..rows).flat_map(|row| [first + row as f32, 0.5, -1.0, 7.0]).collect();
    Request::new(vec![Tensor::from_vec::<f32>([rows, WIDTH], values).unwrap()])
}

/// Whether the response is what [`request`] with the same arguments must be answered with.
pub(crate) fn is_answer(response: &Response, first: f32, rows: usize) -> bool {
    let output = response.output(0).unwrap();
    let expected: Vec<f32> =
        (0..rows).flat_map(|row| [2.0 * (first + row as f32) + 1.0, 2.0, -1.0, 15.0]).collect();
    output.shape[..] == [rows, WIDTH] && bytemuck_cast(output.bytes) == expected
}

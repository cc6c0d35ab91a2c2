//! Backends that compute y = 2·x + 1, or do not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use phalanx_backend::*;
use phalanx_engine::choice::{Search, Trial};
use phalanx_engine::{BackendChoice, Engine, EngineBuilder};
use phalanx_model::{Model, samples};
use phalanx_tensor::{DType, Shape, Signature, Tensor};

/// What is wrong with a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Each batch takes this long.
    Slow(Duration),
    /// In batches of at least 4 rows, row 3 is wrong.
    Lies,
    /// In batches of at least 4 rows, row 0 is another than alone.
    Depends,
    /// Every run gives other answers.
    Drifts,
    /// Cannot prepare the model.
    Refuses,
    /// Prepares it, and cannot run it.
    Fails,
    Panics,
    /// Ends the process without a word.
    Aborts,
    /// Never comes back.
    Hangs,
    /// Ends the process when it looks for devices.
    AbortsListing,
}

/// How much slower the slow one is: far more than a disturbed run of the others.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) device: Device,
    pub(crate) fault: Fault,
    /// How often it prepared a model.
    pub(crate) prepared: Arc<AtomicUsize>,
}

impl Fake {
    pub(crate) fn new(name: &'static str, fault: Fault) -> Self {
        Self { name, version: "1", device: Device::Cpu, fault, prepared: Arc::default() }
    }

    pub(crate) fn prepared(&self) -> usize {
        self.prepared.load(Ordering::SeqCst)
    }
}

/// The reference, which takes its time.
pub(crate) fn reference() -> Fake {
    Fake::new("tract", Fault::Slow(PAUSE))
}

pub(crate) fn swift() -> Fake {
    Fake::new("swift", Fault::None)
}

/// All that a child may be asked to try: the fakes, and whatever real backends are not faked.
pub(crate) fn all(library: Option<&Path>) -> Vec<Arc<dyn Backend>> {
    let gpu = Fake { device: Device::WebGpu, ..Fake::new("gpu", Fault::None) };
    let faulty = [
        Fake::new("liar", Fault::Lies),
        Fake::new("aborts", Fault::Aborts),
        Fake::new("aborts listing", Fault::AbortsListing),
        Fake::new("panics", Fault::Panics),
        Fake::new("hangs", Fault::Hangs),
        Fake::new("refuses", Fault::Refuses),
    ];
    let fakes = [reference(), swift(), gpu].into_iter().chain(faulty);
    let fakes = fakes.map(|fake| Arc::new(fake) as Arc<dyn Backend>);
    fakes.chain(phalanx_engine::backends(library)).collect()
}

pub(crate) fn among(fakes: &[Fake]) -> BackendChoice {
    BackendChoice::Among(fakes.iter().map(|fake| Arc::new(fake.clone()) as Arc<dyn Backend>).collect())
}

/// With time for the slow one to run as many rows as the liar needs.
pub(crate) fn search() -> Search {
    Search { budget: Duration::from_millis(200), ..Search::default() }
}

pub(crate) fn builder(fakes: &[Fake], search: Search) -> EngineBuilder {
    let builder = Engine::builder(samples::tiny()).backend(among(fakes)).search(search);
    builder.lanes(1).threads(1).warmup_budget(Duration::ZERO)
}

/// What came of trying the candidate of this name.
pub(crate) fn trial(engine: &Engine, name: &str) -> Trial {
    let choice = engine.info().choice.as_ref().unwrap();
    let tried = choice.trials.iter().find(|tried| tried.candidate.backend == name);
    tried.unwrap_or_else(|| panic!("{name} was not tried: {choice:?}")).trial.clone()
}

impl Backend for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok(self.version.to_owned())
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        if self.fault == Fault::AbortsListing {
            std::process::abort();
        }
        Ok(vec![DeviceInfo { device: self.device, description: "a fake".to_owned() }])
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        self.prepared.fetch_add(1, Ordering::SeqCst);
        if device != self.device {
            return Err(BackendError::NoSuchDevice {
                backend: self.name,
                device,
                available: vec![self.device],
            });
        }
        match self.fault {
            Fault::Refuses => {
                return Err(BackendError::Prepare { backend: self.name, message: "will not".to_owned() });
            }
            Fault::Hangs => loop {
                std::thread::park();
            },
            _ => {}
        }
        let rows_max = options.rows_max.get();
        Ok(Arc::new(FakeProgram { fault: self.fault, signature: model.signature().clone(), rows_max }))
    }
}

struct FakeProgram {
    fault: Fault,
    signature: Signature,
    rows_max: usize,
}

impl Program for FakeProgram {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn buckets(&self) -> Buckets {
        Buckets::Any(self.rows_max)
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: false, lanes_max: 8, depth_max: 8 }
    }

    fn layout(&self, tails: &[Shape]) -> Result<Layout, BackendError> {
        let row = RowSpec::new(DType::F32, tails[0].clone()).unwrap();
        Ok(Layout { inputs: vec![row.clone()], outputs: vec![OutputSpec::Rows(row)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap("fake", Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(FakeLane { fault: self.fault, completions }))
    }
}

struct FakeLane {
    fault: Fault,
    completions: Arc<dyn Completions>,
}

impl Lane for FakeLane {
    fn submit(&mut self, batch: BatchId, mut slot: Slot, rows: usize) {
        match self.fault {
            Fault::Slow(pause) => std::thread::sleep(pause),
            Fault::Panics => panic!("told to"),
            Fault::Aborts => std::process::abort(),
            Fault::Fails => {
                let error = BackendError::Run { backend: "fake", message: "told to".to_owned() };
                return self.completions.complete(batch, Completion::Failed(Some(slot), error));
            }
            _ => {}
        }
        let input: Vec<f32> = slot
            .input_rows(0, rows)
            .chunks_exact(4)
            .map(|bytes| f32::from_ne_bytes(bytes.try_into().unwrap()))
            .collect();
        let SlotOutput::Buffer(output) = &mut slot.outputs[0] else { panic!("a buffer was asked for") };
        for (element, target) in output.as_mut_slice().chunks_exact_mut(4).take(input.len()).enumerate() {
            let shift = match self.fault {
                Fault::Lies if rows >= 4 && element == 3 * 4 + 2 => 1.5,
                Fault::Depends if rows >= 4 && element == 0 => 1.5,
                Fault::Drifts => batch.0 as f32,
                _ => 1.0,
            };
            let value = 2.0 * input[element] + shift;
            target.copy_from_slice(&value.to_ne_bytes());
        }
        self.completions.complete(batch, Completion::Done(slot));
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        self.completions.complete(batch, Completion::Single(inputs.to_vec()));
    }
}

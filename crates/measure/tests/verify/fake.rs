#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use phalanx_backend::{
    Backend, BackendError, BatchId, Buckets, Completion, Completions, Device, DeviceInfo, Lane, Layout,
    Limits, OutputSpec, Precision, PrepareOptions, Program, RowSpec, Slot, SlotOutput,
};
use phalanx_engine::{Engine, Isolation};
use phalanx_measure::draw::Draw;
use phalanx_measure::verify::{
    Check, Config, Level, Plan, Report, RoundEnd, Rounds, Setup, Step, Subject, run,
};
use phalanx_measure::{MeasureError, Samples};
use phalanx_model::{GraphBuilder, Model};
use phalanx_tensor::{DType, Dim, Shape, Signature, Tensor};

/// Numbers in a row, where the model does not leave that open.
pub(crate) const WIDTH: usize = 6;

/// What a backend does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Adds this to one element of the row in one position of batches that have it.
    Lie { position: usize, element: usize, off: f32 },
    /// Answers a row with the one before it in batches of exactly this many rows.
    Mix { rows: usize },
    /// Adds 1 to all rows from this position on.
    Rear { from: usize },
    /// A row that holds no numbers spoils its whole batch.
    Spread,
    /// Fails every so many batches.
    Fail { every: usize },
    /// Keeps this many bytes of every batch.
    Leak { bytes: usize },
    /// Does not know the model's operators.
    Unsupported,
}

/// Copies rows, with a fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake {
    pub(crate) fault: Fault,
    /// Its name; a reference has another.
    pub(crate) name: Option<&'static str>,
    batches: Arc<AtomicUsize>,
}

impl Fake {
    pub(crate) fn with(fault: Fault) -> Self {
        Self { fault, ..Self::default() }
    }
}

impl Backend for Fake {
    fn name(&self) -> &'static str {
        self.name.unwrap_or("fake")
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok("1.0 (nowhere)".to_owned())
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        Ok(vec![DeviceInfo { device: Device::Cpu, description: "copies rows".to_owned() }])
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        let backend = self.name();
        if self.fault == Fault::Unsupported {
            return Err(BackendError::UnsupportedOperators { backend, operators: vec!["Identity".into()] });
        }
        if options.precision != Precision::Fp32 {
            let option = format!("precision {}", options.precision);
            return Err(BackendError::UnsupportedOption { backend, device, option });
        }
        let (signature, rows_max) = (model.signature().clone(), options.rows_max.get());
        Ok(Arc::new(FakeProgram { fake: self.clone(), signature, rows_max }))
    }
}

struct FakeProgram {
    fake: Fake,
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
        Limits { async_submit: false, lanes_max: 64, depth_max: 8 }
    }

    fn layout(&self, tails: &[Shape]) -> Result<Layout, BackendError> {
        let spec = RowSpec::new(self.signature.inputs[0].dtype, tails[0].clone()).unwrap();
        Ok(Layout { inputs: vec![spec.clone()], outputs: vec![OutputSpec::Rows(spec)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap("fake", Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(FakeLane { fake: self.fake.clone(), completions }))
    }
}

struct FakeLane {
    fake: Fake,
    completions: Arc<dyn Completions>,
}

impl Lane for FakeLane {
    fn submit(&mut self, batch: BatchId, mut slot: Slot, rows: usize) {
        let count = self.fake.batches.fetch_add(1, Ordering::SeqCst);
        if let Fault::Fail { every } = self.fake.fault
            && count % every == every - 1
        {
            let error = BackendError::Run { backend: "fake", message: "told to".to_owned() };
            return self.completions.complete(batch, Completion::Failed(Some(slot), error));
        }
        let bytes = rows * slot.layout().inputs[0].row_bytes;
        let width = slot.layout().inputs[0].row_bytes / 4;
        if let SlotOutput::Buffer(output) = &mut slot.outputs[0] {
            let output = &mut output.as_mut_slice()[..bytes];
            output.copy_from_slice(&slot.inputs[0].as_slice()[..bytes]);
            self.fake.fault.spoil(bytemuck::cast_slice_mut(output), rows, width);
        }
        self.completions.complete(batch, Completion::Done(slot));
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        self.completions.complete(batch, Completion::Single(inputs.to_vec()));
    }
}

impl Fault {
    fn spoil(self, output: &mut [f32], rows: usize, width: usize) {
        match self {
            Self::Lie { position, element, off } if position < rows => {
                output[position * width + element] += off;
            }
            Self::Rear { from } => output.iter_mut().skip(from * width).for_each(|x| *x += 1.0),
            Self::Mix { rows: only } if rows == only => output.copy_within(0..width, width),
            Self::Spread if output.iter().any(|x| !x.is_finite()) => output.fill(f32::NAN),
            Self::Leak { bytes } => {
                // Written to, so that it is resident.
                Box::leak(std::hint::black_box(vec![1_u8; bytes]).into_boxed_slice());
            }
            _ => {}
        }
    }
}

/// `y = x`, of rows of [`WIDTH`] numbers, or of as many as a request has.
pub(crate) fn model(open: bool) -> Model {
    let width = if open { Dim::Symbol("width".into()) } else { Dim::Fixed(WIDTH) };
    let row = [Dim::Symbol("batch".into()), width];
    let mut graph = GraphBuilder::new("copy");
    graph.input("x", DType::F32, &row);
    graph.node("y", "Identity", &["x"], &[]);
    graph.output("y", DType::F32, &row);
    Model::from_proto(&graph.finish()).unwrap()
}

/// A plan for one level of one backend, as short as it gets.
pub(crate) fn plan(level: Level, fault: Fault) -> Plan {
    plan_of(level, fault, &model(false))
}

pub(crate) fn plan_of(level: Level, fault: Fault, model: &Model) -> Plan {
    let draw = Draw::default();
    let samples = Samples::draw(model.signature(), &draw, 64).unwrap();
    let builder =
        Engine::builder(model.clone()).max_batch(16).lanes(1).threads(1).warmup_budget(Duration::ZERO);
    let reference = Fake { name: Some("honest"), ..Fake::default() };
    let setup = Setup {
        model: model.clone(),
        builder,
        isolation: Isolation::default(),
        samples,
        draw: Some(draw),
        references: vec![Arc::new(reference)],
    };
    let subject = Subject::new(Arc::new(Fake::with(fault)), Device::Cpu);
    let mut plan = Plan::new(setup, vec![subject]);
    plan.levels = [level].into();
    plan.performance.runs = 3;
    plan.performance.window = Duration::from_millis(30);
    plan.performance.callers = 8;
    plan
}

/// Rounds that are not carried out.
pub(crate) struct NoRounds;

impl Rounds for NoRounds {
    fn round(&mut self, _: &Subject, _: Option<&Config>, _: u32) -> Result<RoundEnd, MeasureError> {
        Ok(RoundEnd::Done)
    }
}

pub(crate) fn verify(plan: &Plan) -> Report {
    run(plan, &mut NoRounds, &mut |_: Step<'_>| ControlFlow::Continue(())).unwrap()
}

/// The check of this name.
pub(crate) fn check<'a>(report: &'a Report, name: &str) -> &'a Check {
    report.checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// Names of the checks that failed.
pub(crate) fn failed(report: &Report) -> Vec<&str> {
    report.failures().map(|check| &*check.name).collect()
}

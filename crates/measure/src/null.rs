//! A backend that computes nothing: what is left of a request's cost is the engine's own.

use std::sync::Arc;

use phalanx_backend::{
    Backend, BackendError, BatchId, Buckets, Completion, Completions, Device, DeviceInfo, Lane, Layout,
    Limits, OutputSpec, PrepareOptions, Program, RowSpec, Slot, SlotOutput,
};
use phalanx_model::{GraphBuilder, Model, ModelError};
use phalanx_tensor::{DType, Dim, Shape, Signature, Tensor};

const NAME: &str = "null";

/// Copies each row of a model's one input to its one output, whatever the model would compute.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullBackend;

impl Backend for NullBackend {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok(env!("CARGO_PKG_VERSION").to_owned())
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
        if device != Device::Cpu {
            return Err(BackendError::NoSuchDevice { backend: NAME, device, available: vec![Device::Cpu] });
        }
        let signature = model.signature().clone();
        let copies = matches!((&*signature.inputs, &*signature.outputs), ([x], [y]) if x.dtype == y.dtype);
        if !copies {
            let message = "it takes models with one input and one output of the same dtype".to_owned();
            return Err(BackendError::Prepare { backend: NAME, message });
        }
        Ok(Arc::new(NullProgram { signature, rows_max: options.rows_max.get() }))
    }
}

struct NullProgram {
    signature: Signature,
    rows_max: usize,
}

impl Program for NullProgram {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn buckets(&self) -> Buckets {
        Buckets::Any(self.rows_max)
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: false, lanes_max: 64, depth_max: 8 }
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        let input = &self.signature.inputs[0];
        let refuse = |got: String| BackendError::Input {
            input: input.name.clone(),
            expected: "rows of one input, of a known size".to_owned(),
            got,
        };
        let [tail] = input_tails else { return Err(refuse(format!("{} inputs", input_tails.len()))) };
        let spec = RowSpec::new(input.dtype, tail.clone()).map_err(|error| refuse(error.to_string()))?;
        Ok(Layout { inputs: vec![spec.clone()], outputs: vec![OutputSpec::Rows(spec)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap(NAME, Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(NullLane { completions }))
    }
}

struct NullLane {
    completions: Arc<dyn Completions>,
}

impl Lane for NullLane {
    fn submit(&mut self, batch: BatchId, mut slot: Slot, rows: usize) {
        let bytes = rows * slot.layout().inputs[0].row_bytes;
        if let SlotOutput::Buffer(output) = &mut slot.outputs[0] {
            output.as_mut_slice()[..bytes].copy_from_slice(&slot.inputs[0].as_slice()[..bytes]);
        }
        self.completions.complete(batch, Completion::Done(slot));
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        self.completions.complete(batch, Completion::Single(inputs.to_vec()));
    }
}

/// A model whose rows, 1 KiB in and 1 KiB out, [`NullBackend`] can copy.
///
/// # Errors
/// As [`Model::from_proto`].
pub fn model() -> Result<Model, ModelError> {
    let row = [Dim::Symbol("batch".into()), Dim::Fixed(256)];
    let mut graph = GraphBuilder::new(NAME);
    graph.input("x", DType::F32, &row);
    graph.node("y", "Identity", &["x"], &[]);
    graph.output("y", DType::F32, &row);
    Model::from_proto(&graph.finish())
}

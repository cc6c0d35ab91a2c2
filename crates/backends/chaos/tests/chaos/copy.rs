use std::sync::Arc;

use phalanx_backend::{
    Backend, BackendError, BatchId, Buckets, Completion, Completions, Device, DeviceInfo, Lane, Layout,
    Limits, OutputSpec, PrepareOptions, Program, RowSpec, Slot, SlotOutput,
};
use phalanx_model::Model;
use phalanx_tensor::{Shape, Signature, Tensor};

/// Gives the first input as the first output.
pub(crate) struct Copy;

impl Backend for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn version(&self) -> Result<String, BackendError> {
        Ok("1".to_owned())
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        Ok(vec![DeviceInfo { device: Device::Cpu, description: "copies rows".to_owned() }])
    }

    fn prepare(
        &self,
        model: &Model,
        _: Device,
        _: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        Ok(Arc::new(CopyProgram { signature: model.signature().clone() }))
    }
}

struct CopyProgram {
    signature: Signature,
}

impl Program for CopyProgram {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn buckets(&self) -> Buckets {
        Buckets::Any(64)
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: false, lanes_max: 4, depth_max: 2 }
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        let spec = RowSpec::new(self.signature.inputs[0].dtype, input_tails[0].clone()).unwrap();
        Ok(Layout { inputs: vec![spec.clone()], outputs: vec![OutputSpec::Rows(spec)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap("copy", Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        Ok(Box::new(CopyLane { completions }))
    }
}

struct CopyLane {
    completions: Arc<dyn Completions>,
}

impl Lane for CopyLane {
    fn submit(&mut self, batch: BatchId, mut slot: Slot, rows: usize) {
        let bytes = slot.input_rows(0, rows).to_vec();
        if let SlotOutput::Buffer(output) = &mut slot.outputs[0] {
            output.as_mut_slice()[..bytes.len()].copy_from_slice(&bytes);
        }
        self.completions.complete(batch, Completion::Done(slot));
    }

    fn submit_single(&mut self, batch: BatchId, inputs: &[Tensor]) {
        self.completions.complete(batch, Completion::Single(inputs.to_vec()));
    }
}

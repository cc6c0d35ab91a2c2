use std::sync::Arc;

use phalanx_backend::{
    BackendError, Buckets, Completions, Lane, Layout, Limits, OutputSpec, Program, RowSpec, Slot, SlotOutput,
};
use phalanx_tensor::{DType, Dim, Shape, Signature, TensorInfo};

/// y = 3·x, on rows of any width. The simulation runs its batches itself, so it has no lanes.
pub(super) struct Tripler {
    signature: Signature,
    buckets: Buckets,
}

impl Tripler {
    pub(super) fn new(buckets: Buckets) -> Self {
        let info = |name: &str| TensorInfo {
            name: name.to_owned(),
            dtype: DType::F32,
            dims: Some(vec![Dim::Symbol("batch".into()), Dim::Symbol("width".into())]),
        };
        Self { signature: Signature { inputs: vec![info("x")], outputs: vec![info("y")] }, buckets }
    }
}

impl Program for Tripler {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn buckets(&self) -> Buckets {
        self.buckets.clone()
    }

    fn limits(&self) -> Limits {
        Limits { async_submit: false, lanes_max: usize::MAX, depth_max: usize::MAX }
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        let row = RowSpec::new(DType::F32, input_tails[0].clone()).unwrap();
        Ok(Layout { inputs: vec![row.clone()], outputs: vec![OutputSpec::Rows(row)] })
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        Slot::heap("tripler", Arc::clone(layout), rows_max)
    }

    fn open_lane(&self, _: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        unreachable!("the simulation runs the batches")
    }
}

/// The first number of each row that was run.
pub(super) fn run(slot: &mut Slot, rows: usize) -> Vec<f32> {
    let input = numbers(slot.input_rows(0, rows));
    let width = slot.layout().inputs[0].tail[0];
    let SlotOutput::Buffer(output) = &mut slot.outputs[0] else {
        unreachable!("the layout asks for a buffer")
    };
    for (target, value) in output.as_mut_slice().chunks_exact_mut(4).zip(&input) {
        target.copy_from_slice(&(3.0 * value).to_ne_bytes());
    }
    input.chunks_exact(width).map(|row| row[0]).collect()
}

pub(super) fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|value| f32::from_ne_bytes(value.try_into().unwrap())).collect()
}

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use phalanx_backend::SlotOutput;
use phalanx_tensor::{DType, Shape, Tensor};
use smallvec::SmallVec;

use crate::pool::{PooledBuffer, PooledSlot};

/// The outputs of one request, in the signature's order.
#[derive(Debug)]
pub struct Response {
    pub(crate) outputs: SmallVec<[Output; 2]>,
    pub(crate) timing: Timing,
}

/// Where a request's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From admission until its batch left; of a split request, its last part.
    pub queue: Duration,
    /// From then until its batch had finished.
    pub compute: Duration,
    /// Rows of that batch.
    pub batch_rows: usize,
}

/// One output as it stands in memory.
pub(crate) struct Output {
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
    pub(crate) data: OutputData,
}

pub(crate) enum OutputData {
    /// A copy in a buffer of the engine's.
    Pooled(PooledBuffer),
    /// Rows of a slot that is kept until the last such view is gone.
    View { slot: Arc<PooledSlot>, output: usize, start: usize, len: usize },
    /// A tensor of the backend's own.
    Owned(Tensor),
}

/// One output, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct OutputView<'a> {
    /// Its element type.
    pub dtype: DType,
    /// Its shape.
    pub shape: &'a Shape,
    /// Its bytes, row-major, in native byte order; empty for strings.
    pub bytes: &'a [u8],
}

impl Response {
    /// Number of outputs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outputs.len()
    }

    /// Whether the model has no outputs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// Output `index`, in place.
    #[must_use]
    pub fn output(&self, index: usize) -> Option<OutputView<'_>> {
        let output = self.outputs.get(index)?;
        Some(OutputView { dtype: output.dtype, shape: &output.shape, bytes: output.bytes() })
    }

    /// All outputs as tensors that own their data, without copying it.
    #[must_use]
    pub fn into_tensors(self) -> Vec<Tensor> {
        self.outputs.into_iter().map(Output::into_tensor).collect()
    }

    /// Where the time went.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }
}

impl Output {
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.data {
            OutputData::Pooled(buffer) => buffer.as_slice(),
            OutputData::View { slot, output, start, len } => match &slot.outputs[*output] {
                SlotOutput::Buffer(buffer) => &buffer.as_slice()[*start..*start + *len],
                SlotOutput::Dynamic(_) => &[],
            },
            OutputData::Owned(tensor) => tensor.bytes(),
        }
    }

    fn into_tensor(self) -> Tensor {
        let Self { dtype, shape, data } = self;
        let bytes = match data {
            OutputData::Owned(tensor) => return tensor,
            OutputData::Pooled(buffer) => Bytes::from_owner(buffer),
            OutputData::View { slot, output, start, len } => {
                Bytes::from_owner(ViewOwner { slot, output }).slice(start..start + len)
            }
        };
        Tensor::from_bytes(dtype, shape, bytes).expect("an output has as many bytes as its shape demands")
    }
}

struct ViewOwner {
    slot: Arc<PooledSlot>,
    output: usize,
}

impl AsRef<[u8]> for ViewOwner {
    fn as_ref(&self) -> &[u8] {
        match &self.slot.outputs[self.output] {
            SlotOutput::Buffer(buffer) => buffer.as_slice(),
            SlotOutput::Dynamic(_) => &[],
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.data {
            OutputData::Pooled(_) => "copy",
            OutputData::View { .. } => "view",
            OutputData::Owned(_) => "owned",
        };
        write!(f, "Output({} {}, {kind})", self.dtype, self.shape)
    }
}

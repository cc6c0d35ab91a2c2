use std::sync::Arc;

use phalanx_tensor::{DType, HostBuffer, Shape, Tensor, TensorError};

use crate::BackendError;

/// One row of an input or output whose size is known: axis 0 left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowSpec {
    /// Element type.
    pub dtype: DType,
    /// All axes but axis 0.
    pub tail: Shape,
    /// Bytes of one row.
    pub row_bytes: usize,
}

impl RowSpec {
    /// A row of shape `tail`.
    ///
    /// # Errors
    /// [`TensorError::TooLarge`] where its size overflows or `dtype` has no fixed size.
    pub fn new(dtype: DType, tail: Shape) -> Result<Self, TensorError> {
        let row_bytes = tail.size_bytes(dtype)?;
        Ok(Self { dtype, tail, row_bytes })
    }
}

/// What an output of a slot is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OutputSpec {
    /// Its rows have a known size; the slot holds a buffer for them.
    Rows(RowSpec),
    /// Its shape is only known after the run, which leaves a tensor of the backend's own in the slot.
    Dynamic(DType),
}

/// The rows that a batch's inputs and outputs hold: all requests of one batch share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// One entry an input, in the signature's order.
    pub inputs: Vec<RowSpec>,
    /// One entry an output, in the signature's order.
    pub outputs: Vec<OutputSpec>,
}

impl Layout {
    /// Bytes of one row, inputs and sized outputs together.
    #[must_use]
    pub fn row_bytes(&self) -> usize {
        let inputs: usize = self.inputs.iter().map(|spec| spec.row_bytes).sum();
        let outputs: usize = self
            .outputs
            .iter()
            .map(|spec| match spec {
                OutputSpec::Rows(rows) => rows.row_bytes,
                OutputSpec::Dynamic(_) => 0,
            })
            .sum();
        inputs + outputs
    }
}

/// The buffer of one output.
#[derive(Debug)]
pub enum SlotOutput {
    /// Written in place by a run.
    Buffer(HostBuffer),
    /// Left there by a run; `None` before the first.
    Dynamic(Option<Tensor>),
}

/// The host-visible input and output buffers of one batch in flight.
///
/// A slot is `Send`, owns its memory beyond the lane's life, and comes back from a failed submit. Rows lie one after
/// the other from the start of each buffer, so a batch of fewer rows uses a prefix.
#[derive(Debug)]
pub struct Slot {
    layout: Arc<Layout>,
    rows_max: usize,
    tag: u64,
    /// One buffer an input.
    pub inputs: Vec<HostBuffer>,
    /// One buffer, or place for a tensor, an output.
    pub outputs: Vec<SlotOutput>,
}

impl Slot {
    /// A slot for up to `rows_max` rows whose buffers come from `allocate`, given each one's size in bytes.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`] where a size overflows, and what `allocate` gives.
    pub fn new(
        backend: &'static str,
        layout: Arc<Layout>,
        rows_max: usize,
        mut allocate: impl FnMut(usize) -> Result<HostBuffer, BackendError>,
    ) -> Result<Self, BackendError> {
        let mut buffer = |spec: &RowSpec| {
            let bytes = spec.row_bytes.checked_mul(rows_max).ok_or_else(|| BackendError::OutOfMemory {
                backend,
                message: format!("{rows_max} rows of {} bytes overflow", spec.row_bytes),
            })?;
            allocate(bytes)
        };
        let inputs = layout.inputs.iter().map(&mut buffer).collect::<Result<_, _>>()?;
        let outputs = layout
            .outputs
            .iter()
            .map(|spec| match spec {
                OutputSpec::Rows(rows) => buffer(rows).map(SlotOutput::Buffer),
                OutputSpec::Dynamic(_) => Ok(SlotOutput::Dynamic(None)),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { layout, rows_max, tag: 0, inputs, outputs })
    }

    /// A slot in heap memory, aligned to 64 bytes.
    ///
    /// # Errors
    /// As [`Slot::new`].
    pub fn heap(backend: &'static str, layout: Arc<Layout>, rows_max: usize) -> Result<Self, BackendError> {
        Self::new(backend, layout, rows_max, |bytes| Ok(HostBuffer::heap(bytes)))
    }

    /// The same slot under a name that the program which made it knows it by.
    #[must_use]
    pub fn with_tag(self, tag: u64) -> Self {
        Self { tag, ..self }
    }

    /// The name that its program gave it; 0 where it gave none.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// What its rows hold.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Rows it has room for.
    #[must_use]
    pub fn rows_max(&self) -> usize {
        self.rows_max
    }

    /// The first `rows` rows of input `index`.
    ///
    /// # Panics
    /// Where there is no such input or not that many rows.
    #[must_use]
    pub fn input_rows(&self, index: usize, rows: usize) -> &[u8] {
        &self.inputs[index].as_slice()[..rows * self.layout.inputs[index].row_bytes]
    }

    /// Bytes of all its buffers.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let outputs = self.outputs.iter().map(|output| match output {
            SlotOutput::Buffer(buffer) => buffer.len(),
            SlotOutput::Dynamic(tensor) => tensor.as_ref().map_or(0, Tensor::size_bytes),
        });
        self.inputs.iter().map(HostBuffer::len).sum::<usize>() + outputs.sum::<usize>()
    }
}

use std::sync::Arc;

use phalanx_plan::{Activation, ValueId};
use phalanx_tensor::DType;

/// Where a task finds its bytes. Values and the scratch memory start at multiples of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pointer {
    /// A value of the plan.
    Value {
        /// Which.
        id: ValueId,
        /// From its first byte on.
        offset_bytes: usize,
    },
    /// The memory that the tasks of one step share, which holds nothing before and after.
    Scratch {
        /// From its first byte on.
        offset_bytes: usize,
    },
}

impl Pointer {
    /// From the first byte of what it points into.
    pub(crate) const fn offset_bytes(self) -> usize {
        match self {
            Self::Value { offset_bytes, .. } | Self::Scratch { offset_bytes } => offset_bytes,
        }
    }

    /// The place this many bytes further on.
    #[must_use]
    pub(crate) const fn advanced(self, bytes: usize) -> Self {
        match self {
            Self::Value { id, offset_bytes } => Self::Value { id, offset_bytes: offset_bytes + bytes },
            Self::Scratch { offset_bytes } => Self::Scratch { offset_bytes: offset_bytes + bytes },
        }
    }
}

/// A parameter of a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Argument {
    /// An address.
    Pointer(Pointer),
    /// `unsigned`.
    U32(u32),
}

/// One launch of a generated kernel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Launch {
    /// CUDA C++ that needs no headers. The same text for every bucket of a model, as far as the shapes allow: a program
    /// is compiled once a text.
    pub(crate) source: Arc<str>,
    /// The function in it.
    pub(crate) entry: &'static str,
    /// Blocks.
    pub(crate) grid: [u32; 3],
    /// Threads of a block.
    pub(crate) block: [u32; 3],
    /// Shared memory of a block beyond what the source declares.
    pub(crate) shared_bytes: u32,
    /// The parameters in order.
    pub(crate) arguments: Vec<Argument>,
}

/// A matrix in memory, row-major: element (row, column) lies `row · leading + column` elements from the first; of a
/// transposed one `column · leading + row`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Matrix {
    /// Its first element.
    pub(crate) pointer: Pointer,
    /// What it is stored in.
    pub(crate) dtype: DType,
    /// Elements from one row to the next; of a transposed matrix from one column to the next.
    pub(crate) leading: usize,
    /// Whether its columns are dense, not its rows.
    pub(crate) is_transposed: bool,
    /// Elements from one matrix of the batch to the next; 0 where all are the same.
    pub(crate) batch_stride: usize,
}

/// `D = activation(scale · A·B + bias + C)`, sums in fp32, once for each matrix of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProductCall {
    /// Rows of A and D.
    pub(crate) m: usize,
    /// Columns of B and D.
    pub(crate) n: usize,
    /// Columns of A, rows of B.
    pub(crate) k: usize,
    /// Products.
    pub(crate) batch: usize,
    /// m × k.
    pub(crate) a: Matrix,
    /// k × n.
    pub(crate) b: Matrix,
    /// The residual C, m × n; never transposed. It may be D's own memory.
    pub(crate) c: Option<Matrix>,
    /// m × n; never transposed.
    pub(crate) d: Matrix,
    /// Factor of the sums.
    pub(crate) scale: f32,
    /// One element a column, dense.
    pub(crate) bias: Option<Bias>,
    /// Applied last.
    pub(crate) activation: Activation,
    /// Whether operands in fp32 may be rounded to tf32.
    pub(crate) allow_tf32: bool,
}

impl ProductCall {
    /// The sums alone, which [`epilogue`](super::epilogue) makes the rest of.
    #[must_use]
    pub(crate) fn sums(&self) -> Self {
        Self { scale: 1.0, bias: None, c: None, activation: Activation::None, ..self.clone() }
    }

    /// The same, without strides that mean nothing: of a batch of one they may depend on the number of rows.
    pub(super) fn with_canonical_strides(&self) -> Self {
        let mut call = self.clone();
        if call.batch == 1 {
            let matrices = [&mut call.a, &mut call.b, &mut call.d].into_iter().chain(&mut call.c);
            matrices.for_each(|matrix| matrix.batch_stride = 0);
            call.bias.iter_mut().for_each(|bias| bias.batch_stride = 0);
        }
        call
    }
}

/// A bias of a [`ProductCall`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bias {
    /// Its first element.
    pub(crate) pointer: Pointer,
    /// What it is stored in.
    pub(crate) dtype: DType,
    /// Elements from that of one product of the batch to that of the next.
    pub(crate) batch_stride: usize,
}

/// A part of a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Task {
    /// A generated kernel.
    Launch(Launch),
    /// Products, by whatever does them best.
    Product(ProductCall),
}

/// What a step becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lowered {
    /// To be run one after the other.
    pub(crate) tasks: Vec<Task>,
    /// Size of the scratch memory that they share.
    pub(crate) scratch_bytes: usize,
}

impl Lowered {
    /// One kernel and no scratch memory.
    pub(super) fn launch(launch: Launch) -> Self {
        Self { tasks: vec![Task::Launch(launch)], scratch_bytes: 0 }
    }
}

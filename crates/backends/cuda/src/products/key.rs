use phalanx_plan::Activation;
use phalanx_tensor::DType;

use super::descriptors::Addresses;
use crate::kernels::{Matrix, ProductCall};

/// What the choice of an algorithm depends on: all of a product but its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    sizes: [usize; 4],
    matrices: [MatrixKey; 3],
    residual: Option<MatrixKey>,
    bias: Option<(DType, usize)>,
    activation: Activation,
    allow_tf32: bool,
    /// What the addresses of a, b, c and d are multiples of, in bytes.
    alignments: [u32; 4],
}

type MatrixKey = (DType, usize, bool, usize);

impl Key {
    pub(crate) fn new(call: &ProductCall, addresses: &Addresses) -> Self {
        let of = |matrix: &Matrix| (matrix.dtype, matrix.leading, matrix.is_transposed, matrix.batch_stride);
        Self {
            sizes: [call.m, call.n, call.k, call.batch],
            matrices: [of(&call.a), of(&call.b), of(&call.d)],
            residual: call.c.as_ref().map(of),
            bias: call.bias.map(|bias| (bias.dtype, bias.batch_stride)),
            activation: call.activation,
            allow_tf32: call.allow_tf32,
            alignments: addresses.alignments(),
        }
    }
}

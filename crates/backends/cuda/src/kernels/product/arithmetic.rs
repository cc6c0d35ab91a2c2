use phalanx_tensor::DType;

use crate::kernels::Chip;
use crate::kernels::source::fill;

/// How tiles of 64 × 64 are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernels) enum Arithmetic {
    /// 16 bits, in the tensor cores.
    Half,
    /// Singles rounded to tf32, in the tensor cores.
    Tf32,
    /// Singles.
    Single,
}

impl Arithmetic {
    /// The fastest that is exact enough for two matrices of these dtypes; `None` where they differ or are no floats.
    pub(in crate::kernels) fn of(dtypes: [DType; 2], allow_tf32: bool, chip: &Chip) -> Option<Self> {
        if dtypes[0] != dtypes[1] {
            return None;
        }
        match dtypes[0] {
            DType::F16 | DType::BF16 if chip.has_wide_tensor_cores() => Some(Self::Half),
            DType::F32 if allow_tf32 && chip.has_wide_tensor_cores() => Some(Self::Tf32),
            DType::F16 | DType::BF16 | DType::F32 => Some(Self::Single),
            _ => None,
        }
    }

    /// The functions that a kernel brings tiles into shared memory and multiplies them with. They are filled with the
    /// names `NUMBER` and `B_TURNED`.
    pub(in crate::kernels) fn text(self, names: &[(&str, &str)]) -> String {
        let (tensor, own) = match self {
            Self::Half => (include_str!("../cuda/tensor.cu"), include_str!("../cuda/tile_half.cu")),
            Self::Tf32 => (include_str!("../cuda/tensor.cu"), include_str!("../cuda/tile_tf32.cu")),
            Self::Single => ("", include_str!("../cuda/tile_single.cu")),
        };
        [tensor, &fill(own, names), include_str!("../cuda/brought.cu")].concat()
    }
}

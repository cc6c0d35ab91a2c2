use phalanx_backend::Precision;
use phalanx_tensor::DType;

/// How far two answers may differ and count as the same, relative to the largest magnitude in their row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tolerance {
    /// Of any element.
    pub(crate) largest: f64,
    /// Of all elements of a row on the average.
    pub(crate) mean: f64,
}

/// A row whose largest magnitude is below this is compared as though it were this: what is left after numbers around 1
/// cancelled out is noise.
pub(crate) const MAGNITUDE_MIN: f64 = 1e-3;

/// Share of the elements of an output of integers or booleans that may differ: an `ArgMax` over two numbers that are
/// nearly equal falls to either.
pub(crate) const INTEGERS_SHARE: f64 = 1e-3;

const SINGLE: Tolerance = Tolerance { largest: 1e-3, mean: 1e-5 };
const TENSOR_FLOAT: Tolerance = Tolerance { largest: 1e-2, mean: 1e-3 };
const HALF: Tolerance = Tolerance { largest: 5e-2, mean: 1e-2 };
const BRAIN_HALF: Tolerance = Tolerance { largest: 2e-1, mean: 5e-2 };

impl Tolerance {
    /// For an output of this dtype of a model computed with this precision: the coarser of the two decides.
    pub(crate) fn of(precision: Precision, dtype: DType) -> Self {
        let computed = match precision {
            Precision::Fp32 => SINGLE,
            Precision::Tf32 => TENSOR_FLOAT,
            Precision::Fp16 => HALF,
            Precision::Bf16 => BRAIN_HALF,
        };
        let stored = match dtype {
            DType::F16 => HALF,
            DType::BF16 => BRAIN_HALF,
            _ => SINGLE,
        };
        Self { largest: computed.largest.max(stored.largest), mean: computed.mean.max(stored.mean) }
    }
}

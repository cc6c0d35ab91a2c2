use phalanx_tensor::DType;

use crate::Precision;

/// How far two answers may differ and count as the same, relative to the largest magnitude in their row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Of any element, between two runtimes that add up in another order.
    pub largest: f64,
    /// Of all elements of a row on the average; and of any element where the same runtime answers again.
    pub mean: f64,
}

const SINGLE: Tolerance = Tolerance { largest: 1e-3, mean: 1e-5 };
const TENSOR_FLOAT: Tolerance = Tolerance { largest: 1e-2, mean: 1e-3 };
/// A few roundings to 10 bits of mantissa.
const HALF: Tolerance = Tolerance { largest: 5e-2, mean: 1e-2 };
/// A few roundings to 7 bits.
const BRAIN_HALF: Tolerance = Tolerance { largest: 2e-1, mean: 5e-2 };

impl Tolerance {
    /// For an output of this dtype of a model computed with this precision: the coarser of the two decides.
    #[must_use]
    pub fn of(precision: Precision, dtype: DType) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarser_of_the_two_decides() {
        assert_eq!(Tolerance::of(Precision::Fp32, DType::F32), SINGLE);
        assert_eq!(Tolerance::of(Precision::Fp32, DType::F16), HALF);
        assert_eq!(Tolerance::of(Precision::Bf16, DType::F16), BRAIN_HALF);
    }
}

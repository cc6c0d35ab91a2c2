use phalanx_backend::Precision;
use phalanx_tensor::DType;

/// The error, relative to a row's largest magnitude, up to which two answers of this dtype, computed with this
/// precision, count as the same.
#[must_use]
pub fn tolerance(precision: Precision, dtype: DType) -> f64 {
    let computed: f64 = match precision {
        Precision::Fp32 => 1e-5,
        Precision::Tf32 => 1e-3,
        Precision::Fp16 => HALF,
        Precision::Bf16 => BRAIN_HALF,
    };
    match dtype {
        DType::F16 => computed.max(HALF),
        DType::BF16 => computed.max(BRAIN_HALF),
        _ => computed,
    }
}

/// A few roundings to 10 bits of mantissa.
const HALF: f64 = 1e-2;

/// A few roundings to 7 bits of mantissa.
const BRAIN_HALF: f64 = 5e-2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarser_of_the_two_decides() {
        assert_eq!(tolerance(Precision::Fp32, DType::F32), 1e-5);
        assert_eq!(tolerance(Precision::Fp32, DType::F16), HALF);
        assert_eq!(tolerance(Precision::Bf16, DType::F16), BRAIN_HALF);
    }
}

use phalanx_backend::Precision;

/// The error, relative to a row's largest magnitude, up to which two answers of this precision count as the same.
#[must_use]
pub fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::Fp32 => 1e-5,
        Precision::Tf32 => 1e-3,
        Precision::Fp16 => 1e-2,
        Precision::Bf16 => 5e-2,
    }
}

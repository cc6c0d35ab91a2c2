use phalanx_backend::Precision;
use phalanx_tensor::DType;

/// The largest finite number of half precision: beyond it nothing is expected of it.
const F16_MAX: f64 = 65_504.0;

/// How far an answer may be from the reference's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tolerance {
    /// Difference of any element.
    pub(super) absolute: f64,
    /// Whether that grows with the row's largest magnitude, where it is above 1.
    pub(super) scaled: bool,
    /// Mean difference of all elements, relative to the largest magnitudes of their rows.
    pub(super) mean: Option<f64>,
    /// Elements that are expected to be as large as this are not looked at.
    pub(super) overflow: f64,
}

impl Tolerance {
    /// What an output of `dtype` has to keep, computed with `precision`; `given` replaces the absolute difference and
    /// does away with the mean.
    pub(super) fn of(precision: Precision, dtype: DType, given: Option<f64>) -> Self {
        let tolerance = match (precision, dtype) {
            (Precision::Bf16, _) | (_, DType::BF16) => Self::rounded(5e-2, f64::INFINITY),
            (Precision::Fp16, _) | (_, DType::F16) => Self::rounded(1e-2, F16_MAX),
            (Precision::Tf32, _) => Self::rounded(1e-2, f64::INFINITY),
            (Precision::Fp32, _) => {
                Self { absolute: 1e-3, scaled: false, mean: Some(1e-5), overflow: f64::INFINITY }
            }
        };
        match given {
            Some(absolute) => Self { absolute, mean: None, ..tolerance },
            None => tolerance,
        }
    }

    /// For inputs far from the ordinary, which carry the rounding of large numbers with them.
    pub(super) fn for_extremes(self) -> Self {
        Self { scaled: true, mean: None, ..self }
    }

    fn rounded(absolute: f64, overflow: f64) -> Self {
        Self { absolute, scaled: true, mean: None, overflow }
    }

    /// The difference allowed in a row of this largest magnitude.
    pub(super) fn allowed(&self, largest: f64) -> f64 {
        if self.scaled { self.absolute * largest.max(1.0) } else { self.absolute }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarser_of_precision_and_dtype_decides_and_the_user_over_both() {
        assert_eq!(Tolerance::of(Precision::Fp32, DType::F32, None).allowed(100.0), 1e-3);
        assert_eq!(Tolerance::of(Precision::Fp32, DType::F16, None).allowed(1.0), 1e-2);
        assert_eq!(Tolerance::of(Precision::Bf16, DType::F16, None).allowed(2.0), 1e-1);
        let given = Tolerance::of(Precision::Fp32, DType::F32, Some(0.5));
        assert_eq!((given.allowed(9.0), given.mean), (0.5, None));
    }
}

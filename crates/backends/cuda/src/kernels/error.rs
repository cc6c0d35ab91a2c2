use phalanx_tensor::DType;

/// Why there is no kernel for a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LowerError {
    /// Elements that kernels cannot compute with.
    #[error("expected elements that kernels compute with, got {dtype} for {what}")]
    DType {
        /// What they are.
        dtype: DType,
        /// What has them.
        what: &'static str,
    },
    /// More than kernels can number.
    #[error("expected at most {max} {what}, got {got}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there may be.
        max: usize,
    },
    /// A plan that breaks its own rules, which is a defect of the plan.
    #[error("expected {expected} in the plan")]
    Inconsistent {
        /// What was not there.
        expected: &'static str,
    },
}

/// A count as a kernel's argument.
///
/// # Errors
/// [`LowerError::TooLarge`] past 31 bits, so that the number of a thread never wraps.
pub(super) fn count(what: &'static str, got: usize) -> Result<u32, LowerError> {
    let max = i32::MAX as usize;
    u32::try_from(got).ok().filter(|_| got <= max).ok_or(LowerError::TooLarge { what, got, max })
}

/// Every way in which a simulation can make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// An option's value makes no sense.
    #[error("{option}: expected {expected}, got {got}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// The times of batches, or of arrivals, cannot be used.
    #[error("expected {expected}, got {got}")]
    Times {
        /// What is needed.
        expected: &'static str,
        /// What came.
        got: String,
    },
}

impl SimulateError {
    #[expect(clippy::needless_pass_by_value, reason = "numbers and words, where they stand")]
    pub(crate) fn option(option: &'static str, expected: &'static str, got: impl ToString) -> Self {
        Self::Option { option, expected, got: got.to_string() }
    }
}

use phalanx_backend::BackendError;

/// Why there is no plan for a model, or why one could not be interpreted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The model has operators that no plan can be made of.
    #[error("no plan can be made of {}", .operators.join(", "))]
    Unsupported {
        /// Each of them, with what is not supported about it.
        operators: Vec<String>,
    },
    /// The model could not be read or typed for these shapes.
    #[error("failed to prepare the model: {message}")]
    Prepare {
        /// The cause.
        message: String,
    },
    /// There are more or fewer inputs than the model takes.
    #[error("expected {expected} inputs, got {got}")]
    InputCount {
        /// Inputs of the model.
        expected: usize,
        /// Inputs that came.
        got: usize,
    },
    /// An input is none that the plan was made for.
    #[error("input {name:?}: expected {expected}, got {got}")]
    Input {
        /// The input's name.
        name: String,
        /// Dtype and shape in the plan.
        expected: String,
        /// Dtype and shape that came.
        got: String,
    },
    /// An axis that the model leaves open has no size.
    #[error("input {name:?} has open axes beside the batch axis: {dims}")]
    OpenAxes {
        /// The input's name.
        name: String,
        /// Its axes.
        dims: String,
    },
    /// A plan breaks one of its own rules.
    #[error("the plan is inconsistent: {message}")]
    Inconsistent {
        /// Which rule, and where.
        message: String,
    },
}

impl PlanError {
    /// The same in the words of backends: what makes the engine try the next one.
    #[must_use]
    pub fn into_backend_error(self, backend: &'static str) -> BackendError {
        match self {
            Self::Unsupported { operators } => BackendError::UnsupportedOperators { backend, operators },
            other => BackendError::Prepare { backend, message: other.to_string() },
        }
    }
}

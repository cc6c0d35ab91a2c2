use phalanx_backend::{BackendError, Device};
use phalanx_engine::EngineError;
use phalanx_tensor::{DType, TensorError};

use crate::draw::InputRange;

/// Every way in which a measurement can fail.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// A range was given for an input that is not there.
    #[error("the model has no input {name:?}; it has {}", .inputs.join(", "))]
    NoSuchInput {
        /// The name given.
        name: String,
        /// The model's inputs.
        inputs: Vec<String>,
    },
    /// A size was given for an axis that is not there, or not open.
    #[error("the model has no open axis {name:?}; it has {}", if .dims.is_empty() { "none".to_owned() } else { .dims.join(", ") })]
    NoSuchDim {
        /// The name given.
        name: String,
        /// The model's open axes, axis 0 left out.
        dims: Vec<String>,
    },
    /// The dtype cannot hold the values of a range.
    #[error("input {input:?}: expected a range that {dtype} can hold, got {range}")]
    Range {
        /// The input's name.
        input: String,
        /// Its element type.
        dtype: DType,
        /// The range given.
        range: InputRange,
    },
    /// Nothing can be drawn for an input of unknown rank.
    #[error("input {input:?} has no declared shape, so that nothing can be drawn for it")]
    UnknownRank {
        /// The input's name.
        input: String,
    },
    /// Nothing is known about an input's element type.
    #[error("input {input:?} holds {dtype}, of which nothing can be drawn")]
    UnknownDType {
        /// The input's name.
        input: String,
        /// Its element type.
        dtype: DType,
    },
    /// The samples given do not fit together, or are none.
    #[error("expected {expected}, got {got}")]
    Samples {
        /// What is needed.
        expected: String,
        /// What came.
        got: String,
    },
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
    /// An answer was not the one its caller should have had.
    #[error(
        "sample {sample} was answered wrongly through {strategy}: output {output:?} is off by {error:.1e} of its \
         row's largest magnitude, expected at most {tolerance:.0e}"
    )]
    WrongAnswer {
        /// Where the answer came from.
        strategy: &'static str,
        /// Index of the sample.
        sample: usize,
        /// The output's name.
        output: String,
        /// Error found, relative to the row's largest magnitude.
        error: f64,
        /// Error allowed.
        tolerance: f64,
    },
    /// A result was not what its operands give.
    #[error("element {place} of {of}: expected {expected:.6e}, got {got:.6e}")]
    WrongResult {
        /// What was computed, and how.
        of: String,
        /// The element.
        place: usize,
        /// What it is in double precision.
        expected: f64,
        /// What came.
        got: f64,
    },
    /// A batch did not come back.
    #[error("a batch did not come back within {seconds} s")]
    Stuck {
        /// How long was waited.
        seconds: u64,
    },
    /// A thread of the load generator ended before its time.
    #[error("a load generator's thread ended: {message}")]
    Thread {
        /// What is known of it.
        message: String,
    },
    /// Workers were to be disturbed, and the engine has none.
    #[error("expected an engine with worker processes, got one whose lanes are threads")]
    NoWorkers,
    /// A row claims more than the device can do.
    #[error(
        "{row}: {}{unit} is {:.0} % of the {}{unit} that this device reaches; its results cannot all have been \
         waited for",
        scaled(*.got), 100.0 * .got / .ceiling, scaled(*.ceiling)
    )]
    AboveCeiling {
        /// Which row.
        row: String,
        /// What is counted.
        unit: &'static str,
        /// What it claims.
        got: f64,
        /// The most that was measured.
        ceiling: f64,
    },
    /// Nothing could be measured to hold figures against.
    #[error("no ceiling of {device} could be measured: {message}")]
    NoCeiling {
        /// The device.
        device: Device,
        /// Why.
        message: String,
    },
    /// The measurement was stopped from outside.
    #[error("interrupted")]
    Interrupted,
    /// A backend failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A tensor's parts do not fit.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

/// A figure of a large unit, with its prefix.
fn scaled(figure: f64) -> String {
    let prefixes = [(1e12, "T"), (1e9, "G"), (1e6, "M")];
    let found = prefixes.into_iter().find(|(size, _)| figure >= *size);
    let (size, prefix) = found.unwrap_or((1.0, ""));
    format!("{:.2} {prefix}", figure / size)
}

impl MeasureError {
    /// A batch failed and its slot did not come back.
    pub(crate) fn lost_slot() -> Self {
        Self::Thread { message: "a failed batch took its slot with it".to_owned() }
    }
}

use serde::{Deserialize, Serialize};

/// What a device made of the proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Time until the model was prepared and its first batch had run, in seconds; `None` where that was not so.
    pub ready_s: Option<f64>,
    /// What came out.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came out of a proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Every element of every batch was right.
    Right {
        /// Rows of a batch.
        rows: usize,
        /// Batches that were timed.
        batches: usize,
        /// Median time of a batch, with its input handed over and its result read back, in seconds.
        batch_s: f64,
        /// Floating-point operations a second, from that time.
        flop_per_s: f64,
    },
    /// One was not.
    Wrong {
        /// Rows of the batch.
        rows: usize,
        /// The row in the batch.
        row: usize,
        /// The element of the row.
        element: usize,
        /// What it should have been.
        expected: f32,
        /// What it was; `None` where that was no finite number, or nothing.
        got: Option<f32>,
    },
    /// It did not run.
    Failed {
        /// Why.
        message: String,
        /// What the user can do.
        hint: Option<String>,
        /// Whether something has to be installed first, rather than that a device does not work.
        is_missing: bool,
    },
}

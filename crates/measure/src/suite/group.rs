use serde::Serialize;

use crate::MeasureError;
use crate::strategy::Strategy;

/// Opens the rows of a group.
type Open<'a> = Box<dyn FnOnce() -> Result<Vec<Box<dyn Strategy + 'a>>, MeasureError> + 'a>;

/// Rows that share what they run on, such as lanes: they are opened together, measured in turn, and closed before the
/// next group is opened, so that none has another's memory or threads beside it.
pub struct Group<'a> {
    /// Whose rows they are.
    pub(super) strategy: &'static str,
    /// What it is about, for when it cannot be measured.
    pub(super) about: String,
    /// How many rows there are.
    pub(super) rows: usize,
    /// How much of the time one of its rows needs, beside a usual one.
    pub(super) weight: f64,
    /// Whether the model's own work is what its rows do.
    pub(super) is_held: bool,
    pub(super) open: Open<'a>,
}

impl<'a> Group<'a> {
    /// `rows` rows that `open` gives.
    #[must_use]
    pub fn new(
        strategy: &'static str,
        about: impl Into<String>,
        rows: usize,
        open: impl FnOnce() -> Result<Vec<Box<dyn Strategy + 'a>>, MeasureError> + 'a,
    ) -> Self {
        Self { strategy, about: about.into(), rows, weight: 1.0, is_held: true, open: Box::new(open) }
    }

    /// Its rows run something else than the model, and are not held against the ceilings.
    #[must_use]
    pub fn of_another_model(self) -> Self {
        Self { is_held: false, ..self }
    }

    /// Gives its rows more of the time, or less.
    #[must_use]
    pub fn weight(self, weight: f64) -> Self {
        Self { weight, ..self }
    }
}

/// Rows that could not be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Whose rows.
    pub strategy: &'static str,
    /// Which of them.
    pub rows: String,
    /// Why not.
    pub reason: String,
}

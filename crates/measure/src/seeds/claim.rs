use std::collections::BTreeMap;

use serde::Deserialize;

/// One figure that a document claims.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Which document.
    #[serde(skip)]
    pub document: String,
    /// Its line.
    pub line: u32,
    /// What it says.
    pub says: String,
    /// The figure.
    pub claimed: Option<f64>,
    /// What its own figures give, as a sum of numbers: `50600 / 1100`.
    pub sum: Option<String>,
    /// How far that may be off by rounding, as a share.
    #[serde(default)]
    pub slack: f64,
    /// The row of a report that speaks to it.
    pub row: Option<Selector>,
    /// Two rows, the first over the second.
    pub ratio: Option<[Selector; 2]>,
    /// It holds where this machine is within this factor of it,
    pub within: Option<f64>,
    /// or gives at least this,
    pub at_least: Option<f64>,
    /// or at most this.
    pub at_most: Option<f64>,
    /// The command that tests it.
    pub test: Option<String>,
    /// Why it cannot be tested here.
    pub why: Option<String>,
    /// The curve it is a point of.
    pub curve: Option<String>,
    /// What that counts, where it is not rows.
    pub unit: Option<String>,
    /// The part of a batch's time, of `phalanx profile`, that speaks to it.
    pub profile: Option<String>,
}

/// Which row, by its strategy and some of its parameters, and which of its figures.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Selector {
    /// The strategy.
    pub strategy: String,
    /// The figure; samples a second unless said otherwise.
    #[serde(default)]
    pub field: Field,
    /// Parameters by their names.
    #[serde(flatten)]
    pub parameters: BTreeMap<String, String>,
}

/// A figure of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Samples a second.
    #[default]
    SamplesPerS,
    /// Efficiency against its own strategy.
    OfOwn,
    /// Efficiency against the shared baseline.
    OfBaseline,
    /// The latency that one in a hundred exceeds.
    P99Us,
}

impl Claim {
    /// Whether a report can speak to it.
    #[must_use]
    pub fn can_be_measured(&self) -> bool {
        let is_bounded = self.within.is_some() || self.at_least.is_some() || self.at_most.is_some();
        is_bounded && (self.row.is_some() || self.ratio.is_some())
    }
}

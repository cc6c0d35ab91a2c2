use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Level;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The level it belongs to.
    pub level: Level,
    /// What was looked at.
    pub name: String,
    /// What it was looked at on: a backend and a device, and how they were set up where that is crossed.
    pub subject: String,
    /// What came out.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was measured on the way, by name; names end in their units.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, f64>,
    /// How long it took.
    pub seconds: f64,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// All is as it should be.
    Passed {
        /// What that rests on.
        detail: String,
    },
    /// Something is not.
    Failed {
        /// What was expected and what came.
        what: String,
        /// Where, for a wrong answer.
        #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
        where_: Option<Box<Location>>,
    },
    /// Nothing can be said.
    Skipped {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// What there is to say about it, in one line.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Passed { detail: text } | Self::Skipped { why: text } => text.clone(),
            Self::Failed { what, where_: None } => what.clone(),
            Self::Failed { what, where_: Some(location) } => format!("{what}: {location}"),
        }
    }
}

/// Where an answer is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// The backend that gave it.
    pub backend: String,
    /// The device it ran on.
    pub device: String,
    /// Which inputs these were: `random`, `file`, or the name of an extreme.
    pub input: String,
    /// What they were drawn from; `None` where they come from a file.
    pub seed: Option<u64>,
    /// Index of the sample among those inputs.
    pub sample: usize,
    /// Rows of the batch, or of the request.
    pub batch: usize,
    /// The sample's row in it, from 0.
    pub position: usize,
    /// The output's name.
    pub output: String,
    /// Index of the element in the sample's row of that output, in row-major order.
    pub element: usize,
    /// The reference's value; `null` in JSON where it is not finite.
    pub expected: f64,
    /// What came; likewise.
    pub got: f64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, device, input, sample, batch, position, output, element, .. } = self;
        write!(f, "{backend} on {device}, {input} inputs")?;
        if let Some(seed) = self.seed {
            write!(f, " of seed {seed}")?;
        }
        write!(f, ", sample {sample}, batch of {batch}, position {position}, output {output:?}, ")?;
        write!(f, "element {element}: expected {}, got {}", self.expected, self.got)
    }
}

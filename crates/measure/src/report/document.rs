use std::collections::BTreeMap;

use phalanx_engine::choice::Choice;
use serde::Serialize;

use super::Row;
use crate::machine::Machine;
use crate::suite::Skipped;
use crate::truth::Ceilings;

/// What was run on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BackendReport {
    /// The backend's name.
    pub name: String,
    /// Its runtime's version.
    pub version: String,
    /// The library that the runtime was loaded from, where it was.
    pub library: Option<String>,
    /// The device.
    pub device: String,
    /// Why this backend on this device; `None` where it was named.
    pub choice: Option<Choice>,
}

/// What was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelReport {
    /// Its name.
    pub name: String,
    /// The file it came from, where it came from one.
    pub path: Option<String>,
    /// Name, dtype and axes of each input.
    pub inputs: Vec<String>,
    /// Name, dtype and axes of each output.
    pub outputs: Vec<String>,
    /// Elements of all its parameters.
    pub parameters: u64,
}

/// A benchmark's one JSON document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Version of this program.
    pub phalanx: &'static str,
    /// Where it ran.
    pub machine: Machine,
    /// What ran it; `None` where each row names its own.
    pub backend: Option<BackendReport>,
    /// The model, where one was needed.
    pub model: Option<ModelReport>,
    /// The options that were in force, by their names.
    pub options: BTreeMap<String, String>,
    /// Where the source of this program stood, where it was built from a repository.
    pub commit: Option<&'static str>,
    /// What the figures are held against, where that was measured.
    pub ceilings: Option<Ceilings>,
    /// The figures.
    pub rows: Vec<Row>,
    /// Rows that could not be measured here.
    pub skipped: Vec<Skipped>,
    /// Rows that claimed more than the device can do, and are not among those above.
    pub refused: Vec<String>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What the user could do.
    pub hints: Vec<String>,
}

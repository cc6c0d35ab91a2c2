use std::collections::BTreeMap;

use serde::Deserialize;

/// A file is no report.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RunError(#[from] serde_json::Error);

/// What a comparison reads of one report.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The processor.
    pub cpu: String,
    /// The model's name; empty where there was none.
    pub model: String,
    /// The backend's; likewise.
    pub backend: String,
    /// The rows.
    pub(super) rows: Vec<RunRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct RunRow {
    pub(super) key: Key,
    rates: Vec<f64>,
}

/// What a row is known by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Key {
    strategy: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    rule: String,
    batch: Option<usize>,
    callers: Option<usize>,
}

#[derive(Deserialize)]
struct Document {
    machine: Machine,
    model: Option<Named>,
    backend: Option<Named>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Machine {
    cpu: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Row {
    #[serde(flatten)]
    key: Key,
    #[serde(default)]
    window_samples_per_s: Vec<f64>,
}

impl Run {
    /// Reads a report.
    ///
    /// # Errors
    /// [`RunError`] for what is none.
    pub fn parse(text: &str) -> Result<Self, RunError> {
        let document: Document = serde_json::from_str(text)?;
        let name = |named: Option<Named>| named.map_or_else(String::new, |named| named.name);
        // Rates of nothing have no logarithm, and say nothing.
        let row = |row: Row| {
            let rates = row.window_samples_per_s.into_iter().filter(|rate| *rate > 0.0 && rate.is_finite());
            RunRow { key: row.key, rates: rates.collect() }
        };
        let rows = document.rows.into_iter().map(row).filter(|row| row.rates.len() > 1).collect();
        let (cpu, model, backend) = (document.machine.cpu, name(document.model), name(document.backend));
        Ok(Self { cpu, model, backend, rows })
    }

    /// The rates of a row's windows.
    pub(super) fn rates(&self, key: &Key) -> Option<&[f64]> {
        self.rows.iter().find(|row| row.key == *key).map(|row| &row.rates[..])
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.strategy)?;
        let parameters = self.parameters.iter().map(|(name, value)| format!("{name} {value}"));
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        if !parameters.is_empty() {
            write!(f, " with {parameters}")?;
        }
        if !matches!(&*self.rule, "" | "each") {
            write!(f, ", wait {}", self.rule)?;
        }
        Ok(())
    }
}

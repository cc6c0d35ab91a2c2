use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Field, Selector};

/// A file is no report.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FiguresError(#[from] serde_json::Error);

/// The rows of a report, to be asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Figures {
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Row {
    strategy: String,
    #[serde(default)]
    rule: String,
    batch: Option<usize>,
    callers: Option<usize>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    samples_per_s: Option<f64>,
    of_own: Option<f64>,
    of_baseline: Option<f64>,
    p99_us: Option<f64>,
}

impl Figures {
    /// Reads a report of `phalanx bench --json`.
    ///
    /// # Errors
    /// [`FiguresError`] for what is none.
    pub fn parse(text: &str) -> Result<Self, FiguresError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The figure of the first row that has these parameters, and waits for each of its batches.
    #[must_use]
    pub fn get(&self, selector: &Selector) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.is(selector))?;
        match selector.field {
            Field::SamplesPerS => row.samples_per_s,
            Field::OfOwn => row.of_own,
            Field::OfBaseline => row.of_baseline,
            Field::P99Us => row.p99_us,
        }
    }
}

impl Row {
    fn is(&self, selector: &Selector) -> bool {
        let number = |number: Option<usize>| number.map(|number| number.to_string());
        let has = |(name, value): (&String, &String)| match (self.parameters.get(name), &**name) {
            (Some(own), _) => own == value,
            (None, "batch") => number(self.batch).as_ref() == Some(value),
            (None, "callers") => number(self.callers).as_ref() == Some(value),
            (None, _) => false,
        };
        self.strategy == selector.strategy
            && matches!(&*self.rule, "" | "each" | "open loop" | "-")
            && selector.parameters.iter().all(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_some_of_their_parameters() {
        let row = |batch: &str, rule: &str, rate: f64| {
            serde_json::json!({
                "strategy": "threads", "rule": rule, "parameters": {"threads": "2", "batch": batch},
                "samples_per_s": rate, "of_own": 0.5
            })
        };
        let rows = [row("1", "every 8", 1.0), row("1", "each", 2.0), row("32", "each", 3.0)];
        let figures = Figures::parse(&serde_json::json!({ "rows": rows }).to_string()).unwrap();
        let selector = |text: &str| -> Selector { toml::from_str(text).unwrap() };
        assert_eq!(figures.get(&selector("strategy = 'threads'\nbatch = '1'")), Some(2.0));
        assert_eq!(figures.get(&selector("strategy = 'threads'\nbatch = '32'\nfield = 'of_own'")), Some(0.5));
        assert_eq!(figures.get(&selector("strategy = 'threads'\nbatch = '8'")), None);
        assert!(Figures::parse("[]").is_err());
    }
}

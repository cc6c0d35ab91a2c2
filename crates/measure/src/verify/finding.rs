use std::collections::BTreeMap;

use super::{Location, Outcome};

/// What a check has come to.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    pub(super) measured: BTreeMap<String, f64>,
}

impl Finding {
    pub(super) fn passed(detail: impl Into<String>) -> Self {
        Outcome::Passed { detail: detail.into() }.into()
    }

    pub(super) fn failed(what: impl Into<String>) -> Self {
        Outcome::Failed { what: what.into(), where_: None }.into()
    }

    /// A wrong answer.
    pub(super) fn wrong(location: Location) -> Self {
        Outcome::Failed { what: "wrong answer".to_owned(), where_: Some(Box::new(location)) }.into()
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Outcome::Skipped { why: why.into() }.into()
    }

    /// Says under what circumstances it failed.
    pub(super) fn beside(mut self, circumstances: &str) -> Self {
        if let Outcome::Failed { what, .. } = &mut self.outcome {
            *what = format!("{what}, {circumstances}");
        }
        self
    }

    /// Adds a figure.
    pub(super) fn with(mut self, name: impl Into<String>, value: f64) -> Self {
        self.measured.insert(name.into(), value);
        self
    }

    /// Adds a figure that may not be known.
    pub(super) fn with_some(self, name: &str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl From<Outcome> for Finding {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, measured: BTreeMap::new() }
    }
}

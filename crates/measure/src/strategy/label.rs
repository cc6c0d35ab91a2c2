use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Rule;

/// What a row of a report measures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The strategy's name.
    pub strategy: &'static str,
    /// What tells this row from the others of its strategy.
    pub parameters: Parameters,
    /// How much the strategy does at once: the number that it varies.
    pub n: usize,
    /// Samples that are under way at once, where that is known.
    pub in_flight: Option<usize>,
    /// Rows of each batch, where the strategy forms them itself.
    pub batch: Option<usize>,
    /// Concurrent callers, where there are any.
    pub callers: Option<usize>,
    /// When results are waited for.
    pub rule: Rule,
    /// The same in full: what is waited for before the next batch or request is sent.
    pub waiting: &'static str,
}

/// Names and values, in the order in which they are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<Parameter>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parameter {
    name: &'static str,
    value: String,
    /// Whether it is the one that grows with [`Label::n`].
    scales: bool,
}

impl Parameters {
    /// Adds one that stays the same while the strategy grows.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.push(Parameter { name, value: value.to_string(), scales: false });
        self
    }

    /// Adds one that the strategy varies.
    #[must_use]
    pub fn scaled(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.push(Parameter { name, value: value.to_string(), scales: true });
        self
    }

    /// Those that stay the same while the strategy grows: rows that share them lie on one curve.
    #[must_use]
    pub fn fixed(&self) -> String {
        let fixed = self.0.iter().filter(|parameter| !parameter.scales);
        fixed.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.value)
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, parameter) in self.0.iter().enumerate() {
            write!(f, "{}{parameter}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for parameter in &self.0 {
            map.serialize_entry(parameter.name, &parameter.value)?;
        }
        map.end()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.strategy)?;
        if !self.parameters.is_empty() {
            return write!(f, " with {}", self.parameters);
        }
        if let Some(batch) = self.batch {
            write!(f, " of {batch}")?;
        }
        if let Some(callers) = self.callers {
            write!(f, " with {callers} caller{}", if callers == 1 { "" } else { "s" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_applies() {
        let label = Label { strategy: "raw", batch: Some(8), ..Label::default() };
        assert_eq!(label.to_string(), "raw of 8");
        let label = Label { strategy: "callers", callers: Some(1), ..Label::default() };
        assert_eq!(label.to_string(), "callers with 1 caller");
    }

    #[test]
    fn rows_of_one_curve_share_what_does_not_scale() {
        let row = |threads: usize| Parameters::default().scaled("threads", threads).with("batch", 32);
        assert_eq!(row(2).to_string(), "threads 2, batch 32");
        assert_eq!((row(2).fixed(), row(8).fixed()), ("batch 32".to_owned(), "batch 32".to_owned()));
        assert_eq!(serde_json::to_string(&row(2)).unwrap(), r#"{"threads":"2","batch":"32"}"#);
    }
}

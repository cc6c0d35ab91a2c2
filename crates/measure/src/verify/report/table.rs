use std::fmt;

use super::Report;
use crate::report::{Column, Table};
use crate::verify::Level;

/// A table of all checks, and a line on each level.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&[
            Column::Left("level"),
            Column::Left("check"),
            Column::Left("on"),
            Column::Left("outcome"),
            Column::Left("what was seen"),
        ]);
        for check in &self.checks {
            table.row([
                check.level.to_string(),
                check.name.clone(),
                check.subject.clone(),
                check.outcome.name().to_owned(),
                check.outcome.words().split_whitespace().collect::<Vec<_>>().join(" "),
            ]);
        }
        writeln!(f, "{table}")?;
        write!(f, "model: {}", self.model)?;
        if self.levels().contains(&Level::Correctness) {
            write!(f, ", reference: {}", self.reference.as_deref().unwrap_or("none (unreferenced)"))?;
        }
        writeln!(f)?;
        for level in self.levels() {
            let outcome = if self.passed(level) { "passed" } else { "FAILED" };
            writeln!(f, "level {} ({level}): {outcome}", level.number())?;
        }
        Ok(())
    }
}

use std::fmt;

/// What a row of a report measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The strategy's name.
    pub strategy: &'static str,
    /// Rows of each batch, where the strategy forms them itself.
    pub batch: Option<usize>,
    /// Concurrent callers, where there are any.
    pub callers: Option<usize>,
    /// What is waited for before the next batch or request is sent.
    pub waiting: &'static str,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.strategy)?;
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
        let label = Label { strategy: "raw", batch: Some(8), callers: None, waiting: "" };
        assert_eq!(label.to_string(), "raw of 8");
        let label = Label { strategy: "callers", batch: None, callers: Some(1), waiting: "" };
        assert_eq!(label.to_string(), "callers with 1 caller");
    }
}

use std::fmt;

/// Where something is said of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::repository) enum Place {
    /// In its `config.pbtxt`, on this line from 1.
    File {
        /// The line.
        line: u32,
    },
    /// In the configuration that came with a load.
    Call,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { line } => write!(f, "config.pbtxt:{line}"),
            Self::Call => f.write_str("config"),
        }
    }
}

/// Every way in which a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::repository) enum ConfigError {
    /// It is not in the format.
    #[error("{place}: expected {expected}, got {got}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the format has there.
        expected: &'static str,
        /// What is there.
        got: String,
    },
    /// It asks for something that is not done here.
    #[error("{place}: {field} is not supported{hint}")]
    Unsupported {
        /// Where.
        place: Place,
        /// The field, with the names of those around it.
        field: String,
        /// What to do instead; empty, or begins with punctuation.
        hint: &'static str,
    },
    /// A field has a value that it cannot have, or that does not fit the model.
    #[error("{place}: {field}: expected {expected}, got {got}")]
    Value {
        /// Where.
        place: Place,
        /// The field, with the names of those around it.
        field: String,
        /// What would do.
        expected: String,
        /// What is said.
        got: String,
    },
}

use std::path::PathBuf;

use compact_str::CompactString;

/// Every way in which a repository can fail to be opened or looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// No root was given.
    #[error("the model repository: expected at least one folder, got none")]
    NoRoots,
    /// Looks without a pause would leave nothing for anybody else.
    #[error("the model repository: expected an interval above zero, got zero")]
    NoInterval,
    /// A server has one repository.
    #[error("the server already has a model repository")]
    AlreadyOpen,
    /// A root cannot be read.
    #[error("failed to read the model repository {}: {message}", .path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        message: String,
    },
    /// There are more models than allowed.
    #[error("the model repository: expected at most {max} models, got more")]
    TooManyModels {
        /// The limit.
        max: usize,
    },
    /// Models that were wanted at start could not be loaded.
    #[error("failed to load {}", listed(.models))]
    Models {
        /// Each with the reason.
        models: Vec<(CompactString, String)>,
    },
    /// The system would not start a thread.
    #[error("failed to start a thread: {message}")]
    Thread {
        /// The system's words.
        message: String,
    },
    /// It is not looked at again and again.
    #[error("the model repository is not polled")]
    NotPolled,
    /// The server has none, or is stopping.
    #[error("there is no model repository, or it is closing")]
    Closed,
}

fn listed(models: &[(CompactString, String)]) -> String {
    let lines: Vec<String> =
        models.iter().map(|(name, reason)| format!("model {name:?}: {reason}")).collect();
    lines.join("\n")
}

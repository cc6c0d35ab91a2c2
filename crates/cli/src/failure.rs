use std::fmt;
use std::io;
use std::path::Path;

use clap::CommandFactory;
use phalanx_backend::BackendError;
use phalanx_engine::EngineError;
use phalanx_measure::MeasureError;
use phalanx_model::ModelError;

use crate::args::Cli;
use crate::npy::NpyError;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something went wrong: one line that says what, and one that helps where there is one.
    Failed {
        /// What was wrong, what was expected and what came.
        message: String,
        /// What the user can do.
        hint: Option<String>,
    },
    /// What was checked is not well, which the command has reported already: one line that sums it up.
    Checks {
        /// What is not well.
        message: String,
    },
    /// The command line makes no sense: clap says why.
    Usage(clap::Error),
    /// The reader of our standard output is gone: nobody is left to tell.
    BrokenPipe,
}

impl Failure {
    /// A failure with this message.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self::Failed { message: message.to_string(), hint: None }
    }

    /// Arguments that do not fit together.
    pub(crate) fn usage(kind: clap::error::ErrorKind, message: impl fmt::Display) -> Self {
        Self::Usage(Cli::command().error(kind, message))
    }

    /// What went wrong, on one line.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Failed { message, .. } | Self::Checks { message } => message.clone(),
            Self::Usage(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
            Self::BrokenPipe => "nobody reads standard output any more".to_owned(),
        }
    }

    /// Adds a hint, unless there is one.
    #[must_use]
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Failed { hint: hint @ None, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// An operating system's refusal to do something with a file.
    pub(crate) fn file(action: &str, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound if action == "read" => {
                Self::new(format_args!("there is no file {:?}", path.display().to_string()))
            }
            _ => Self::new(format_args!("failed to {action} {:?}: {error}", path.display().to_string())),
        }
    }

    /// What is wrong with an array file, or with one array in it.
    pub(crate) fn array(place: &str, error: &NpyError) -> Self {
        if let NpyError::Io(error) = error
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return Self::BrokenPipe;
        }
        let failure = Self::new(format_args!("{place}: {error}"));
        match error {
            NpyError::DType { .. } => failure.hint("convert it in Python with array.astype(\"float32\")"),
            NpyError::Memory { .. } => {
                failure.hint("save it in C order (numpy.ascontiguousarray) to have it read piece by piece")
            }
            _ => failure,
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let failure = Self::new(&error);
        match &error {
            ModelError::NotFound { .. } => failure.hint("`phalanx demo` needs no model"),
            ModelError::Truncated { .. } => failure.hint("the file may not have been downloaded completely"),
            ModelError::NotOnnx { .. } | ModelError::Empty { .. } => {
                failure.hint("expected an .onnx file, as torch.onnx.export writes it")
            }
            ModelError::ExternalMissing { .. } => failure.hint("keep the files of a model together"),
            _ => failure,
        }
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        let failure = Self::new(&error);
        match error {
            BackendError::Unavailable { hint: Some(hint), .. }
            | BackendError::NoWorker { hint: Some(hint), .. } => failure.hint(hint),
            BackendError::UnsupportedOperators { .. } => {
                failure.hint("`phalanx inspect` lists what each backend makes of a model")
            }
            BackendError::NoSuchDevice { .. } => failure.hint("`phalanx devices` lists what is here"),
            BackendError::OutOfMemory { .. } => failure.hint("a smaller --max-batch needs less memory"),
            _ => failure,
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Prepare(error) | EngineError::BackendFailed(error) => error.into(),
            EngineError::NoBackend { .. } => {
                Self::new(&error).hint("`phalanx inspect` lists what each backend makes of a model")
            }
            EngineError::QueueFull { .. } => {
                Self::new(&error).hint("raise --queue-limit, or send less at once")
            }
            EngineError::DeadlineExceeded { .. } => Self::new(&error).hint("raise --slo, or leave it out"),
            _ => Self::new(&error),
        }
    }
}

impl From<MeasureError> for Failure {
    fn from(error: MeasureError) -> Self {
        match error {
            MeasureError::Backend(error) => error.into(),
            MeasureError::Engine(error) => error.into(),
            MeasureError::UnknownRank { .. } => {
                Self::new(&error).hint("give the inputs with --inputs FILE.npz")
            }
            _ => Self::new(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hint_stays() {
        let failure = Failure::new("wrong").hint("first").hint("second");
        assert!(matches!(failure, Failure::Failed { hint: Some(hint), .. } if hint == "first"));
    }

    #[test]
    fn a_missing_file_is_said_to_be_missing() {
        let error = io::Error::from(io::ErrorKind::NotFound);
        let failure = Failure::file("read", Path::new("x.npz"), &error);
        assert!(
            matches!(&failure, Failure::Failed { message, .. } if message == "there is no file \"x.npz\""),
            "{failure:?}"
        );
    }

    #[test]
    fn a_reader_that_left_is_no_failure_to_report() {
        let error = NpyError::Io(io::ErrorKind::BrokenPipe.into());
        assert!(matches!(Failure::array("-", &error), Failure::BrokenPipe));
    }
}

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use phalanx_tensor::DType;

/// Where a model came from, as errors name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This file.
    File(PathBuf),
    /// Bytes that the caller had.
    Memory,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{:?}", path.display().to_string()),
            Self::Memory => f.write_str("the model in memory"),
        }
    }
}

/// Every way in which a model cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There is no such file.
    #[error("there is no file {}", quoted(.path))]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// The path leads to a folder, a pipe or a device.
    #[error("{} is a {got}, expected a file", quoted(.path))]
    NotAFile {
        /// The path asked for.
        path: PathBuf,
        /// What is there.
        got: &'static str,
    },
    /// The operating system refused.
    #[error("failed to {action} {}: {source}", quoted(.path))]
    Io {
        /// What was being done: `read`, `write` or `copy`.
        action: &'static str,
        /// The file it was done to.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The file is longer than a protobuf message can be; such a model keeps its weights in other files.
    #[error("{model} is too long for an ONNX file: expected at most {bytes_max} bytes, got {bytes}")]
    TooLong {
        /// The model.
        model: Origin,
        /// Its length.
        bytes: u64,
        /// The longest that a protobuf message can be.
        bytes_max: u64,
    },
    /// The model, or the weights that it keeps in other files, do not fit into the memory that is left.
    #[error("{model} does not fit into memory: expected at most {bytes_available} bytes, got {bytes}")]
    OutOfMemory {
        /// The model.
        model: Origin,
        /// Bytes of the file, or of its external data.
        bytes: u64,
        /// Bytes that could be had for them.
        bytes_available: u64,
    },
    /// There are no bytes at all.
    #[error("{model} is not an ONNX model: it is empty")]
    Empty {
        /// The model.
        model: Origin,
    },
    /// The file begins as an ONNX model and ends too early.
    #[error("{model} is truncated: expected at least {bytes_min} bytes, got {bytes}")]
    Truncated {
        /// The model.
        model: Origin,
        /// The length that the part cut off would need.
        bytes_min: u64,
        /// The length there is.
        bytes: u64,
    },
    /// The bytes are something else.
    #[error("{model} is not an ONNX model: {reason}")]
    NotOnnx {
        /// The model.
        model: Origin,
        /// What was expected and what came.
        reason: String,
    },
    /// Decoded, the model's parts other than its weights would take unreasonably much memory.
    #[error("{model} has too many parts: decoded they take more than {bytes_max} bytes, weights not counted")]
    TooManyParts {
        /// The model.
        model: Origin,
        /// What they may take.
        bytes_max: u64,
    },
    /// The graph breaks a rule of the format.
    #[error("{model} is not a valid ONNX model: {reason}")]
    InvalidGraph {
        /// The model.
        model: Origin,
        /// The rule, and what broke it.
        reason: String,
    },
    /// An input or output is of a kind that cannot be served.
    #[error("{model}: {value} is {got}; expected a tensor of {}", dtypes())]
    UnsupportedType {
        /// The model.
        model: Origin,
        /// Which one, such as `input "x"`.
        value: String,
        /// Its type.
        got: String,
    },
    /// A constant contradicts itself.
    #[error("{model}: tensor {tensor:?}: expected {expected}, got {got}")]
    InvalidTensor {
        /// The model.
        model: Origin,
        /// The tensor's name.
        tensor: String,
        /// What its shape and type demand.
        expected: String,
        /// What it has.
        got: String,
    },
    /// A tensor's external data is said to be outside the model's folder.
    #[error("{model}: tensor {tensor:?}: expected external data in the model's folder, got {location:?}")]
    ExternalOutside {
        /// The model.
        model: Origin,
        /// The tensor's name.
        tensor: String,
        /// The path in the model.
        location: String,
    },
    /// A tensor's external data is not there.
    #[error("{model}: the external data of tensor {tensor:?} is missing: there is no file {}", quoted(.path))]
    ExternalMissing {
        /// The model.
        model: Origin,
        /// The tensor's name.
        tensor: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A tensor's external data ends too early.
    #[error(
        "{model}: the external data of tensor {tensor:?} is truncated: expected at least {bytes_min} bytes in {}, \
         got {bytes}",
        quoted(.path)
    )]
    ExternalTooShort {
        /// The model.
        model: Origin,
        /// The tensor's name.
        tensor: String,
        /// The file.
        path: PathBuf,
        /// The length that the tensor needs.
        bytes_min: u64,
        /// The file's length.
        bytes: u64,
    },
    /// The model was given as bytes, so that its external data cannot be found.
    #[error("{model}: tensor {tensor:?} is in the file {location:?}: load the model from its folder")]
    ExternalWithoutFolder {
        /// The model.
        model: Origin,
        /// The tensor's name.
        tensor: String,
        /// The path in the model.
        location: String,
    },
}

/// Text out of a file, short enough for one line.
pub(crate) fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A tensor's shape, short enough for one line.
pub(crate) fn clip_dims(dims: &[i64]) -> String {
    const AXES_MAX: usize = 8;
    match dims.get(..AXES_MAX) {
        Some(first) if dims.len() > AXES_MAX => format!("{first:?}… of {} axes", dims.len()),
        _ => format!("{dims:?}"),
    }
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

fn dtypes() -> String {
    DType::ALL.map(DType::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_fits_a_line() {
        assert_eq!(clip("short"), "short");
        assert_eq!(clip(&"ü".repeat(1000)).chars().count(), 81);
        assert_eq!(clip_dims(&[1; 8]), "[1, 1, 1, 1, 1, 1, 1, 1]");
        assert_eq!(clip_dims(&[1; 1000]), "[1, 1, 1, 1, 1, 1, 1, 1]… of 1000 axes");
    }
}

use std::io;

use phalanx_tensor::{DType, Shape, TensorError};

/// Every way in which an array file can be wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NpyError {
    #[error("expected a NumPy array, which begins with \\x93NUMPY, got {got}")]
    Magic { got: String },
    #[error("expected version 1, 2 or 3 of the .npy format, got {major}.{minor}")]
    Version { major: u8, minor: u8 },
    #[error("expected a header of at most {max} bytes, got {got}")]
    HeaderLength { max: usize, got: usize },
    #[error("the header is no NumPy header: expected {expected}, got {got:?}")]
    Header { expected: &'static str, got: String },
    #[error("dtype {descr} is not supported: expected f2, f4, f8, bool, i1 to i8, u1 to u8, U or S")]
    DType { descr: String },
    #[error(
        "the header promises {shape} of {dtype}, but the data ends after {got_bytes} of {expected_bytes} bytes"
    )]
    Truncated { shape: Shape, dtype: DType, expected_bytes: u64, got_bytes: u64 },
    #[error("{shape} of {dtype} needs {needed_bytes} bytes of memory, {available_bytes} are available")]
    Memory { shape: Shape, dtype: DType, needed_bytes: u64, available_bytes: u64 },
    #[error("element {index} is no valid text")]
    Text { index: u64 },
    #[error("the ZIP archive is damaged: {0}")]
    Archive(#[from] zip::result::ZipError),
    #[error("array {name:?} is damaged: expected checksum {expected:08x}, got {got:08x}")]
    Checksum { name: String, expected: u32, got: u32 },
    #[error(
        "array {name:?} is {what}, expected it stored or deflated, as numpy.savez and savez_compressed write it"
    )]
    Packing { name: String, what: String },
    #[error("there is no array {name:?}; there are {}", if .names.is_empty() { "none".to_owned() } else { .names.join(", ") })]
    NoSuchArray { name: String, names: Vec<String> },
    #[error("expected {expected} bytes to write, got {got}")]
    Written { expected: u64, got: u64 },
    #[error(transparent)]
    Tensor(#[from] TensorError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

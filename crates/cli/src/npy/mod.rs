//! NumPy's array files: `.npy` (one array) and `.npz` (a ZIP archive of them), read and written in pieces.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod archive;
mod entry;
mod error;
mod header;
mod literal;
#[cfg(test)]
mod numpy_files;
mod order;
mod reader;
mod storage;
mod writer;

pub(crate) use archive::Archive;
pub(crate) use error::NpyError;
pub(crate) use reader::ArrayReader;
pub(crate) use writer::ArrayWriter;

/// The first bytes of an `.npy` file.
pub(crate) const NPY_MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The first bytes of an `.npz` file: a ZIP archive's.
pub(crate) const NPZ_MAGIC: &[u8; 4] = b"PK\x03\x04";

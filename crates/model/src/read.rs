//! From a path to a file's bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;

use crate::error::{ModelError, Origin};

/// The longest protobuf message there can be: <https://protobuf.dev/programming-guides/proto-limits/>.
pub(crate) const FILE_BYTES_MAX: u64 = i32::MAX as u64;

/// The content of the file at `path`, unless it is larger than what is available.
pub(crate) fn file(path: &Path, bytes_available: Option<u64>) -> Result<Bytes, ModelError> {
    let failed = |source| io_error("read", path, source);
    // Asked before the file is opened: opening a pipe would wait for its writer.
    let bytes = length(path)?;
    let model = Origin::File(path.to_owned());
    check_length(&model, bytes)?;
    check_memory(&model, bytes, bytes_available)?;
    let capacity = usize::try_from(bytes).map_err(|_| failed(io::ErrorKind::OutOfMemory.into()))?;
    let mut content = Vec::new();
    content.try_reserve_exact(capacity).map_err(|_| failed(io::ErrorKind::OutOfMemory.into()))?;
    let opened = File::open(path).map_err(failed)?;
    opened.take(bytes).read_to_end(&mut content).map_err(failed)?;
    Ok(content.into())
}

/// The length of the file at `path`.
pub(crate) fn length(path: &Path) -> Result<u64, ModelError> {
    let metadata = std::fs::metadata(path).map_err(|source| io_error("read", path, source))?;
    if !metadata.is_file() {
        let got = if metadata.is_dir() { "folder" } else { "pipe or device" };
        return Err(ModelError::NotAFile { path: path.to_owned(), got });
    }
    Ok(metadata.len())
}

/// Refuses what no protobuf library reads.
pub(crate) fn check_length(model: &Origin, bytes: u64) -> Result<(), ModelError> {
    if bytes > FILE_BYTES_MAX {
        return Err(ModelError::TooLong { model: model.clone(), bytes, bytes_max: FILE_BYTES_MAX });
    }
    Ok(())
}

/// Refuses what does not fit into memory, where it is known how much there is.
pub(crate) fn check_memory(model: &Origin, bytes: u64, available: Option<u64>) -> Result<(), ModelError> {
    match available {
        Some(bytes_available) if bytes > bytes_available => {
            Err(ModelError::OutOfMemory { model: model.clone(), bytes, bytes_available })
        }
        _ => Ok(()),
    }
}

/// The error for a failed operation on a file.
pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> ModelError {
    if source.kind() == io::ErrorKind::NotFound && action == "read" {
        return ModelError::NotFound { path: path.to_owned() };
    }
    ModelError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_no_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(file(folder.path(), None), Err(ModelError::NotAFile { got: "folder", .. })));
        let missing = folder.path().join("missing.onnx");
        assert!(matches!(file(&missing, None), Err(ModelError::NotFound { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_without_end_is_not_read() {
        let endless = file(Path::new("/dev/zero"), None);
        assert!(matches!(endless, Err(ModelError::NotAFile { got: "pipe or device", .. })));
    }

    #[test]
    fn a_file_over_the_protobuf_limit_is_refused_by_its_length() {
        let sparse = tempfile::NamedTempFile::new().unwrap();
        sparse.as_file().set_len(FILE_BYTES_MAX + 1).unwrap();
        let error = file(sparse.path(), None).unwrap_err();
        assert!(matches!(error, ModelError::TooLong { bytes: 0x8000_0000, .. }), "{error}");
        assert!(error.to_string().contains("expected at most 2147483647 bytes, got 2147483648"), "{error}");
    }

    #[test]
    fn memory_is_compared_where_it_is_known() {
        let model = Origin::Memory;
        assert!(check_memory(&model, 10, Some(10)).is_ok());
        assert!(check_memory(&model, u64::MAX, None).is_ok());
        let error = check_memory(&model, 11, Some(10)).unwrap_err();
        assert!(error.to_string().ends_with("expected at most 10 bytes, got 11"), "{error}");
    }
}

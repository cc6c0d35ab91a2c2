use std::io::Write;

use phalanx_tensor::{DType, Shape, Tensor};

use super::storage::{self, Storage};
use super::{NpyError, header};

/// An array that is written from front to back. Strings, whose width must be known first, are only written whole.
#[derive(Debug)]
pub(crate) struct ArrayWriter {
    expected_bytes: u64,
    written_bytes: u64,
}

impl ArrayWriter {
    /// Writes the header of an array of `shape`.
    pub(crate) fn begin(target: &mut dyn Write, dtype: DType, shape: &Shape) -> Result<Self, NpyError> {
        let expected_bytes = shape.size_bytes(dtype)? as u64;
        header::write(target, &Storage::descr(dtype, 0)?, shape)?;
        Ok(Self { expected_bytes, written_bytes: 0 })
    }

    /// Writes the next elements, in native byte order.
    pub(crate) fn write(&mut self, target: &mut dyn Write, bytes: &[u8]) -> Result<(), NpyError> {
        self.written_bytes += bytes.len() as u64;
        Ok(target.write_all(bytes)?)
    }

    /// Checks that all was written.
    pub(crate) fn finish(&self) -> Result<(), NpyError> {
        if self.written_bytes == self.expected_bytes {
            Ok(())
        } else {
            Err(NpyError::Written { expected: self.expected_bytes, got: self.written_bytes })
        }
    }

    /// Writes a tensor as one array.
    pub(crate) fn write_whole(target: &mut dyn Write, tensor: &Tensor) -> Result<(), NpyError> {
        let Some(strings) = tensor.strings() else {
            let mut writer = Self::begin(target, tensor.dtype(), tensor.shape())?;
            return writer.write(target, tensor.bytes());
        };
        let chars_max = strings.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        header::write(target, &Storage::descr(DType::String, chars_max)?, tensor.shape())?;
        let mut bytes = Vec::new();
        for text in strings {
            bytes.clear();
            storage::encode(text, chars_max, &mut bytes);
            target.write_all(&bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_or_too_many_bytes_are_an_error() {
        for bytes in [3, 5] {
            let mut target = Vec::new();
            let mut writer = ArrayWriter::begin(&mut target, DType::U8, &Shape::from([4])).unwrap();
            writer.write(&mut target, &vec![0; bytes]).unwrap();
            assert!(matches!(writer.finish(), Err(NpyError::Written { expected: 4, .. })));
        }
    }
}

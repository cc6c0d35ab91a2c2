use std::io::Read;

use phalanx_measure::Machine;
use phalanx_tensor::{DType, Shape, Tensor};

use super::header::Header;
use super::storage::Text;
use super::{NpyError, order};

/// Pieces larger than this are compared with the memory that is available before they are read.
const UNCHECKED_BYTES_MAX: u64 = 64 << 20;

/// An array that is read from front to back, some rows at a time.
pub(crate) struct ArrayReader {
    header: Header,
    source: Box<dyn Read + Send>,
    rows_read: usize,
    bytes_read: u64,
}

impl ArrayReader {
    /// Reads the header. An array in Fortran's order is read as a whole, to be brought into C's.
    pub(crate) fn open(mut source: Box<dyn Read + Send>) -> Result<Self, NpyError> {
        let mut header = Header::read(&mut source)?;
        let long_axes = header.shape.iter().filter(|&&dim| dim != 1).count();
        if header.fortran && long_axes > 1 {
            let bytes = read_elements(&header, &mut source, &header.shape, 0)?;
            let bytes = order::to_c(&bytes, &header.shape, header.storage.width);
            source = Box::new(std::io::Cursor::new(bytes));
        }
        header.fortran = false;
        Ok(Self { header, source, rows_read: 0, bytes_read: 0 })
    }

    /// Its element type.
    pub(crate) fn dtype(&self) -> DType {
        self.header.storage.dtype
    }

    /// Its shape.
    pub(crate) fn shape(&self) -> &Shape {
        &self.header.shape
    }

    /// Rows along axis 0 that are still to come.
    pub(crate) fn rows_left(&self) -> usize {
        self.header.shape.first().copied().unwrap_or(1) - self.rows_read
    }

    /// The next rows, at most `rows_max`; fewer only at the end.
    pub(crate) fn rows(&mut self, rows_max: usize) -> Result<Tensor, NpyError> {
        let rows = rows_max.min(self.rows_left());
        let shape = self.header.shape.tail().with_rows(rows);
        let tensor = self.tensor(shape)?;
        self.rows_read += rows;
        Ok(tensor)
    }

    /// The whole array, with the shape that it has.
    pub(crate) fn whole(mut self) -> Result<Tensor, NpyError> {
        self.tensor(self.header.shape.clone())
    }

    fn tensor(&mut self, shape: Shape) -> Result<Tensor, NpyError> {
        let storage = self.header.storage;
        let mut bytes = read_elements(&self.header, &mut self.source, &shape, self.bytes_read)?;
        self.bytes_read += bytes.len() as u64;
        storage.to_native(&mut bytes);
        if storage.text == Text::None {
            return Ok(Tensor::from_bytes(storage.dtype, shape, bytes.into())?);
        }
        let count = shape.size_bytes(DType::U8)?;
        let row = self.header.shape.tail().elements().unwrap_or(0);
        let strings = storage.decode(&bytes, count, (self.rows_read * row) as u64)?;
        Ok(Tensor::from_strings(shape, strings)?)
    }
}

/// Reads the bytes of as many elements as `shape` has, after the first `bytes_before` of the array. Memory is only taken
/// as the data comes in: a header that promises more than the file holds costs nothing.
fn read_elements(
    header: &Header,
    source: &mut dyn Read,
    shape: &Shape,
    bytes_before: u64,
) -> Result<Vec<u8>, NpyError> {
    let dtype = header.storage.dtype;
    let size_bytes = |shape: &Shape| -> Result<u64, NpyError> {
        Ok((shape.size_bytes(DType::U8)? as u64).saturating_mul(header.storage.width as u64))
    };
    let needed_bytes = size_bytes(shape)?;
    let available_bytes =
        if needed_bytes > UNCHECKED_BYTES_MAX { Machine::memory_available_bytes() } else { None };
    if let Some(available_bytes) = available_bytes.filter(|&available| available < needed_bytes) {
        return Err(NpyError::Memory { shape: shape.clone(), dtype, needed_bytes, available_bytes });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(needed_bytes.min(UNCHECKED_BYTES_MAX)).unwrap_or(0));
    source.take(needed_bytes).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < needed_bytes {
        return Err(NpyError::Truncated {
            shape: header.shape.clone(),
            dtype,
            expected_bytes: size_bytes(&header.shape).unwrap_or(u64::MAX),
            got_bytes: bytes_before + bytes.len() as u64,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::ArrayWriter;
    use super::*;
    use proptest::prelude::*;

    fn open(bytes: Vec<u8>) -> Result<ArrayReader, NpyError> {
        ArrayReader::open(Box::new(std::io::Cursor::new(bytes)))
    }

    fn file(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn fortrans_order_and_foreign_bytes_become_ours() {
        let array = open(file("|u1", "True", "(2, 3)", &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(array.whole().unwrap().bytes(), [1, 3, 5, 2, 4, 6]);
        let array = open(file(">i2", "False", "(2,)", &[0, 1, 1, 0])).unwrap();
        assert_eq!(array.whole().unwrap().to_vec::<i16>().unwrap(), [1, 256]);
    }

    #[test]
    fn data_that_ends_early_is_an_error_that_says_where() {
        let mut array = open(file("<f4", "False", "(3, 1)", &[0; 10])).unwrap();
        assert_eq!(array.rows(2).unwrap().rows(), 2);
        let error = array.rows(2).unwrap_err().to_string();
        assert!(error.contains("[3, 1] of f32") && error.contains("10 of 12 bytes"), "{error}");
    }

    #[test]
    fn absurd_sizes_take_no_memory() {
        let array = open(file("<f8", "False", "(1, 1000000000000000)", &[0; 8])).unwrap();
        assert!(matches!(array.whole(), Err(NpyError::Memory { .. } | NpyError::Truncated { .. })));
        let array = open(file("<f8", "False", "(9223372036854775807, 9223372036854775807)", &[])).unwrap();
        assert!(matches!(array.whole(), Err(NpyError::Tensor(_))));
    }

    proptest! {
        #[test]
        fn reads_in_pieces_what_was_written(
            dims in proptest::collection::vec(0_usize..5, 0..4),
            dtype in proptest::sample::select(DType::ALL.to_vec()),
            piece in 1_usize..4,
        ) {
            let shape = Shape::new(&dims);
            let elements = shape.elements().unwrap();
            let tensor = match dtype.size_bytes() {
                Some(size) => {
                    let bytes: Vec<u8> = (0..elements * size).map(|index| index as u8).collect();
                    Tensor::from_bytes(dtype, shape, bytes.into()).unwrap()
                }
                None => {
                    let texts = (0..elements).map(|index| "é".repeat(index % 4)).collect();
                    Tensor::from_strings(shape, texts).unwrap()
                }
            };
            let mut written = Vec::new();
            ArrayWriter::write_whole(&mut written, &tensor).unwrap();
            prop_assert_eq!(&open(written.clone()).unwrap().whole().unwrap(), &tensor);

            let mut reader = open(written).unwrap();
            let rows = if dims.is_empty() { 0 } else { tensor.rows() };
            let mut row = 0;
            while row < rows {
                let part = reader.rows(piece).unwrap();
                prop_assert_eq!(&part, &tensor.slice_rows(row, row + part.rows()).unwrap());
                row += part.rows();
            }
        }
    }
}

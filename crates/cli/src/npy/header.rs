use std::io::{Read, Write};

use phalanx_tensor::Shape;

use super::storage::Storage;
use super::{NPY_MAGIC, NpyError, literal};

/// NumPy itself reads no longer ones unless told to.
const HEADER_BYTES_MAX: usize = 10_000;

/// The data that follows a header begins at a multiple of this.
const ALIGNMENT: usize = 64;

/// What the header of an array says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) storage: Storage,
    /// Whether the first axis varies fastest.
    pub(super) fortran: bool,
    pub(super) shape: Shape,
}

impl Header {
    /// Reads it, up to the first byte of the data.
    pub(super) fn read(source: &mut dyn Read) -> Result<Self, NpyError> {
        let mut start = Vec::new();
        source.take(NPY_MAGIC.len() as u64 + 2).read_to_end(&mut start)?;
        let Some([major, minor]) = start.strip_prefix(NPY_MAGIC) else {
            return Err(NpyError::Magic { got: begin(&start) });
        };
        let length = match major {
            1 => u16::from_le_bytes(exactly(source)?).into(),
            2 | 3 => u32::from_le_bytes(exactly(source)?) as usize,
            _ => return Err(NpyError::Version { major: *major, minor: *minor }),
        };
        if length > HEADER_BYTES_MAX {
            return Err(NpyError::HeaderLength { max: HEADER_BYTES_MAX, got: length });
        }
        let mut text = vec![0; length];
        source.read_exact(&mut text)?;
        let fields = literal::parse(&String::from_utf8_lossy(&text))?;
        Ok(Self {
            storage: Storage::parse(&fields.descr)?,
            fortran: fields.fortran,
            shape: fields.shape.into_iter().collect(),
        })
    }
}

/// Writes the header of an array in C order, in version 1 of the format: shapes that a tensor can have fit in it.
pub(super) fn write(target: &mut dyn Write, descr: &str, shape: &Shape) -> Result<(), NpyError> {
    let mut axes = String::new();
    for dim in shape.iter() {
        axes.push_str(&format!("{dim}, "));
    }
    let axes = if shape.len() == 1 { axes.trim_end() } else { axes.trim_end_matches(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}");
    let before = NPY_MAGIC.len() + 4;
    let length = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
    text.push_str(&" ".repeat(length - text.len() - 1));
    let length_le = u16::try_from(length)
        .map_err(|_| NpyError::HeaderLength { max: usize::from(u16::MAX), got: length })?
        .to_le_bytes();
    target.write_all(NPY_MAGIC)?;
    target.write_all(&[1, 0])?;
    target.write_all(&length_le)?;
    target.write_all(text.as_bytes())?;
    target.write_all(b"\n")?;
    Ok(())
}

fn exactly<const N: usize>(source: &mut dyn Read) -> Result<[u8; N], NpyError> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn begin(bytes: &[u8]) -> String {
    if bytes.is_empty() { "no data".to_owned() } else { format!("\"{}\"", bytes.escape_ascii()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::DType;

    fn read(bytes: &[u8]) -> Result<Header, NpyError> {
        Header::read(&mut &*bytes)
    }

    #[test]
    fn reads_what_it_writes_and_aligns_the_data() {
        for shape in [&[][..], &[0], &[3], &[1, 2, 3, 4], &[usize::MAX; 6]] {
            let mut bytes = Vec::new();
            write(&mut bytes, "<f4", &Shape::new(shape)).unwrap();
            assert!(bytes.len().is_multiple_of(ALIGNMENT));
            let header = read(&bytes).unwrap();
            assert_eq!((&*header.shape, header.storage.dtype, header.fortran), (shape, DType::F32, false));
        }
    }

    #[test]
    fn other_files_are_named_as_such() {
        assert!(read(b"").unwrap_err().to_string().ends_with("got no data"));
        assert!(read(b"PK\x03\x04abcdef").unwrap_err().to_string().contains("PK\\x03\\x04"));
        assert!(matches!(read(b"\x93NUMPY\x09\x00"), Err(NpyError::Version { major: 9, .. })));
        assert!(matches!(
            read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff"),
            Err(NpyError::HeaderLength { got: 0xffff_ffff, .. })
        ));
        assert!(matches!(read(b"\x93NUMPY\x01\x00\x40\x00{'descr"), Err(NpyError::Io(_))));
    }
}

use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;
use phalanx_tensor::{DType, Shape, Tensor};
use serde::{Deserialize, Serialize};

/// A tensor whose bytes lie in a file, behind those of the tensors packed before it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Packed {
    dtype: String,
    shape: Vec<usize>,
    /// The elements, where they are strings.
    strings: Option<Vec<String>>,
    bytes: usize,
}

/// Collects tensors for one file.
#[derive(Default)]
pub(super) struct Packer {
    content: Vec<u8>,
}

impl Packer {
    pub(super) fn pack(&mut self, tensors: &[Tensor]) -> Vec<Packed> {
        let pack = |tensor: &Tensor| {
            self.content.extend_from_slice(tensor.bytes());
            Packed {
                dtype: tensor.dtype().to_string(),
                shape: tensor.shape().to_vec(),
                strings: tensor.strings().map(<[String]>::to_vec),
                bytes: tensor.bytes().len(),
            }
        };
        tensors.iter().map(pack).collect()
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, &self.content)
    }
}

/// Takes tensors out of a file, in the order in which they were packed.
pub(super) struct Unpacker {
    rest: Bytes,
}

impl Unpacker {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { rest: fs::read(path)?.into() })
    }

    pub(super) fn unpack(&mut self, packed: Vec<Packed>) -> io::Result<Vec<Tensor>> {
        packed.into_iter().map(|packed| self.one(packed)).collect()
    }

    fn one(&mut self, packed: Packed) -> io::Result<Tensor> {
        let shape = Shape::new(&packed.shape);
        let tensor = match packed.strings {
            Some(strings) => Tensor::from_strings(shape, strings),
            None => {
                let dtype = DType::ALL.into_iter().find(|dtype| dtype.name() == packed.dtype);
                let dtype =
                    dtype.ok_or_else(|| invalid(format_args!("expected a dtype, got {:?}", packed.dtype)))?;
                if packed.bytes > self.rest.len() {
                    return Err(invalid(format_args!(
                        "expected {} bytes, got {}",
                        packed.bytes,
                        self.rest.len()
                    )));
                }
                Tensor::from_bytes(dtype, shape, self.rest.split_to(packed.bytes))
            }
        };
        tensor.map_err(invalid)
    }
}

fn invalid(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensors");
        let tensors = [
            Tensor::from_vec([2, 1], vec![1.5_f32, -2.0]).unwrap(),
            Tensor::from_strings([1], vec!["a".to_owned()]).unwrap(),
            Tensor::from_vec([0], Vec::<i64>::new()).unwrap(),
        ];
        let mut packer = Packer::default();
        let packed = packer.pack(&tensors);
        packer.write(&path).unwrap();
        assert_eq!(Unpacker::open(&path).unwrap().unpack(packed).unwrap(), tensors);
        fs::write(&path, [0; 7]).unwrap();
        let packed = packer.pack(&tensors);
        assert!(Unpacker::open(&path).unwrap().unpack(packed).is_err(), "a byte is missing");
    }
}

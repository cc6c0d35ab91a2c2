use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;

use super::NpyError;

/// Where the bytes of an archive's entry lie.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) deflated: bool,
    pub(super) data_start: u64,
    pub(super) packed_bytes: u64,
    pub(super) unpacked_bytes: u64,
    pub(super) crc32: u32,
}

impl Entry {
    /// Its unpacked bytes, read from a handle of its own, so that several entries can be read side by side.
    pub(super) fn open(&self, mut file: File) -> Result<Box<dyn Read + Send>, NpyError> {
        file.seek(SeekFrom::Start(self.data_start))?;
        let packed = BufReader::with_capacity(1 << 16, file).take(self.packed_bytes);
        let unpacked: Box<dyn Read + Send> =
            if self.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        Ok(Box::new(Checked {
            unpacked,
            hasher: crc32fast::Hasher::new(),
            left: self.unpacked_bytes,
            name: self.name.clone(),
            expected: self.crc32,
        }))
    }
}

/// Compares the checksum with the read that reaches the end: its bytes are not given out where it is wrong.
struct Checked {
    unpacked: Box<dyn Read + Send>,
    hasher: crc32fast::Hasher,
    left: u64,
    name: String,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.unpacked.read(target)?;
        self.hasher.update(&target[..count]);
        self.left = self.left.saturating_sub(count as u64);
        if self.left == 0 {
            let got = self.hasher.clone().finalize();
            if got != self.expected {
                let (name, expected) = (self.name.clone(), self.expected);
                return Err(io::Error::other(NpyError::Checksum { name, expected, got }));
            }
        }
        Ok(count)
    }
}

use std::fs::File;
use std::io::{self, BufReader};

use zip::{CompressionMethod, ZipArchive};

use super::entry::Entry;
use super::{ArrayReader, NpyError};

/// An `.npz` file: arrays by name, in a ZIP archive.
pub(crate) struct Archive {
    open: Box<dyn Fn() -> io::Result<File>>,
    entries: Vec<Entry>,
}

impl Archive {
    /// Reads the archive's directory. `open` gives a new handle on the file each time.
    pub(crate) fn new(open: impl Fn() -> io::Result<File> + 'static) -> Result<Self, NpyError> {
        let mut zip = ZipArchive::new(BufReader::new(open()?))?;
        let mut entries = Vec::new();
        for index in 0..zip.len() {
            let file = zip.by_index_raw(index)?;
            let Some(name) = file.name()?.strip_suffix(".npy").map(str::to_owned) else { continue };
            let deflated = match file.compression() {
                _ if file.encrypted() => {
                    return Err(NpyError::Packing { name, what: "encrypted".to_owned() });
                }
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                other => return Err(NpyError::Packing { name, what: format!("packed as {other}") }),
            };
            let data_start = file.data_start().ok_or(zip::result::ZipError::FileNotFound)?;
            let (packed_bytes, unpacked_bytes, crc32) = (file.compressed_size(), file.size(), file.crc32());
            entries.push(Entry { name, deflated, data_start, packed_bytes, unpacked_bytes, crc32 });
        }
        Ok(Self { open: Box::new(open), entries })
    }

    /// The arrays' names, in the archive's order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.name)
    }

    /// Begins to read the array `name`; several can be read side by side.
    pub(crate) fn array(&self, name: &str) -> Result<ArrayReader, NpyError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else {
            let names = self.names().map(str::to_owned).collect();
            return Err(NpyError::NoSuchArray { name: name.to_owned(), names });
        };
        ArrayReader::open(entry.open((self.open)()?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npy::ArrayWriter;
    use phalanx_tensor::Tensor;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn write(method: CompressionMethod) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = ZipWriter::new(file.reopen().unwrap());
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, value) in [("a", 1_i32), ("b", 2)] {
            zip.start_file(format!("{name}.npy"), options).unwrap();
            let tensor = Tensor::from_vec([4], vec![value; 4]).unwrap();
            ArrayWriter::write_whole(&mut zip, &tensor).unwrap();
        }
        zip.start_file("note.txt", options).unwrap();
        zip.write_all(b"no array").unwrap();
        zip.finish().unwrap();
        file
    }

    fn open(file: &tempfile::NamedTempFile) -> Result<Archive, NpyError> {
        let path = file.path().to_owned();
        Archive::new(move || File::open(&path))
    }

    #[test]
    fn arrays_can_be_read_side_by_side() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let file = write(method);
            let archive = open(&file).unwrap();
            assert_eq!(archive.names().collect::<Vec<_>>(), ["a", "b"]);
            let (mut a, mut b) = (archive.array("a").unwrap(), archive.array("b").unwrap());
            for _ in 0..2 {
                assert_eq!(a.rows(2).unwrap().to_vec::<i32>().unwrap(), [1, 1]);
                assert_eq!(b.rows(2).unwrap().to_vec::<i32>().unwrap(), [2, 2]);
            }
        }
    }

    #[test]
    fn a_missing_array_is_named_beside_those_there_are() {
        let file = write(CompressionMethod::Stored);
        let error = open(&file).unwrap().array("c").err().unwrap();
        assert_eq!(error.to_string(), "there is no array \"c\"; there are a, b");
    }

    #[test]
    fn flipped_bits_and_cut_files_are_found() {
        let file = write(CompressionMethod::Stored);
        let mut bytes = std::fs::read(file.path()).unwrap();
        let data = bytes.windows(4).position(|window| window == 1_i32.to_ne_bytes()).unwrap();
        bytes[data] ^= 0x40;
        std::fs::write(file.path(), &bytes).unwrap();
        let mut array = open(&file).unwrap().array("a").unwrap();
        let error = array.rows(4).unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");
        std::fs::write(file.path(), &bytes[..bytes.len() - 30]).unwrap();
        assert!(matches!(open(&file), Err(NpyError::Archive(_))));
    }
}

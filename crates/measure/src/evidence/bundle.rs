use std::fmt::Write as _;
use std::io::{Seek, Write};

use serde::Serialize;
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

/// What the archive says of itself before it lists what is in it.
const FOREWORD: &str = "\
Evidence of phalanx, for whoever looks for the cause of a fault. Nothing was sent anywhere.

Look through the files before you give them to somebody: they name files and folders of this machine, its
processor, its devices and their drivers. What crash reports and the last lines of a program hold is up to that
program. Values of settings that are called keys, tokens, passwords or the like are left out.
";

/// Evidence on its way into one archive.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    files: Vec<(BundleEntry, Vec<u8>)>,
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleEntry {
    /// Its name in the archive.
    pub name: String,
    /// What it holds, in words.
    pub holds: String,
    /// Its size, in bytes.
    pub bytes: usize,
}

impl Bundle {
    /// Adds a file.
    pub fn add(&mut self, name: impl Into<String>, holds: impl Into<String>, content: impl Into<Vec<u8>>) {
        let content = content.into();
        let entry = BundleEntry { name: name.into(), holds: holds.into(), bytes: content.len() };
        self.files.push((entry, content));
    }

    /// What is in it.
    pub fn entries(&self) -> impl Iterator<Item = &BundleEntry> {
        self.files.iter().map(|(entry, _)| entry)
    }

    /// Writes the archive: what was added, and a `README.txt` that says so.
    ///
    /// # Errors
    /// What the file says.
    pub fn write(&self, file: impl Write + Seek) -> std::io::Result<()> {
        Ok(self.pack(file)?)
    }

    fn pack(&self, file: impl Write + Seek) -> Result<(), ZipError> {
        let mut zip = ZipWriter::new(file);
        let readme = self.readme();
        let files = self.files.iter().map(|(entry, content)| (&*entry.name, &**content));
        for (name, content) in std::iter::once(("README.txt", readme.as_bytes())).chain(files) {
            zip.start_file(name, SimpleFileOptions::default())?;
            zip.write_all(content)?;
        }
        zip.finish().map(drop)
    }

    fn readme(&self) -> String {
        let mut text = FOREWORD.to_owned();
        for entry in self.entries() {
            // Writing to a text cannot fail.
            let _ = write!(text, "\n{} ({} bytes)\n    {}\n", entry.name, entry.bytes, entry.holds);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    #[test]
    fn the_archive_says_what_is_in_it() {
        let mut bundle = Bundle::default();
        bundle.add("doctor.json", "devices and limits", "{}");
        let mut file = Cursor::new(Vec::new());
        bundle.write(&mut file).unwrap();
        let mut zip = zip::ZipArchive::new(file).unwrap();
        let mut read = |name: &str| {
            let mut text = String::new();
            zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read("doctor.json"), "{}");
        let readme = read("README.txt");
        assert!(readme.contains("doctor.json (2 bytes)\n    devices and limits"), "{readme}");
    }
}

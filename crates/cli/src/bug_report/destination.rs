use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::BugReport;
use crate::dataset::{STANDARD, Target};
use crate::failure::Failure;
use crate::terminal;

/// Where a bug report goes. Opened before any work is done, so that it fails then or not at all.
pub(crate) struct Destination {
    target: Target,
    path: PathBuf,
}

impl Destination {
    /// Makes sure that there can be a file at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == STANDARD {
            let message = "--bug-report: expected a file, got standard output";
            return Err(Failure::usage(ErrorKind::InvalidValue, message));
        }
        Ok(Self { target: Target::open(path)?, path: path.to_owned() })
    }

    /// Writes the report, and says what is in it before anybody sends it.
    pub(crate) fn write(self, report: &BugReport<'_>) -> Result<(), Failure> {
        let bundle = report.bundle()?;
        let (mut file, completion) = self.target.seekable()?;
        bundle.write(&mut file).map_err(|error| Failure::file("write", &self.path, &error))?;
        completion.finish(file)?;
        terminal::words(&format!("{} holds:", self.path.display()));
        for entry in bundle.entries() {
            terminal::words(&format!("  {}, {} bytes: {}", entry.name, entry.bytes, entry.holds));
        }
        terminal::hint("nothing was sent: look through the archive before you give it to somebody");
        Ok(())
    }
}

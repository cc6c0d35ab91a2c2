use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::STANDARD;
use crate::failure::Failure;
use crate::interrupt::Unfinished;
use crate::terminal;

/// Where an array file goes.
pub(crate) enum Target {
    /// Standard output, or a path that is no ordinary file: written as it comes.
    Stream { stream: Box<dyn Write>, path: Option<PathBuf> },
    /// A new file beside the one of this name, which it replaces when it is complete.
    File { file: BufWriter<NamedTempFile>, path: PathBuf, guard: Unfinished },
}

impl Target {
    /// Opens `path`, or standard output. Fails before any work is done where the folder is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == STANDARD {
            return Ok(Self::Stream { stream: Box::new(BufWriter::new(io::stdout())), path: None });
        }
        let refuse = |error: io::Error| Failure::file("write", path, &error);
        if path.is_dir() {
            let name = path.display().to_string();
            return Err(Failure::new(format_args!("{name:?} is a folder, expected the path of a file")));
        }
        if is_special(path) {
            let stream = File::options().write(true).open(path).map_err(refuse)?;
            return Ok(Self::Stream {
                stream: Box::new(BufWriter::new(stream)),
                path: Some(path.to_owned()),
            });
        }
        // What a link leads to is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let file = beside(&path).map_err(refuse)?;
        let guard = Unfinished::guard(file.path());
        Ok(Self::File { file: BufWriter::with_capacity(1 << 16, file), path, guard })
    }

    /// A file that can be written in any order, and what becomes of it when it is complete.
    pub(crate) fn seekable(self) -> Result<(BufWriter<NamedTempFile>, Completion), Failure> {
        match self {
            Self::File { file, path, guard } => Ok((file, Completion::Rename { path, guard })),
            Self::Stream { stream, path } => {
                let file = NamedTempFile::new().map_err(|error| failure(path.as_deref(), &error))?;
                let guard = Unfinished::guard(file.path());
                let file = BufWriter::with_capacity(1 << 16, file);
                Ok((file, Completion::Copy { stream, path, _guard: guard }))
            }
        }
    }

    /// All is written: gives the file its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stream { mut stream, path } => {
                stream.flush().map_err(|error| failure(path.as_deref(), &error))
            }
            Self::File { file, path, guard } => Completion::Rename { path, guard }.finish(file),
        }
    }

    /// Where it will be found, as errors name it; `None` for standard output.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stream { path, .. } => path.as_deref(),
            Self::File { path, .. } => Some(path),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream { stream, .. } => stream.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream { stream, .. } => stream.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

/// What becomes of a complete file.
pub(crate) enum Completion {
    /// It gets its name.
    Rename { path: PathBuf, guard: Unfinished },
    /// It is copied to where it cannot be written in any order.
    Copy { stream: Box<dyn Write>, path: Option<PathBuf>, _guard: Unfinished },
}

impl Completion {
    /// All is written.
    pub(crate) fn finish(self, file: BufWriter<NamedTempFile>) -> Result<(), Failure> {
        match self {
            Self::Rename { path, guard } => {
                let file = file.into_inner().map_err(|error| failure(Some(&path), error.error()))?;
                file.persist(&path).map_err(|error| failure(Some(&path), &error.error))?;
                drop(guard);
                Ok(())
            }
            Self::Copy { mut stream, path, _guard } => {
                let copy = || {
                    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                    file.rewind()?;
                    io::copy(&mut file, &mut stream)?;
                    stream.flush()
                };
                copy().map_err(|error| failure(path.as_deref(), &error))
            }
        }
    }
}

/// Whether there is something at `path` that is neither a file nor a folder: a pipe or a device.
pub(super) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// What a failed write means.
pub(super) fn failure(path: Option<&Path>, error: &io::Error) -> Failure {
    match path {
        None => terminal::stdout_failure(error),
        Some(path) if error.kind() == io::ErrorKind::StorageFull => Failure::file("write", path, error)
            .hint("the disk is full; an older file of that name is as it was"),
        Some(path) => Failure::file("write", path, error),
    }
}

/// An unnamed-to-be file in the folder of `path`, so that renaming it stays on one file system.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".phalanx-").suffix(".unfinished");
    #[cfg(unix)]
    {
        // As any new file: the umask takes away what it should not have.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_appears_only_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y.npy");
        fs::write(&path, "old").unwrap();
        let mut target = Target::open(&path).unwrap();
        target.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(target);
        assert_eq!((fs::read(&path).unwrap(), entries(folder.path())), (b"old".to_vec(), 1));
        let mut target = Target::open(&path).unwrap();
        target.write_all(b"new").unwrap();
        target.finish().unwrap();
        assert_eq!((fs::read(&path).unwrap(), entries(folder.path())), (b"new".to_vec(), 1));
    }

    #[test]
    fn a_folder_that_is_not_there_is_found_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Target::open(&folder.path().join("none/y.npy")).is_err());
        assert!(Target::open(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_ordinary_file_is_written_in_place() {
        let mut target = Target::open(Path::new("/dev/null")).unwrap();
        assert!(matches!(target, Target::Stream { .. }));
        target.write_all(b"gone").unwrap();
        target.finish().unwrap();
    }
}

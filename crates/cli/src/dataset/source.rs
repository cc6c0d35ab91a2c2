use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::STANDARD;
use crate::failure::Failure;
use crate::interrupt::Unfinished;
use crate::npy::{Archive, ArrayReader, NPY_MAGIC, NPZ_MAGIC, NpyError};

/// An array file, recognised by its content.
pub(super) enum Source {
    /// One array without a name.
    Npy(ArrayReader),
    /// Several by name.
    Npz(Archive),
}

impl Source {
    /// Opens `path`, or standard input.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == STANDARD { Self::standard_input() } else { Self::file(path) }
    }

    fn file(path: &Path) -> Result<Self, Failure> {
        let refuse = |error: io::Error| Failure::file("read", path, &error);
        if path.is_dir() {
            let name = path.display().to_string();
            return Err(Failure::new(format_args!("{name:?} is a folder, expected an .npy or .npz file")));
        }
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(refuse)?);
        let start = begin(&mut file).map_err(refuse)?;
        let place = place(path);
        if start.starts_with(NPZ_MAGIC) {
            let path: PathBuf = path.to_owned();
            let archive = Archive::new(move || File::open(&path));
            return Ok(Self::Npz(archive.map_err(|error| Failure::array(&place, &error))?));
        }
        Self::array(&place, start, file)
    }

    /// An archive's directory is at its end: it is kept in a file until the program ends.
    fn standard_input() -> Result<Self, Failure> {
        let place = place(Path::new(STANDARD));
        let refuse = |error: io::Error| Failure::new(format_args!("failed to read {place}: {error}"));
        let mut input = io::stdin();
        let start = begin(&mut input).map_err(refuse)?;
        if !start.starts_with(NPZ_MAGIC) {
            return Self::array(&place, start, input);
        }
        let mut kept = NamedTempFile::new().map_err(refuse)?;
        io::copy(&mut start.chain(input), kept.as_file_mut()).map_err(refuse)?;
        let guard = Unfinished::guard(kept.path());
        let archive = Archive::new(move || {
            let _kept_with_the_archive = &guard;
            kept.reopen()
        });
        Ok(Self::Npz(archive.map_err(|error| Failure::array(&place, &error))?))
    }

    fn array(place: &str, start: Vec<u8>, rest: impl Read + Send + 'static) -> Result<Self, Failure> {
        let all = Box::new(io::Cursor::new(start).chain(rest));
        let array = ArrayReader::open(all).map_err(|error| {
            let failure = Failure::array(place, &error);
            match error {
                NpyError::Magic { .. } => failure.hint("write it in Python with numpy.save or numpy.savez"),
                _ => failure,
            }
        });
        Ok(Self::Npy(array?))
    }
}

/// How errors name a path.
pub(super) fn place(path: &Path) -> String {
    if path.as_os_str() == STANDARD {
        "standard input".to_owned()
    } else {
        format!("{:?}", path.display().to_string())
    }
}

fn begin(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    source.take(NPY_MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start)
}

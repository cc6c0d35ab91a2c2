use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::{Mode, OFlags};

use crate::{ShmError, key};

/// Where Linux keeps shared-memory objects, as files (shm_open(3)).
const FOLDER: &str = "/dev/shm";

/// A shared-memory object, read and written as the file it is on Linux: a copy in the kernel ends early where the object
/// has shrunk, while touching a mapping of it would kill the process.
#[derive(Debug)]
pub(crate) struct Object {
    key: String,
    file: File,
}

impl Object {
    pub(crate) fn open(key: &str) -> Result<Self, ShmError> {
        let path = format!("{FOLDER}/{}", key::name(key)?);
        // Everybody may put files there: not following links keeps a client from having any other file written to, and
        // not blocking keeps it from having the server wait at a pipe.
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = rustix::fs::open(path, flags, Mode::empty());
        let file = file.map_err(|error| failed(key, "open it", &error))?;
        let object = Self { key: key.to_owned(), file: file.into() };
        let metadata = object.file.metadata().map_err(|error| failed(key, "open it", &error))?;
        if metadata.is_file() { Ok(object) } else { Err(failed(key, "open it", &"it is no such object")) }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Its bytes now; the client may change that at any moment.
    pub(crate) fn size(&self) -> Result<u64, ShmError> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(|error| failed(&self.key, "ask for its size", &error))?.len())
    }

    pub(crate) fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), ShmError> {
        let read = self.file.read_exact_at(bytes, offset);
        read.map_err(|error| failed(&self.key, "read from it", &error))
    }

    pub(crate) fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), ShmError> {
        // Where the object shrank since its size was asked for, writing makes it as long again as the region is, no longer.
        let written = self.file.write_all_at(bytes, offset);
        written.map_err(|error| failed(&self.key, "write to it", &error))
    }
}

fn failed(key: &str, what: &'static str, error: &dyn std::fmt::Display) -> ShmError {
    ShmError::Object { key: key.to_owned(), what, message: error.to_string() }
}

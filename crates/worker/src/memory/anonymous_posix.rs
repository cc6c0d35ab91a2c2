use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, ftruncate};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::shm;

/// Names that are tried before giving up.
const ATTEMPTS_MAX: usize = 16;

/// Memory of this size, and what maps it.
pub(super) struct Anonymous {
    /// Maps it for this process, to be read and written.
    pub(super) own: OwnedFd,
    read_only: OwnedFd,
}

impl Anonymous {
    pub(super) fn new(bytes: usize) -> Result<Self> {
        let length = u64::try_from(bytes).map_err(|error| Error::new(ErrorKind::InvalidInput, error))?;
        for _ in 0..ATTEMPTS_MAX {
            let name = format!("/phalanx-{:016x}", RandomState::new().build_hasher().finish());
            let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
            let own = match shm::open(&name, flags, Mode::RUSR | Mode::WUSR) {
                Err(Errno::EXIST) => continue,
                opened => opened?,
            };
            // The name lives for the time of one more call: who opens it to read cannot write, whoever passes it on.
            let read_only = shm::open(&name, shm::OFlags::RDONLY, Mode::empty());
            shm::unlink(&name)?;
            let read_only = read_only?;
            fcntl_setfd(&own, FdFlags::CLOEXEC)?;
            fcntl_setfd(&read_only, FdFlags::CLOEXEC)?;
            // An object that has a size keeps it: there, ftruncate(2) works once.
            ftruncate(&own, length)?;
            return Ok(Self { own, read_only });
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// The descriptor to pass on, once this process has its mapping.
    pub(super) fn give(self, writable: bool) -> Result<OwnedFd> {
        Ok(if writable { self.own } else { self.read_only })
    }
}

use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;

use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, ftruncate, memfd_create,
};

/// Memory of this size, and what maps it.
pub(super) struct Anonymous {
    /// Maps it for this process, to be read and written.
    pub(super) own: OwnedFd,
}

impl Anonymous {
    pub(super) fn new(bytes: usize) -> Result<Self> {
        let own = memfd_create("phalanx", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let length = u64::try_from(bytes).map_err(|error| Error::new(ErrorKind::InvalidInput, error))?;
        ftruncate(&own, length)?;
        // Memory that is missing shall be missing now, with an error, and not when it is touched, with a signal.
        fallocate(&own, FallocateFlags::empty(), 0, length)?;
        Ok(Self { own })
    }

    /// The descriptor to pass on, once this process has its mapping.
    pub(super) fn give(self, writable: bool) -> Result<OwnedFd> {
        let mut seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        if !writable {
            seals |= SealFlags::FUTURE_WRITE;
        }
        fcntl_add_seals(&self.own, seals)?;
        Ok(self.own)
    }
}

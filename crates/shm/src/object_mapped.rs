//! The only module with `unsafe` code: where shared memory has no file operations, as on macOS, it has to be mapped.
#![allow(unsafe_code)]

use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::shm;

use crate::{ShmError, key};

/// A shared-memory object, mapped whole.
///
/// Touching pages of a mapping that its object has lost kills a process. On macOS an object cannot lose any: its size is
/// set once, and ftruncate(2) fails for every object that has one. So what was mapped stays.
#[derive(Debug)]
pub(crate) struct Object {
    key: String,
    descriptor: OwnedFd,
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and is never referred to: bytes are copied from and to it.
unsafe impl Send for Object {}
// SAFETY: as above; two copies at once are no more than what the client's process may do at any moment anyway.
unsafe impl Sync for Object {}

impl Object {
    pub(crate) fn open(key: &str) -> Result<Self, ShmError> {
        let name = format!("/{}", key::name(key)?);
        let descriptor = shm::open(name, shm::OFlags::RDWR, Mode::empty());
        let descriptor = descriptor.map_err(|error| failed(key, "open it", error))?;
        let len = usize::try_from(size(key, &descriptor)?).unwrap_or(usize::MAX);
        if len == 0 {
            return Err(ShmError::BeyondObject { key: key.to_owned(), size: 0, offset: 0, byte_size: 1 });
        }
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: no address is asked for, so no memory that is in use is replaced.
        let start = unsafe {
            rustix::mm::mmap(std::ptr::null_mut(), len, protection, MapFlags::SHARED, &descriptor, 0)
        };
        let start = start.map_err(|error| failed(key, "map it", error))?;
        let start = NonNull::new(start.cast()).ok_or_else(|| failed(key, "map it", Errno::INVAL))?;
        Ok(Self { key: key.to_owned(), descriptor, start, len })
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The bytes that are mapped and still there.
    pub(crate) fn size(&self) -> Result<u64, ShmError> {
        Ok(size(&self.key, &self.descriptor)?.min(self.len as u64))
    }

    pub(crate) fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), ShmError> {
        let from = self.at(offset, bytes.len())?;
        // SAFETY: `at` made sure of so many mapped bytes; `bytes` is the server's own memory and overlaps none of them. They
        // may change while they are copied: any values do, nothing is read twice, and no reference to them exists.
        unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    pub(crate) fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), ShmError> {
        let to = self.at(offset, bytes.len())?;
        // SAFETY: as in `read`, the other way.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    /// Where `len` mapped bytes begin.
    fn at(&self, offset: u64, len: usize) -> Result<*mut u8, ShmError> {
        let size = self.size()?;
        let end = offset.checked_add(len as u64).filter(|end| *end <= size);
        match (end, usize::try_from(offset)) {
            // SAFETY: the offset is inside the mapping, or at its end.
            (Some(_), Ok(offset)) => Ok(unsafe { self.start.as_ptr().add(offset) }),
            _ => {
                let (key, byte_size) = (self.key.clone(), len as u64);
                Err(ShmError::BeyondObject { key, size, offset, byte_size })
            }
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: these bytes were mapped by `open`, and nothing refers to them.
        let unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
        debug_assert_eq!(unmapped, Ok(()));
    }
}

fn size(key: &str, descriptor: &OwnedFd) -> Result<u64, ShmError> {
    let status = rustix::fs::fstat(descriptor).map_err(|error| failed(key, "ask for its size", error))?;
    Ok(u64::try_from(status.st_size).unwrap_or_default())
}

fn failed(key: &str, what: &'static str, error: Errno) -> ShmError {
    ShmError::Object { key: key.to_owned(), what, message: error.to_string() }
}

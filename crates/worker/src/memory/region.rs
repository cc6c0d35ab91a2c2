//! The only module with `unsafe` code: it looks into mapped memory.
#![allow(unsafe_code)]

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

use super::anonymous::Anonymous;

/// Shared memory, mapped whole.
///
/// Of rows, at any moment only one side touches them: the parent until it submits their batch and again after the worker
/// has answered or is dead, the worker in between. A worker that breaks that rule can change what its own batches
/// answer, which it could anyway; bytes have no invalid values, and no length or address is ever read from them.
#[derive(Debug)]
pub(crate) struct Region {
    map: MmapRaw,
    bytes: usize,
    is_writable: bool,
    /// What the worker is given to map it; a worker keeps none.
    descriptor: Option<OwnedFd>,
}

impl Region {
    /// New zeroed memory that this process writes, and a worker too where `worker_writes`.
    ///
    /// # Errors
    /// What the system says, such as that there is not as much memory.
    pub(crate) fn new(bytes: usize, worker_writes: bool) -> Result<Self> {
        // Memory without a byte cannot be mapped.
        let bytes = bytes.max(1);
        let anonymous = Anonymous::new(bytes)?;
        let map = MmapOptions::new().len(bytes).map_raw(&anonymous.own)?;
        let descriptor = Some(anonymous.give(worker_writes)?);
        Ok(Self { map, bytes, is_writable: true, descriptor })
    }

    /// Maps memory that came from the other side, of which `bytes` have to be there.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] where it is shorter, and what the system says.
    pub(crate) fn map(descriptor: &OwnedFd, bytes: usize, is_writable: bool) -> Result<Self> {
        let bytes = bytes.max(1);
        let length = rustix::fs::fstat(descriptor)?.st_size;
        if usize::try_from(length).is_ok_and(|length| length < bytes) {
            let message = format!("expected {bytes} bytes of shared memory, got {length}");
            return Err(Error::new(ErrorKind::InvalidData, message));
        }
        let mut options = MmapOptions::new();
        let options = options.len(bytes);
        let map =
            if is_writable { options.map_raw(descriptor)? } else { options.map_raw_read_only(descriptor)? };
        Ok(Self { map, bytes, is_writable, descriptor: None })
    }

    /// What maps it elsewhere; `None` in a worker.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.descriptor.as_ref().map(AsFd::as_fd)
    }

    /// Whether a range lies inside it.
    pub(super) fn holds(&self, range: &Range<usize>) -> bool {
        range.start <= range.end && range.end <= self.bytes
    }

    /// Where a range begins.
    pub(super) fn address(&self, range: &Range<usize>) -> *const u8 {
        assert!(self.holds(range), "{range:?} lies outside {} bytes", self.bytes);
        // SAFETY: the offset was checked to be inside the mapping, or at its end.
        unsafe { self.map.as_ptr().add(range.start) }
    }

    /// These bytes.
    ///
    /// # Panics
    /// Where they are outside.
    pub(super) fn slice(&self, range: &Range<usize>) -> &[u8] {
        // SAFETY: `address` checked the range, and the mapping lives as long as `self`. Its bytes are initialised by the
        // system, and by the rule of turns above nobody writes them while this reference lives.
        unsafe { std::slice::from_raw_parts(self.address(range), range.len()) }
    }

    /// All of it.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.slice(&(0..self.bytes))
    }

    /// Fills its beginning.
    pub(crate) fn fill(&mut self, bytes: &[u8]) {
        // SAFETY: the region is borrowed mutably, so that no other reference of this process exists.
        unsafe { self.slice_mut(&(0..bytes.len())) }.copy_from_slice(bytes);
    }

    /// These bytes, to be written; none where only the other side may write.
    ///
    /// # Panics
    /// Where they are outside.
    ///
    /// # Safety
    /// Nothing else of this process may refer to these bytes meanwhile.
    #[allow(clippy::mut_from_ref)]
    pub(super) unsafe fn slice_mut(&self, range: &Range<usize>) -> &mut [u8] {
        if !self.is_writable {
            return &mut [];
        }
        let start = self.address(range).cast_mut();
        // SAFETY: as in `slice`; that it is the only reference, the caller sees to.
        unsafe { std::slice::from_raw_parts_mut(start, range.len()) }
    }

    /// The number in the aligned eight bytes at `8 * index`, which both sides only use as an atomic.
    ///
    /// # Panics
    /// Where it is outside.
    pub(super) fn atomic(&self, index: usize) -> &AtomicU64 {
        let start = self.address(&(8 * index..8 * index + 8)).cast_mut().cast();
        // SAFETY: mappings begin at a page, so that the address is aligned; the bytes are inside, live as long as `self`,
        // and are not used in any other way.
        unsafe { AtomicU64::from_ptr(start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_worker_reads_it_can_neither_write_nor_shorten() {
        let mut region = Region::new(5000, false).unwrap();
        region.fill(b"rows");
        let given = region.descriptor().unwrap().try_clone_to_owned().unwrap();
        let seen = Region::map(&given, 5000, false).unwrap();
        assert_eq!(&seen.as_slice()[..6], b"rows\0\0");
        assert!(Region::map(&given, 5000, true).is_err(), "mapped for writing");
        assert!(rustix::fs::ftruncate(&given, 1).is_err(), "shortened");
        assert!(Region::map(&given, 1 << 20, false).is_err(), "longer than it is");
    }

    #[test]
    fn what_the_worker_writes_the_parent_sees() {
        let region = Region::new(100, true).unwrap();
        let given = region.descriptor().unwrap().try_clone_to_owned().unwrap();
        Region::map(&given, 100, true).unwrap().fill(b"answer");
        assert_eq!(&region.as_slice()[..6], b"answer");
        assert!(rustix::fs::ftruncate(&given, 1).is_err(), "shortened");
    }
}

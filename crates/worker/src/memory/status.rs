use std::io::Result;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use super::Region;

const PAGE_BYTES: usize = 4096;

/// Where each number is, in units of eight bytes; what different threads write is on different cache lines.
const HEARTBEAT: usize = 0;
const EXECUTING: usize = 16;
const CORE: usize = 17;
const RESIDENT_BYTES: usize = 32;
const HOST_BYTES: usize = 33;
const DEVICE_BYTES: usize = 34;

/// What stands for a number that the system does not tell.
const UNKNOWN: u64 = u64::MAX;

/// What a worker says about itself without being asked, readable even after it died.
#[derive(Debug)]
pub(crate) struct StatusPage(Region);

impl StatusPage {
    pub(crate) fn new() -> Result<Self> {
        let page = Self(Region::new(PAGE_BYTES, true)?);
        page.set_memory(None, None, None);
        page.number(CORE).store(UNKNOWN, Ordering::Relaxed);
        Ok(page)
    }

    pub(crate) fn map(descriptor: &OwnedFd) -> Result<Self> {
        Region::map(descriptor, PAGE_BYTES, true).map(Self)
    }

    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.descriptor()
    }

    /// Counts on while the worker's threads are scheduled.
    pub(crate) fn heartbeat(&self) -> u64 {
        self.0.atomic(HEARTBEAT).load(Ordering::Relaxed)
    }

    pub(crate) fn beat(&self) {
        self.0.atomic(HEARTBEAT).fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the submission that is being executed; 0 where none is.
    pub(crate) fn executing(&self) -> u64 {
        self.0.atomic(EXECUTING).load(Ordering::SeqCst)
    }

    pub(crate) fn set_executing(&self, seq: u64) {
        // Before anything of the batch is touched, and after all of it: a death in between is that batch's.
        self.0.atomic(EXECUTING).store(seq, Ordering::SeqCst);
    }

    /// The core that it was last seen on when it began to compute.
    pub(crate) fn core(&self) -> Option<usize> {
        let core = self.number(CORE).load(Ordering::Relaxed);
        usize::try_from(core).ok().filter(|_| core != UNKNOWN)
    }

    /// Notes which core the calling thread, which is going to compute, is on. Only Linux tells.
    pub(crate) fn compute_here(&self) {
        #[cfg(target_os = "linux")]
        self.number(CORE).store(rustix::thread::sched_getcpu() as u64, Ordering::Relaxed);
    }

    /// What the worker keeps in memory: all of it that is resident, and what its program holds on host and device.
    pub(crate) fn memory(&self) -> [Option<u64>; 3] {
        [RESIDENT_BYTES, HOST_BYTES, DEVICE_BYTES].map(|index| {
            let bytes = self.number(index).load(Ordering::Relaxed);
            (bytes != UNKNOWN).then_some(bytes)
        })
    }

    pub(crate) fn set_memory(&self, resident: Option<u64>, host: Option<u64>, device: Option<u64>) {
        for (index, bytes) in [(RESIDENT_BYTES, resident), (HOST_BYTES, host), (DEVICE_BYTES, device)] {
            self.number(index).store(bytes.unwrap_or(UNKNOWN), Ordering::Relaxed);
        }
    }

    fn number(&self, index: usize) -> &AtomicU64 {
        self.0.atomic(index)
    }
}

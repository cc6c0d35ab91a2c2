use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Physical memory that this process occupies, where the system tells.
pub(super) fn resident_bytes() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

/// CPU time that all threads of this process have used, in user and kernel mode.
pub(super) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// CPU time that all threads of this process have used, in user and kernel mode.
#[must_use]
pub fn cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

/// CPU time that the calling thread has used.
#[must_use]
pub fn thread_time() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration(time: rustix::time::Timespec) -> Duration {
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// Physical memory that this process occupies, in bytes; `None` where the system does not tell.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let pid = Pid::from_u32(std::process::id());
    let mut system = System::new();
    let kind = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
    system.process(pid).map(sysinfo::Process::memory).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_grows_with_work() {
        let before = cpu_time();
        let mut value = 1_u64;
        while cpu_time() == before {
            value = std::hint::black_box(value.wrapping_mul(3));
        }
        assert!(cpu_time() > before);
    }

    #[test]
    fn a_threads_time_is_a_part_of_all() {
        let (thread, all) = (thread_time(), cpu_time());
        assert!(thread > Duration::ZERO && thread <= all + Duration::from_millis(1), "{thread:?} of {all:?}");
    }

    #[test]
    fn resident_memory_holds_what_was_written() {
        let before = resident_bytes().unwrap();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = resident_bytes().unwrap();
        assert!(after >= before + (32 << 20), "{before} {after} {}", block.len());
    }
}

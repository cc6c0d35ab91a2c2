use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use sysinfo::System;

use super::{SharedMemory, cgroup};
use crate::Machine;

/// What the system lets this process use. `None` is no limit, unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Processors of the machine.
    pub cpus: usize,
    /// Processors that this process may use, after affinity and the cgroup's quota.
    pub cpus_usable: usize,
    /// Processors' worth of time that its cgroup has.
    pub cpu_quota: Option<f64>,
    /// Memory of the machine, in bytes.
    pub memory_bytes: u64,
    /// Memory that its cgroup may have, in bytes.
    pub memory_quota_bytes: Option<u64>,
    /// Memory that can be had now, in bytes; `None` where the system does not tell.
    pub memory_available_bytes: Option<u64>,
    /// Memory that it may lock, in bytes.
    pub memlock_bytes: Option<u64>,
    /// Files and connections that it may have open.
    pub open_files: Option<u64>,
    /// Size of a core file, in bytes.
    pub core_bytes: Option<u64>,
    /// POSIX shared memory; `None` where it has no file system of its own.
    pub shared_memory: Option<SharedMemory>,
}

impl Limits {
    /// Those of this process.
    #[must_use]
    pub fn here() -> Self {
        let mut system = System::new();
        system.refresh_memory();
        let current = |resource| getrlimit(resource).current;
        Self {
            cpus: online().max(1),
            cpus_usable: std::thread::available_parallelism().map_or(1, usize::from),
            cpu_quota: cgroup::cpu_quota(),
            memory_bytes: system.total_memory(),
            memory_quota_bytes: cgroup::memory_quota_bytes(system.total_memory()),
            memory_available_bytes: Machine::memory_available_bytes(),
            memlock_bytes: current(Resource::Memlock),
            open_files: current(Resource::Nofile),
            core_bytes: current(Resource::Core),
            shared_memory: SharedMemory::here(),
        }
    }
}

fn online() -> usize {
    let mut system = System::new();
    system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    system.cpus().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_within_what_there_is() {
        let limits = Limits::here();
        assert!((1..=limits.cpus).contains(&limits.cpus_usable), "{limits:?}");
        assert!(
            limits.memory_available_bytes.is_some_and(|bytes| bytes <= limits.memory_bytes),
            "{limits:?}"
        );
        assert!(limits.open_files.is_none_or(|files| files > 0), "{limits:?}");
    }
}

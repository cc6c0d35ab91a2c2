use serde::Serialize;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// What figures were measured on: absolute ones compare only on the same machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The processor, in its own words.
    pub cpu: String,
    /// Processors that this process may use, after affinity and the cgroup's quota.
    pub cpus: usize,
    /// Memory of the machine or of this process' cgroup, in bytes.
    pub memory_bytes: u64,
    /// Operating system and its version.
    pub system: String,
    /// Architecture that this program was compiled for.
    pub arch: &'static str,
}

impl Machine {
    /// Looks at this machine.
    #[must_use]
    pub fn here() -> Self {
        let cpu = CpuRefreshKind::nothing();
        let memory = MemoryRefreshKind::nothing().with_ram();
        let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(cpu).with_memory(memory));
        let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
        Self {
            cpu: system
                .cpus()
                .first()
                .map_or_else(|| "unknown".to_owned(), |cpu| cpu.brand().trim().to_owned()),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: system.total_memory().min(limit),
            system: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned()),
            arch: std::env::consts::ARCH,
        }
    }

    /// Memory that can be had now without swapping, in bytes; `None` where the system does not tell.
    #[must_use]
    pub fn memory_available_bytes() -> Option<u64> {
        let mut system = System::new();
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
        Some(system.available_memory().min(limit)).filter(|&bytes| bytes > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_machine() {
        let machine = Machine::here();
        assert!(machine.cpus >= 1 && machine.memory_bytes > 1 << 20, "{machine:?}");
        let available = Machine::memory_available_bytes().unwrap();
        assert!(available <= machine.memory_bytes, "{available} of {machine:?}");
    }
}

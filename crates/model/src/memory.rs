//! How much memory can still be had.

/// Bytes that this process could still allocate: what the machine has free, or what its control group leaves it.
/// `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn available_bytes() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| linux::machine(&text));
    let group = linux::control_group();
    machine.into_iter().chain(group).min()
}

/// Bytes that this process could still allocate; the standard library does not tell here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn available_bytes() -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::Path;

    /// `MemAvailable` of `/proc/meminfo`, which is in KiB.
    pub(super) fn machine(meminfo: &str) -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }

    /// The tightest limit of this process's control group and those above it, in either version.
    pub(super) fn control_group() -> Option<u64> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        groups.lines().filter_map(group_path).flat_map(|(root, path)| above(root, path)).min()
    }

    /// Mount point and path of a line of `/proc/self/cgroup` that governs memory: `0::/a/b` or `4:memory:/a/b`.
    pub(super) fn group_path(line: &str) -> Option<(&'static str, &str)> {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let root = if controllers.is_empty() {
            "/sys/fs/cgroup"
        } else if controllers.split(',').any(|name| name == "memory") {
            "/sys/fs/cgroup/memory"
        } else {
            return None;
        };
        Some((root, path.trim_start_matches('/')))
    }

    /// What each group on the way from `path` up to `root` leaves. Inside a container the path may be the host's and
    /// not exist; the root then stands for the container's own group.
    fn above(root: &'static str, path: &str) -> impl Iterator<Item = u64> {
        let folders: Vec<_> = Path::new(root).join(path).ancestors().map(Path::to_path_buf).collect();
        folders
            .into_iter()
            .take_while(move |folder| folder.starts_with(root))
            .filter_map(|folder| left(&folder))
    }

    fn left(group: &Path) -> Option<u64> {
        let read = |name: &str| fs::read_to_string(group.join(name)).ok();
        let limit = read("memory.max").or_else(|| read("memory.limit_in_bytes"))?;
        let used = read("memory.current").or_else(|| read("memory.usage_in_bytes"))?;
        remaining(&limit, &used, &read("memory.stat").unwrap_or_default())
    }

    /// Limit less use, where the page cache counts as free: the kernel drops it before it refuses memory.
    /// `None` where the limit is `max`.
    pub(super) fn remaining(limit: &str, used: &str, stat: &str) -> Option<u64> {
        let limit: u64 = limit.trim().parse().ok()?;
        let used: u64 = used.trim().parse().ok()?;
        let cached: u64 = stat
            .lines()
            .filter_map(|line| line.strip_prefix("inactive_file ").or(line.strip_prefix("active_file ")))
            .filter_map(|bytes| bytes.trim().parse::<u64>().ok())
            .fold(0, u64::saturating_add);
        Some(limit.saturating_sub(used.saturating_sub(cached)))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory() {
        assert!(available_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn meminfo_is_in_kib() {
        assert_eq!(linux::machine("MemTotal: 9 kB\nMemAvailable:      12 kB\n"), Some(12 * 1024));
        assert_eq!(linux::machine("MemTotal: 9 kB\n"), None);
    }

    #[test]
    fn both_versions_of_control_groups_are_found() {
        assert_eq!(linux::group_path("0::/user/a"), Some(("/sys/fs/cgroup", "user/a")));
        assert_eq!(linux::group_path("4:cpu,memory:/b"), Some(("/sys/fs/cgroup/memory", "b")));
        assert_eq!(linux::group_path("3:pids:/b"), None);
    }

    #[test]
    fn cached_files_count_as_free() {
        let stat = "anon 5\ninactive_file 30\nactive_file 10\ntotal_inactive_file 1000\n";
        assert_eq!(linux::remaining("100\n", "60\n", stat), Some(80));
        assert_eq!(linux::remaining("100\n", "160\n", ""), Some(0));
        assert_eq!(linux::remaining("max\n", "60\n", stat), None);
    }
}

//! What the control group of this process is given, in both versions of the interface. Nothing of it on other systems.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the system shows control groups.
const ROOT: &str = "/sys/fs/cgroup";

/// Processors' worth of time, the least of the group's and those it is in.
pub(super) fn cpu_quota() -> Option<f64> {
    let second = folders("", ROOT).into_iter().filter_map(|folder| quota(&read(&folder.join("cpu.max"))?));
    let first = ["cpu", "cpu,cpuacct"].into_iter().flat_map(|name| folders("cpu", &format!("{ROOT}/{name}")));
    let first = first.filter_map(|folder| {
        let read = |name: &str| read(&folder.join(name));
        quota(&format!("{} {}", read("cpu.cfs_quota_us")?.trim(), read("cpu.cfs_period_us")?.trim()))
    });
    second.chain(first).reduce(f64::min)
}

/// Memory, the least of the group's and those it is in. What is more than `total_bytes` is no limit.
pub(super) fn memory_quota_bytes(total_bytes: u64) -> Option<u64> {
    let second = folders("", ROOT).into_iter().map(|folder| folder.join("memory.max"));
    let first = folders("memory", &format!("{ROOT}/memory"));
    let files = second.chain(first.into_iter().map(|folder| folder.join("memory.limit_in_bytes")));
    let limits = files.filter_map(|file| read(&file)?.trim().parse::<u64>().ok());
    limits.filter(|&bytes| bytes < total_bytes).min()
}

/// The folder of this process's group in the hierarchy of `controller`, and those it is in.
fn folders(controller: &str, root: &str) -> Vec<PathBuf> {
    let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let group = groups.lines().find_map(|line| group_in(line, controller)).unwrap_or_default();
    // Within a container its own group is the root.
    let inner = Path::new(group.trim_start_matches('/'));
    inner.ancestors().map(|part| Path::new(root).join(part)).collect()
}

/// The path in a line such as `4:cpu,cpuacct:/a/b`, or `0::/a/b` of the second version.
fn group_in<'a>(line: &'a str, controller: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    controllers.split(',').any(|one| one == controller).then_some(path)
}

/// A quota and its period, such as `150000 100000`; none where it is `max` or negative.
fn quota(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_shares_of_their_periods() {
        assert_eq!(quota("150000 100000\n"), Some(1.5));
        for none in ["max 100000\n", "-1 100000", "", "100000", "100000 0"] {
            assert_eq!(quota(none), None, "{none:?}");
        }
    }

    #[test]
    fn the_group_is_found_in_both_versions() {
        assert_eq!(group_in("0::/system.slice/a:b", ""), Some("/system.slice/a:b"));
        assert_eq!(group_in("4:cpu,cpuacct:/docker/x", "cpu"), Some("/docker/x"));
        assert_eq!(group_in("4:cpuset:/docker/x", "cpu"), None);
        assert_eq!(group_in("nothing", ""), None);
    }
}

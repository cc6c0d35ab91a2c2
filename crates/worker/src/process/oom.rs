use std::sync::Mutex;

use crate::lock;

/// Whether the kernel has killed processes for want of memory lately. Its counter is the machine's, so that another
/// process's end may be taken for a worker's: then a batch is suspected that might have been spared.
#[derive(Debug)]
pub(crate) struct OomKills(Mutex<Seen>);

/// The counter at the last two looks: a death is noticed within less time than lies between them.
#[derive(Debug)]
struct Seen {
    before_last: u64,
    last: u64,
}

impl OomKills {
    pub(crate) fn new() -> Self {
        let now = count().unwrap_or(0);
        Self(Mutex::new(Seen { before_last: now, last: now }))
    }

    /// Looks at the counter.
    pub(crate) fn tick(&self) {
        let Some(now) = count() else { return };
        let mut seen = lock(&self.0);
        seen.before_last = std::mem::replace(&mut seen.last, now);
    }

    /// Whether it has moved since the look before the last. True where the system does not tell.
    pub(crate) fn may_have_been(&self) -> bool {
        count().is_none_or(|now| now > lock(&self.0).before_last)
    }
}

/// Processes that were killed for want of memory since the machine started; `None` where the system does not tell.
fn count() -> Option<u64> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    parse(&std::fs::read_to_string("/proc/vmstat").ok()?)
}

fn parse(vmstat: &str) -> Option<u64> {
    vmstat.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_read() {
        assert_eq!(parse("nr_free_pages 1\noom_kill 3\noom_killer 4\n"), Some(3));
        assert_eq!(parse("nr_free_pages 1\n"), None);
    }
}

use std::collections::VecDeque;

use phalanx_batch::Nanos;

/// When another level takes over, and when the way back is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Failures of a level within the window from which the next one takes over. Only those count that the next level
    /// showed to be the backend's fault, by running the same batch.
    pub(crate) failures_max: usize,
    pub(crate) window_ns: Nanos,
    /// Batches in a row that a level has to run well before it is trusted again.
    pub(crate) probes_needed: usize,
    /// The first probe comes after this long; each that fails doubles it.
    pub(crate) probe_wait_min_ns: Nanos,
    pub(crate) probe_wait_max_ns: Nanos,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            failures_max: 3,
            window_ns: 60_000_000_000,
            probes_needed: 3,
            probe_wait_min_ns: 5_000_000_000,
            probe_wait_max_ns: 300_000_000_000,
        }
    }
}

/// That another level runs the batches from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A less preferred one.
    Down {
        /// Where it was.
        from: usize,
    },
    /// The one before it is good again.
    Up,
}

/// Which of several levels, the preferred first, runs the batches. Pure: time comes in as an argument.
#[derive(Debug)]
pub(crate) struct Health {
    pace: Pace,
    usable: Vec<bool>,
    active: usize,
    failures: VecDeque<Nanos>,
    probes_well: usize,
    probing: bool,
    probe_at_ns: Nanos,
    probe_wait_ns: Nanos,
}

impl Health {
    pub(crate) fn new(levels: usize, pace: Pace) -> Self {
        Self {
            pace,
            usable: vec![true; levels],
            active: 0,
            failures: VecDeque::with_capacity(pace.failures_max),
            probes_well: 0,
            probing: false,
            probe_at_ns: 0,
            probe_wait_ns: pace.probe_wait_min_ns,
        }
    }

    pub(crate) fn active(&self) -> usize {
        self.active
    }

    /// The level to try where `level` has failed.
    pub(crate) fn below(&self, level: usize) -> Option<usize> {
        (level + 1..self.usable.len()).find(|&below| self.usable[below])
    }

    /// A batch failed on `level`, and another level has run it.
    pub(crate) fn failed(&mut self, level: usize, now_ns: Nanos) -> Option<Change> {
        if level != self.active {
            return None;
        }
        while self.failures.front().is_some_and(|&at_ns| now_ns.saturating_sub(at_ns) > self.pace.window_ns) {
            self.failures.pop_front();
        }
        self.failures.push_back(now_ns);
        if self.failures.len() < self.pace.failures_max {
            return None;
        }
        self.step_down(now_ns)
    }

    /// Nothing can be run on `level` any more.
    pub(crate) fn gone(&mut self, level: usize, now_ns: Nanos) -> Option<Change> {
        if level != self.active {
            return None;
        }
        self.step_down(now_ns)
    }

    /// `level` could not even be prepared.
    pub(crate) fn unusable(&mut self, level: usize) {
        if let Some(usable) = self.usable.get_mut(level) {
            *usable = false;
        }
    }

    /// The level that the next batch should try in order to find the way back; none while it is too early.
    pub(crate) fn probe(&mut self, now_ns: Nanos) -> Option<usize> {
        let above = self.above()?;
        if self.probing || now_ns < self.probe_at_ns {
            return None;
        }
        self.probing = true;
        Some(above)
    }

    /// The batch that tried another level has ended.
    pub(crate) fn probed(&mut self, level: usize, well: bool, now_ns: Nanos) -> Option<Change> {
        self.probing = false;
        if self.above() != Some(level) {
            return None;
        }
        if !well {
            self.probes_well = 0;
            self.probe_wait_ns = (self.probe_wait_ns * 2).min(self.pace.probe_wait_max_ns);
            self.probe_at_ns = now_ns.saturating_add(self.probe_wait_ns);
            return None;
        }
        self.probes_well += 1;
        if self.probes_well < self.pace.probes_needed {
            return None;
        }
        self.active = level;
        self.settle(now_ns);
        Some(Change::Up)
    }

    fn above(&self) -> Option<usize> {
        (0..self.active).rev().find(|&above| self.usable[above])
    }

    fn step_down(&mut self, now_ns: Nanos) -> Option<Change> {
        let from = self.active;
        self.active = self.below(from)?;
        // Failing again right after the way back was found means that the probes are too easily satisfied.
        self.probe_wait_ns = if self.probe_at_ns == 0 {
            self.pace.probe_wait_min_ns
        } else {
            (self.probe_wait_ns * 2).min(self.pace.probe_wait_max_ns)
        };
        self.settle(now_ns);
        Some(Change::Down { from })
    }

    fn settle(&mut self, now_ns: Nanos) {
        self.failures.clear();
        self.probes_well = 0;
        self.probing = false;
        self.probe_at_ns = now_ns.saturating_add(self.probe_wait_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;
    const PROBES_NEEDED: usize = 3;

    #[test]
    fn a_few_failures_within_the_window_lead_down() {
        let mut health = Health::new(2, Pace::default());
        assert_eq!(health.failed(0, 0), None);
        assert_eq!(health.failed(0, SECOND), None);
        // The first two are forgotten by now.
        assert_eq!(health.failed(0, 70 * SECOND), None);
        assert_eq!(health.failed(0, 71 * SECOND), None);
        assert_eq!(health.failed(0, 72 * SECOND), Some(Change::Down { from: 0 }));
        assert_eq!(health.active(), 1);
        // Batches of the time before come late.
        assert_eq!(health.failed(0, 72 * SECOND), None);
    }

    #[test]
    fn the_last_level_is_kept() {
        let mut health = Health::new(1, Pace::default());
        assert_eq!((0..10).find_map(|at| health.failed(0, at)), None);
        assert_eq!(health.gone(0, 0), None);
        let mut health = Health::new(2, Pace::default());
        health.unusable(1);
        assert_eq!(health.gone(0, 0), None);
        assert_eq!(health.below(0), None);
    }

    #[test]
    fn the_way_back_is_probed_one_batch_at_a_time() {
        let mut health = Health::new(2, Pace::default());
        assert_eq!(health.probe(0), None, "nothing is wrong");
        assert_eq!(health.gone(0, 0), Some(Change::Down { from: 0 }));
        assert_eq!(health.probe(SECOND), None, "too early");
        for round in 0..PROBES_NEEDED {
            assert_eq!(health.probe(6 * SECOND), Some(0));
            assert_eq!(health.probe(6 * SECOND), None, "one at a time");
            let change = health.probed(0, true, 6 * SECOND);
            assert_eq!(change, (round + 1 == PROBES_NEEDED).then_some(Change::Up));
        }
        assert_eq!(health.active(), 0);
        assert_eq!(health.probe(600 * SECOND), None);
    }

    #[test]
    fn probes_that_fail_become_rare() {
        let mut health = Health::new(2, Pace::default());
        health.gone(0, 0);
        let mut now_ns = 0;
        let mut waits = Vec::new();
        for _ in 0..10 {
            let begin_ns = now_ns;
            while health.probe(now_ns).is_none() {
                now_ns += SECOND;
            }
            waits.push((now_ns - begin_ns) / SECOND);
            health.probed(0, false, now_ns);
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
    }

    #[test]
    fn a_level_that_fails_again_is_probed_later() {
        let mut health = Health::new(2, Pace::default());
        health.gone(0, 0);
        (0..PROBES_NEEDED).for_each(|_| {
            assert_eq!(health.probe(5 * SECOND), Some(0));
            health.probed(0, true, 5 * SECOND);
        });
        assert_eq!(health.gone(0, 6 * SECOND), Some(Change::Down { from: 0 }));
        assert_eq!(health.probe(15 * SECOND), None);
        assert_eq!(health.probe(16 * SECOND), Some(0));
    }
}

use crate::Nanos;

/// Batches that are remembered.
const BATCHES: usize = 64;
/// How many of them may slip by more than what nearly all keep within.
const ABOVE: usize = 1;

/// How much later than foreseen answers were handed out, of late: what waking threads and copying take, and what the
/// times of batches vary by.
pub(crate) struct Slips {
    last_ns: [Nanos; BATCHES],
    next: usize,
    usual_ns: Nanos,
    most_ns: Nanos,
}

impl Default for Slips {
    fn default() -> Self {
        Self { last_ns: [0; BATCHES], next: 0, usual_ns: 0, most_ns: 0 }
    }
}

impl Slips {
    /// A batch was handed out by `now_ns`; by `foreseen_ns` it was to have ended.
    pub(crate) fn record(&mut self, foreseen_ns: Nanos, now_ns: Nanos) {
        self.last_ns[self.next] = now_ns.saturating_sub(foreseen_ns);
        self.next = (self.next + 1) % BATCHES;
        let mut sorted = self.last_ns;
        self.most_ns = *sorted.select_nth_unstable(BATCHES - 1 - ABOVE).1;
        self.usual_ns = *sorted.select_nth_unstable(BATCHES / 2).1;
    }

    /// The median: what comes on top of every batch. Variation of their times is not in it, as often shorter as longer.
    pub(crate) fn usual_ns(&self) -> Nanos {
        self.usual_ns
    }

    /// What nearly all keep within.
    pub(crate) fn most_ns(&self) -> Nanos {
        self.most_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_keep_within_what_is_usual_and_nearly_all_within_the_most() {
        let mut slips = Slips::default();
        for slip in 0..10 * BATCHES as Nanos {
            slips.record(1000, 1000 + slip * 37 % 100);
        }
        assert!((40..60).contains(&slips.usual_ns()), "{}", slips.usual_ns());
        assert!((90..100).contains(&slips.most_ns()), "{}", slips.most_ns());
    }

    #[test]
    fn one_hiccup_is_no_rule_and_early_ends_are_none() {
        let mut slips = Slips::default();
        slips.record(0, 1_000_000);
        (1..BATCHES).for_each(|_| slips.record(5000, 400));
        assert_eq!((slips.usual_ns(), slips.most_ns()), (0, 0));
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut slips = Slips::default();
        (0..BATCHES).for_each(|_| slips.record(0, 700));
        assert_eq!((slips.usual_ns(), slips.most_ns()), (700, 700));
        (0..BATCHES).for_each(|_| slips.record(0, 20));
        assert_eq!((slips.usual_ns(), slips.most_ns()), (20, 20));
    }
}

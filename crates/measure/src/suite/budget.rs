use std::time::{Duration, Instant};

/// The shortest window: less is noise, whatever the budget.
const WINDOW_MIN: Duration = Duration::from_millis(40);

/// The share of a row's time that goes into its own windows. The rest is for the baseline beside it, the warm-up and what
/// ends later than it should.
const SHARE: f64 = 0.7;

/// How time is shared out over rows.
pub(super) struct Budget {
    end: Option<Instant>,
    /// Of all rows that are still to be measured.
    weight_left: f64,
    window_max: Duration,
    rounds: usize,
}

impl Budget {
    pub(super) fn new(total: Option<Duration>, window_max: Duration, rounds: usize, weight: f64) -> Self {
        let end = total.map(|total| Instant::now() + total);
        Self { end, weight_left: weight, window_max, rounds: rounds.max(1) }
    }

    /// The length of each window of rows of this weight, of which so many are measured now.
    pub(super) fn window(&self, rows: usize, weight: f64, now: Instant) -> Duration {
        let Some(end) = self.end else { return self.window_max };
        let left = end.saturating_duration_since(now);
        let share = weight / self.weight_left.max(weight * rows as f64);
        (left.mul_f64(share * SHARE) / self.rounds as u32).max(WINDOW_MIN).min(self.window_max)
    }

    /// Rows of this weight are done.
    pub(super) fn done(&mut self, rows: usize, weight: f64) {
        self.weight_left -= rows as f64 * weight;
    }

    /// Time that is left.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_one_row_leaves_the_others_get() {
        let mut budget = Budget::new(Some(100 * SECOND), 100 * SECOND, 7, 10.0);
        let now = budget.end.unwrap() - 100 * SECOND;
        assert_eq!(budget.window(1, 1.0, now), SECOND);
        assert_eq!(budget.window(1, 2.0, now), 2 * SECOND);
        budget.done(5, 1.0);
        assert_eq!(budget.window(1, 1.0, now), 2 * SECOND);
        assert_eq!(budget.window(1, 1.0, now + 50 * SECOND), SECOND);
        assert_eq!(budget.window(1, 1.0, now + 200 * SECOND), WINDOW_MIN);
    }

    #[test]
    fn without_a_budget_windows_are_as_long_as_they_may_be() {
        let budget = Budget::new(None, SECOND, 7, 10.0);
        assert_eq!((budget.window(3, 1.0, Instant::now()), budget.left(Instant::now())), (SECOND, None));
    }
}

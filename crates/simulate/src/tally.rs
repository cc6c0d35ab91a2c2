use phalanx_batch::Nanos;
use serde::Serialize;

/// What became of the requests that counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// How many there were.
    pub requests: u64,
    /// The share that was answered before its deadline.
    pub inside: f64,
    /// The share that was answered after it.
    pub late: f64,
    /// The share that was refused.
    pub refused: f64,
    /// Of those that were answered: the latency that half of them did not exceed, in nanoseconds.
    pub p50_ns: Nanos,
    /// The same for 99 of 100.
    pub p99_ns: Nanos,
    /// Rows of a batch, on the average of all batches, those of the warm-up included.
    pub rows_mean: f64,
    /// The share of the time that the devices ran something.
    pub busy: f64,
    /// The same by model and class, where there are several.
    pub classes: Vec<ClassOutcome>,
}

/// What became of the requests of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClassOutcome {
    /// The model's name.
    pub model: String,
    /// The class' place among the model's.
    pub class: usize,
    /// How many there were.
    pub requests: u64,
    /// The share that was answered before its deadline.
    pub inside: f64,
    /// The share that was refused.
    pub refused: f64,
    /// Of those that were answered: the latency that 99 of 100 did not exceed, in nanoseconds.
    pub p99_ns: Nanos,
}

/// Counts what becomes of the requests of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) inside: u64,
    pub(crate) late: u64,
    pub(crate) refused: u64,
    latencies_ns: Vec<Nanos>,
}

impl Tally {
    pub(crate) fn count(&mut self, answered: bool, took_ns: Nanos, allowed_ns: Nanos, keeps: bool) {
        match answered {
            false => self.refused += 1,
            true if took_ns <= allowed_ns => self.inside += 1,
            true => self.late += 1,
        }
        if answered && keeps {
            self.latencies_ns.push(took_ns);
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.inside + self.late + self.refused
    }

    pub(crate) fn missed(&self) -> u64 {
        self.late + self.refused
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.inside += other.inside;
        self.late += other.late;
        self.refused += other.refused;
        self.latencies_ns.extend_from_slice(&other.latencies_ns);
    }

    /// The share of this many requests.
    pub(crate) fn share(&self, of: u64) -> f64 {
        if self.requests() == 0 { 0.0 } else { of as f64 / self.requests() as f64 }
    }

    /// The latency that this share of the answered did not exceed; 0 where nobody was answered.
    pub(crate) fn quantile_ns(&mut self, share: f64) -> Nanos {
        let Some(last) = self.latencies_ns.len().checked_sub(1) else { return 0 };
        let position = ((share * self.latencies_ns.len() as f64).ceil() as usize).saturating_sub(1).min(last);
        *self.latencies_ns.select_nth_unstable(position).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_answered() {
        let mut tally = Tally::default();
        (1..=100).for_each(|took_ns| tally.count(true, took_ns, 98, true));
        tally.count(false, 5, 98, true);
        assert_eq!((tally.inside, tally.late, tally.refused), (98, 2, 1));
        assert_eq!((tally.quantile_ns(0.5), tally.quantile_ns(0.99), tally.quantile_ns(1.0)), (50, 99, 100));
        assert_eq!(Tally::default().quantile_ns(0.5), 0);
    }
}

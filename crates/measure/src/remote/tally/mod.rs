//! Counts what came of every request, step by step.

mod distribution;
mod refusals;
mod step;

pub(crate) use distribution::Distribution;
pub use distribution::Quantiles;
pub(crate) use refusals::RefusalKind;
pub(crate) use step::StepTally;

use std::time::Duration;

use super::outcome::Outcome;

/// When a request was due, sent and over, counted from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// When it should have been sent: its latency counts from here.
    pub(crate) due: Duration,
    /// When it was sent, where it was.
    pub(crate) sent: Option<Duration>,
    /// When its answer, or its end, was there.
    pub(crate) over: Duration,
}

/// Counts over all steps, the warm-up included, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were due.
    pub due: u64,
    /// Requests that were answered as they should be.
    pub answered: u64,
    /// Those of them whose answers came within the SLO.
    pub in_time: u64,
    /// Requests that the server refused.
    pub refused: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Requests whose time was over before they could be sent.
    pub not_sent: u64,
}

impl Counts {
    /// Requests that are over.
    #[must_use]
    pub fn over(&self) -> u64 {
        self.answered + self.refused + self.failed + self.not_sent
    }
}

/// Everything that is counted during one load.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) steps: Vec<StepTally>,
    pub(crate) counts: Counts,
    /// Requests of counted steps that did not get their answers in time.
    pub(crate) missed: u64,
    slo: Duration,
    stretches: Vec<Stretch>,
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// When it ends, counted from the beginning of the first.
    pub(crate) end: Duration,
    /// Whether it counts.
    pub(crate) counted: bool,
}

impl Tally {
    /// One step each, in order. Without an SLO every answer is in time.
    pub(crate) fn new(stretches: Vec<Stretch>, slo: Option<Duration>) -> Self {
        let steps = stretches.iter().map(|_| StepTally::default()).collect();
        let slo = slo.unwrap_or(Duration::MAX);
        Self { steps, counts: Counts::default(), missed: 0, slo, stretches }
    }

    /// A request of this step is due.
    pub(crate) fn due(&mut self, step: usize) {
        self.steps[step].due += 1;
        self.counts.due += 1;
    }

    /// A request of this step is over.
    pub(crate) fn over(&mut self, step: usize, timing: Timing, outcome: &Outcome) {
        let in_time = timing.over.saturating_sub(timing.due) <= self.slo;
        let counts = &mut self.counts;
        match outcome {
            Outcome::Answered => counts.answered += 1,
            Outcome::Refused(_) => counts.refused += 1,
            Outcome::Failed(_) => counts.failed += 1,
            Outcome::NotSent => counts.not_sent += 1,
        }
        let hit = in_time && matches!(outcome, Outcome::Answered);
        counts.in_time += u64::from(hit);
        self.missed += u64::from(!hit && self.stretches[step].counted);
        self.steps[step].over(timing, outcome, in_time);
        let now = self.stretches.partition_point(|stretch| stretch.end <= timing.over);
        if let Some(step) = self.steps.get_mut(now) {
            step.came += u64::from(matches!(outcome, Outcome::Answered));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::outcome::{Failure, Refusal, Status};

    const MS: Duration = Duration::from_millis(1);

    fn tally(counted: &[bool], slo: Option<Duration>) -> Tally {
        let stretch = |(index, &counted)| Stretch { end: (index as u32 + 1) * 10 * MS, counted };
        Tally::new(counted.iter().enumerate().map(stretch).collect(), slo)
    }

    fn timing(due: u32, sent: Option<u32>, over: u32) -> Timing {
        Timing { due: due * MS, sent: sent.map(|sent| sent * MS), over: over * MS }
    }

    #[test]
    fn latency_counts_from_when_a_request_was_due() {
        let mut tally = tally(&[true], Some(10 * MS));
        tally.over(0, timing(0, Some(8), 11), &Outcome::Answered);
        tally.over(0, timing(5, Some(6), 15), &Outcome::Answered);
        let step = &tally.steps[0];
        assert_eq!((step.answered, step.in_time), (2, 1));
        let about = |us: f64, expected: f64| (us / expected - 1.0).abs() < 2e-3;
        assert!(about(step.latency.quantiles().unwrap().max_us, 11_000.0));
        assert!(about(step.since_sent.quantiles().unwrap().max_us, 9_000.0));
        assert!(about(step.lateness.quantiles().unwrap().max_us, 8_000.0));
        assert_eq!((tally.missed, tally.counts.in_time), (1, 1));
    }

    #[test]
    fn only_answers_in_time_are_no_misses() {
        let mut tally = tally(&[false, true], Some(10 * MS));
        let refusal = Refusal { status: Status::Http(429), reason: String::new(), retry_after: None };
        let outcomes = [
            Outcome::Answered,
            Outcome::Refused(refusal),
            Outcome::Failed(Failure::NoAnswer),
            Outcome::NotSent,
        ];
        for step in [0, 1] {
            for outcome in &outcomes {
                tally.due(step);
                tally.over(step, timing(0, None, 1), outcome);
            }
        }
        let counts = Counts { due: 8, answered: 2, in_time: 2, refused: 2, failed: 2, not_sent: 2 };
        assert_eq!((tally.counts, tally.missed, counts.over()), (counts, 3, 8));
        let step = &tally.steps[1];
        assert_eq!((step.due, step.answered, step.refused(), step.failed(), step.not_sent), (4, 1, 1, 1, 1));
    }

    #[test]
    fn answers_belong_to_the_step_that_they_come_in() {
        let mut tally = tally(&[true, true], None);
        for over in [9, 10, 19, 20] {
            tally.over(0, timing(5, Some(5), over), &Outcome::Answered);
        }
        let came: Vec<u64> = tally.steps.iter().map(|step| step.came).collect();
        assert_eq!((came, tally.steps[0].answered), (vec![1, 2], 4));
    }

    #[test]
    fn without_an_slo_every_answer_is_in_time() {
        let mut tally = tally(&[true], None);
        tally.over(0, timing(0, Some(0), 1_000_000), &Outcome::Answered);
        assert_eq!((tally.missed, tally.steps[0].in_time), (0, 1));
    }
}

use std::collections::BTreeMap;

use super::refusals::{self, RefusalKind};
use super::{Distribution, Timing};
use crate::remote::outcome::Outcome;

/// What came of the requests of one step.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepTally {
    pub(crate) due: u64,
    pub(crate) answered: u64,
    pub(crate) in_time: u64,
    pub(crate) not_sent: u64,
    /// From when a request was due to its answer.
    pub(crate) latency: Distribution,
    /// From when it was sent to its answer.
    pub(crate) since_sent: Distribution,
    /// From when a request was due to when it was sent: the load generator's own delay, and its wait for a connection.
    pub(crate) lateness: Distribution,
    pub(crate) refusals: Vec<RefusalKind>,
    /// By kind: how many, and what the first of them said.
    pub(crate) failures: BTreeMap<String, (u64, String)>,
    /// Answers that came while the step lasted, whenever they were due.
    pub(crate) came: u64,
}

impl StepTally {
    pub(super) fn over(&mut self, timing: Timing, outcome: &Outcome, in_time: bool) {
        let Timing { due, sent, over } = timing;
        let latency = over.saturating_sub(due);
        let since_sent = sent.map(|sent| over.saturating_sub(sent));
        if let Some(sent) = sent {
            self.lateness.record(sent.saturating_sub(due));
        }
        match outcome {
            Outcome::Answered => {
                self.answered += 1;
                self.in_time += u64::from(in_time);
                self.latency.record(latency);
                since_sent.into_iter().for_each(|time| self.since_sent.record(time));
            }
            Outcome::Refused(refusal) => {
                let kind = refusals::kind(&mut self.refusals, refusal);
                kind.count(latency, since_sent, refusal.retry_after);
            }
            Outcome::Failed(failure) => {
                let entry = self.failures.entry(failure.kind());
                entry.or_insert_with(|| (0, failure.to_string())).0 += 1;
            }
            Outcome::NotSent => self.not_sent += 1,
        }
    }

    /// Requests that the server refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refusals.iter().map(|kind| kind.count).sum()
    }

    /// Requests that failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().map(|(count, _)| count).sum()
    }

    /// Counts all of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.due += other.due;
        self.answered += other.answered;
        self.in_time += other.in_time;
        self.not_sent += other.not_sent;
        self.latency.merge(&other.latency);
        self.since_sent.merge(&other.since_sent);
        self.lateness.merge(&other.lateness);
        for kind in &other.refusals {
            refusals::of(&mut self.refusals, kind.status, kind.reason.clone()).merge(kind);
        }
        for (kind, (count, first)) in &other.failures {
            self.failures.entry(kind.clone()).or_insert_with(|| (0, first.clone())).0 += count;
        }
        self.came += other.came;
    }
}

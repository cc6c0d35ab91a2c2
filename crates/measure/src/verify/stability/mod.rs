//! Level 2: an engine is loaded, asked and stopped again and again, each time in a process of its own, without a crash.

mod child;
mod disturbed;
mod round;
mod rounds;

pub use child::{ChildRounds, ROUND};
pub use disturbed::Strikes;
pub use round::round;
pub use rounds::{RoundEnd, Rounds};

use std::collections::BTreeMap;

use phalanx_engine::Isolation;

use super::book::{Book, Page};
use super::finding::Finding;
use super::setup::Candidate;
use super::{Level, Plan, Subject};
use crate::MeasureError;

/// Ends that are told in full; all are counted.
const TOLD_MAX: usize = 3;

/// How many rounds there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stability {
    /// Rounds.
    pub rounds: u32,
    /// What is done to the workers of an engine that has them.
    pub strikes: Strikes,
}

impl Default for Stability {
    fn default() -> Self {
        Self { rounds: 100, strikes: Strikes::default() }
    }
}

pub(super) fn verify(
    plan: &Plan,
    subject: &Subject,
    rounds: &mut dyn Rounds,
    book: &mut Book<'_>,
) -> Result<(), MeasureError> {
    for candidate in plan.candidates(std::slice::from_ref(subject)) {
        if super::unsupported(plan, Level::Stability, &candidate, book) {
            book.pass_over(u64::from(plan.stability.rounds));
            continue;
        }
        book.check(Level::Stability, "rounds", &candidate.to_string(), |page| {
            check(plan.stability.rounds, &candidate, rounds, page)
        })?;
        // Options that are crossed make no difference to this, and it takes its time.
        let has_workers = candidate.config.is_none() && plan.setup.isolation == Isolation::Process;
        for &strike in plan.stability.strikes.kinds.iter().filter(|_| has_workers) {
            let name = format!("{strike} workers");
            book.check(Level::Stability, &name, &candidate.to_string(), |page| {
                disturbed::check(plan, &candidate, strike, page)
            })?;
        }
    }
    Ok(())
}

fn check(
    count: u32,
    candidate: &Candidate<'_>,
    rounds: &mut dyn Rounds,
    page: &mut Page<'_, '_>,
) -> Result<Finding, MeasureError> {
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    let mut told = Vec::new();
    for number in 0..count {
        let end = rounds.round(candidate.subject, candidate.config, number)?;
        if let Some((kind, words)) = in_words(&end) {
            *ends.entry(kind).or_default() += 1;
            if told.len() < TOLD_MAX {
                told.push(format!("round {number}: {words}"));
            }
        }
        if number + 1 < count {
            page.step()?;
        }
    }
    let bad: u32 = ends.values().sum();
    if bad == 0 {
        return Ok(Finding::passed(format!("{count} of {count} rounds without a crash"))
            .with("rounds", f64::from(count)));
    }
    let kinds: Vec<String> = ends.iter().map(|(kind, times)| format!("{times} {kind}")).collect();
    let what =
        format!("{bad} of {count} rounds did not end well ({}); {}", kinds.join(", "), told.join("; "));
    let finding = Finding::failed(what).with("rounds", f64::from(count));
    Ok(ends.iter().fold(finding, |finding, (kind, &times)| finding.with(kind.as_str(), f64::from(times))))
}

/// What kind of an end it was, and all there is to say about it; `None` where all was well.
fn in_words(end: &RoundEnd) -> Option<(String, String)> {
    match end {
        RoundEnd::Done => None,
        RoundEnd::Failed { message } => Some(("failed".to_owned(), message.clone())),
        RoundEnd::Stuck { limit } => Some(("stuck".to_owned(), format!("did not end within {limit:?}"))),
        RoundEnd::Crashed { signal, evidence } => {
            let words = std::iter::once(format!("ended by {signal}")).chain(evidence.iter().cloned());
            Some((format!("crashed by {signal}"), words.collect::<Vec<_>>().join(", ")))
        }
    }
}

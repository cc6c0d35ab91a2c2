use std::collections::{BTreeMap, BTreeSet};

use super::wanted::{Source, Wanted};

/// What became of each version of a model that was ever wanted and is still there.
pub(super) type Attempts = BTreeMap<u64, Attempt>;

/// The last attempt to load a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// What it was loaded from, where that can be compared.
    pub(super) source: Option<Source>,
    pub(super) outcome: Outcome,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It answers.
    Serves,
    /// It does not; what was loaded before it may.
    Failed(String),
    /// It did, and was taken out of service.
    Retired,
}

/// What has to be done to make of what is served what is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Versions to load, or to load again.
    pub(super) load: Vec<u64>,
    /// Versions that are as they should be.
    pub(super) keep: Vec<u64>,
    /// Versions that cannot be loaded, and why.
    pub(super) broken: Vec<(u64, String)>,
    /// Versions to take out of service, once no wanted one has failed.
    pub(super) retire: Vec<u64>,
}

impl Plan {
    /// Compares what is wanted with what was attempted. What failed is attempted again where it has changed, or where
    /// `again` says so. A version that is out of service and `on_disk` is left as it is.
    pub(super) fn new(wanted: &Wanted, on_disk: &BTreeSet<u64>, attempts: &Attempts, again: bool) -> Self {
        let mut plan = Self::default();
        for (&version, content) in &wanted.versions {
            let source = wanted.source(version);
            let same = attempts.get(&version).filter(|attempt| source.is_some() && attempt.source == source);
            match (content, same.map(|attempt| &attempt.outcome)) {
                (Err(reason), _) => plan.broken.push((version, reason.clone())),
                (Ok(_), Some(Outcome::Serves)) => plan.keep.push(version),
                (Ok(_), Some(Outcome::Failed(reason))) if !again => {
                    plan.broken.push((version, reason.clone()));
                }
                (Ok(_), _) => plan.load.push(version),
            }
        }
        let unwanted = attempts.iter().filter(|(version, attempt)| {
            let rests = attempt.outcome == Outcome::Retired && on_disk.contains(version);
            !wanted.versions.contains_key(version) && !rests
        });
        plan.retire = unwanted.map(|(version, _)| *version).collect();
        plan
    }
}

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Key;
use crate::choice::rank::order;
use crate::choice::{Candidate, Reference, Trial, Tried};

/// A candidate that ran out of time may have done so because the machine was busy, and is tried again after this.
const TIMED_OUT_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What a search found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) trials: Vec<Tried>,
    pub(crate) reference: Option<Reference>,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// The model's name, for whoever reads the file.
    pub(super) model: String,
    /// Seconds since 1970.
    pub(super) decided_s: u64,
    pub(super) verdict: Verdict,
}

/// An outcome that is kept for the next start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CachedChoice {
    /// The model's name.
    pub model: String,
    /// The hash of its content, in hexadecimal digits.
    pub fingerprint: String,
    /// When it was found out, in seconds since 1970.
    pub decided_s: u64,
    /// The candidate that is taken.
    pub chosen: Candidate,
    /// All that were tried.
    pub trials: Vec<Tried>,
}

impl Entry {
    pub(super) fn new(key: Key, model: String, verdict: Verdict) -> Self {
        Self { key, model, decided_s: now_s(), verdict }
    }

    /// Whether it may still be relied on.
    pub(super) fn is_current(&self) -> bool {
        let timed_out = |tried: &Tried| matches!(tried.trial, Trial::TimedOut { .. });
        let age_s = now_s().saturating_sub(self.decided_s);
        age_s <= TIMED_OUT_AGE_MAX.as_secs() || !self.verdict.trials.iter().any(timed_out)
    }

    pub(super) fn choice(self) -> Option<CachedChoice> {
        let Verdict { trials, .. } = self.verdict;
        let best = *order(&trials).first()?;
        Some(CachedChoice {
            model: self.model,
            fingerprint: self.key.model,
            decided_s: self.decided_s,
            chosen: trials[best].candidate.clone(),
            trials,
        })
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

use std::time::Duration;

use crate::MeasureError;
use crate::verify::{Config, Subject};

/// What carries rounds out where a crash ends nothing but the round.
pub trait Rounds {
    /// Carries out round `number` on this subject.
    ///
    /// # Errors
    /// Where no round could be carried out at all.
    fn round(
        &mut self,
        subject: &Subject,
        config: Option<&Config>,
        number: u32,
    ) -> Result<RoundEnd, MeasureError>;
}

/// How a round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoundEnd {
    /// All was answered.
    Done,
    /// It ended with an error of its own.
    Failed {
        /// Its last words.
        message: String,
    },
    /// A signal ended it.
    Crashed {
        /// Such as `SIGSEGV`.
        signal: String,
        /// What is known of it: its last words, and what the system wrote down.
        evidence: Vec<String>,
    },
    /// It did not end, and was killed.
    Stuck {
        /// How long was waited.
        limit: Duration,
    },
}

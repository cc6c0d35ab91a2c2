use std::collections::BTreeMap;

use serde::Serialize;

use super::Ending;
use crate::evidence::{Keeper, Trace};

/// How the rounds of a command ended.
#[derive(Clone, Debug, Serialize)]
pub struct CrashReport {
    /// The command, word for word.
    pub command: Vec<String>,
    /// The folder it ran in.
    pub folder: String,
    /// Rounds that were run.
    pub rounds: u32,
    /// How long a round may take, in seconds.
    pub timeout_s: f64,
    /// Rounds that ended by themselves, by exit code.
    pub exits: BTreeMap<i32, u32>,
    /// Rounds that ended by a signal, by its name.
    pub crashes: BTreeMap<String, u32>,
    /// Rounds that did not end in time.
    pub hangs: u32,
    /// The rounds that crashed or hung, as many as are kept.
    pub details: Vec<Crash>,
    /// What becomes of crashes on this system.
    pub system: Keeper,
}

/// A round that crashed or hung.
#[derive(Clone, Debug, Serialize)]
pub struct Crash {
    /// Which round it was, counted from 1.
    pub round: u32,
    /// The process.
    pub pid: u32,
    /// How it ended.
    pub ending: Ending,
    /// How long it had run, in seconds.
    pub seconds: f64,
    /// The last lines of its standard error.
    pub stderr: Vec<String>,
    /// What the system kept of it.
    pub traces: Vec<Trace>,
}

impl CrashReport {
    /// Rounds that crashed.
    #[must_use]
    pub fn crash_count(&self) -> u32 {
        self.crashes.values().sum()
    }

    /// Whether every round ended by itself, with whatever exit code.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        self.crashes.is_empty() && self.hangs == 0
    }

    pub(super) fn count(&mut self, ending: &Ending) {
        self.rounds += 1;
        match (ending, ending.signal()) {
            (_, Some(signal)) => *self.crashes.entry(signal).or_default() += 1,
            (Ending::Exited { code }, None) => *self.exits.entry(*code).or_default() += 1,
            _ => self.hangs += 1,
        }
    }
}

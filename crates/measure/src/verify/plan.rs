use std::collections::BTreeSet;

use super::setup::Candidate;
use super::{Absent, Config, Correctness, Level, Memory, Performance, Setup, Stability, Subject};

/// What is verified, and how thoroughly.
#[derive(Clone)]
pub struct Plan {
    /// Where every check begins.
    pub setup: Setup,
    /// Levels that are verified.
    pub levels: BTreeSet<Level>,
    /// What is verified: everything that is here, the preferred first. Its figures are held to the targets.
    pub subjects: Vec<Subject>,
    /// What is not here, to be told.
    pub absent: Vec<Absent>,
    /// Whether the user asked for the subject by name: then it is a failure that it cannot run the model.
    pub subject_is_given: bool,
    /// Options that are crossed with each other; none to leave the engine as it is.
    pub configs: Vec<Config>,
    /// Rows of the largest batch, where that is given.
    pub rows_max: Option<usize>,
    /// Level 1.
    pub correctness: Correctness,
    /// Level 2.
    pub stability: Stability,
    /// Level 3.
    pub performance: Performance,
    /// Level 4.
    pub memory: Memory,
}

impl Plan {
    /// A plan with the usual thoroughness, of all levels.
    #[must_use]
    pub fn new(setup: Setup, subjects: Vec<Subject>) -> Self {
        Self {
            setup,
            levels: Level::ALL.into(),
            subjects,
            absent: Vec::new(),
            subject_is_given: false,
            configs: Vec::new(),
            rows_max: None,
            correctness: Correctness::default(),
            stability: Stability::default(),
            performance: Performance::default(),
            memory: Memory::default(),
        }
    }

    /// Each of these subjects with each of the configurations, or as it is where there is none.
    pub(super) fn candidates<'a>(&'a self, subjects: &'a [Subject]) -> Vec<Candidate<'a>> {
        let configs: Vec<Option<&Config>> =
            if self.configs.is_empty() { vec![None] } else { self.configs.iter().map(Some).collect() };
        let each = |subject: &'a Subject| {
            configs.clone().into_iter().map(move |config| Candidate { subject, config })
        };
        subjects.iter().flat_map(each).collect()
    }

    /// Steps that all of it takes, as far as can be foreseen.
    pub(super) fn steps(&self) -> u64 {
        let candidates = (self.configs.len().max(1) * self.subjects.len()) as u64;
        let of = |level: &Level| match level {
            Level::Correctness => 1 + candidates * super::correctness::STEPS,
            Level::Stability => candidates * u64::from(self.stability.rounds),
            Level::Performance => candidates * (self.performance.runs as u64 + 1),
            Level::Memory => candidates * super::memory::STEPS,
        };
        self.levels.iter().map(of).sum()
    }
}

use std::sync::atomic::{AtomicU64, Ordering};

use crate::plan::{Plan, Rule, Stage};

/// Counts what a backend is asked for, and says which rules apply.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    plan: Plan,
    prepared: AtomicU64,
    opened: AtomicU64,
    submitted: AtomicU64,
}

impl Judge {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, ..Self::default() }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The rules that apply this time, in their order. `firsts` are the first elements of the batch's rows.
    pub(crate) fn rules(&self, stage: Stage, firsts: &[f64]) -> impl Iterator<Item = &Rule> {
        let counter = match stage {
            Stage::Prepare => &self.prepared,
            Stage::Open => &self.opened,
            Stage::Batch => &self.submitted,
        };
        let nth = counter.fetch_add(1, Ordering::Relaxed) + 1;
        let applies =
            move |rule: &&Rule| rule.stage == stage && rule.whens.iter().all(|when| when.holds(nth, firsts));
        self.plan.rules().iter().filter(applies)
    }
}

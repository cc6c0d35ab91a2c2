use std::collections::BTreeSet;

use tracing::{info, warn};

use super::RepositoryOptions;
use super::load::load;
use super::plan::{Attempt, Attempts, Outcome, Plan};
use super::wanted::{Content, Goal, Unwanted, Wanted};
use crate::context::Context;
use crate::serving::ModelState;

/// One model of the repository, as far as it was ever wanted.
#[derive(Debug, Default)]
pub(super) struct Kept {
    attempts: Attempts,
    /// What was last wrong with it, so that it is logged once.
    complaint: Option<String>,
}

/// Where a model is kept.
#[derive(Clone, Copy)]
pub(super) struct Within<'a> {
    pub(super) context: &'a Context,
    pub(super) options: &'a RepositoryOptions,
    pub(super) name: &'a str,
}

impl Within<'_> {
    fn set(&self, version: u64, state: ModelState) {
        self.context.registry.set_state(self.name, version, state);
    }

    fn fail(&self, version: u64, reason: &str) {
        self.set(version, ModelState::Failed { reason: reason.to_owned() });
    }
}

impl Kept {
    /// Shows which versions are about to be loaded.
    pub(super) fn announce(&self, within: Within<'_>, goal: &Goal, again: bool) {
        let Ok(wanted) = &goal.wanted else { return };
        for version in Plan::new(wanted, &goal.on_disk, &self.attempts, again).load {
            within.set(version, ModelState::Loading);
        }
    }

    /// Makes of what is served what is wanted; what answers goes on until its successor does. What failed before and
    /// did not change is tried `again` or not.
    ///
    /// The error says what could not be done, in a sentence.
    pub(super) fn settle(&mut self, within: Within<'_>, goal: &Goal, again: bool) -> Result<(), String> {
        let settled = match &goal.wanted {
            Ok(wanted) => self.follow(within, wanted, goal, again),
            Err(unwanted) => {
                if *unwanted == Unwanted::NoVersion {
                    self.unload(within, &BTreeSet::new());
                }
                let reason = unwanted.to_string();
                self.blame(within, goal, &reason);
                Err(reason)
            }
        };
        let complaint = settled.as_ref().err();
        if let Some(reason) = complaint
            && self.complaint.as_ref() != complaint
        {
            warn!(model = within.name, %reason, "failed to load a model");
        }
        self.complaint = complaint.cloned();
        settled
    }

    /// Takes every version out of service. Those `on_disk` are known from then on as unloaded, the others not at all.
    pub(super) fn unload(&mut self, within: Within<'_>, on_disk: &BTreeSet<u64>) {
        let versions: Vec<u64> = self.attempts.keys().copied().collect();
        versions.into_iter().for_each(|version| self.retire(within, version, on_disk));
    }

    /// Whether nothing of it is known any more.
    pub(super) fn is_gone(&self) -> bool {
        self.attempts.is_empty()
    }

    fn follow(
        &mut self,
        within: Within<'_>,
        wanted: &Wanted,
        goal: &Goal,
        again: bool,
    ) -> Result<(), String> {
        self.announce(within, goal, again);
        let plan = Plan::new(wanted, &goal.on_disk, &self.attempts, again);
        if self.complaint.is_some() {
            // They may have been blamed for it.
            plan.keep.iter().for_each(|&version| within.set(version, ModelState::Ready));
        }
        let mut failures = Vec::new();
        for (version, reason) in plan.broken {
            within.fail(version, &reason);
            failures.push(format!("version {version}: {reason}"));
            if !self.serves(version) {
                let outcome = Outcome::Failed(reason);
                self.attempts.insert(version, Attempt { source: wanted.source(version), outcome });
            }
        }
        for (version, content) in plan.load.iter().filter_map(|version| wanted.content(*version)) {
            if within.context.is_stopping() {
                return Err("the server is shutting down".to_owned());
            }
            if let Err(reason) = self.load(within, wanted, version, content) {
                failures.push(format!("version {version}: {reason}"));
            }
        }
        if !failures.is_empty() {
            return Err(failures.join("; "));
        }
        plan.retire.into_iter().for_each(|version| self.retire(within, version, &goal.on_disk));
        Ok(())
    }

    fn load(
        &mut self,
        within: Within<'_>,
        wanted: &Wanted,
        version: u64,
        content: &Content,
    ) -> Result<(), String> {
        let loaded = load(within.options, within.name, version, &wanted.config, content);
        let outcome = match &loaded {
            Ok(served) => {
                info!(model = within.name, version, backend = served.info().backend, "loaded a model");
                within.context.registry.install(version, served.clone());
                Outcome::Serves
            }
            Err(reason) => {
                within.fail(version, reason);
                Outcome::Failed(reason.clone())
            }
        };
        self.attempts.insert(version, Attempt { source: wanted.source(version), outcome });
        loaded.map(drop)
    }

    /// Shows why the model as a whole is not as it should be, at the versions that answer all the same, or else at the
    /// newest.
    fn blame(&mut self, within: Within<'_>, goal: &Goal, reason: &str) {
        let serving: Vec<u64> =
            self.attempts.keys().copied().filter(|&version| self.serves(version)).collect();
        serving.iter().for_each(|&version| within.fail(version, reason));
        if serving.is_empty() {
            let newest = goal.on_disk.last().copied().unwrap_or(1);
            within.fail(newest, reason);
            let outcome = Outcome::Failed(reason.to_owned());
            self.attempts.insert(newest, Attempt { source: None, outcome });
        }
    }

    fn retire(&mut self, within: Within<'_>, version: u64, on_disk: &BTreeSet<u64>) {
        let served = self.serves(version);
        if on_disk.contains(&version) {
            within.set(version, ModelState::Unloaded);
            self.attempts.insert(version, Attempt { source: None, outcome: Outcome::Retired });
        } else {
            within.context.registry.forget(within.name, version);
            self.attempts.remove(&version);
        }
        if served {
            info!(model = within.name, version, "unloaded a model");
        }
    }

    fn serves(&self, version: u64) -> bool {
        self.attempts.get(&version).is_some_and(|attempt| attempt.outcome == Outcome::Serves)
    }
}

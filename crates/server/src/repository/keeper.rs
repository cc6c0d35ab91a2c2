use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;

use super::kept::{Kept, Within};
use super::names::Names;
use super::scan::{self, Scan};
use super::wanted::{Given, Goal, Unwanted};
use super::{ModelControlMode, RepositoryError, RepositoryOptions};
use crate::ServeError;
use crate::context::Context;

/// Asks for every model at start.
const ALL: &str = "*";

/// Keeps in service what the repository holds. Lives on one thread, so that models are loaded one after the other.
pub(super) struct Keeper {
    options: RepositoryOptions,
    models: BTreeMap<CompactString, Kept>,
    /// What the last look found.
    seen: Scan,
    names: Arc<Names>,
}

impl Keeper {
    pub(super) fn new(options: RepositoryOptions, names: Arc<Names>) -> Self {
        Self { options, models: BTreeMap::new(), seen: Scan::new(), names }
    }

    /// Loads what is wanted at start.
    ///
    /// # Errors
    /// [`RepositoryError::Root`], [`RepositoryError::TooManyModels`]; [`RepositoryError::Models`] where a failure is to
    /// end the start.
    pub(super) fn start(&mut self, context: &Context) -> Result<(), RepositoryError> {
        self.seen = scan::scan(&self.options.roots, &self.options.limits)?;
        self.names.set(self.seen.keys());
        let mut goals: Vec<(CompactString, Goal)> = Vec::new();
        let mut failures = Vec::new();
        for name in self.wanted_at_start() {
            match self.seen.get(&name) {
                Some(found) => goals.push((name.clone(), Goal::of(&name, Some(found), &Given::default()))),
                None => failures.push((name, "there is no folder of this name".to_owned())),
            }
        }
        for (name, goal) in &goals {
            let within = Within { context, options: &self.options, name };
            self.models.entry(name.clone()).or_default().announce(within, goal, false);
        }
        for (name, goal) in goals {
            if let Err(reason) = self.settle(context, &name, &goal, false) {
                failures.push((name, reason));
            }
        }
        match failures.is_empty() || !self.options.exit_on_error {
            true => Ok(()),
            false => Err(RepositoryError::Models { models: failures }),
        }
    }

    fn wanted_at_start(&self) -> BTreeSet<CompactString> {
        match &self.options.mode {
            ModelControlMode::Explicit { startup } if !startup.iter().any(|name| name == ALL) => {
                startup.iter().map(CompactString::from).collect()
            }
            _ => self.seen.keys().cloned().collect(),
        }
    }

    /// Looks at everything again, and acts on what has not changed since the look before.
    ///
    /// # Errors
    /// [`RepositoryError::Root`], [`RepositoryError::TooManyModels`]; everything stays as it is then.
    pub(super) fn look(&mut self, context: &Context) -> Result<(), RepositoryError> {
        let now = scan::scan(&self.options.roots, &self.options.limits)?;
        let before = std::mem::replace(&mut self.seen, now);
        self.names.set(self.seen.keys());
        let mut names: BTreeSet<CompactString> =
            self.models.keys().chain(self.seen.keys()).cloned().collect();
        names.retain(|name| before.get(name) == self.seen.get(name));
        for name in names {
            if context.is_stopping() {
                break;
            }
            match self.seen.get(&name).map(|found| Goal::of(&name, Some(found), &Given::default())) {
                // What fails is in the log and the index.
                Some(goal) => drop(self.settle(context, &name, &goal, false)),
                None => self.drop_model(context, &name, &BTreeSet::new()),
            }
        }
        Ok(())
    }

    /// Looks which models there are, and does nothing about it.
    pub(super) fn list(&mut self) {
        if let Ok(found) = scan::scan(&self.options.roots, &self.options.limits) {
            self.names.set(found.keys());
        }
    }

    /// Loads a model as its folder and the call say.
    ///
    /// # Errors
    /// [`ServeError::NoSuchModel`], [`ServeError::Failed`]; [`ServeError::Invalid`] or [`ServeError::Unsupported`] for
    /// a configuration of the call's.
    pub(super) fn load(&mut self, context: &Context, name: &str, given: &Given) -> Result<(), ServeError> {
        let found = scan::find(&self.options.roots, name, &self.options.limits);
        if !scan::is_model_name(name) || (found.is_none() && given.models.is_empty()) {
            return Err(ServeError::NoSuchModel { model: name.into() });
        }
        let models_max = self.options.limits.models_max;
        if !self.models.contains_key(name) && self.models.len() >= models_max {
            return Err(ServeError::invalid(
                "models in the repository",
                format!("at most {models_max}"),
                "one more",
            ));
        }
        let goal = Goal::of(name, found.as_ref(), given);
        // What the call itself got wrong changes nothing.
        if let (Some(_), Err(Unwanted::Config(error))) = (&given.config, &goal.wanted) {
            return Err(error.clone().into());
        }
        let settled = self.settle(context, name, &goal, true);
        settled.map_err(|reason| ServeError::Failed {
            message: format!("failed to load model {name:?}: {reason}"),
        })
    }

    /// Takes a model out of service.
    ///
    /// # Errors
    /// [`ServeError::NoSuchModel`].
    pub(super) fn unload(&mut self, context: &Context, name: &str) -> Result<(), ServeError> {
        let found = scan::find(&self.options.roots, name, &self.options.limits);
        if found.is_none() && !self.models.contains_key(name) {
            return Err(ServeError::NoSuchModel { model: name.into() });
        }
        let on_disk = Goal::of(name, found.as_ref(), &Given::default()).on_disk;
        self.drop_model(context, name, &on_disk);
        Ok(())
    }

    fn settle(&mut self, context: &Context, name: &str, goal: &Goal, again: bool) -> Result<(), String> {
        let within = Within { context, options: &self.options, name };
        self.models.entry(name.into()).or_default().settle(within, goal, again)
    }

    fn drop_model(&mut self, context: &Context, name: &str, on_disk: &BTreeSet<u64>) {
        let within = Within { context, options: &self.options, name };
        let Some(kept) = self.models.get_mut(name) else { return };
        kept.unload(within, on_disk);
        if kept.is_gone() {
            self.models.remove(name);
        }
    }
}

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use compact_str::CompactString;

use super::Served;
use crate::ServeError;

/// Every model the server knows, by name and version.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    models: RwLock<BTreeMap<CompactString, Versions>>,
}

/// By version number, so that the last one is the newest.
type Versions = BTreeMap<u64, Entry>;

/// One version of a model.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) state: ModelState,
    /// There while it can answer, also while its successor is loading.
    pub(crate) served: Option<Arc<Served>>,
}

/// Whether a version can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// It is being prepared.
    Loading,
    /// It answers.
    Ready,
    /// It was taken out of service, or never in it.
    Unloaded,
    /// It could not be prepared.
    Failed {
        /// Why.
        reason: String,
    },
}

impl ModelState {
    /// The state as Triton's repository index names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Loading => "LOADING",
            Self::Ready => "READY",
            Self::Unloaded | Self::Failed { .. } => "UNAVAILABLE",
        }
    }

    /// Why it cannot answer; empty where it can.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Loading => "it is loading",
            Self::Ready => "",
            Self::Unloaded => "unloaded",
            Self::Failed { reason } => reason,
        }
    }
}

impl Registry {
    /// The version that answers to this name and version; the newest that is ready where `version` is empty.
    ///
    /// # Errors
    /// [`ServeError::NoSuchModel`], [`ServeError::NoSuchVersion`], [`ServeError::NotReady`].
    pub(crate) fn find(&self, name: &str, version: &str) -> Result<Arc<Served>, ServeError> {
        let models = self.read();
        let versions = models.get(name).ok_or_else(|| ServeError::NoSuchModel { model: name.into() })?;
        if version.is_empty() {
            let newest = versions.values().rev().find_map(|entry| entry.served.as_ref());
            return newest.map(Arc::clone).ok_or_else(|| not_ready(name, versions.values().next_back()));
        }
        let entry = version.parse().ok().and_then(|version: u64| versions.get(&version));
        match entry {
            None => Err(ServeError::NoSuchVersion { model: name.into(), version: version.into() }),
            Some(Entry { served: Some(served), .. }) => Ok(Arc::clone(served)),
            Some(entry) => Err(not_ready(name, Some(entry))),
        }
    }

    /// Says where a version stands. What answers goes on answering, unless the state says that it does not.
    pub(crate) fn set_state(&self, name: &str, version: u64, state: ModelState) {
        let mut models = self.write();
        let entry = models.entry(name.into()).or_default().entry(version);
        let entry = entry.or_insert(Entry { state: state.clone(), served: None });
        if state == ModelState::Unloaded {
            entry.served = None;
        }
        entry.state = state;
    }

    /// From now on `served` answers; whatever answered to its name and version before answers what it was asked.
    pub(crate) fn install(&self, version: u64, served: Arc<Served>) {
        let name = served.name.clone();
        let entry = Entry { state: ModelState::Ready, served: Some(served) };
        let replaced = self.write().entry(name).or_default().insert(version, entry);
        // Outside the lock: its engine may stop with it.
        drop(replaced);
    }

    /// Forgets a version altogether.
    pub(crate) fn forget(&self, name: &str, version: u64) {
        let mut models = self.write();
        let forgotten = models.get_mut(name).and_then(|versions| versions.remove(&version));
        if models.get(name).is_some_and(Versions::is_empty) {
            models.remove(name);
        }
        drop(models);
        drop(forgotten);
    }

    /// Everything that is known, by name and version.
    pub(crate) fn index(&self) -> Vec<(CompactString, u64, Entry)> {
        let models = self.read();
        let entries = models.iter().flat_map(|(name, versions)| {
            versions.iter().map(|(version, entry)| (name.clone(), *version, entry.clone()))
        });
        entries.collect()
    }

    /// Everything that answers.
    pub(crate) fn served(&self) -> Vec<Arc<Served>> {
        self.index().into_iter().filter_map(|(_, _, entry)| entry.served).collect()
    }

    /// Whether every model answers, with whichever version, or was taken out of service. A version that is loading or
    /// has failed beside one that answers keeps nobody away.
    pub(crate) fn all_ready(&self) -> bool {
        let answers = |entry: &Entry| entry.served.is_some();
        let is_unloaded = |entry: &Entry| entry.state == ModelState::Unloaded;
        let is_ready =
            |versions: &Versions| versions.values().any(answers) || versions.values().all(is_unloaded);
        self.read().values().all(is_ready)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<CompactString, Versions>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<CompactString, Versions>> {
        self.models.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_ready(name: &str, entry: Option<&Entry>) -> ServeError {
    let reason = entry.map_or("unloaded", |entry| entry.state.reason()).to_owned();
    ServeError::NotReady { model: name.into(), reason }
}

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::MODEL_FILE;
use super::config::{ConfigError, ModelConfig};
use super::scan::{Files, Folder, Found, Stamp};

/// What a model is to be, as its folder or a load says.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) config: Arc<ModelConfig>,
    said: Said,
    /// The versions that are to be served, each with what it is made of, or why it cannot be.
    pub(super) versions: BTreeMap<u64, Result<Content, String>>,
}

/// What a model is to be, and what there is of it.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub(super) wanted: Result<Wanted, Unwanted>,
    /// The versions that its folder holds, served or not.
    pub(super) on_disk: BTreeSet<u64>,
}

/// The text that the configuration was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    File(Arc<str>),
    Call(Arc<str>),
}

/// What a version is made of.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Files.
    Folder(FolderContent),
    /// A model file that came with a load.
    Given(Bytes),
}

/// The files of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FolderContent {
    /// The model's folder.
    pub(super) path: PathBuf,
    pub(super) warmup: Option<Stamp>,
    files: Files,
}

/// What a version in service was loaded from. While it is the same, loading again would change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    said: Said,
    content: FolderContent,
}

/// A configuration that goes before the folder's, and files that go before all of the folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    pub(super) config: Option<Arc<str>>,
    /// Model files by version; the folder's count where there are none.
    pub(super) models: BTreeMap<u64, Bytes>,
}

/// Why a model as a whole cannot be loaded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Unwanted {
    /// Its configuration is not one.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Its folder or its configuration cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It has no version.
    #[error("it has no version: there is no folder in it whose name is a whole number")]
    NoVersion,
}

impl Goal {
    /// What the model `name` is to be by what was found and what a load says.
    pub(super) fn of(name: &str, found: Option<&Found>, given: &Given) -> Self {
        let folder = match found {
            None => None,
            Some(Ok(folder)) => Some(folder),
            Some(Err(reason)) => {
                let wanted = Err(Unwanted::Unreadable(reason.clone()));
                return Self { wanted, on_disk: BTreeSet::new() };
            }
        };
        let on_disk = folder.map(|folder| folder.versions.keys().copied().collect()).unwrap_or_default();
        Self { wanted: Wanted::of(name, folder, given), on_disk }
    }
}

impl Wanted {
    fn of(name: &str, folder: Option<&Folder>, given: &Given) -> Result<Self, Unwanted> {
        let said = match (&given.config, folder.and_then(|folder| folder.config.as_ref())) {
            (Some(json), _) => Said::Call(Arc::clone(json)),
            (None, Some(Ok(text))) => Said::File(Arc::clone(text)),
            (None, Some(Err(reason))) => return Err(Unwanted::Unreadable(reason.clone())),
            (None, None) => Said::Nothing,
        };
        let config = match &said {
            Said::Nothing => ModelConfig::default(),
            Said::File(text) => ModelConfig::from_text(name, text)?,
            Said::Call(json) => ModelConfig::from_json(name, json)?,
        };
        let present = present(folder, given);
        if present.is_empty() {
            return Err(Unwanted::NoVersion);
        }
        let numbers: Vec<u64> = present.keys().copied().collect();
        let missing = |version| Err(format!("there is no folder {version}, which version_policy asks for"));
        let chosen = config.versions.choose(&numbers).into_iter();
        let versions = chosen
            .map(|version| (version, present.get(&version).cloned().unwrap_or_else(|| missing(version))));
        Ok(Self { versions: versions.collect(), config: Arc::new(config), said })
    }

    /// What `version` is made of, where it can be.
    pub(super) fn content(&self, version: u64) -> Option<(u64, &Content)> {
        Some((version, self.versions.get(&version)?.as_ref().ok()?))
    }

    /// What `version` would be loaded from, where that can be compared.
    pub(super) fn source(&self, version: u64) -> Option<Source> {
        match self.versions.get(&version)? {
            Ok(Content::Folder(content)) => {
                Some(Source { said: self.said.clone(), content: content.clone() })
            }
            Ok(Content::Given(_)) | Err(_) => None,
        }
    }
}

/// The versions that are there, served or not.
fn present(folder: Option<&Folder>, given: &Given) -> BTreeMap<u64, Result<Content, String>> {
    if !given.models.is_empty() {
        let given = given.models.iter();
        return given.map(|(version, bytes)| (*version, Ok(Content::Given(bytes.clone())))).collect();
    }
    let Some(folder) = folder else { return BTreeMap::new() };
    let versions = folder.versions.iter();
    versions
        .map(|(version, files)| (*version, files.clone().and_then(|files| content(folder, *version, files))))
        .collect()
}

fn content(folder: &Folder, version: u64, files: Files) -> Result<Content, String> {
    if !files.keys().any(|path| path.as_os_str() == MODEL_FILE) {
        return Err(format!("there is no file {version}/{MODEL_FILE}"));
    }
    Ok(Content::Folder(FolderContent { path: folder.path.clone(), warmup: folder.warmup, files }))
}

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use phalanx_tensor::{Signature, Tensor};

use crate::ModelOptions;

/// What is said of the model of this name before its `config.pbtxt` is asked.
pub type ModelOverrides = Arc<dyn Fn(&str) -> ModelOptions + Send + Sync>;

/// Reads the warm-up requests of a `warmup.npz` for a model of this signature: any number of them, each one tensor an
/// input in the signature's order. The error is a sentence for whoever wrote the file.
pub type WarmupReader = Arc<dyn Fn(&Path, &Signature) -> Result<Vec<Vec<Tensor>>, String> + Send + Sync>;

/// Which repository is served, and how.
#[derive(Clone)]
pub struct RepositoryOptions {
    /// The folders that hold models' folders. A name may be in one of them only.
    pub roots: Vec<PathBuf>,
    /// Which models are loaded, and when.
    pub mode: ModelControlMode,
    /// Whether a model that fails at start is an error of the start; else the others are served without it.
    pub exit_on_error: bool,
    /// What goes before a model's `config.pbtxt`, such as flags of the command line.
    pub overrides: ModelOverrides,
    /// What holds where nothing else says anything.
    pub defaults: ModelOptions,
    /// Reads `warmup.npz`; without it a model that has one fails to load.
    pub warmup: Option<WarmupReader>,
    /// What may not be passed.
    pub limits: RepositoryLimits,
}

/// Which models are loaded, and when; by the names of Triton's `--model-control-mode`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelControlMode {
    /// All at start, and none later.
    #[default]
    None,
    /// Clients load and unload them.
    Explicit {
        /// Those loaded at start; `*` for all.
        startup: Vec<String>,
    },
    /// All at start, and then whatever changes: new models and versions are loaded, changed ones replaced, and those
    /// that are gone unloaded. What changed since the last look is left alone until the next, since somebody may be
    /// copying it.
    Poll {
        /// Time between two looks.
        interval: Duration,
    },
}

/// What a repository may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepositoryLimits {
    /// Models in all roots.
    pub models_max: usize,
    /// Versions of a model, served or not.
    pub versions_max: usize,
    /// Files of a version, its folders' included.
    pub files_max: usize,
    /// Bytes of a `config.pbtxt`, or of a configuration that comes with a load.
    pub config_bytes_max: usize,
    /// Bytes of the model files that come with a load.
    pub load_bytes_max: usize,
}

impl RepositoryOptions {
    /// Serves all models of these roots with the engine's own defaults.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            roots: roots.into_iter().map(Into::into).collect(),
            mode: ModelControlMode::default(),
            exit_on_error: true,
            overrides: Arc::new(|_| ModelOptions::default()),
            defaults: ModelOptions::default(),
            warmup: None,
            limits: RepositoryLimits::default(),
        }
    }
}

impl Default for RepositoryLimits {
    fn default() -> Self {
        Self {
            models_max: 1024,
            versions_max: 1024,
            files_max: 4096,
            config_bytes_max: 1 << 20,
            load_bytes_max: 1 << 30,
        }
    }
}

impl fmt::Debug for RepositoryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepositoryOptions")
            .field("roots", &self.roots)
            .field("mode", &self.mode)
            .field("exit_on_error", &self.exit_on_error)
            .field("defaults", &self.defaults)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

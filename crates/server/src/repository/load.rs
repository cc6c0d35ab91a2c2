use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use phalanx_model::Model;

use super::config::ModelConfig;
use super::wanted::{Content, FolderContent};
use super::{MODEL_FILE, RepositoryOptions, WARMUP_FILE};
use crate::serving::Served;

/// Prepares one version and warms it up; takes as long as that.
///
/// The error is a sentence for whoever put the version there.
pub(super) fn load(
    options: &RepositoryOptions,
    name: &str,
    version: u64,
    config: &ModelConfig,
    content: &Content,
) -> Result<Arc<Served>, String> {
    // One model that a runtime cannot cope with must not stop all others.
    let loaded = catch_unwind(AssertUnwindSafe(|| prepare(options, name, version, config, content)));
    loaded.unwrap_or_else(|_| Err("the runtime panicked while it prepared the model".to_owned()))
}

fn prepare(
    options: &RepositoryOptions,
    name: &str,
    version: u64,
    config: &ModelConfig,
    content: &Content,
) -> Result<Arc<Served>, String> {
    let model = match content {
        Content::Folder(FolderContent { path, .. }) => {
            Model::load(path.join(version.to_string()).join(MODEL_FILE))
        }
        Content::Given(bytes) => Model::from_bytes(bytes.clone()),
    };
    let model = model.map_err(|error| error.to_string())?;
    config.check(model.signature()).map_err(|error| error.to_string())?;
    let mut said = config.options();
    if let Content::Folder(content @ FolderContent { warmup: Some(_), .. }) = content {
        let path = content.path.join(WARMUP_FILE);
        let reader = options.warmup.as_ref();
        let reader = reader
            .ok_or_else(|| format!("{WARMUP_FILE}: expected no such file, since it cannot be read here"))?;
        said.warmup = reader(&path, model.signature()).map_err(|error| format!("{WARMUP_FILE}: {error}"))?;
    }
    let chosen = (options.overrides)(name).or(&said).or(&options.defaults);
    let served = Served::start(name, &version.to_string(), model, chosen);
    served.map(Arc::new).map_err(|error| error.to_string())
}

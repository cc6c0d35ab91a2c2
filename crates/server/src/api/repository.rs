use std::collections::BTreeSet;
use std::sync::Arc;

use compact_str::CompactString;
use phalanx_protocol::rest::metadata::ModelIndex;

use super::{LoadOverrides, ModelControl};
use crate::ServeError;
use crate::context::Context;

/// Every version of every model, and the models that were never loaded; those that can answer alone if `ready`.
pub(crate) fn index(context: &Context, ready: bool) -> Vec<ModelIndex> {
    let known = context.registry.index();
    let names: BTreeSet<CompactString> = known.iter().map(|(name, ..)| name.clone()).collect();
    let versions = known.into_iter().filter(|(_, _, entry)| !ready || entry.served.is_some());
    let mut index: Vec<ModelIndex> = versions
        .map(|(name, version, entry)| ModelIndex {
            name: name.into(),
            version: version.to_string(),
            state: entry.state.name().to_owned(),
            reason: entry.state.reason().to_owned(),
        })
        .collect();
    if !ready && let Some(control) = context.control.get() {
        let never_loaded = control.models().into_iter().filter(|name| !names.contains(name));
        index.extend(never_loaded.map(|name| ModelIndex { name: name.into(), ..ModelIndex::default() }));
    }
    index
}

/// Loads a model, away from this thread.
///
/// # Errors
/// As [`ModelControl::load`]; [`ServeError::Unsupported`] without a repository.
pub(crate) async fn load(context: &Context, model: &str, overrides: LoadOverrides) -> Result<(), ServeError> {
    away(context, model, move |control, model| control.load(model, overrides)).await
}

/// Takes a model out of service, away from this thread. No model here needs another one, so none has dependents.
///
/// # Errors
/// As [`ModelControl::unload`]; [`ServeError::Unsupported`] without a repository.
pub(crate) async fn unload(context: &Context, model: &str) -> Result<(), ServeError> {
    away(context, model, |control, model| control.unload(model)).await
}

async fn away<F>(context: &Context, model: &str, call: F) -> Result<(), ServeError>
where
    F: FnOnce(&dyn ModelControl, &str) -> Result<(), ServeError> + Send + 'static,
{
    if context.is_stopping() {
        return Err(ServeError::Stopping);
    }
    let control = context.control.get().map(Arc::clone).ok_or_else(|| ServeError::Unsupported {
        what: "loading and unloading models without a repository and --model-control explicit".to_owned(),
    })?;
    let model = model.to_owned();
    let done = tokio::task::spawn_blocking(move || call(&*control, &model)).await;
    done.unwrap_or_else(|error| Err(ServeError::Failed { message: error.to_string() }))
}

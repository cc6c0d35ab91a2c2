use std::collections::BTreeSet;

use phalanx_engine::EngineInfo;

use crate::ServeError;
use crate::context::Context;
use crate::serving::Served;

/// Whether it can answer inferences.
pub(crate) fn server_ready(context: &Context) -> bool {
    context.is_ready()
}

/// Whether a model, in this version or where that is empty in any, can answer.
///
/// # Errors
/// [`ServeError::NoSuchModel`], [`ServeError::NoSuchVersion`].
pub(crate) fn model_ready(context: &Context, model: &str, version: &str) -> Result<bool, ServeError> {
    match context.registry.find(model, version) {
        Ok(_) => Ok(!context.is_stopping()),
        Err(ServeError::NotReady { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What runs the models that answer, each once, such as `onnxruntime/1.31.1 cpu`; of the model of this name and version
/// where one is said. Where another stands in for the one that was chosen, both are told.
pub(crate) fn backends(context: &Context, model: Option<(&str, &str)>) -> Vec<String> {
    let backend = |served: &Served| {
        let info: &EngineInfo = served.info();
        let chosen = format!("{}/{} {}", info.backend, info.runtime_version(), info.devices);
        match served.engine().degraded() {
            None => chosen,
            Some(now) => format!("{} {} instead of {chosen}", now.backend, now.device),
        }
    };
    match model {
        Some((model, version)) => {
            let served = context.registry.find(model, version);
            served.iter().map(|served| backend(served)).collect()
        }
        None => {
            let all = context.registry.served();
            all.iter().map(|served| backend(served)).collect::<BTreeSet<_>>().into_iter().collect()
        }
    }
}

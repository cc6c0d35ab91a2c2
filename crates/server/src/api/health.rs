use crate::ServeError;
use crate::context::Context;

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

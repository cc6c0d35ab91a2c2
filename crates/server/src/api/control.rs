use bytes::Bytes;
use compact_str::CompactString;

use crate::ServeError;

/// Loads and unloads models because a client asks for it: what keeps a repository.
///
/// Both calls may take as long as preparing a model does; they are made on threads where that disturbs nobody.
pub trait ModelControl: Send + Sync {
    /// The models there are, whether they were ever loaded or not.
    fn models(&self) -> Vec<CompactString>;

    /// Loads a model, or loads it again as it is now. What answered before goes on until its successor is ready, and on
    /// where that fails.
    ///
    /// # Errors
    /// [`ServeError::NoSuchModel`]; [`ServeError::Invalid`] for an override that does not do;
    /// [`ServeError::Unsupported`] where clients may not; [`ServeError::Failed`].
    fn load(&self, model: &str, overrides: LoadOverrides) -> Result<(), ServeError>;

    /// Takes a model out of service; what it was asked until now is still answered.
    ///
    /// # Errors
    /// [`ServeError::NoSuchModel`], [`ServeError::Unsupported`].
    fn unload(&self, model: &str) -> Result<(), ServeError>;
}

/// What a load says instead of what the repository holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOverrides {
    /// A model configuration as JSON.
    pub config: Option<String>,
    /// Contents of files, by their path within the model's folder, such as `1/model.onnx`.
    pub files: Vec<(String, Bytes)>,
}

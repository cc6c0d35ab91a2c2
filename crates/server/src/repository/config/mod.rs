//! What `config.pbtxt`, or the configuration that comes with a load, says of a model. What it says and nothing here
//! honours is refused by its name. The fields that are honoured stand at the top of the repository's documentation.

mod batching;
mod error;
mod fields;
mod instances;
mod json;
mod node;
mod tensors;
mod text;
mod versions;

use phalanx_engine::BackendChoice;
use phalanx_tensor::Signature;

use self::batching::Batching;
pub(super) use self::error::{ConfigError, Place};
use self::fields::Fields;
use self::instances::Instances;
use self::node::Field;
use self::tensors::{Axes, TensorConfig};
pub(super) use self::versions::VersionPolicy;
use super::MODEL_FILE;
use crate::ModelOptions;

/// What is said of a model; nothing where nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ModelConfig {
    /// Which versions are served.
    pub(super) versions: VersionPolicy,
    backend: Option<&'static str>,
    max_batch: Option<MaxBatch>,
    batching: Batching,
    instances: Instances,
    inputs: Vec<TensorConfig>,
    outputs: Vec<TensorConfig>,
}

/// Rows of the largest batch as they are said; 0 for requests that run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MaxBatch {
    rows: usize,
    place: Place,
}

impl ModelConfig {
    /// Reads the `config.pbtxt` of the model `name`.
    pub(super) fn from_text(name: &str, text: &str) -> Result<Self, ConfigError> {
        Self::from_fields(name, &text::parse(text)?)
    }

    /// Reads the JSON that came with a load of the model `name`.
    pub(super) fn from_json(name: &str, text: &str) -> Result<Self, ConfigError> {
        Self::from_fields(name, &json::parse(text)?)
    }

    fn from_fields(name: &str, fields: &[Field]) -> Result<Self, ConfigError> {
        let mut fields = Fields::new(fields);
        if let Some(given) = fields.one("name")?
            && !given.text()?.is_empty()
            && given.text()? != name
        {
            return Err(given.unexpected(format!("the name of its folder, {name:?}")));
        }
        let max_batch = fields.read("max_batch_size", |given| {
            Ok(MaxBatch { rows: given.number::<u32>(0)? as usize, place: given.place() })
        })?;
        let rows_max = max_batch.map(|max| max.rows);
        let config = Self {
            backend: backend(&mut fields)?,
            max_batch,
            versions: fields.read("version_policy", |given| versions::read(&given))?.unwrap_or_default(),
            batching: fields
                .read("dynamic_batching", |given| batching::read(&given, rows_max))?
                .unwrap_or_default(),
            instances: instances::read(&mut fields)?,
            inputs: fields
                .many("input")
                .map(|given| tensors::read_input(&given))
                .collect::<Result<_, _>>()?,
            outputs: fields
                .many("output")
                .map(|given| tensors::read_output(&given))
                .collect::<Result<_, _>>()?,
        };
        if let Some(given) = fields.one("default_model_filename")?
            && !matches!(given.text()?, "" | MODEL_FILE)
        {
            return Err(given.unexpected(format!("{MODEL_FILE:?}")));
        }
        fields.idle(&["runtime"], "")?;
        fields.finish()?;
        Ok(config)
    }

    /// How the engine is to run the model.
    pub(super) fn options(&self) -> ModelOptions {
        ModelOptions {
            backend: self.backend.map(|name| BackendChoice::Named(name.to_owned())),
            device: self.instances.devices.clone(),
            lanes: self.instances.lanes,
            // Without batching a request's rows run one by one, and never with another's.
            max_batch: self.max_batch.map(|max| max.rows.max(1)),
            policy: self.batching.policy,
            queue_limit: self.batching.queue_limit,
            ..ModelOptions::default()
        }
    }

    /// Whether the model's inputs and outputs are those that are said.
    pub(super) fn check(&self, signature: &Signature) -> Result<(), ConfigError> {
        let axes = Axes::of(self.max_batch, signature)?;
        tensors::check_inputs(&self.inputs, &signature.inputs, axes)?;
        tensors::check_outputs(&self.outputs, &signature.outputs, axes)
    }
}

/// The backends that can be named. A platform is one of them and the format of its models.
const BACKENDS: [&str; 2] = ["onnxruntime", "tract"];

/// The backend that both spellings name.
fn backend(fields: &mut Fields<'_>) -> Result<Option<&'static str>, ConfigError> {
    let mut chosen: Option<(&'static str, &'static str)> = None;
    for (field, suffix) in [("platform", "_onnx"), ("backend", "")] {
        let Some(given) = fields.one(field)? else { continue };
        let text = given.text()?;
        if text.is_empty() {
            continue;
        }
        let base = text.strip_suffix(suffix);
        let name = BACKENDS.into_iter().find(|name| Some(*name) == base);
        let name = name.ok_or_else(|| {
            given.unexpected(BACKENDS.map(|name| format!("\"{name}{suffix}\"")).join(" or "))
        })?;
        match chosen {
            Some((other, before)) if before != name => {
                return Err(given.unexpected(format!("the same as {other} ({before})")));
            }
            _ => chosen = Some((field, name)),
        }
    }
    Ok(chosen.map(|(_, name)| name))
}

#[cfg(test)]
mod tests;

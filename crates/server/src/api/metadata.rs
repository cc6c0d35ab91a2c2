use phalanx_engine::Batching;
use phalanx_protocol::datatype;
use phalanx_protocol::rest::metadata::{ModelMetadata, ServerMetadata, TensorMetadata};
use phalanx_tensor::{Dim, TensorInfo};

use crate::ServeError;
use crate::context::Context;
use crate::serving::Served;

/// The protocol's extensions that this server has, by Triton's names.
const EXTENSIONS: [&str; 11] = [
    "classification",
    "model_repository",
    "model_repository(unload_dependents)",
    "schedule_policy",
    "model_configuration",
    "system_shared_memory",
    "binary_tensor_data",
    "parameters",
    "statistics",
    "logging",
    "trace",
];

/// What the server is.
pub(crate) fn server_metadata() -> ServerMetadata {
    ServerMetadata {
        name: "phalanx".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        extensions: EXTENSIONS.map(str::to_owned).into(),
    }
}

/// What a model takes and gives.
///
/// # Errors
/// [`ServeError::NoSuchModel`], [`ServeError::NoSuchVersion`], [`ServeError::NotReady`].
pub(crate) fn model_metadata(
    context: &Context,
    model: &str,
    version: &str,
) -> Result<ModelMetadata, ServeError> {
    let served = context.registry.find(model, version)?;
    let index = context.registry.index();
    let versions = index.iter().filter(|(name, _, entry)| name == model && entry.served.is_some());
    let signature = served.signature();
    let tensors = |infos: &[TensorInfo]| infos.iter().map(|info| tensor(&served, info)).collect();
    Ok(ModelMetadata {
        name: served.name.to_string(),
        versions: versions.map(|(_, version, _)| version.to_string()).collect(),
        platform: platform(&served),
        inputs: tensors(&signature.inputs),
        outputs: tensors(&signature.outputs),
    })
}

/// What runs the model, as Triton calls a runtime for ONNX files.
pub(super) fn platform(served: &Served) -> String {
    format!("{}_onnx", served.info().backend)
}

/// Whether axis 0 of every tensor is the requests' rows, of which there may be any number.
pub(super) fn is_batched(served: &Served) -> bool {
    !matches!(served.info().batching, Batching::Unbatched { .. })
}

/// The dimensions, -1 where any size will do.
pub(super) fn dims(info: &TensorInfo) -> Vec<i64> {
    let dims = info.dims.as_deref().unwrap_or(&[Dim::Unknown]);
    dims.iter().map(|dim| dim.fixed().and_then(|size| i64::try_from(size).ok()).unwrap_or(-1)).collect()
}

fn tensor(served: &Served, info: &TensorInfo) -> TensorMetadata {
    let mut shape = dims(info);
    if is_batched(served)
        && let Some(rows) = shape.first_mut()
    {
        *rows = -1;
    }
    TensorMetadata { name: info.name.clone(), datatype: datatype(info.dtype).to_owned(), shape }
}

use phalanx_backend::Device;
use phalanx_engine::Policy;
use phalanx_protocol::datatype;
use phalanx_protocol::rest::metadata::{
    DynamicBatching, InstanceGroup, ModelConfig, ModelInput, ModelOutput, VersionPolicy, VersionsLatest,
    VersionsSpecific,
};
use phalanx_tensor::{DType, TensorInfo};

use super::metadata::{dims, is_batched, platform};
use crate::ServeError;
use crate::context::Context;
use crate::serving::Served;

/// How a model is run, as a Triton model configuration says it.
///
/// # Errors
/// [`ServeError::NoSuchModel`], [`ServeError::NoSuchVersion`], [`ServeError::NotReady`].
pub(crate) fn model_config(context: &Context, model: &str, version: &str) -> Result<ModelConfig, ServeError> {
    let served = context.registry.find(model, version)?;
    let (info, signature) = (served.info(), served.signature());
    let max_batch_size = if is_batched(&served) { count(info.max_batch) } else { 0 };
    Ok(ModelConfig {
        name: served.name.to_string(),
        platform: platform(&served),
        backend: info.backend.to_owned(),
        version_policy: Some(version_policy(context, model)),
        max_batch_size,
        input: signature.inputs.iter().map(|info| input(&served, info)).collect(),
        output: signature.outputs.iter().map(|info| output(&served, info)).collect(),
        dynamic_batching: (max_batch_size > 0).then(|| dynamic_batching(&served)),
        instance_group: vec![instance_group(&served)],
        default_model_filename: "model.onnx".to_owned(),
        ..ModelConfig::default()
    })
}

/// Which versions are served, however that was decided.
fn version_policy(context: &Context, model: &str) -> VersionPolicy {
    let index = context.registry.index();
    let served = index.iter().filter(|(name, _, entry)| name == model && entry.served.is_some());
    let versions: Vec<i64> = served.filter_map(|(_, version, _)| i64::try_from(*version).ok()).collect();
    if versions.len() == 1 {
        let latest = Some(VersionsLatest { num_versions: 1 });
        return VersionPolicy { latest, ..VersionPolicy::default() };
    }
    VersionPolicy { specific: Some(VersionsSpecific { versions }), ..VersionPolicy::default() }
}

fn dynamic_batching(served: &Served) -> DynamicBatching {
    let delay_us = match served.info().policy {
        Policy::Delay { timeout_ns } => timeout_ns / 1000,
        _ => 0,
    };
    DynamicBatching { max_queue_delay_microseconds: delay_us, ..DynamicBatching::default() }
}

fn instance_group(served: &Served) -> InstanceGroup {
    let info = served.info();
    let gpu = |device: Device| match device {
        Device::Cpu => None,
        Device::Cuda(index) => Some(i32::try_from(index).unwrap_or(i32::MAX)),
        _ => Some(0),
    };
    let gpus: Vec<i32> = info.devices.iter().filter_map(gpu).collect();
    let kind = if gpus.is_empty() { "KIND_CPU" } else { "KIND_GPU" };
    InstanceGroup {
        name: format!("{}_0", served.name),
        kind: kind.to_owned(),
        count: count(info.lanes / info.devices.iter().count()),
        gpus,
    }
}

fn input(served: &Served, info: &TensorInfo) -> ModelInput {
    ModelInput {
        name: info.name.clone(),
        data_type: data_type(info.dtype),
        format: "FORMAT_NONE".to_owned(),
        dims: row_dims(served, info),
        ..ModelInput::default()
    }
}

fn output(served: &Served, info: &TensorInfo) -> ModelOutput {
    ModelOutput {
        name: info.name.clone(),
        data_type: data_type(info.dtype),
        dims: row_dims(served, info),
        ..ModelOutput::default()
    }
}

/// A configuration leaves the batch axis out.
fn row_dims(served: &Served, info: &TensorInfo) -> Vec<i64> {
    dims(info).into_iter().skip(usize::from(is_batched(served))).collect()
}

fn data_type(dtype: DType) -> String {
    match dtype {
        DType::String => "TYPE_STRING".to_owned(),
        other => format!("TYPE_{}", datatype(other)),
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

use std::collections::BTreeMap;

use phalanx_backend::Device;
use phalanx_model::Model;
use phalanx_tensor::TensorInfo;
use serde::Serialize;

use super::batching::BatchingReport;
use super::cpu_warning;
use super::verdict::Verdict;

/// All that is known of a model.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) phalanx: &'static str,
    pub(super) name: String,
    pub(super) path: Option<String>,
    pub(super) file_bytes: usize,
    pub(super) external_data: Vec<String>,
    pub(super) opset: i64,
    pub(super) parameters: u64,
    pub(super) parameter_bytes: u64,
    pub(super) inputs: Vec<Entry>,
    pub(super) outputs: Vec<Entry>,
    pub(super) batching: BatchingReport,
    pub(super) operators: BTreeMap<String, usize>,
    pub(super) device: String,
    pub(super) backends: Vec<Verdict>,
    pub(super) warnings: Vec<String>,
    pub(super) hints: Vec<String>,
}

/// One input or output.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: &'static str,
    /// Each axis as a number, a name, or `?`; `null` where even their number is unknown.
    pub(super) shape: Option<Vec<String>>,
}

impl Entry {
    fn new(info: &TensorInfo) -> Self {
        let shape = info.dims.as_ref().map(|dims| dims.iter().map(ToString::to_string).collect());
        Self { name: info.name.clone(), dtype: info.dtype.name(), shape }
    }
}

impl Report {
    pub(super) fn new(
        model: &Model,
        device: Device,
        batching: BatchingReport,
        backends: Vec<Verdict>,
    ) -> Self {
        let device = device.to_string();
        Self {
            phalanx: env!("CARGO_PKG_VERSION"),
            name: model.name().to_owned(),
            path: model.path().map(|path| path.display().to_string()),
            file_bytes: model.bytes().len(),
            external_data: model.external_data().iter().map(|path| path.display().to_string()).collect(),
            opset: model.opset(),
            parameters: model.parameters(),
            parameter_bytes: model.parameter_bytes(),
            inputs: model.signature().inputs.iter().map(Entry::new).collect(),
            outputs: model.signature().outputs.iter().map(Entry::new).collect(),
            batching,
            operators: model.operators().clone(),
            warnings: backends.iter().filter_map(|verdict| cpu_warning(verdict, &device)).collect(),
            hints: backends.iter().filter_map(|verdict| verdict.hint.clone()).collect(),
            device,
            backends,
        }
    }
}

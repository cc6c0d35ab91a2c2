use phalanx_protocol::{InferInput, InferRequest, InputData, Parameter, Parameters};
use phalanx_tensor::{Signature, Tensor};

use super::{Format, RemoteError, RequestOptions};
use crate::Samples;

/// Distinct requests that are sent in turn, and the memory they may take.
const REQUESTS_MAX: usize = 256;
const REQUESTS_BYTES_MAX: usize = 64 << 20;

/// Requests before they are encoded.
pub(crate) struct Prepared<'a> {
    pub(crate) model: String,
    pub(crate) version: String,
    pub(crate) format: Format,
    signature: &'a Signature,
    samples: &'a Samples,
    rows: usize,
    parameters: Parameters,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(
        (model, version): (&str, &str),
        signature: &'a Signature,
        samples: &'a Samples,
        options: &RequestOptions,
    ) -> Result<Self, RemoteError> {
        let rows = options.rows.get();
        let refuse = |option, expected, got| Err(RemoteError::Option { option, expected, got });
        if rows > 1 && !samples.batched() {
            return refuse("rows", "1 for a model without a batch axis", rows.to_string());
        }
        let mut parameters = Parameters::default();
        if let Some(timeout) = options.timeout {
            match i64::try_from(timeout.as_micros()) {
                Ok(us @ 1..) => parameters.set("timeout", Parameter::Int(us)),
                _ => return refuse("timeout", "a time of at least a microsecond", format!("{timeout:?}")),
            }
        }
        if let Some(priority) = options.priority {
            match i64::try_from(priority) {
                Ok(priority) => parameters.set("priority", Parameter::Int(priority)),
                Err(_) => return refuse("priority", "a number below 2^63", priority.to_string()),
            }
        }
        let (model, version) = (model.to_owned(), version.to_owned());
        Ok(Self { model, version, format: options.format, signature, samples, rows, parameters })
    }

    /// All of them, one by one: as many as there are samples, and as fit into the memory set aside for them.
    pub(crate) fn requests(&self) -> impl Iterator<Item = Result<InferRequest, RemoteError>> {
        let sample_bytes: usize = self.samples.get(0).iter().map(Tensor::size_bytes).sum();
        let fitting = REQUESTS_BYTES_MAX / sample_bytes.saturating_mul(self.rows).max(1);
        (0..self.samples.len().min(fitting.clamp(1, REQUESTS_MAX))).map(|index| self.request(index))
    }

    fn request(&self, index: usize) -> Result<InferRequest, RemoteError> {
        let tensors = if self.samples.batched() {
            self.samples.batch(index, self.rows)?
        } else {
            self.samples.get(index).to_vec()
        };
        let input = |(info, tensor): (&phalanx_tensor::TensorInfo, Tensor)| InferInput {
            name: info.name.as_str().into(),
            data: InputData::Tensor(tensor),
        };
        Ok(InferRequest {
            model_name: self.model.as_str().into(),
            model_version: self.version.as_str().into(),
            id: "".into(),
            parameters: self.parameters.clone(),
            inputs: self.signature.inputs.iter().zip(tensors).map(input).collect(),
            outputs: std::iter::empty().collect(),
        })
    }
}

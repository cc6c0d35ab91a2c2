use bytes::Bytes;
use phalanx_backend::BackendError;
use phalanx_model::{Model, half_gemm_spelled_out};
use prost::Message;
use tract_onnx::model::{Onnx, ParseResult};
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::{InferenceModel, TractResult};
use tract_onnx::tract_core::internal::anyhow;

use crate::operators;
use crate::{NAME, prepare_error};

/// Where a model can be parsed from, again if need be. Sharing the bytes with the model costs nothing.
pub(crate) struct Source {
    bytes: Bytes,
    folder: Option<String>,
}

impl Source {
    pub(crate) fn new(model: &Model) -> Result<Self, BackendError> {
        let folder =
            match model.path().and_then(|path| path.parent()) {
                None => None,
                Some(folder) => Some(folder.to_str().map(str::to_owned).ok_or_else(|| {
                    prepare_error(format!("the path {} is not valid UTF-8", folder.display()))
                })?),
            };
        Ok(Self { bytes: half_gemm_spelled_out(model).map_err(prepare_error)?, folder })
    }

    /// The graph as it was exported.
    ///
    /// # Errors
    /// [`BackendError::UnsupportedOperators`] with every operator that tract cannot build, [`BackendError::Prepare`].
    pub(crate) fn parse(&self) -> Result<InferenceModel, BackendError> {
        let proto = ModelProto::decode(self.bytes.clone()).map_err(prepare_error)?;
        let onnx = tract_onnx::onnx();
        let unknown = operators::unknown(&onnx, &proto);
        if !unknown.is_empty() {
            return Err(BackendError::UnsupportedOperators { backend: NAME, operators: unknown });
        }
        self.build(&onnx, &proto).map_err(|error| {
            let refused = operators::refused(&onnx, &proto, self.folder.as_deref());
            if refused.is_empty() {
                prepare_error(format!("{error:#}"))
            } else {
                BackendError::UnsupportedOperators { backend: NAME, operators: refused }
            }
        })
    }

    fn build(&self, onnx: &Onnx, proto: &ModelProto) -> TractResult<InferenceModel> {
        let ParseResult { model, unresolved_inputs, .. } = onnx.parse(proto, self.folder.as_deref())?;
        if unresolved_inputs.is_empty() {
            Ok(model)
        } else {
            Err(anyhow!("nothing gives {}", unresolved_inputs.join(", ")))
        }
    }
}

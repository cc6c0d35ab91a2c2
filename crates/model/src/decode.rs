//! From bytes to a message that is a model's.

use bytes::Bytes;
use prost::Message;

use crate::error::{ModelError, Origin};
use crate::proto::{GraphProto, ModelProto};
use crate::wire;

/// What a model's parts other than its weights may take once decoded. A graph of 100,000 nodes takes a quarter of it.
const DECODED_BYTES_MAX: u64 = 1 << 29;

/// The whole message; its tensors share `bytes` where they hold raw data.
pub(crate) fn model(origin: &Origin, bytes: &Bytes) -> Result<ModelProto, ModelError> {
    if bytes.is_empty() {
        return Err(ModelError::Empty { model: origin.clone() });
    }
    let survey = wire::survey(bytes);
    if survey.decoded_bytes > DECODED_BYTES_MAX {
        return Err(ModelError::TooManyParts { model: origin.clone(), bytes_max: DECODED_BYTES_MAX });
    }
    ModelProto::decode(bytes.clone()).map_err(|error| match survey.truncated_at {
        Some(bytes_min) => {
            ModelError::Truncated { model: origin.clone(), bytes_min, bytes: bytes.len() as u64 }
        }
        None => ModelError::NotOnnx { model: origin.clone(), reason: error.to_string() },
    })
}

/// The graph that every model has: what else decodes is some other message.
pub(crate) fn main_graph<'a>(origin: &Origin, proto: &'a ModelProto) -> Result<&'a GraphProto, ModelError> {
    let refuse = |reason: String| ModelError::NotOnnx { model: origin.clone(), reason };
    if proto.ir_version < 1 {
        return Err(refuse(format!("expected a format version from 1, got {}", proto.ir_version)));
    }
    proto.graph.as_ref().ok_or_else(|| refuse("expected a graph, got none".to_owned()))
}

/// Version of the default operator set; 0 where none is imported.
pub(crate) fn opset(origin: &Origin, proto: &ModelProto) -> Result<i64, ModelError> {
    // Operator sets have versions of their own since IR version 3.
    if proto.opset_import.is_empty() {
        if proto.ir_version < 3 {
            return Ok(1);
        }
        let reason = "expected the versions of its operator sets, got none".to_owned();
        return Err(ModelError::InvalidGraph { model: origin.clone(), reason });
    }
    let default = proto.opset_import.iter().filter(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    Ok(default.map(|set| set.version).max().unwrap_or(0))
}

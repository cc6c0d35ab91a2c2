use std::path::Path;

use phalanx_tensor::{DType, Tensor};

use super::weights::Weights;
use crate::proto::{DataLocation, StringStringEntryProto, TensorProto};
use crate::{GraphBuilder, Model, ModelError};

/// The file with the weights.
const WEIGHTS: &str = "external_data.weights";

/// Weights in a file of their own: a linear layer from `x` f32 `[batch, 16]` to `y` f32 `[batch, 8]`, written to
/// `external_data.onnx` and `external_data.weights` in `folder`.
///
/// # Errors
/// [`ModelError::Io`] where the folder cannot be written to.
pub fn external_data(folder: impl AsRef<Path>, seed: u64) -> Result<Model, ModelError> {
    let mut weights = Weights::new(seed);
    let mut graph = GraphBuilder::new("external_data");
    let mut file = Vec::new();
    graph.input("x", DType::F32, &super::rows(&[16]));
    graph.initializer(outside("weight", &weights.draw([16, 8], 16), &mut file));
    graph.initializer(outside("bias", &weights.draw([8], 16), &mut file));
    graph.node("y", "Gemm", &["x", "weight", "bias"], &[]);
    graph.output("y", DType::F32, &super::rows(&[8]));

    let folder = folder.as_ref();
    let model = folder.join("external_data.onnx");
    write(&folder.join(WEIGHTS), &file)?;
    write(&model, &prost::Message::encode_to_vec(&graph.finish()))?;
    Model::load(model)
}

/// A constant whose data is put at the end of `file`.
fn outside(name: &str, value: &Tensor, file: &mut Vec<u8>) -> TensorProto {
    let mut tensor = TensorProto::from_tensor(name, value);
    let data = tensor.raw_data.take().unwrap_or_default();
    let entry = |key: &str, value: String| StringStringEntryProto { key: key.to_owned(), value };
    tensor.data_location = DataLocation::External.into();
    tensor.external_data = vec![
        entry("location", WEIGHTS.to_owned()),
        entry("offset", file.len().to_string()),
        entry("length", data.len().to_string()),
    ];
    file.extend_from_slice(&data);
    tensor
}

fn write(path: &Path, content: &[u8]) -> Result<(), ModelError> {
    std::fs::write(path, content).map_err(|source| crate::read::io_error("write", path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_beside_the_model() {
        let folder = tempfile::tempdir().unwrap();
        let model = external_data(folder.path(), 1).unwrap();
        assert_eq!(model.external_data(), [folder.path().join(WEIGHTS)]);
        assert_eq!((model.parameters(), model.parameter_bytes()), (136, 544));
        assert!(model.bytes().len() < 544);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = external_data(folder.path().join("missing"), 1).unwrap_err();
        assert!(matches!(error, ModelError::Io { action: "write", .. }), "{error}");
    }
}

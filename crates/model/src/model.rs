use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use phalanx_tensor::Signature;
use prost::Message;
use twox_hash::XxHash3_128;

use crate::error::{ModelError, Origin, clip};
use crate::external::{self, ExternalFile};
use crate::proto::{GraphProto, ModelProto};
use crate::{constants, decode, memory, operators, read, signature};

/// An ONNX model as it was read: its bytes, and what they declare.
///
/// Cloning shares the bytes.
#[derive(Clone)]
pub struct Model {
    origin: Origin,
    bytes: Bytes,
    name: String,
    signature: Signature,
    operators: BTreeMap<String, usize>,
    opset: i64,
    constants: constants::Size,
    external: Vec<ExternalFile>,
    external_paths: Vec<PathBuf>,
}

impl Model {
    /// Reads the `.onnx` file at `path`. External data beside it is checked, but not read.
    ///
    /// # Errors
    /// Every [`ModelError`] but [`ModelError::ExternalWithoutFolder`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        Self::load_within(path.as_ref(), memory::available_bytes())
    }

    /// Takes over the content of an `.onnx` file.
    ///
    /// # Errors
    /// Every [`ModelError`] that is not about files; [`ModelError::ExternalWithoutFolder`] where weights are not in
    /// the bytes.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self, ModelError> {
        let bytes = bytes.into();
        read::check_length(&Origin::Memory, bytes.len() as u64)?;
        Self::read(Origin::Memory, bytes, None)
    }

    /// Encodes a model that was built in memory.
    ///
    /// # Errors
    /// As [`Model::from_bytes`].
    pub fn from_proto(proto: &ModelProto) -> Result<Self, ModelError> {
        let bytes = proto.encoded_len() as u64;
        read::check_length(&Origin::Memory, bytes)?;
        Self::from_bytes(proto.encode_to_vec())
    }

    fn load_within(path: &Path, bytes_available: Option<u64>) -> Result<Self, ModelError> {
        let bytes = read::file(path, bytes_available)?;
        // What the file takes is gone from what is available; its external data comes on top.
        let left = bytes_available.map(|available| available.saturating_sub(bytes.len() as u64));
        Self::read(Origin::File(path.to_owned()), bytes, left)
    }

    fn read(origin: Origin, bytes: Bytes, bytes_left: Option<u64>) -> Result<Self, ModelError> {
        let proto = decode::model(&origin, &bytes)?;
        let graph = decode::main_graph(&origin, &proto)?;
        let opset = decode::opset(&origin, &proto)?;
        let signature = signature::read(&origin, graph)?;
        let constants = constants::measure(&origin, &proto)?;
        let operators = operators::count(&proto).map_err(|function| ModelError::InvalidGraph {
            model: origin.clone(),
            reason: format!("function {:?} calls itself", clip(&function)),
        })?;
        let external = external::files(&origin, &proto)?;
        let external_bytes = external.iter().fold(0, |total: u64, file| total.saturating_add(file.bytes));
        read::check_memory(&origin, external_bytes, bytes_left)?;
        let external_paths = match &origin {
            Origin::File(path) => {
                external.iter().map(|file| external::beside(path, &file.location)).collect()
            }
            Origin::Memory => Vec::new(),
        };
        let name = name(&origin, graph);
        Ok(Self { origin, name, signature, operators, opset, constants, external, external_paths, bytes })
    }

    /// Inputs and outputs, in the model's order; constants listed among the inputs are left out.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The file it came from.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            Origin::Memory => None,
        }
    }

    /// The file's content, without external data.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The file's name without its extension; of a model in memory the graph's name, or `model`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How often each operator stands in the graph, such as `Gemm` or, outside the default domain,
    /// `com.microsoft.FusedMatMul`. Bodies of branches and loops are included; a call of a function local to the
    /// model counts what the function's body holds.
    #[must_use]
    pub fn operators(&self) -> &BTreeMap<String, usize> {
        &self.operators
    }

    /// Version of the default operator set; 0 where the model uses none of its operators.
    #[must_use]
    pub fn opset(&self) -> i64 {
        self.opset
    }

    /// Elements of all initializers, subgraphs' included; of sparse ones, those that are stored.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.constants.elements
    }

    /// Bytes of all initializers, wherever they lie.
    #[must_use]
    pub fn parameter_bytes(&self) -> u64 {
        self.constants.bytes
    }

    /// The files beside the model that hold weights.
    #[must_use]
    pub fn external_data(&self) -> &[PathBuf] {
        &self.external_paths
    }

    /// The decoded message. Its tensors share the model's bytes where they hold raw data.
    ///
    /// # Errors
    /// None for a model that was read; the type allows it so that no caller depends on that.
    pub fn to_proto(&self) -> Result<ModelProto, ModelError> {
        decode::model(&self.origin, &self.bytes)
    }

    /// A hash of the content (XXH3, 128 bits): the same on every machine, different for different models, but no
    /// protection against forgery. Of external data it covers names and lengths only.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        let mut hash = XxHash3_128::new();
        hash.write(&self.bytes);
        for file in &self.external {
            hash.write(&(file.location.len() as u64).to_le_bytes());
            hash.write(file.location.as_bytes());
            hash.write(&file.bytes.to_le_bytes());
        }
        hash.finish_128()
    }

    /// Writes the model to `path`, whose folder must be there, and copies its external data to beside it.
    ///
    /// # Errors
    /// [`ModelError::Io`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        let path = path.as_ref();
        std::fs::write(path, &self.bytes).map_err(|source| read::io_error("write", path, source))?;
        for (file, source) in self.external.iter().zip(&self.external_paths) {
            copy(source, &external::beside(path, &file.location))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Model");
        debug.field("name", &self.name).field("origin", &self.origin).field("bytes", &self.bytes.len());
        debug.field("signature", &self.signature).finish_non_exhaustive()
    }
}

fn name(origin: &Origin, graph: &GraphProto) -> String {
    let stem = match origin {
        Origin::File(path) => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        Origin::Memory => Some(graph.name.clone()),
    };
    stem.filter(|name| !name.is_empty()).unwrap_or_else(|| "model".to_owned())
}

fn copy(source: &Path, target: &Path) -> Result<(), ModelError> {
    let same = || Some(source.canonicalize().ok()? == target.canonicalize().ok()?);
    if same() == Some(true) {
        return Ok(());
    }
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|error| read::io_error("write", folder, error))?;
    }
    std::fs::copy(source, target).map_err(|error| read::io_error("copy", source, error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_model_and_its_external_data_must_fit_into_memory() {
        let folder = tempfile::tempdir().unwrap();
        let model = samples::external_data(folder.path(), 1).unwrap();
        let (path, bytes) = (model.path().unwrap(), model.bytes().len() as u64);
        assert!(Model::load_within(path, Some(bytes + 544)).is_ok());
        for (available, needed, left) in [(bytes + 543, 544, 543), (bytes - 1, bytes, bytes - 1)] {
            match Model::load_within(path, Some(available)) {
                Err(ModelError::OutOfMemory { bytes, bytes_available, .. }) => {
                    assert_eq!((bytes, bytes_available), (needed, left));
                }
                other => panic!("expected that it does not fit, got {other:?}"),
            }
        }
    }
}

//! What a graph takes and gives.

use std::collections::HashSet;

use phalanx_tensor::{Dim, Signature, TensorInfo};

use crate::error::{ModelError, Origin, clip};
use crate::proto::{
    DataType, GraphProto, TensorShapeProto, TypeProto, ValueInfoProto,
    tensor_shape_proto::{Dimension, dimension},
    type_proto::Value,
};

/// The signature of a model's main graph.
pub(crate) fn read(model: &Origin, graph: &GraphProto) -> Result<Signature, ModelError> {
    let dense = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let sparse =
        graph.sparse_initializer.iter().filter_map(|sparse| Some(sparse.values.as_ref()?.name.as_str()));
    let constants: HashSet<&str> = dense.chain(sparse).collect();
    // Up to IR version 3 the initializers are listed among the inputs.
    let inputs = graph.input.iter().filter(|value| !constants.contains(value.name.as_str()));
    let signature = Signature {
        inputs: entries(model, "input", inputs)?,
        outputs: entries(model, "output", graph.output.iter())?,
    };
    if signature.outputs.is_empty() {
        let reason = "expected at least one output, got none".to_owned();
        return Err(ModelError::InvalidGraph { model: model.clone(), reason });
    }
    Ok(signature)
}

fn entries<'a>(
    model: &Origin,
    kind: &str,
    values: impl Iterator<Item = &'a ValueInfoProto>,
) -> Result<Vec<TensorInfo>, ModelError> {
    let mut names = HashSet::new();
    values
        .enumerate()
        .map(|(index, value)| {
            let invalid = |reason| ModelError::InvalidGraph { model: model.clone(), reason };
            if value.name.is_empty() {
                return Err(invalid(format!("{kind} {index} has no name")));
            }
            if !names.insert(value.name.as_str()) {
                return Err(invalid(format!(
                    "expected distinct names, got two {kind}s {:?}",
                    clip(&value.name)
                )));
            }
            let what = format!("{kind} {:?}", clip(&value.name));
            let declared = value.r#type.as_ref().and_then(|declared| declared.value.as_ref());
            let declared = declared.ok_or_else(|| invalid(format!("{what} has no type")))?;
            entry(value, declared).map_err(|unusable| match unusable {
                Unusable::Type(got) => ModelError::UnsupportedType { model: model.clone(), value: what, got },
                Unusable::Invalid(reason) => invalid(format!("{what} {reason}")),
            })
        })
        .collect()
}

/// Why a value cannot be an input or output.
enum Unusable {
    /// The type there is.
    Type(String),
    /// What is wrong with it.
    Invalid(String),
}

fn entry(value: &ValueInfoProto, declared: &Value) -> Result<TensorInfo, Unusable> {
    let Value::TensorType(tensor) = declared else { return Err(Unusable::Type(type_text(declared))) };
    let known = DataType::try_from(tensor.elem_type).ok();
    if known == Some(DataType::Undefined) {
        return Err(Unusable::Invalid("has no element type".to_owned()));
    }
    let dtype = known.and_then(DataType::dtype).ok_or_else(|| Unusable::Type(type_text(declared)))?;
    let dims = tensor.shape.as_ref().map(dims).transpose().map_err(Unusable::Invalid)?;
    Ok(TensorInfo { name: value.name.clone(), dtype, dims })
}

fn dims(shape: &TensorShapeProto) -> Result<Vec<Dim>, String> {
    shape.dim.iter().map(dim).collect()
}

fn dim(axis: &Dimension) -> Result<Dim, String> {
    Ok(match &axis.value {
        Some(dimension::Value::DimParam(name)) if !name.is_empty() => Dim::Symbol(name.as_str().into()),
        // Some exporters write -1 for an axis of any size.
        None | Some(dimension::Value::DimParam(_) | dimension::Value::DimValue(-1)) => Dim::Unknown,
        Some(dimension::Value::DimValue(size)) => {
            let fixed = usize::try_from(*size).map_err(|_| format!("has an axis of size {size}"))?;
            Dim::Fixed(fixed)
        }
    })
}

/// A type in words, its nesting cut after a few levels.
fn type_text(declared: &Value) -> String {
    fn inner(nested: Option<&TypeProto>, depth: usize) -> String {
        match nested.and_then(|nested| nested.value.as_ref()) {
            Some(value) if depth < 4 => text(value, depth + 1),
            _ => "something".to_owned(),
        }
    }
    fn text(value: &Value, depth: usize) -> String {
        match value {
            Value::TensorType(tensor) => format!("a tensor of {}", element_text(tensor.elem_type)),
            Value::SparseTensorType(tensor) => {
                format!("a sparse tensor of {}", element_text(tensor.elem_type))
            }
            Value::SequenceType(sequence) => {
                format!("a sequence of {}", inner(sequence.elem_type.as_deref(), depth))
            }
            Value::MapType(map) => {
                let key = element_text(map.key_type);
                format!("a map from {key} to {}", inner(map.value_type.as_deref(), depth))
            }
            Value::OptionalType(optional) => {
                format!("optionally {}", inner(optional.elem_type.as_deref(), depth))
            }
            Value::OpaqueType(opaque) => format!("an opaque {:?}", clip(&opaque.name)),
        }
    }
    text(declared, 0)
}

fn element_text(code: i32) -> String {
    DataType::try_from(code).map_or_else(
        |_| format!("unknown element type {code}"),
        |known| {
            known.dtype().map_or_else(|| format!("{known:?}").to_lowercase(), |dtype| dtype.name().to_owned())
        },
    )
}

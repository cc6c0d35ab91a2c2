//! How large a model's constants are, and whether they are whole.

use crate::error::{ModelError, Origin, clip, clip_dims};
use crate::graphs;
use crate::proto::{DataLocation, DataType, ModelProto, TensorProto};

/// The size of all initializers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) elements: u64,
    pub(crate) bytes: u64,
}

/// Adds up the initializers, and checks that the data of every tensor is as long as its shape demands.
pub(crate) fn measure(model: &Origin, proto: &ModelProto) -> Result<Size, ModelError> {
    for tensor in graphs::tensors(proto) {
        check(model, tensor)?;
    }
    let mut size = Size::default();
    for tensor in graphs::initializers(proto) {
        let elements = elements(model, tensor)?;
        size.elements = size.elements.saturating_add(elements);
        size.bytes = size.bytes.saturating_add(size_bytes(tensor, elements));
    }
    Ok(size)
}

/// Bytes that the tensor's elements take as raw data; `None` for text, and where its shape makes no sense.
pub(crate) fn raw_bytes(tensor: &TensorProto) -> Option<u64> {
    let bits = DataType::try_from(tensor.data_type).ok()?.bits()?;
    Some(product(tensor)?.checked_mul(bits)?.div_ceil(8))
}

fn check(model: &Origin, tensor: &TensorProto) -> Result<(), ModelError> {
    elements(model, tensor)?;
    if tensor.data_location() == DataLocation::External {
        return Ok(());
    }
    // A tensor without any data is let through: a model may be a template whose weights come later.
    match (&tensor.raw_data, raw_bytes(tensor)) {
        (Some(raw), Some(expected)) if !raw.is_empty() && raw.len() as u64 != expected => {
            Err(ModelError::InvalidTensor {
                model: model.clone(),
                tensor: clip(&tensor.name),
                expected: format!("{expected} bytes for shape {}", clip_dims(&tensor.dims)),
                got: raw.len().to_string(),
            })
        }
        _ => Ok(()),
    }
}

fn elements(model: &Origin, tensor: &TensorProto) -> Result<u64, ModelError> {
    product(tensor).ok_or_else(|| ModelError::InvalidTensor {
        model: model.clone(),
        tensor: clip(&tensor.name),
        expected: "a shape that can be addressed".to_owned(),
        got: clip_dims(&tensor.dims),
    })
}

fn product(tensor: &TensorProto) -> Option<u64> {
    let sizes = tensor.dims.iter().map(|&dim| u64::try_from(dim).ok());
    sizes
        .into_iter()
        .try_fold(1_u64, |product, size| product.checked_mul(size?))
        .filter(|&elements| elements <= i64::MAX as u64)
}

fn size_bytes(tensor: &TensorProto, elements: u64) -> u64 {
    let text = || tensor.string_data.iter().map(|text| text.len() as u64).sum();
    let bits = DataType::try_from(tensor.data_type).ok().and_then(DataType::bits);
    bits.map_or_else(text, |bits| elements.saturating_mul(bits).div_ceil(8))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::proto::{GraphProto, SparseTensorProto};

    fn tensor(dims: &[i64], data_type: DataType, raw: usize) -> TensorProto {
        TensorProto {
            name: "w".to_owned(),
            dims: dims.to_vec(),
            data_type: data_type.into(),
            raw_data: Some(Bytes::from(vec![0; raw])),
            ..TensorProto::default()
        }
    }

    fn of(initializer: Vec<TensorProto>) -> Result<Size, ModelError> {
        let graph = GraphProto { initializer, ..GraphProto::default() };
        measure(&Origin::Memory, &ModelProto { graph: Some(graph), ..ModelProto::default() })
    }

    #[test]
    fn narrow_types_share_bytes() {
        let constants = vec![tensor(&[2, 3], DataType::Float, 24), tensor(&[5], DataType::Int4, 3)];
        assert_eq!(of(constants).unwrap(), Size { elements: 11, bytes: 27 });
    }

    #[test]
    fn a_scalar_has_one_element_and_an_empty_tensor_none() {
        let constants = vec![tensor(&[], DataType::Double, 8), tensor(&[4, 0], DataType::Double, 0)];
        assert_eq!(of(constants).unwrap(), Size { elements: 1, bytes: 8 });
    }

    #[test]
    fn stored_elements_of_sparse_tensors_count() {
        let values = Some(tensor(&[3], DataType::Float, 12));
        let sparse = SparseTensorProto { values, dims: vec![1000], ..SparseTensorProto::default() };
        let graph = GraphProto { sparse_initializer: vec![sparse], ..GraphProto::default() };
        let proto = ModelProto { graph: Some(graph), ..ModelProto::default() };
        assert_eq!(measure(&Origin::Memory, &proto).unwrap(), Size { elements: 3, bytes: 12 });
    }

    #[test]
    fn data_of_another_length_than_the_shape_is_refused() {
        let error = of(vec![tensor(&[2, 3], DataType::Float, 20)]).unwrap_err();
        let text = "the model in memory: tensor \"w\": expected 24 bytes for shape [2, 3], got 20";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn shapes_that_overflow_or_are_negative_are_refused() {
        for dims in [&[i64::MAX, 4][..], &[-1], &[i64::MIN, 2]] {
            let error = of(vec![tensor(dims, DataType::Float, 0)]).unwrap_err();
            assert!(matches!(error, ModelError::InvalidTensor { .. }), "{error}");
        }
    }
}
